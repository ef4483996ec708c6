import EventLog
import Glibc
import HTTPTypes
import JSON
import KubernetesAPI
import Linux
import NodeAgent
import Testing

@testable import HTTPAPI

@Suite("What the server says of itself")
struct ServerTests {
    @Test("every route is reachable and none hides another")
    func routes() async throws {
        try await TestServer.run { client in
            let table = Routes.table(for: client.agent)
            for route in table.routes {
                let path = route.pattern.replacing("{namespace}", with: "ns").replacing("{name}", with: "x")
                guard case .found(let found, _) = table.match(route.method, path) else {
                    Issue.record("\(route.method) \(path) leads nowhere")
                    continue
                }
                #expect(found.pattern == route.pattern)
                #expect(found.method == route.method)
                #expect(!route.summary.isEmpty)
            }
        }
    }

    @Test("the socket's file comes back when it was removed")
    func removedSocket() async throws {
        try await TestServer.run { client in
            try await client.wait(for: "its second name") { Files.exists(client.socket + ".spare") }
            for _ in 0..<2 {
                try Files.remove(client.socket)
                try await client.wait(for: "the socket's file") { Files.exists(client.socket) }
                #expect(try await client.get("/healthz").text == "ok")
            }
        }
    }

    @Test("discovery promises exactly what routes do")
    func promises() async throws {
        try await TestServer.run { client in
            let methods = [
                "create": "POST", "delete": "DELETE", "deletecollection": "DELETE", "get": "GET", "list": "GET",
                "patch": "PATCH", "update": "PUT", "watch": "GET",
            ]
            let known = Set(Routes.table(for: client.agent).routes.map { "\($0.method.rawValue) \($0.pattern)" })
            for resource in ServedResource.all {
                let base = "/" + OpenAPI.apiPath(of: resource.groupVersion)
                let collection = base + (resource.isNamespaced ? "/namespaces/{namespace}/" : "/") + resource.name
                for verb in resource.verbs {
                    let isOnCollection = ["create", "list", "watch", "deletecollection"].contains(verb)
                    let path = isOnCollection ? collection : collection + "/{name}"
                    #expect(known.contains("\(methods[verb] ?? verb) \(path)"), "\(verb) \(resource.name)")
                }
                for subresource in resource.subresources {
                    for verb in subresource.verbs {
                        let path = "\(collection)/{name}/\(subresource.name)"
                        #expect(known.contains("\(methods[verb] ?? verb) \(path)"), "\(verb) \(path)")
                    }
                }
            }
        }
    }

    @Test("discovery, plain and aggregated, names pods and their short name")
    func discovery() async throws {
        try await TestServer.run { client in
            let resources = try await client.get("/api/v1").json()
            let pods = resources["resources"]?.arrayValue?.first { $0["name"]?.stringValue == "pods" }
            #expect(pods?["shortNames"]?.arrayValue?.first?.stringValue == "po")
            #expect(try await client.get("/api").json()["versions"]?.arrayValue?.first?.stringValue == "v1")
            #expect(try await client.get("/apis").json()["kind"]?.stringValue == "APIGroupList")
            let aggregated = try await client.get(
                "/api",
                ["accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"]
            )
            #expect(try aggregated.json()["kind"]?.stringValue == "APIGroupDiscoveryList")
            #expect(aggregated.headers["content-type"]?.contains("as=APIGroupDiscoveryList") == true)
        }
    }

    @Test("OpenAPI: an index with a hash, a document that may be kept, nothing under v2")
    func openAPI() async throws {
        try await TestServer.run { client in
            let index = try await client.get("/openapi/v3").json()
            let path = try #require(index["paths"]?["api/v1"]?["serverRelativeURL"]?.stringValue)
            #expect(path.hasPrefix("/openapi/v3/api/v1?hash="))
            let document = try await client.get(path)
            #expect(document.headers["cache-control"] == "public, immutable")
            let tag = try #require(document.headers["etag"])
            #expect(path.hasSuffix("=" + tag.filter { $0 != "\"" }))
            let post = try document.json()["paths"]?["/api/v1/namespaces/{namespace}/pods"]?["post"]
            let parameters = post?["parameters"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            #expect(parameters.contains("fieldValidation"))
            let kept = try await client.get(path, ["if-none-match": tag])
            #expect(kept.status == 304)
            #expect(kept.body.isEmpty)
            let unnamed = try await client.get("/openapi/v3/api/v1")
            #expect(unnamed.headers["cache-control"] == "no-cache")
            #expect(unnamed.body == document.body)
            #expect(try await client.get("/openapi/v2").status == 404)
        }
    }

    @Test("ready is what can carry out changes: not with a directory that is read-only, which it names")
    func readOnlyDirectory() async throws {
        try await TestServer.run { client in
            let names = ["log", "pods", "root", "state", "logs"]
            let fine = try await client.get("/readyz?verbose")
            #expect(fine.text == names.map { "[+]\($0) ok\n" }.joined() + "readyz check passed\n")
            #expect(try await client.get("/livez?verbose").text == "[+]ping ok\nlivez check passed\n")
            let logs = client.agent.configuration.logDirectory
            try Files.makeDirectories(logs)
            try #require(unsafe mount("tmpfs", logs, "tmpfs", UInt(MS_RDONLY), nil) == 0)
            defer { #expect(unsafe umount2(logs, Int32(MNT_DETACH)) == 0) }
            let plain = try await client.get("/readyz")
            #expect(plain.status == 503)
            #expect(plain.text.hasPrefix("not ready: \(logs) cannot be written to: Read-only file system; "))
            let verbose = try await client.get("/readyz?verbose")
            #expect(verbose.status == 503)
            #expect(verbose.text.contains("[+]state ok\n[-]logs failed: \(logs) cannot be written to: Read-only"))
            #expect(verbose.text.hasSuffix("\nreadyz check failed\n"))
            #expect(try await client.get("/readyz?exclude=logs").text == "ok")
            #expect(try await client.get("/livez").text == "ok")
            #expect(try await client.get("/v1/doctor").text.contains("FAIL directories: \(logs) cannot be written to"))
        }
    }

    @Test("health, version, metrics, doctor and the list of routes")
    func about() async throws {
        try await TestServer.run { client in
            for path in ["/healthz", "/livez", "/readyz", "/healthz/"] {
                #expect(try await client.get(path).text == "ok")
            }
            let version = try await client.get("/version/").json()
            #expect(version["swiftlet"]?.stringValue == "0.0.test")
            #expect(version["gitVersion"]?.stringValue?.hasPrefix("v1.") == true)
            let metrics = try await client.get("/metrics")
            #expect(metrics.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            #expect(metrics.text.contains("\nswiftlet_pods{phase=\"Pending\"} 0\n"))
            #expect(metrics.text.contains("\nswiftlet_log_read_only 0\n"))
            for line in metrics.text.split(separator: "\n") where !line.hasPrefix("#") {
                #expect(Double(line.split(separator: " ").last ?? "") != nil, "\(line)")
            }
            let doctor = try await client.get("/v1/doctor", ["accept": "application/json"]).json()
            let names = doctor.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            #expect(Set(names).isSuperset(of: ["root", "overlayfs", "cgroups", "seccomp", "event log", "journal"]))
            let index = try await client.get("/")
            #expect(index.text.contains("/api/v1/namespaces/{namespace}/pods/{name}/log"))
            let paths = try await client.get("/", ["accept": "application/json"]).json()["paths"]?.arrayValue ?? []
            #expect(paths.contains("/v1/log"))
            let head = try await client.send("HEAD", "/healthz")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
        }
    }

    @Test("curl gets indented JSON, programs get it as it is stored, ?pretty decides")
    func pretty() async throws {
        try await TestServer.run { client in
            let path = "/api/v1/nodes/n1"
            let cases: [(String, String, Bool)] = [
                ("", "test", false), ("", "curl/7.88.1", true), ("?pretty=true", "test", true),
                ("?pretty=false", "curl/7.88.1", false),
            ]
            for (query, program, isIndented) in cases {
                let text = try await client.get(path + query, ["user-agent": program]).text
                #expect(text.contains("\n  \"metadata\"") == isIndented, "\(query) \(program)")
            }
        }
    }

    @Test("namespaces are there from the start, can be made, and go with their pods")
    func namespaces() async throws {
        try await TestServer.run { client in
            let path = "/api/v1/namespaces"
            let names = try await client.get(path).object(NamespaceList.self).items.map(\.metadata.name)
            #expect(names == ["default", "kube-node-lease", "kube-public", "kube-system"])
            let body = "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\"}}"
            let made = try await client.send("POST", path, body: body)
            #expect(made.status == 201, "\(made.text)")
            #expect(try made.object(Namespace.self).status.phase == "Active")
            #expect(try await client.send("POST", path, body: body).status == 409)
            let pod = try await client.send("POST", path + "/shop/pods", body: Client.pod("p"))
            #expect(pod.status == 201)
            let elsewhere = Client.pod("q").replacing(
                "\"name\":\"q\"",
                with: "\"name\":\"q\",\"namespace\":\"default\""
            )
            #expect(try await client.send("POST", path + "/shop/pods", body: elsewhere).status == 400)
            let deleted = try await client.send("DELETE", path + "/shop")
            #expect(try deleted.object(Namespace.self).status.phase == "Terminating")
            let late = try await client.send("POST", path + "/shop/pods", body: Client.pod("late"))
            #expect([403, 404].contains(late.status))
            try await client.wait(for: "the end of the namespace") {
                try await client.get(path + "/shop").status == 404
            }
            #expect(try await client.get(path + "/shop/pods").object(PodList.self).items.isEmpty)
            #expect(try await client.send("DELETE", path + "/default").status == 403)
            #expect(try await client.send("DELETE", path + "/nowhere").status == 404)
        }
    }

    @Test("the node describes this machine")
    func node() async throws {
        try await TestServer.run { client in
            let node = try await client.get("/api/v1/nodes/n1").object(Node.self)
            #expect(node.status.conditions.first { $0.type == "Ready" }?.status == "True")
            #expect(node.status.nodeInfo.operatingSystem == "linux")
            #expect((node.status.capacity["cpu"]?.value ?? 0) > 0)
            #expect((node.status.capacity["memory"]?.value ?? 0) > 0)
            let table = try await client.get(
                "/api/v1/nodes",
                ["accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"]
            )
            #expect(try table.json()["kind"]?.stringValue == "Table")
            #expect(try await client.get("/api/v1/nodes/other").status == 404)
        }
    }

    @Test("the socket is for root and its group only")
    func socketMode() async throws {
        try await TestServer.run { client in
            let kind = try Files.kind(client.socket)
            #expect(kind == .socket)
            #expect(try SocketMode.of(client.socket) == 0o660)
        }
    }
}

@Suite("The next events of a watch, with a limit of time")
struct WatchNextTests {
    private func note(_ store: EventStore, _ name: String) async throws {
        let stream = StreamRef(
            resource: ResourceKey(group: "", version: "v1", plural: "pods"),
            namespace: "default",
            name: name
        )
        _ = try await store.append(
            Proposal(
                stream: stream,
                uid: UID.random(),
                expected: .absent,
                facts: [
                    NewFact(
                        type: "T",
                        data: Array("{}".utf8),
                        after: AfterImage(bytes: Array("{}".utf8), resourceVersionOffset: nil)
                    )
                ],
                actor: "test"
            )
        )
    }

    @Test("no event is lost between a bookmark and the next events")
    func noLoss() async throws {
        let directory = try StoreDirectory()
        let store = try EventStore.open(directory: directory.path)
        let cursor = try await store.watch(after: 0)
        #expect(try await WatchHandler.next(cursor, within: .milliseconds(1)) == nil)
        let count = 200
        async let writing: Void = {
            for number in 0..<count { try await note(store, "p\(number)") }
        }()
        var seen: [Seq] = []
        while seen.count < count {
            seen += try await WatchHandler.next(cursor, within: .microseconds(100))?.map(\.seq) ?? []
        }
        try await writing
        #expect(seen == (1...Seq(count)).map { $0 })
        await store.close()
        #expect(try await WatchHandler.next(cursor, within: .seconds(5))?.isEmpty == true)
    }
}
