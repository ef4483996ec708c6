import JSON
import KubernetesAPI
import Testing

@Suite("Discovery")
struct DiscoveryTests {
    @Test("the legacy form lists the resources and subresources of core/v1")
    func legacy() throws {
        let list = try #require(Discovery.resources(ofGroupVersion: "v1"))
        #expect(list.groupVersion == "v1")
        #expect(
            list.resources.map(\.name) == [
                "configmaps", "events", "namespaces", "nodes", "pods", "pods/attach", "pods/eviction", "pods/exec",
                "pods/log", "pods/resize", "pods/status", "secrets",
            ]
        )
        let pods = try #require(list.resources.first { $0.name == "pods" })
        #expect(pods.namespaced)
        #expect(pods.kind == "Pod")
        #expect(pods.shortNames == ["po"])
        #expect(pods.verbs.contains("watch"))
        #expect(Discovery.resources(ofGroupVersion: "apps/v1") == nil)
        #expect(Discovery.versions(address: "127.0.0.1:7443").versions == ["v1"])
        #expect(Discovery.groups([.pods]).groups.isEmpty)
    }

    @Test("groups with a name are listed under /apis")
    func groups() throws {
        let lease = ServedResource(
            group: "coordination.k8s.io",
            name: "leases",
            kind: "Lease",
            isNamespaced: true,
            verbs: ["get"]
        )
        let resources = [ServedResource.pods, lease]
        #expect(Discovery.groups(resources).groups.map(\.name) == ["coordination.k8s.io"])
        let group = try #require(Discovery.group(named: "coordination.k8s.io", resources))
        #expect(group.preferredVersion.groupVersion == "coordination.k8s.io/v1")
        let named = Discovery.aggregated(core: false, version: "v2", resources)
        #expect(named["items"]?.arrayValue?.count == 1)
        #expect(named["items"]?[0]?["metadata"]?["name"] == "coordination.k8s.io")
    }

    @Test("the aggregated form has the core group without a name")
    func aggregated() throws {
        let document = Discovery.aggregated(core: true, version: "v2")
        #expect(document["kind"] == "APIGroupDiscoveryList")
        #expect(document["apiVersion"] == "apidiscovery.k8s.io/v2")
        let group = try #require(document["items"]?[0])
        #expect(group["metadata"] == [:])
        let version = try #require(group["versions"]?[0])
        #expect(version["version"] == "v1")
        #expect(version["freshness"] == "Current")
        let pods = try #require(version["resources"]?.arrayValue?.first { $0["resource"] == "pods" })
        #expect(pods["resource"] == "pods")
        #expect(pods["scope"] == "Namespaced")
        #expect(pods["responseKind"] == ["group": "", "version": "v1", "kind": "Pod"])
        #expect(pods["subresources"]?.arrayValue?.contains { $0["subresource"] == "log" } == true)
        let groups = Discovery.aggregated(core: false, version: "v2")["items"]?.arrayValue ?? []
        #expect(
            groups.map { $0["metadata"]?["name"] } == [
                "authentication.k8s.io", "authorization.k8s.io", "metrics.k8s.io",
            ]
        )
    }

    @Test(
        "the form is chosen by the Accept header",
        arguments: [
            (
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
                    + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", "v2"
            ),
            ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", "v2beta1"),
            ("application/json", nil), ("*/*", nil), (nil, nil), ("application/json, */*", nil),
            ("application/vnd.kubernetes.protobuf,application/json", nil),
        ] as [(String?, String?)]
    )
    func accept(header: String?, version: String?) {
        #expect(Discovery.aggregatedVersion(accept: header) == version)
    }

    @Test("no two operations of the OpenAPI document have the same name, and each says how it is refused")
    func operations() throws {
        let paths = try OpenAPI.document(version: "v0.1")["paths"]?.objectValue ?? [:]
        var names: [String] = []
        for (path, item) in paths {
            for (method, operation) in item.objectValue ?? [:] where method != "parameters" {
                names.append(try #require(operation["operationId"]?.stringValue, "\(method) \(path)"))
                #expect(operation["responses"]?["default"] != nil, "\(method) \(path)")
            }
        }
        #expect(names.count > 30)
        #expect(Set(names).count == names.count)
        #expect(names.contains("listCoreV1PodForAllNamespaces"))
        #expect(names.contains("readCoreV1NamespacedPod"))
    }

    @Test("the OpenAPI document tells kubectl that the server checks fields")
    func openAPI() throws {
        let document = try OpenAPI.document(version: "v0.1")
        let path = try #require(document["paths"]?["/api/v1/namespaces/{namespace}/pods"])
        let post = try #require(path["post"])
        #expect(post["x-kubernetes-group-version-kind"] == ["group": "", "version": "v1", "kind": "Pod"])
        let parameters = post["parameters"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
        #expect(parameters == ["dryRun", "fieldManager", "fieldValidation"])
        let item = try #require(document["paths"]?["/api/v1/namespaces/{namespace}/pods/{name}"])
        #expect(item["patch"]?["parameters"]?.arrayValue?.contains { $0["name"] == "fieldValidation" } == true)
        let pod = try #require(document["components"]?["schemas"]?["io.k8s.api.core.v1.Pod"])
        #expect(pod["x-kubernetes-group-version-kind"]?[0]?["kind"] == "Pod")
    }

    @Test("the index names the document by its hash, and equal documents have equal hashes")
    func index() throws {
        let bytes = try OpenAPI.document(version: "v0.1").bytes()
        let again = try OpenAPI.document(version: "v0.1").bytes()
        let other = try OpenAPI.document(version: "v0.2").bytes()
        #expect(OpenAPI.hash(bytes) == OpenAPI.hash(again))
        #expect(OpenAPI.hash(bytes) != OpenAPI.hash(other))
        #expect(
            OpenAPI.index(hashes: ["v1": "abc"])
                == ["paths": ["api/v1": ["serverRelativeURL": "/openapi/v3/api/v1?hash=abc"]]]
        )
        #expect(OpenAPI.hash([]) == "cbf29ce484222325")
    }
}
