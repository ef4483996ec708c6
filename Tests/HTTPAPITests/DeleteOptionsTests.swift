import JSON
import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("What a DELETE is told")
struct DeleteOptionsTests {
    private static let maps = "/api/v1/namespaces/default/configmaps"

    @Test(
        "what a deletion does not understand, it does not do",
        arguments: [
            ("?propagationPolicy=Foo", nil, "Unsupported value: \"Foo\""),
            ("?propagationPolicy=Orphan&orphanDependents=true", nil, "cannot be both set"),
            (
                "", #"{"propagationPolicy":"background"}"#,
                "supported values: \"Foreground\", \"Background\", \"Orphan\""
            ),
            ("", #"{"dryRun":["all"]}"#, "dryRun: Unsupported value: \"all\""),
        ] as [(String, String?, String)]
    )
    func refused(query: String, body: String?, message: String) async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", Self.maps, body: #"{"metadata":{"name":"x"}}"#)
            _ = try await client.send("POST", Client.pods, body: Client.pod("x"))
            _ = try await client.send("POST", "/api/v1/namespaces", body: #"{"metadata":{"name":"x"}}"#)
            for path in [Self.maps + "/x", Self.maps, Client.pods + "/x", Client.pods, "/api/v1/namespaces/x"] {
                let reply = try await client.send("DELETE", path + query, body: body)
                #expect(reply.status == 422, "\(path): \(reply.text)")
                #expect(try reply.object(Status.self).message.contains(message), "\(path): \(reply.text)")
            }
            for path in [Self.maps + "/x", Client.pods + "/x", "/api/v1/namespaces/x"] {
                let kept = try await client.get(path).json()
                #expect(kept["metadata"]?["deletionTimestamp"] == nil, "\(path)")
            }
        }
    }

    @Test("a namespace that is deleted on trial, or under a condition that does not hold, stays")
    func namespaces() async throws {
        try await TestServer.run { client in
            let path = "/api/v1/namespaces/x"
            _ = try await client.send("POST", "/api/v1/namespaces", body: #"{"metadata":{"name":"x"}}"#)
            #expect(try await client.send("DELETE", path + "?dryRun=All").status == 200)
            let trial = try await client.send("DELETE", path, body: #"{"dryRun":["All"]}"#)
            #expect(try trial.object(Namespace.self).status.phase == "Active")
            for condition in [#"{"uid":"other"}"#, #"{"resourceVersion":"1"}"#] {
                let reply = try await client.send("DELETE", path, body: #"{"preconditions":\#(condition)}"#)
                #expect(reply.status == 409, "\(condition): \(reply.text)")
            }
            let kept = try await client.get(path).object(Namespace.self)
            #expect(kept.status.phase == "Active")
            let uid = #"{"preconditions":{"uid":"\#(kept.metadata.uid)"}}"#
            #expect(try await client.send("DELETE", path, body: uid).status == 200)
            #expect(try await client.get(path).status == 404)
        }
    }

    @Test("a patch with an unknown field is warned of where it asks for that")
    func patchWarnings() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", Self.maps, body: #"{"metadata":{"name":"x"}}"#)
            let type = ["content-type": "application/merge-patch+json"]
            let patch = #"{"dat":{"a":"b"}}"#
            #expect(try await client.send("PATCH", Self.maps + "/x", type, body: patch).status == 400)
            let reply = try await client.send("PATCH", Self.maps + "/x?fieldValidation=Warn", type, body: patch)
            #expect(reply.status == 200)
            #expect(reply.headers["warning"] == #"299 - "unknown field \"dat\"""#, "\(reply.headers)")
        }
    }
}
