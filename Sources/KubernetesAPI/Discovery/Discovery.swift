package import JSON

/// The documents by which clients learn what a server has: /api, /apis and what is below them.
package enum Discovery {
    // MARK: Legacy form

    /// The answer of /api. `address` is where clients reach the server, as "host:port".
    package static func versions(address: String) -> APIVersions {
        APIVersions(
            versions: ["v1"],
            serverAddressByClientCIDRs: [ServerAddressByClientCIDR(clientCIDR: "0.0.0.0/0", serverAddress: address)]
        )
    }

    /// The answer of /apis: every group with a name.
    package static func groups(_ resources: [ServedResource] = ServedResource.all) -> APIGroupList {
        APIGroupList(
            groups: groupNames(resources).filter { !$0.isEmpty }.compactMap { group(named: $0, resources) }
        )
    }

    /// The answer of /apis/GROUP; nil for a group that is not served.
    package static func group(named name: String, _ resources: [ServedResource] = ServedResource.all) -> APIGroup? {
        let versions = versionNames(of: name, resources).map {
            GroupVersionForDiscovery(groupVersion: name.isEmpty ? $0 : "\(name)/\($0)", version: $0)
        }
        guard let preferred = versions.first else { return nil }
        return APIGroup(name: name, versions: versions, preferredVersion: preferred)
    }

    /// The answer of /api/v1 and /apis/GROUP/VERSION; nil for a version that is not served.
    package static func resources(
        ofGroupVersion groupVersion: String,
        _ resources: [ServedResource] = ServedResource.all
    ) -> APIResourceList? {
        let served = resources.filter { $0.groupVersion == groupVersion }
        guard !served.isEmpty else { return nil }
        var list: [APIResource] = []
        for resource in served.sorted(by: { $0.name < $1.name }) {
            list.append(
                APIResource(
                    name: resource.name,
                    singularName: resource.singularName,
                    namespaced: resource.isNamespaced,
                    kind: resource.kind,
                    verbs: resource.verbs,
                    shortNames: resource.shortNames,
                    categories: resource.categories
                )
            )
            for subresource in resource.subresources.sorted(by: { $0.name < $1.name }) {
                list.append(
                    APIResource(
                        name: "\(resource.name)/\(subresource.name)",
                        namespaced: resource.isNamespaced,
                        group: subresource.group ?? "",
                        version: subresource.version ?? "",
                        kind: subresource.kind,
                        verbs: subresource.verbs
                    )
                )
            }
        }
        return APIResourceList(groupVersion: groupVersion, resources: list)
    }

    // MARK: Aggregated form

    /// The version of the aggregated form that an Accept header wants before the legacy one: v2, v2beta1, or nil.
    package static func aggregatedVersion(accept: String?) -> String? {
        for range in AcceptHeader(accept).preferred where range.type == "application/json" {
            let parts = range.parameters
            guard parts.contains("g=apidiscovery.k8s.io"), parts.contains("as=APIGroupDiscoveryList") else {
                return nil
            }
            for version in ["v2", "v2beta1"] where parts.contains("v=\(version)") { return version }
        }
        return nil
    }

    /// The content type of an aggregated answer; clients decide by it what they got.
    package static func aggregatedContentType(version: String) -> String {
        "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
    }

    /// The aggregated answer of /api (`core`: the group without a name) or of /apis (all others).
    package static func aggregated(
        core: Bool,
        version: String,
        _ resources: [ServedResource] = ServedResource.all
    ) -> JSONValue {
        let groups = groupNames(resources).filter { $0.isEmpty == core }
        return [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"), "metadata": [:],
            "items": .array(
                groups.map { group in
                    [
                        "metadata": group.isEmpty ? [:] : ["name": .string(group)],
                        "versions": .array(
                            versionNames(of: group, resources).map { name in
                                [
                                    "version": .string(name),
                                    "resources": .array(
                                        resources.filter { $0.group == group && $0.version == name }
                                            .sorted { $0.name < $1.name }.map(description)
                                    ),
                                    "freshness": "Current",
                                ]
                            }
                        ),
                    ]
                }
            ),
        ]
    }

    private static func description(of resource: ServedResource) -> JSONValue {
        var value: JSONValue = [
            "resource": .string(resource.name),
            "responseKind": kind(resource.group, resource.version, resource.kind),
            "scope": resource.isNamespaced ? "Namespaced" : "Cluster",
            "singularResource": .string(resource.singularName), "verbs": strings(resource.verbs),
        ]
        if !resource.shortNames.isEmpty { value["shortNames"] = strings(resource.shortNames) }
        if !resource.categories.isEmpty { value["categories"] = strings(resource.categories) }
        if !resource.subresources.isEmpty {
            value["subresources"] = .array(
                resource.subresources.sorted { $0.name < $1.name }.map { subresource in
                    [
                        "subresource": .string(subresource.name),
                        "responseKind": kind(
                            subresource.group ?? resource.group,
                            subresource.version ?? resource.version,
                            subresource.kind
                        ),
                        "verbs": strings(subresource.verbs),
                    ]
                }
            )
        }
        return value
    }

    private static func kind(_ group: String, _ version: String, _ kind: String) -> JSONValue {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }

    private static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    // MARK: Order

    private static func groupNames(_ resources: [ServedResource]) -> [String] { Set(resources.map(\.group)).sorted() }

    private static func versionNames(of group: String, _ resources: [ServedResource]) -> [String] {
        Set(resources.filter { $0.group == group }.map(\.version)).sorted()
    }
}
