import JSON
import KubernetesAPI
import TTRPC
import Testing

@testable import HTTPAPI

@Suite("Bodies in Kubernetes' protobuf form")
struct ProtobufBodyTests {
    /// A message written field by field.
    private static func message(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        write(&writer)
        return writer.bytes
    }

    private static func body(_ kind: String, _ raw: [UInt8], version: String = "v1") -> [UInt8] {
        let type = message {
            $0.string(1, version)
            $0.string(2, kind)
        }
        return Array("k8s\0".utf8)
            + message {
                $0.bytes(1, type)
                $0.bytes(2, raw)
            }
    }

    private static let metadata = message {
        $0.string(1, "s")
        $0.string(3, "default")
        $0.bytes(8, message { $0.int64(1, 86_400) })
        $0.map(11, ["a": "b"])
    }

    @Test("a Secret comes out as its JSON would have said it")
    func secret() throws {
        let entry = Self.message {
            $0.string(1, "key")
            $0.bytes(2, [0, 255])
        }
        let raw = Self.message {
            $0.bytes(1, Self.metadata)
            $0.bytes(2, entry)
            $0.string(3, "Opaque")
            $0.bool(5, true)
            // A field of a version that we do not know.
            $0.string(99, "new")
        }
        let json = try ProtobufBody.json(Self.body("Secret", raw))
        let secret = try JSONCoding.decode(Secret.self, from: json)
        #expect(secret.kind == "Secret")
        #expect(secret.apiVersion == "v1")
        #expect(secret.metadata.name == "s")
        #expect(secret.metadata.labels == ["a": "b"])
        #expect(secret.metadata.creationTimestamp == Time(microsecondsSince1970: 86_400_000_000))
        #expect(secret.data == ["key": Base64Bytes([0, 255])])
        #expect(secret.immutable == true)
    }

    @Test("what is damaged is a 400, what is not read in this form a 415, and nothing is worse")
    func bad() throws {
        let whole = Self.body("Secret", Self.message { $0.bytes(1, Self.metadata) })
        #expect(throws: APIError.self) { try ProtobufBody.json(Array("{}".utf8)) }
        for length in 0..<whole.count {
            // Each beginning is refused, or happens to be a message too.
            do { _ = try ProtobufBody.json(Array(whole.prefix(length))) } catch {
                #expect([400, 415].contains(error.code), "\(length)")
            }
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var damaged = whole
            damaged[Int.random(in: 4..<whole.count, using: &generator)] = UInt8.random(in: .min ... .max)
            do { _ = try ProtobufBody.json(damaged) } catch { #expect([400, 415].contains(error.code)) }
        }
        let pod = #expect(throws: APIError.self) { try ProtobufBody.json(Self.body("Pod", [])) }
        #expect(pod?.code == 415)
        #expect(pod?.description.contains("Secret") == true)
    }
}

@Suite("Questions about rights, and what is in use")
struct ReviewTests {
    @Test("who reaches the API may do what it serves, and is told who it is; nothing of that is in the log")
    func reviews() async throws {
        try await TestServer.run { client in
            let head = try await client.get(Client.pods).object(PodList.self).metadata.resourceVersion
            let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
            for (resource, verb, isAllowed) in [
                ("pods", "create", true), ("pods", "fly", false), ("services", "get", false), ("*", "*", true),
            ] {
                let body = #"{"spec":{"resourceAttributes":{"verb":"\#(verb)","resource":"\#(resource)"}}}"#
                let reply = try await client.send("POST", path, body: body)
                #expect(reply.status == 201, "\(reply.text)")
                #expect(try reply.json()["status"]?["allowed"]?.boolValue == isAllowed, "\(resource) \(verb)")
            }
            let rules = try await client.send(
                "POST",
                "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                body: "{}"
            )
            #expect(rules.text.contains("pods/exec"))
            let identity = try await client.send(
                "POST",
                "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                body: "{}"
            )
            let name = try identity.json()["status"]?["userInfo"]?["username"]?.stringValue
            #expect(name?.hasPrefix("unix:") == true)
            #expect(try await client.send("POST", path, body: "[").status == 400)
            #expect(try await client.get(Client.pods).object(PodList.self).metadata.resourceVersion == head)
        }
    }

    @Test("each group that discovery names has its resources; the metrics are lists")
    func groups() async throws {
        try await TestServer.run { client in
            let groups = try await client.get("/apis").json()["groups"]?.arrayValue ?? []
            #expect(groups.count == 3)
            for group in groups {
                let version = try #require(group["preferredVersion"]?["groupVersion"]?.stringValue)
                let list = try await client.get("/apis/\(version)").json()
                #expect(list["kind"]?.stringValue == "APIResourceList")
                let name = try #require(group["name"]?.stringValue)
                #expect(try await client.get("/apis/\(name)").json()["kind"]?.stringValue == "APIGroup")
            }
            #expect(try await client.get("/apis/apps/v1").status == 404)
            let nodes = try await client.get("/apis/metrics.k8s.io/v1beta1/nodes").json()
            #expect(nodes["items"]?[0]?["metadata"]?["name"]?.stringValue == "n1")
            #expect(nodes["items"]?[0]?["usage"]?["memory"]?.stringValue?.hasSuffix("Ki") == true)
            let pods = try await client.get("/apis/metrics.k8s.io/v1beta1/pods").json()
            #expect(pods["kind"]?.stringValue == "PodMetricsList")
            #expect(try await client.get("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/no").status == 404)
        }
    }

    @Test("an eviction that is none, or of another pod, deletes nothing")
    func wrongEviction() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", Client.pods, body: Client.pod("p"))
            for (body, sentence) in [
                ("{}", "name in URL does not match name in Eviction object"),
                (#"{"metadata":{"name":"q"}}"#, "name in URL does not match name in Eviction object"),
                (#"{"metadata":{"name":"p","namespace":"other"}}"#, "does not match the namespace sent on the request"),
                (Client.pod("p"), "no kind \\\"Pod\\\" is registered for version"),
                (#"{"apiVersion":"v1","kind":"Eviction","metadata":{"name":"p"}}"#, "no kind \\\"Eviction\\\""),
                (#"{"metadata":{"name":"p"},"deleteOptions":5}"#, "deleteOptions"), ("", "unexpected end"),
            ] {
                let reply = try await client.send("POST", "\(Client.pods)/p/eviction", body: body)
                #expect(reply.status == 400, "\(body): \(reply.text)")
                #expect(reply.text.contains(sentence), "\(body): \(reply.text)")
            }
            #expect(try await client.get(Client.pods + "/p").object(Pod.self).metadata.deletionTimestamp == nil)
        }
    }

    @Test("an eviction deletes the pod")
    func eviction() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", Client.pods, body: Client.pod("p"))
            let body = #"{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}"#
            let path = "\(Client.pods)/p/eviction"
            #expect(try await client.send("POST", path + "?dryRun=All", body: body).status == 201)
            #expect(try await client.get(Client.pods + "/p").object(Pod.self).metadata.deletionTimestamp == nil)
            let reply = try await client.send("POST", path, body: body)
            #expect(reply.status == 201, "\(reply.text)")
            #expect(try reply.object(Status.self).status == "Success")
            try await client.wait(for: "the end of the pod") { try await client.get(Client.pods + "/p").status == 404 }
            #expect(try await client.send("POST", path, body: body).status == 404)
        }
    }
}
