import JSON
import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("Forms of objects over HTTP")
struct ObjectFormTests {
    private let pods = Client.pods

    private static func accept(_ form: String, _ more: String = "") -> [String: String] {
        ["accept": "application/json;as=\(form);g=meta.k8s.io;v=v1\(more)"]
    }

    @Test("who asks for metadata gets metadata only: of a list, of one object, in a watch")
    func metadata() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", pods, body: Client.pod("p", labels: "{\"x\":\"1\"}"))
            let list = try await client.get(pods, Self.accept("PartialObjectMetadataList")).json()
            #expect(list["kind"] == "PartialObjectMetadataList")
            #expect(list["apiVersion"] == "meta.k8s.io/v1")
            #expect(list["metadata"]?["resourceVersion"]?.stringValue?.isEmpty == false)
            let item = try #require(list["items"]?.arrayValue?.first)
            try Self.expectMetadata(item)
            try Self.expectMetadata(try await client.get(pods + "/p", Self.accept("PartialObjectMetadata")).json())
            let watch =
                pods + "?watch=1&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true"
                + "&resourceVersionMatch=NotOlderThan"
            let lines = try await client.get(watch, Self.accept("PartialObjectMetadata")).lines()
            try Self.expectMetadata(try #require(lines.first?["object"]))
            let bookmark = try #require(lines.first { $0["type"] == "BOOKMARK" }?["object"])
            #expect(bookmark["kind"] == "PartialObjectMetadata")
            #expect(bookmark["spec"] == nil)
        }
    }

    private static func expectMetadata(_ object: JSONValue) throws {
        #expect(object["kind"] == "PartialObjectMetadata")
        #expect(object["apiVersion"] == "meta.k8s.io/v1")
        #expect(object["metadata"]?["name"] == "p")
        #expect(object["metadata"]?["labels"]?["x"] == "1")
        #expect(object["spec"] == nil)
        #expect(object["status"] == nil)
    }

    @Test("a form that cannot be made is a 406, unless another one is accepted as well")
    func notAcceptable() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", pods, body: Client.pod("p"))
            for (path, form) in [
                (pods, "Foo"), (pods + "/p", "Foo"), (pods + "?watch=1", "Foo"), (pods, "PartialObjectMetadata"),
                (pods + "/p", "PartialObjectMetadataList"), (pods + "?watch=1", "PartialObjectMetadataList"),
            ] {
                let reply = try await client.get(path, Self.accept(form))
                #expect(reply.status == 406, "\(path) as \(form): \(reply.text)")
                #expect(try reply.object(Status.self).reason == "NotAcceptable")
            }
            let plain = try await client.get(pods, Self.accept("Foo", ", application/json")).json()
            #expect(plain["kind"] == "PodList")
        }
    }
}
