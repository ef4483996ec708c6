import JSON
import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("ConfigMaps and Secrets over HTTP")
struct ConfigurationTests {
    private let secrets = "/api/v1/namespaces/default/secrets"
    private let maps = "/api/v1/namespaces/default/configmaps"

    private static func secret(_ name: String, _ more: String = "\"stringData\":{\"key\":\"hush-hush\"}") -> String {
        #"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"\#(name)"},\#(more)}"#
    }

    private static func map(_ name: String, _ more: String) -> String {
        #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\#(name)"},\#(more)}"#
    }

    @Test("they are created, read, listed, watched, changed and deleted")
    func life() async throws {
        try await TestServer.run { client in
            let created = try await client.send("POST", secrets, body: Self.secret("s"))
            #expect(created.status == 201, "\(created.text)")
            let secret = try created.object(Secret.self)
            #expect(secret.type == "Opaque")
            #expect(secret.stringData.isEmpty)
            #expect(secret.data["key"].map { String(decoding: $0.bytes, as: UTF8.self) } == "hush-hush")
            #expect(try await client.send("POST", secrets, body: Self.secret("s")).status == 409)
            #expect(try await client.get("\(secrets)/s").object(Secret.self) == secret)
            #expect(try await client.get("/api/v1/secrets").object(SecretList.self).items == [secret])

            let patch = #"{"stringData":{"more":"x"},"metadata":{"labels":{"a":"b"}}}"#
            let type = ["content-type": "application/merge-patch+json"]
            let patched = try await client.send("PATCH", "\(secrets)/s", type, body: patch).object(Secret.self)
            #expect(patched.data.keys.sorted() == ["key", "more"])
            #expect(patched.metadata.uid == secret.metadata.uid)
            #expect(try await client.get("\(secrets)?labelSelector=a%3Db").object(SecretList.self).items.count == 1)
            let selected = try await client.get("\(secrets)?fieldSelector=type%3Dother").object(SecretList.self)
            #expect(selected.items.isEmpty)

            let replaced = try await client.send(
                "PUT",
                "\(secrets)/s",
                body: Self.secret("s", "\"data\":{\"n\":\"eA==\"}")
            )
            #expect(try replaced.object(Secret.self).data.keys.sorted() == ["n"])
            let stale = Self.secret("s").replacing(
                "\"name\":\"s\"",
                with: "\"name\":\"s\",\"resourceVersion\":\"\(secret.metadata.resourceVersion)\""
            )
            #expect(try await client.send("PUT", "\(secrets)/s", body: stale).status == 409)

            let watch = "\(secrets)?watch=1&timeoutSeconds=1&resourceVersion=\(secret.metadata.resourceVersion)"
            #expect(try await client.send("DELETE", "\(secrets)/s").status == 200)
            #expect(try await client.get("\(secrets)/s").status == 404)
            let types = try await client.get(watch).lines().map { $0["type"]?.stringValue }
            #expect(types == ["MODIFIED", "MODIFIED", "DELETED"])
        }
    }

    @Test("what a secret holds is in no event's data")
    func hidden() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", secrets, body: Self.secret("s"))
            _ = try await client.send(
                "PUT",
                "\(secrets)/s",
                body: Self.secret("s", "\"stringData\":{\"key\":\"hush\"}")
            )
            _ = try await client.send("DELETE", "\(secrets)/s")
            let log = try await client.get("/v1/log").text
            for type in ["ConfigurationCreated", "ConfigurationChanged", "ConfigurationRemoved"] {
                #expect(log.contains("\"type\":\"\(type)\",\"object\":{\"kind\":\"Secret\""), "\(type)")
            }
            let encoded = Base64Bytes(Array("hush-hush".utf8)).text
            #expect(!log.contains("hush") && !log.contains(encoded))
        }
    }

    @Test("rules are kept: keys, required keys of a type, what is immutable")
    func rules() async throws {
        try await TestServer.run { client in
            let cases: [(String, String, Int)] = [
                (maps, Self.map("m", #""data":{"a b":"x"}"#), 422),
                (maps, Self.map("M", #""data":{"a":"x"}"#), 422),
                (maps, Self.map("m", #""data":{"a":7}"#), 400),
                (secrets, Self.secret("s", #""data":{"a":"not base64"}"#), 400),
                (secrets, Self.secret("s", #""type":"kubernetes.io/dockerconfigjson","data":{}"#), 422),
                ("/api/v1/namespaces/none/secrets", Self.secret("s"), 404),
            ]
            for (path, body, code) in cases {
                let reply = try await client.send("POST", path, body: body)
                #expect(reply.status == code, "\(body): \(reply.text)")
            }
            let fixed = Self.map("m", #""immutable":true,"data":{"a":"1"}"#)
            #expect(try await client.send("POST", maps, body: fixed).status == 201)
            let other = Self.map("m", #""immutable":true,"data":{"a":"2"}"#)
            let refused = try await client.send("PUT", "\(maps)/m", body: other)
            #expect(refused.status == 422)
            #expect(refused.text.contains("field is immutable when `immutable` is set"))
            #expect(try await client.send("PUT", "\(maps)/m", body: Self.map("m", #""data":{"a":"1"}"#)).status == 422)
        }
    }

    @Test("one that is deleted stays for its finalizers, gets no new ones and goes with the last")
    func finalizers() async throws {
        try await TestServer.run { client in
            let map = #"{"metadata":{"name":"m","finalizers":["example.com/a","example.com/b"]},"data":{"k":"v"}}"#
            _ = try await client.send("POST", maps, body: map)
            let path = "\(maps)/m"
            let marked = try await client.send("DELETE", path).object(ConfigMap.self)
            #expect(marked.metadata.deletionTimestamp != nil)
            #expect(marked.metadata.deletionGracePeriodSeconds == 0)
            // Deleted again, it is as it was.
            #expect(try await client.send("DELETE", path).object(ConfigMap.self) == marked)

            let type = ["content-type": "application/merge-patch+json"]
            let more = #"{"metadata":{"finalizers":["example.com/a","example.com/c"]}}"#
            #expect(try await client.send("PATCH", path, type, body: more).status == 422)
            let one = #"{"metadata":{"finalizers":["example.com/b"]}}"#
            #expect(try await client.send("PATCH", path, type, body: one).status == 200)
            #expect(try await client.get(path).object(ConfigMap.self).metadata.finalizers == ["example.com/b"])
            let none = #"{"metadata":{"finalizers":null}}"#
            #expect(try await client.send("PATCH", path + "?dryRun=All", type, body: none).status == 200)
            #expect(try await client.get(path).status == 200)
            #expect(try await client.send("PATCH", path, type, body: none).status == 200)
            #expect(try await client.get(path).status == 404)
        }
    }

    @Test("a namespace that goes away waits for what finalizers keep in it")
    func finalizersInNamespace() async throws {
        try await TestServer.run { client in
            let shop = #"{"metadata":{"name":"shop"}}"#
            _ = try await client.send("POST", "/api/v1/namespaces", body: shop)
            let path = "/api/v1/namespaces/shop/configmaps"
            let map = #"{"metadata":{"name":"m","finalizers":["example.com/a"]}}"#
            _ = try await client.send("POST", path, body: map)
            #expect(try await client.send("DELETE", "/api/v1/namespaces/shop").status == 200)
            #expect(
                try await client.get("/api/v1/namespaces/shop").object(Namespace.self).status.phase == "Terminating"
            )
            let patch = #"[{"op":"remove","path":"/metadata/finalizers"}]"#
            let type = ["content-type": "application/json-patch+json"]
            #expect(try await client.send("PATCH", path + "/m", type, body: patch).status == 200)
            #expect(try await client.get("/api/v1/namespaces/shop").status == 404)
        }
    }

    @Test("what is deleted is answered with a Status, as kube-apiserver does")
    func deletionStatus() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", maps, body: #"{"metadata":{"name":"m"}}"#)
            let uid = try await client.get("\(maps)/m").object(ConfigMap.self).metadata.uid
            let status = try await client.send("DELETE", "\(maps)/m").object(Status.self)
            #expect(status.status == "Success")
            #expect(status.details == StatusDetails(name: "m", kind: "configmaps", uid: uid))
        }
    }

    @Test("they go with their namespace, and as a collection")
    func together() async throws {
        try await TestServer.run { client in
            let shop = #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}"#
            _ = try await client.send("POST", "/api/v1/namespaces", body: shop)
            let path = "/api/v1/namespaces/shop/secrets"
            for name in ["a", "b"] { _ = try await client.send("POST", path, body: Self.secret(name)) }
            _ = try await client.send("POST", secrets, body: Self.secret("a"))
            let deleted = try await client.send("DELETE", secrets)
            #expect(try deleted.object(SecretList.self).items.map(\.metadata.name) == ["a"])
            _ = try await client.send("DELETE", "/api/v1/namespaces/shop")
            try await client.wait(for: "the end of the namespace") {
                try await client.get("/api/v1/namespaces/shop").status == 404
            }
            #expect(try await client.get("/api/v1/secrets").object(SecretList.self).items.isEmpty)
        }
    }
}
