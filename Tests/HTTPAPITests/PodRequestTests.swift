import JSON
import KubernetesAPI
import NodeAgent
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Pods over HTTP")
struct PodRequestTests {
    private let pods = Client.pods

    @Test("a pod is created, read, listed, and waits for its image")
    func create() async throws {
        try await TestServer.run { client in
            let created = try await client.send("POST", pods, ["X-Request-Id": "my-request.1"], body: Client.pod("p"))
            #expect(created.status == 201, "\(created.text)")
            #expect(created.headers["x-request-id"] == "my-request.1")
            #expect(created.headers["content-type"] == "application/json")
            let pod = try created.object(Pod.self)
            let version = try #require(Int(pod.metadata.resourceVersion))
            #expect(version > 0)
            #expect(pod.metadata.uid.count == 36)
            #expect(pod.status.phase == "Pending")
            #expect(pod.spec.nodeName == "n1")

            try await client.wait(for: "ErrImagePull") {
                let read = try await client.get("\(pods)/p").object(Pod.self)
                return ["ErrImagePull", "ImagePullBackOff"].contains(
                    read.status.containerStatuses.first?.state.waiting?.reason ?? ""
                )
            }
            let list = try await client.get(pods).object(PodList.self)
            #expect(list.items.map(\.metadata.name) == ["p"])
            #expect((Int(list.metadata.resourceVersion) ?? 0) >= version)
            #expect(try await client.get("/api/v1/pods").object(PodList.self).items.count == 1)
            let log = try await client.get("/v1/log?after=\(version - 1)&limit=1").lines()
            #expect(log.first?["type"]?.stringValue == "PodCreated")
            #expect(log.first?["request"]?.stringValue == "my-request.1")
            #expect(log.first?["actor"]?.stringValue?.hasPrefix("unix:") == true)
            let why = try await client.get("\(pods)/p/why")
            #expect(why.text.contains("missing:1"))
        }
    }

    @Test("a pod that was on no node is deleted without a grace period")
    func deleteGated() async throws {
        try await TestServer.run { client in
            let gates = ",\"schedulingGates\":[{\"name\":\"example.com/g\"}]"
            _ = try await client.send("POST", pods, body: Client.pod("p", more: gates))
            let deleted = try await client.send("DELETE", pods + "/p").object(Pod.self)
            #expect(deleted.metadata.deletionGracePeriodSeconds == 0)
        }
    }

    @Test("YAML goes in, and comes out if asked for")
    func yaml() async throws {
        try await TestServer.run { client in
            let text =
                "apiVersion: v1\nkind: Pod\nmetadata: {name: from-yaml}\nspec:\n  containers: [{name: c, image: missing:1}]\n"
            let created = try await client.send("POST", pods, ["content-type": "application/yaml"], body: text)
            #expect(created.status == 201, "\(created.text)")
            let read = try await client.get("\(pods)/from-yaml", ["accept": "application/yaml"])
            #expect(read.headers["content-type"] == "application/yaml")
            #expect(read.text.contains("\n  name: from-yaml\n"))
        }
    }

    @Test("bad requests say what is wrong and change nothing")
    func bad() async throws {
        try await TestServer.run { client in
            let before = try await client.get(pods).object(PodList.self).metadata.resourceVersion
            let cases: [(String, String, [String: String], String?, Int, String)] = [
                ("POST", pods, [:], "{\"kind\":", 400, "BadRequest"),
                ("POST", pods, ["content-type": "application/yaml"], "a: [", 400, "BadRequest"),
                ("POST", pods, ["content-type": "text/html"], "<pod>", 415, "UnsupportedMediaType"),
                ("POST", pods, [:], "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}", 422, "Invalid"),
                (
                    "POST", pods + "?fieldValidation=Strict", [:], Client.pod("p", more: ",\"nope\":1"), 400,
                    "BadRequest"
                ),
                ("POST", pods + "?fieldValidation=Sometimes", [:], Client.pod("p"), 400, "BadRequest"),
                ("POST", "/api/v1/namespaces/nowhere/pods", [:], Client.pod("p"), 404, "NotFound"),
                ("GET", pods + "/p", [:], nil, 404, "NotFound"),
                ("GET", pods + "/p/log", [:], nil, 404, "NotFound"),
                ("GET", pods + "/p/why", [:], nil, 404, "NotFound"),
                ("DELETE", pods + "/p", [:], nil, 404, "NotFound"),
                ("PATCH", pods + "/p", ["content-type": "application/merge-patch+json"], "{}", 404, "NotFound"),
                ("GET", pods + "?labelSelector=%3D%3D", [:], nil, 400, "BadRequest"),
                ("GET", pods + "?resourceVersion=x", [:], nil, 400, "BadRequest"),
                ("GET", "/api/v1/nothing", [:], nil, 404, "NotFound"),
                ("DELETE", "/version", [:], nil, 405, "MethodNotAllowed"),
                (
                    "POST", pods, ["Idempotency-Key": String(repeating: "k", count: 65)], Client.pod("p"), 400,
                    "BadRequest"
                ),
            ]
            for (method, path, headers, body, code, reason) in cases {
                let reply = try await client.send(method, path, headers, body: body)
                #expect(reply.status == code, "\(method) \(path): \(reply.text)")
                let status = try reply.object(Status.self)
                #expect(status.reason == reason, "\(method) \(path): \(reply.text)")
                #expect(status.code == Int32(code))
                #expect(!status.message.isEmpty)
                #expect(reply.headers["x-request-id"]?.isEmpty == false)
            }
            let refused = try await client.send("DELETE", "/version")
            #expect(refused.headers["allow"] == "GET")
            #expect(try await client.get(pods).object(PodList.self).metadata.resourceVersion == before)
        }
    }

    @Test("a body above the limit is a 413, whether or not its length is told")
    func tooLarge() async throws {
        try await TestServer.run { client in
            let directory = try TemporaryDirectory()
            let file = directory.path + "/big"
            try BigFile.write(file, bytes: APIRequest.bodyLimit + 1)
            for headers in [[:], ["Transfer-Encoding": "chunked"]] {
                let reply = try await client.send("POST", pods, headers, body: nil, file: file)
                #expect(reply.status == 413, "\(reply.text)")
            }
            #expect(try await client.get("/healthz").text == "ok")
        }
    }

    @Test("a name is taken once; generateName finds a free one")
    func names() async throws {
        try await TestServer.run { client in
            #expect(try await client.send("POST", pods, body: Client.pod("p")).status == 201)
            let again = try await client.send("POST", pods, body: Client.pod("p"))
            #expect(again.status == 409)
            #expect(try again.object(Status.self).message.hasPrefix("pods \"p\" already exists; "))
            let generated = Client.pod("").replacing("\"name\":\"\"", with: "\"generateName\":\"g-\"")
            let first = try await client.send("POST", pods, body: generated).object(Pod.self).metadata.name
            let second = try await client.send("POST", pods, body: generated).object(Pod.self).metadata.name
            #expect(first.hasPrefix("g-"))
            #expect(first != second)
        }
    }

    @Test("a dry run does everything but writing")
    func dryRun() async throws {
        try await TestServer.run { client in
            let head = try await client.get(pods).object(PodList.self).metadata.resourceVersion
            let reply = try await client.send("POST", pods + "?dryRun=All", body: Client.pod("p"))
            #expect(reply.status == 201)
            #expect(try reply.object(Pod.self).spec.restartPolicy == "Always")
            #expect(try await client.get(pods + "/p").status == 404)
            #expect(try await client.get(pods).object(PodList.self).metadata.resourceVersion == head)
        }
    }

    @Test("the same request under one Idempotency-Key is carried out once; another one is refused")
    func idempotency() async throws {
        try await TestServer.run { client in
            let key = ["Idempotency-Key": "order-66"]
            let generated = Client.pod("").replacing("\"name\":\"\"", with: "\"generateName\":\"g-\"")
            let first = try await client.send("POST", pods, key, body: generated)
            let second = try await client.send("POST", pods, key, body: generated)
            #expect(first.status == 201, "\(first.text)")
            #expect(second.status == 201, "\(second.text)")
            #expect(try first.object(Pod.self) == second.object(Pod.self))
            #expect(try await client.get(pods).object(PodList.self).items.count == 1)
            let other = try await client.send("POST", pods, key, body: Client.pod("other"))
            #expect(other.status == 422)
            #expect(try other.object(Status.self).message.contains("take a new one"))
            let otherKey = try await client.send("POST", pods, ["Idempotency-Key": "order-67"], body: generated)
            #expect(try otherKey.object(Pod.self).metadata.uid != first.object(Pod.self).metadata.uid)
        }
    }

    @Test("a repeated request whose event was given up is told that it was carried out, and not again")
    func idempotencyBelowTheFloor() async throws {
        let directory = try TemporaryDirectory(prefix: "swl-api")
        let key = ["Idempotency-Key": "order-66"]
        try await TestServer.run(in: directory.path) { client in
            let created = try await client.send("POST", pods, key, body: Client.pod("p"))
            #expect(created.status == 201)
            let deleted = try await client.send("DELETE", pods + "/p?gracePeriodSeconds=0")
            #expect(deleted.status == 200)
        }
        var forgetful = Configuration()
        forgetful.historyMinimumAge = 0
        forgetful.historyMaximumAge = 0
        forgetful.historyMinimumEvents = 1
        // The agent looks at its history when it starts.
        try await TestServer.run(in: directory.path, configuration: forgetful) { client in
            let compacted = try await client.get("/v1/log?type=HistoryCompacted&follow=1&limit=1").lines()
            #expect(compacted.count == 1)
            let again = try await client.send("POST", pods, key, body: Client.pod("p"))
            #expect(again.status == 410)
            #expect(try again.object(Status.self).message.contains("carried out before"))
            #expect(try await client.get(pods).object(PodList.self).items.isEmpty)
        }
    }

    @Test("patches of all kinds change a pod and count its generation only for the spec")
    func patch() async throws {
        try await TestServer.run { client in
            let created = try await client.send("POST", pods, body: Client.pod("p", labels: "{\"a\":\"1\"}"))
                .object(Pod.self)
            func patch(_ type: String, _ body: String) async throws -> Client.Reply {
                try await client.send(
                    "PATCH",
                    pods + "/p",
                    ["content-type": "application/\(type)+json"],
                    body: body
                )
            }
            let labelled = try await patch("merge-patch", #"{"metadata":{"labels":{"b":"2"}}}"#)
            #expect(labelled.status == 200, "\(labelled.text)")
            let first = try labelled.object(Pod.self)
            #expect(first.metadata.labels == ["a": "1", "b": "2"])
            #expect(first.metadata.generation == created.metadata.generation)
            let image = try await patch(
                "strategic-merge-patch",
                #"{"spec":{"containers":[{"name":"c","image":"bb:2"}]}}"#
            )
            #expect(image.status == 200, "\(image.text)")
            let second = try image.object(Pod.self)
            #expect(second.spec.containers.first?.image == "bb:2")
            #expect(second.metadata.generation == created.metadata.generation + 1)
            #expect(second.metadata.uid == created.metadata.uid)
            #expect(second.metadata.creationTimestamp == created.metadata.creationTimestamp)
            let removed = try await patch("json-patch", #"[{"op":"remove","path":"/metadata/labels/a"}]"#)
            #expect(try removed.object(Pod.self).metadata.labels == ["b": "2"])
            let none = try await patch("merge-patch", "{}")
            #expect(none.status == 200)
            let forbidden = try await patch("merge-patch", #"{"spec":{"restartPolicy":"Never"}}"#)
            #expect(forbidden.status == 422, "\(forbidden.text)")
            let status = try await patch("merge-patch", #"{"status":{"phase":"Succeeded"}}"#)
            #expect(try status.object(Pod.self).status.phase == "Pending")
            let stale = try await patch("merge-patch", #"{"metadata":{"resourceVersion":"1","labels":{"c":"3"}}}"#)
            #expect(stale.status == 409)
            let unsupported = try await patch("apply-patch", "{}")
            #expect(unsupported.status == 415)
            let serverSide = try await client.send(
                "PATCH",
                pods + "/p",
                ["content-type": "application/apply-patch+yaml"],
                body: "{}"
            )
            #expect(serverSide.status == 415)
            #expect(serverSide.text.contains("apply without --server-side"))
        }
    }

    @Test("a replacement keeps what only the server sets, and a stale one is refused")
    func replace() async throws {
        try await TestServer.run { client in
            let created = try await client.send("POST", pods, body: Client.pod("p")).object(Pod.self)
            let new = try await client.send("PUT", pods + "/p", body: Client.pod("p", labels: "{\"a\":\"1\"}"))
            #expect(new.status == 200, "\(new.text)")
            let pod = try new.object(Pod.self)
            #expect(pod.metadata.labels == ["a": "1"])
            #expect(pod.metadata.uid == created.metadata.uid)
            #expect(pod.spec.nodeName == "n1")
            #expect(pod.metadata.creationTimestamp == created.metadata.creationTimestamp)
            #expect((Int(pod.metadata.resourceVersion) ?? 0) > (Int(created.metadata.resourceVersion) ?? 0))
            let stale = Client.pod("p").replacing(
                "\"name\":\"p\"",
                with: "\"name\":\"p\",\"resourceVersion\":\"\(created.metadata.resourceVersion)\""
            )
            let refused = try await client.send("PUT", pods + "/p", body: stale)
            #expect(refused.status == 409)
            #expect(try refused.object(Status.self).message.contains("the object has been modified"))
            let otherUID = Client.pod("p").replacing("\"name\":\"p\"", with: "\"name\":\"p\",\"uid\":\"\(Self.uid)\"")
            #expect(try await client.send("PUT", pods + "/p", body: otherUID).status == 409)
            #expect(try await client.send("PUT", pods + "/p", body: Client.pod("q")).status == 400)
            #expect(try await client.send("PUT", pods + "/q", body: Client.pod("q")).status == 404)
        }
    }

    private static let uid = "00000000-0000-4000-8000-000000000000"

    @Test("a deleted pod goes away; preconditions must hold; deleting twice at once answers both")
    func delete() async throws {
        try await TestServer.run { client in
            let created = try await client.send("POST", pods, body: Client.pod("p")).object(Pod.self)
            let wrong = "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"preconditions\":{\"uid\":\"\(Self.uid)\"}}"
            #expect(try await client.send("DELETE", pods + "/p", body: wrong).status == 409)
            let dry = try await client.send("DELETE", pods + "/p?dryRun=All")
            #expect(try dry.object(Pod.self).metadata.deletionTimestamp == nil)
            async let one = client.send("DELETE", pods + "/p?gracePeriodSeconds=1")
            async let two = client.send("DELETE", pods + "/p?gracePeriodSeconds=0")
            async let three = client.send("DELETE", pods + "/p?gracePeriodSeconds=0")
            for reply in try await [one, two, three] {
                #expect([200, 404].contains(reply.status), "\(reply.text)")
            }
            try await client.wait(for: "the end of the pod") { try await client.get(pods + "/p").status == 404 }
            let again = try await client.send("POST", pods, body: Client.pod("p")).object(Pod.self)
            #expect(again.metadata.uid != created.metadata.uid)
        }
    }

    @Test("deleting the collection deletes what the selector matches")
    func deleteCollection() async throws {
        try await TestServer.run { client in
            for (name, label) in [("a", "1"), ("b", "1"), ("c", "2")] {
                _ = try await client.send("POST", pods, body: Client.pod(name, labels: "{\"x\":\"\(label)\"}"))
            }
            let reply = try await client.send("DELETE", pods + "?labelSelector=x%3D1&gracePeriodSeconds=0")
            #expect(reply.status == 200)
            #expect(try reply.object(PodList.self).items.map(\.metadata.name) == ["a", "b"])
            try await client.wait(for: "the end of two pods") {
                try await client.get(pods).object(PodList.self).items.map(\.metadata.name) == ["c"]
            }
        }
    }

    @Test("a second agent on the same directories goes on where the first one stopped")
    func restart() async throws {
        let directory = try TemporaryDirectory(prefix: "swl-api")
        let path = directory.path
        try await TestServer.run(in: path) { client in
            let created = try await client.send("POST", pods, body: Client.pod("p"))
            #expect(created.status == 201)
        }
        try await TestServer.run(in: path) { client in
            let pod = try await client.get(pods + "/p").object(Pod.self)
            #expect(pod.metadata.name == "p")
            let nodes = try await client.get("/api/v1/nodes").object(NodeList.self)
            #expect(nodes.items.count == 1)
            #expect(try await client.send("DELETE", pods + "/p?gracePeriodSeconds=0").status == 200)
            try await client.wait(for: "the end of the pod") { try await client.get(pods + "/p").status == 404 }
        }
    }
}
