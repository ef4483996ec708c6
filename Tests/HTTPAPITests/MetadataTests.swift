import JSON
import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("The metadata of namespaces and nodes over HTTP")
struct MetadataTests {
    private static let merge = ["content-type": "application/merge-patch+json"]

    @Test("a namespace is labelled and replaced; what is the agent's stays, and an old version is refused")
    func namespaces() async throws {
        try await TestServer.run { client in
            let path = "/api/v1/namespaces/shop"
            _ = try await client.send("POST", "/api/v1/namespaces", body: #"{"metadata":{"name":"shop"}}"#)
            let first = try await client.get(path).object(Namespace.self)
            let patch = #"{"metadata":{"labels":{"a":"b"}},"status":{"phase":"Terminating"}}"#
            let labelled = try await client.send("PATCH", path, Self.merge, body: patch).object(Namespace.self)
            #expect(labelled.metadata.labels == ["a": "b", "kubernetes.io/metadata.name": "shop"])
            #expect(labelled.status.phase == "Active")
            #expect(labelled.metadata.resourceVersion != first.metadata.resourceVersion)
            #expect(try await client.get("/api/v1/namespaces?labelSelector=a").text.contains("shop"))
            // Nothing changed, nothing written.
            let again = try await client.send("PATCH", path, Self.merge, body: patch).object(Namespace.self)
            #expect(again == labelled)

            let bare = #"{"metadata":{"name":"shop","annotations":{"c":"d"}}}"#
            let replaced = try await client.send("PUT", path, body: bare).object(Namespace.self)
            #expect(replaced.metadata.labels == ["kubernetes.io/metadata.name": "shop"])
            #expect(replaced.metadata.annotations == ["c": "d"])
            #expect(replaced.metadata.uid == first.metadata.uid)
            #expect(replaced.spec == first.spec)
            let stale = #"{"metadata":{"name":"shop","resourceVersion":"1"}}"#
            #expect(try await client.send("PUT", path, body: stale).status == 409)
            #expect(try await client.send("PUT", path, body: #"{"metadata":{"name":"other"}}"#).status == 400)
            let bad = #"{"metadata":{"labels":{"a":"not a label"}}}"#
            #expect(try await client.send("PATCH", path, Self.merge, body: bad).status == 422)
            let none = try await client.send("PATCH", "/api/v1/namespaces/none", Self.merge, body: patch)
            #expect(none.status == 404)
        }
    }

    @Test("a namespace with finalizers goes when the last of them is taken away")
    func finalizers() async throws {
        try await TestServer.run { client in
            let path = "/api/v1/namespaces/shop"
            let shop = #"{"metadata":{"name":"shop","finalizers":["example.com/a"]}}"#
            _ = try await client.send("POST", "/api/v1/namespaces", body: shop)
            _ = try await client.send("DELETE", path)
            #expect(try await client.get(path).object(Namespace.self).status.phase == "Terminating")
            let none = #"{"metadata":{"finalizers":null}}"#
            #expect(try await client.send("PATCH", path + "?dryRun=All", Self.merge, body: none).status == 200)
            #expect(try await client.get(path).status == 200)
            #expect(try await client.send("PATCH", path, Self.merge, body: none).status == 200)
            #expect(try await client.get(path).status == 404)
        }
    }

    @Test("what only a stored object has is no part of a new one")
    func created() async throws {
        try await TestServer.run { client in
            let collections = [
                "/api/v1/namespaces": "", "/api/v1/namespaces/default/configmaps": "",
                "/api/v1/namespaces/default/secrets": "",
                "/api/v1/namespaces/default/pods": #","spec":{"containers":[{"name":"c","image":"i"}]}"#,
            ]
            for (path, rest) in collections {
                func body(_ metadata: String) -> String { #"{"metadata":{"name":"new",\#(metadata)}\#(rest)}"# }
                let read = try await client.send("POST", path, body: body(#""resourceVersion":"7""#))
                #expect(read.status == 400, "\(path): \(read.text)")
                #expect(read.text.contains("resourceVersion should not be set on objects to be created"))
                let own = try await client.send("POST", path, body: body(#""finalizers":["bad"]"#))
                #expect(own.status == 422, "\(path): \(own.text)")
                let words = "metadata.finalizers[0]: Invalid value: \\\"bad\\\": name is neither a standard"
                #expect(own.text.contains(words), "\(own.text)")
                #expect(try await client.get("\(path)/new").status == 404)
                let past = #""2020-01-01T00:00:00Z""#
                let made = try await client.send(
                    "POST",
                    path,
                    body: body(
                        #""resourceVersion":"0","uid":"u","generation":9,"selfLink":"s","creationTimestamp":\#(past),"#
                            + #""deletionTimestamp":\#(past),"deletionGracePeriodSeconds":3"#
                    )
                )
                #expect(made.status == 201, "\(path): \(made.text)")
                let metadata = try #require(try JSONValue(parsing: made.text)["metadata"])
                for field in ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"] {
                    #expect(metadata[field] == nil, "\(path) \(field)")
                }
                #expect(metadata["uid"]?.stringValue?.utf8.count == 36)
                #expect(metadata["generation"]?.int64Value ?? 0 < 2)
                #expect(!made.text.contains("2020-01-01"))
                let same = #"{"metadata":{"name":"new"}\#(rest)}"#
                let again = try await client.send("POST", path + "?dryRun=All", body: same)
                #expect(again.status == 409, "\(path): \(again.text)")
            }
        }
    }

    @Test("an update takes no finalizer that is not qualified")
    func unqualified() async throws {
        try await TestServer.run { client in
            let maps = "/api/v1/namespaces/default/configmaps"
            _ = try await client.send("POST", maps, body: #"{"metadata":{"name":"m"}}"#)
            let patch = #"{"metadata":{"finalizers":["foregroundDeletion","bad"]}}"#
            let reply = try await client.send("PATCH", "\(maps)/m", Self.merge, body: patch)
            #expect(reply.status == 422)
            #expect(reply.text.contains("metadata.finalizers[1]: Invalid value: \\\"bad\\\": name is neither"))
        }
    }

    @Test("a node is labelled and annotated; what nobody would heed is refused")
    func nodes() async throws {
        try await TestServer.run { client in
            let path = "/api/v1/nodes/n1"
            let node = try await client.get(path).object(Node.self)
            let patch = #"{"metadata":{"labels":{"disk":"fast"},"annotations":{"a":"b"}}}"#
            let patched = try await client.send("PATCH", path, Self.merge, body: patch).object(Node.self)
            #expect(patched.metadata.labels["disk"] == "fast")
            #expect(patched.metadata.labels["kubernetes.io/hostname"] == node.metadata.labels["kubernetes.io/hostname"])
            #expect(patched.status == node.status)
            for spec in [#"{"unschedulable":true}"#, #"{"taints":[{"key":"a","effect":"NoSchedule"}]}"#] {
                let reply = try await client.send("PATCH", path, Self.merge, body: #"{"spec":\#(spec)}"#)
                #expect(reply.status == 422)
                #expect(reply.text.contains("spec: Forbidden: nobody here would heed it"), "\(reply.text)")
            }
            let old = String(decoding: try JSONCoding.encode(node), as: UTF8.self)
            #expect(try await client.send("PUT", path, body: old).status == 409)
            #expect(try await client.get("/v1/log").text.contains(#""type":"NodePatched""#))
        }
    }
}
