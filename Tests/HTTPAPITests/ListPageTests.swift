import EventLog
import JSON
import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("Lists in parts")
struct ListPageTests {
    private struct Part {
        var names: [String]
        var token: String
        var version: String
        var remaining: Int64?
    }

    private static func part(_ client: Client, _ query: String) async throws -> Part {
        let reply = try await client.get("\(Client.pods)?\(query)")
        #expect(reply.status == 200, "\(reply.text)")
        let list = try reply.object(PodList.self)
        return Part(
            names: list.items.map(\.metadata.name),
            token: list.metadata.continue,
            version: list.metadata.resourceVersion,
            remaining: list.metadata.remainingItemCount
        )
    }

    @Test("together they are the list as it was when the first part was sent")
    func parts() async throws {
        try await TestServer.run { client in
            for name in ["a", "b", "c", "d", "e"] {
                let label = name == "c" ? "{\"x\":\"2\"}" : "{\"x\":\"1\"}"
                _ = try await client.send("POST", Client.pods, body: Client.pod(name, labels: label))
            }
            let first = try await Self.part(client, "limit=2")
            #expect(first.names == ["a", "b"])
            #expect(first.remaining == 3)
            // Neither what comes now nor what goes changes the parts that follow.
            _ = try await client.send("POST", Client.pods, body: Client.pod("bb"))
            _ = try await client.send("DELETE", Client.pods + "/d?gracePeriodSeconds=0")
            try await client.wait(for: "the end of d") { try await client.get(Client.pods + "/d").status == 404 }
            let second = try await Self.part(client, "limit=2&continue=\(first.token)")
            #expect(second.names == ["c", "d"])
            #expect(second.remaining == 1)
            #expect(second.version == first.version)
            let third = try await Self.part(client, "limit=2&continue=\(second.token)")
            #expect(third.names == ["e"])
            #expect(third.token == "")
            #expect(third.remaining == nil)

            let selected = try await Self.part(client, "limit=2&labelSelector=x%3D1")
            #expect(selected.names == ["a", "b"])
            #expect(selected.remaining == nil)
            #expect(!selected.token.isEmpty)
            let rest = try await Self.part(client, "limit=2&labelSelector=x%3D1&continue=\(selected.token)")
            #expect(rest.names == ["e"])
            #expect(rest.token == "")

            let table = try await client.get(
                "\(Client.pods)?limit=1",
                ["accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]
            ).json()
            #expect(table["metadata"]?["continue"]?.stringValue?.isEmpty == false)
            #expect(table["rows"]?.arrayValue?.count == 1)
        }
    }

    @Test("Exact is that version, NotOlderThan the newest; one from the future is a 504")
    func match() async throws {
        try await TestServer.run { client in
            let empty = try await Self.part(client, "").version
            _ = try await client.send("POST", Client.pods, body: Client.pod("a"))
            for (query, names) in [
                ("resourceVersion=\(empty)&resourceVersionMatch=Exact", []),
                ("resourceVersion=\(empty)&limit=5", []),
                ("resourceVersion=\(empty)&resourceVersionMatch=NotOlderThan", ["a"]),
                ("resourceVersion=\(empty)&resourceVersionMatch=NotOlderThan&limit=5", ["a"]),
                ("resourceVersion=\(empty)", ["a"]), ("resourceVersion=0", ["a"]),
            ] {
                #expect(try await Self.part(client, query).names == names, "\(query)")
            }
            #expect(try await client.get("\(Client.pods)?resourceVersion=999999999").status == 504)
            #expect(try await client.get("\(Client.pods)/a?resourceVersion=x").status == 400)
        }
    }

    @Test("a part that is asked for too late gets 410 with a token for the rest as it is now")
    func expired() throws {
        let last = ListContinuation(resourceVersion: nil, namespace: "default", name: "b")
        let status = APIError.continuationExpired(inconsistent: last).status
        #expect(status.code == 410)
        #expect(status.reason == "Expired")
        #expect(try ListContinuation(token: status.metadata.continue) == last)
    }
}

@Suite("Parameters that make no sense")
struct BadParameterTests {
    @Test("are refused and say how they should be")
    func refused() async throws {
        let pods = Client.pods
        let cases: [(String, String, Int)] = [
            ("GET", "\(pods)?limit=x", 400), ("GET", "\(pods)?limit=-5", 400), ("GET", "\(pods)?continue=x", 400),
            ("GET", "\(pods)?resourceVersion=-1", 400), ("GET", "\(pods)?resourceVersion=1x", 400),
            ("GET", "\(pods)?resourceVersion=1&resourceVersionMatch=Sometimes", 422),
            ("GET", "\(pods)?resourceVersionMatch=Exact", 422), ("GET", "\(pods)?watch=perhaps", 400),
            ("GET", "\(pods)?watch=1&timeoutSeconds=soon", 400), ("GET", "\(pods)?watch=1&timeoutSeconds=-1", 400),
            ("GET", "\(pods)?watch=1&resourceVersion=x", 400), ("GET", "\(pods)?pretty=yes", 400),
            ("GET", "\(pods)/p/log?tailLines=x", 400), ("GET", "\(pods)/p/log?tailLines=-1", 422),
            ("GET", "\(pods)/p/log?sinceSeconds=x", 400), ("GET", "\(pods)/p/log?sinceSeconds=0", 422),
            ("GET", "\(pods)/p/log?sinceTime=yesterday", 400), ("GET", "\(pods)/p/log?limitBytes=0", 422),
            ("GET", "\(pods)/p/log?limitBytes=many", 400), ("GET", "\(pods)/p/log?follow=perhaps", 400),
            ("GET", "/api/v1/events?limit=x", 400), ("GET", "/api/v1/nodes?watch=1&timeoutSeconds=x", 400),
            ("GET", "/v1/log?after=x", 400), ("GET", "/v1/log?limit=-1", 400),
            ("DELETE", "\(pods)/p?gracePeriodSeconds=x", 400), ("POST", "\(pods)?dryRun=Some", 400),
        ]
        try await TestServer.run { client in
            _ = try await client.send("POST", pods, body: Client.pod("p"))
            for (method, path, code) in cases {
                let body = method == "POST" ? Client.pod("q") : nil
                let reply = try await client.send(method, path, body: body)
                #expect(reply.status == code, "\(method) \(path): \(reply.text)")
                #expect(try reply.object(Status.self).code == Int32(code))
            }
            #expect(try await client.get(pods).object(PodList.self).items.map(\.metadata.name) == ["p"])
        }
    }

    @Test("what can have one value is refused when it is given twice, where Kubernetes does not say what that means")
    func twice() async throws {
        try await TestServer.run { client in
            for (method, path, name) in [
                ("GET", "/v1/log?after=1&after=2", "after"), ("GET", "/v1/log?name=a&limit=1&name=b", "name"),
                ("DELETE", "/v1/images?name=a&name=b", "name"),
                ("GET", "/v1/images?namespace=a&namespace=b", "namespace"),
                ("POST", "/v1/images/pull?reference=a&reference=b", "reference"),
                ("POST", "/v1/namespaces/default/pods/p/exec?command=a&command=b&tty=1&tty=0", "tty"),
            ] {
                let reply = try await client.send(method, path)
                #expect(reply.status == 400, "\(path)")
                #expect(reply.text.contains("\"\(name): it is given more than once; give one value\""), "\(path)")
            }
            #expect(try await client.get("/v1/content?filter=a&filter=b").status == 200)
            #expect(try await client.get("/v1/images/export?name=a&name=b").status == 404)
            #expect(try await client.get("\(Client.pods)?limit=1&limit=2").status == 200)
        }
    }

    @Test("a body in a coding that is not undone is refused with what is accepted, before it is read")
    func contentEncoding() async throws {
        try await TestServer.run { client in
            let cases = [
                ("POST", Client.pods, "gzip", "identity"), ("POST", Client.pods, "br, identity", "identity"),
                ("PATCH", "\(Client.pods)/p", "GZIP", "identity"), ("POST", "/v1/images/pull", "deflate", "identity"),
                ("POST", "/v1/images/import", "br", "identity, gzip, zstd"),
            ]
            for (method, path, coding, accepted) in cases {
                let reply = try await client.send(method, path, ["Content-Encoding": coding], body: Client.pod("p"))
                #expect(reply.status == 415, "\(method) \(path) \(coding)")
                #expect(reply.headers["accept-encoding"] == accepted)
                let status = try reply.object(Status.self)
                #expect(status.reason == "UnsupportedMediaType")
                #expect(
                    status.message
                        == "Content-Encoding: \"\(coding)\" is not accepted here, only \(accepted); send the "
                        + "body as it is"
                )
            }
            let plain = try await client.send(
                "POST",
                Client.pods,
                ["Content-Encoding": "Identity"],
                body: Client.pod("p")
            )
            #expect(plain.status == 201)
            // Nothing is compressed where there is nothing.
            #expect(try await client.get("/healthz", ["Content-Encoding": "gzip"]).status == 200)
            // An archive is read as it is, whatever it is compressed with.
            let archive = try await client.send("POST", "/v1/images/import", ["Content-Encoding": "gzip"], body: "no")
            #expect(archive.status == 400)
        }
    }

    @Test("the status of a pod can be read; changing it is refused with who writes it")
    func statusOfPods() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", Client.pods, body: Client.pod("p"))
            #expect(try await client.get("\(Client.pods)/p/status").object(Pod.self).metadata.name == "p")
            for method in ["PUT", "PATCH"] {
                let reply = try await client.send(method, "\(Client.pods)/p/status", body: Client.pod("p"))
                #expect(reply.status == 405)
                #expect(reply.headers["allow"] == "GET")
                #expect(reply.text.contains("the agent alone writes the status of a pod"))
                #expect(reply.text.contains("with PATCH \(Client.pods)/p\""))
            }
        }
    }

    @Test("a refusal says what to do next, after Kubernetes' own words")
    func nextSteps() async throws {
        let pods = Client.pods
        let cases: [(String, String, [String: String], Int, String, String)] = [
            ("GET", "\(pods)/no", [:], 404, "pods \"no\" not found", "GET \(pods) lists those that are there"),
            ("GET", "/nope", [:], 404, "the server could not find the requested resource", "GET / lists the paths"),
            (
                "POST", "/api/v1/namespaces/no/pods", [:], 404, "namespaces \"no\" not found",
                "create it first: POST /api/v1/namespaces"
            ),
            (
                "PUT", "/version", [:], 405, "the server does not allow this method on the requested resource",
                "possible on /version: GET"
            ),
            (
                "GET", pods, ["accept": "application/xml"], 406, "only the following media types are accepted",
                "in the header Accept"
            ),
            ("POST", pods, [:], 409, "pods \"p\" already exists", "PUT or PATCH \(pods)/p changes it"),
            (
                "POST", pods, ["content-type": "text/html"], 415, "the body of the request was in an unknown format",
                "say so in the header Content-Type"
            ),
        ]
        try await TestServer.run { client in
            _ = try await client.send("POST", pods, body: Client.pod("p"))
            for (method, path, headers, code, begin, step) in cases {
                let reply = try await client.send(method, path, headers, body: method == "GET" ? nil : Client.pod("p"))
                #expect(reply.status == code, "\(method) \(path): \(reply.text)")
                let message = try reply.object(Status.self).message
                #expect(message.hasPrefix(begin), "\(message)")
                #expect(message.contains(step), "\(message)")
            }
            for accept in ["*/*", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "application/yaml"] {
                #expect(try await client.get(pods, ["accept": accept]).status == 200, "\(accept)")
            }
        }
    }
}
