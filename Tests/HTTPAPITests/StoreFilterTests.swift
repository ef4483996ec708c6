import JSON
import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("containerd's filters")
struct StoreFilterTests {
    private let item = JSONValue.object([
        "id": "abc", "pid": 17, "parent": .null, "labels": .object(["app": "web", "a.b/c": "d,e"]),
    ])

    @Test(
        "fields, quotes, operators and commas are read as containerd reads them",
        arguments: [
            ("id", true), ("parent", false), ("other", false), ("id==abc", true), ("id==ab", false),
            ("pid==17", true), ("id!=abc", false), ("id!=x", true), ("other!=x", true), ("id~=^a.c$", true),
            ("id~=^b", false), ("labels.app==web", true), ("labels.\"a.b/c\"==\"d,e\"", true),
            ("id==abc,labels.app==web", true), ("id==abc,labels.app==api", false), ("labels.app", true),
        ]
    )
    func matches(text: String, expected: Bool) throws {
        #expect(try StoreFilter([text]).matches(item) == expected)
    }

    @Test("of several filters one has to match, and none lets everything through")
    func several() throws {
        #expect(try StoreFilter([]).matches(item))
        #expect(try StoreFilter(["id==x", "id==abc"]).matches(item))
        #expect(try !StoreFilter(["id==x", "id==y"]).matches(item))
    }

    @Test(
        "what is no filter is refused",
        arguments: ["==x", "id==", "id=x", "id==a b", "a..b", "id~=(", "\"id", "id,"]
    )
    func refused(text: String) {
        #expect(throws: APIError.self) { try StoreFilter([text]) }
    }
}

@Suite("leases over HTTP")
struct LeaseRequestTests {
    @Test("leases are made, read, filled, filtered and removed, and the log says by whom")
    func life() async throws {
        try await TestServer.run { client in
            let digest = "sha256:" + String(repeating: "a", count: 64)
            let made = try await client.send(
                "POST",
                "/v1/leases",
                body: #"{"id":"l1","labels":{"app":"web","containerd.io/gc.expire":"2999-01-01T00:00:00Z"}}"#
            )
            #expect(made.status == 201)
            #expect(try made.json()["expiresAt"]?.int64Value ?? 0 > 0)
            #expect(try await client.send("POST", "/v1/leases", body: #"{"id":"l1"}"#).status == 409)
            let unnamed = try await client.send("POST", "/v1/leases", body: "{}")
            #expect(try unnamed.json()["id"]?.stringValue?.isEmpty == false)
            let resource = #"{"type":"content","id":"\#(digest)"}"#
            #expect(try await client.send("POST", "/v1/leases/l1/resources", body: resource).status == 200)
            let kept = try await client.get("/v1/leases/l1").json()["resources"]?.arrayValue
            #expect(kept?.first?["id"]?.stringValue == digest)
            let found = try await client.get("/v1/leases?filter=labels.app==web").json()["leases"]?.arrayValue
            #expect(found?.compactMap { $0["id"]?.stringValue } == ["l1"])
            #expect(try await client.get("/v1/leases?namespace=other").json()["leases"]?.arrayValue == [])
            let gone = "/v1/leases/l1/resources?type=content&id=\(digest)"
            #expect(try await client.send("DELETE", gone).json()["resources"]?.arrayValue == [])
            #expect(try await client.send("DELETE", "/v1/leases/l1").status == 200)
            #expect(try await client.send("DELETE", "/v1/leases/l1").status == 404)
            let log = try await client.get("/v1/log").lines().filter {
                $0["object"]?["kind"]?.stringValue == "Lease" && $0["object"]?["name"]?.stringValue == "l1"
            }
            #expect(
                log.compactMap { $0["type"]?.stringValue } == [
                    "LeaseCreated", "LeaseChanged", "LeaseChanged", "LeaseRemoved",
                ]
            )
            #expect(log.allSatisfy { $0["actor"]?.stringValue?.hasPrefix("unix:") == true })
        }
    }

    @Test("a lease that has expired is removed by itself")
    func expiry() async throws {
        try await TestServer.run { client in
            let body = #"{"id":"old","labels":{"containerd.io/gc.expire":"2001-01-01T00:00:00Z"}}"#
            #expect(try await client.send("POST", "/v1/leases", body: body).status == 201)
            try await client.wait(for: "the end of the lease") { try await client.get("/v1/leases/old").status == 404 }
        }
    }

    @Test(
        "requests that make no sense are told why",
        arguments: [
            ("POST", "/v1/leases", #"{"id":"a/b"}"#, 400), ("POST", "/v1/leases", "[", 400),
            ("POST", "/v1/leases", #"{"labels":{"a":1}}"#, 400),
            ("POST", "/v1/leases", #"{"labels":{"containerd.io/gc.expire":"soon"}}"#, 400),
            ("POST", "/v1/leases/none/resources", #"{"type":"content","id":"web"}"#, 400),
            ("POST", "/v1/leases/none/resources", #"{"type":"images","id":"web"}"#, 404),
            ("PATCH", "/v1/content/sha256:00/labels", "{}", 400),
            ("PATCH", "/v1/snapshots/none/labels", #"{"a":"b"}"#, 404),
            ("GET", "/v1/images/why?name=none:1", "", 404), ("GET", "/v1/leases?filter==", "", 400),
            ("GET", "/v1/images?filter==", "", 400),
        ]
    )
    func refused(method: String, path: String, body: String, status: Int) async throws {
        try await TestServer.run { client in
            let reply = try await client.send(method, path, body: body.isEmpty ? nil : body)
            #expect(reply.status == status, "\(reply.text)")
            #expect(try reply.json()["kind"]?.stringValue == "Status")
        }
    }
}
