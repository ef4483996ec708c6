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
