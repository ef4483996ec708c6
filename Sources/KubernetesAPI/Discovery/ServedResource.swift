/// A resource of the API as discovery and OpenAPI describe it. The one table from which both are made.
package struct ServedResource: Hashable, Sendable {
    /// Something below an object's path: pods/log.
    package struct Subresource: Hashable, Sendable {
        package var name: String
        package var kind: String
        /// The group of `kind`, where it is another than the resource's ("policy" for pods/eviction).
        package var group: String?
        package var version: String?
        package var verbs: [String]

        package init(_ name: String, kind: String, group: String? = nil, version: String? = nil, verbs: [String]) {
            self.name = name
            self.kind = kind
            self.group = group
            self.version = version
            self.verbs = verbs
        }
    }

    /// "" for the core group.
    package var group: String
    package var version: String
    /// The plural in the URL.
    package var name: String
    package var singularName: String
    package var kind: String
    package var isNamespaced: Bool
    package var verbs: [String]
    package var shortNames: [String]
    package var categories: [String]
    package var subresources: [Subresource]

    package init(
        group: String = "",
        version: String = "v1",
        name: String,
        kind: String,
        isNamespaced: Bool,
        verbs: [String],
        shortNames: [String] = [],
        categories: [String] = [],
        subresources: [Subresource] = []
    ) {
        self.group = group
        self.version = version
        self.name = name
        self.kind = kind
        singularName = kind.lowercased()
        self.isNamespaced = isNamespaced
        self.verbs = verbs
        self.shortNames = shortNames
        self.categories = categories
        self.subresources = subresources
    }

    /// "v1", "apps/v1".
    package var groupVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// What a client may do with a resource that it owns.
    package static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    package static let pods = ServedResource(
        name: "pods",
        kind: "Pod",
        isNamespaced: true,
        verbs: allVerbs,
        shortNames: ["po"],
        categories: ["all"],
        subresources: [
            Subresource("attach", kind: "PodAttachOptions", verbs: ["create", "get"]),
            Subresource("eviction", kind: "Eviction", group: "policy", version: "v1", verbs: ["create"]),
            Subresource("exec", kind: "PodExecOptions", verbs: ["create", "get"]),
            Subresource("log", kind: "Pod", verbs: ["get"]),
            Subresource("resize", kind: "Pod", verbs: ["get", "patch", "update"]),
            // A pod's status is the agent's to write.
            Subresource("status", kind: "Pod", verbs: ["get"]),
        ]
    )

    package static let events = ServedResource(
        name: "events",
        kind: "Event",
        isNamespaced: true,
        verbs: ["get", "list", "watch"],
        shortNames: ["ev"]
    )

    package static let nodes = ServedResource(
        name: "nodes",
        kind: "Node",
        isNamespaced: false,
        verbs: ["get", "list", "patch", "update", "watch"],
        shortNames: ["no"]
    )

    package static let namespaces = ServedResource(
        name: "namespaces",
        kind: "Namespace",
        isNamespaced: false,
        verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
        shortNames: ["ns"]
    )

    package static let configMaps = ServedResource(
        name: "configmaps",
        kind: "ConfigMap",
        isNamespaced: true,
        verbs: allVerbs,
        shortNames: ["cm"]
    )

    package static let secrets = ServedResource(name: "secrets", kind: "Secret", isNamespaced: true, verbs: allVerbs)

    /// Questions about oneself, which are asked with POST.
    package static let reviews = [
        ("authentication.k8s.io", "SelfSubjectReview"), ("authorization.k8s.io", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectRulesReview"),
    ].map { group, kind in
        ServedResource(
            group: group,
            name: kind.lowercased() + "s",
            kind: kind,
            isNamespaced: false,
            verbs: ["create"]
        )
    }

    /// What is in use now.
    package static let usage = [("nodes", "NodeMetrics", false), ("pods", "PodMetrics", true)].map {
        name,
        kind,
        isNamespaced in
        ServedResource(
            group: "metrics.k8s.io",
            version: "v1beta1",
            name: name,
            kind: kind,
            isNamespaced: isNamespaced,
            verbs: ["get", "list"]
        )
    }

    /// What this version of the server has.
    package static let all = [configMaps, events, namespaces, nodes, pods, secrets] + reviews + usage
}
