import Facts
import JSON
import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("Watches and the event log over HTTP")
struct WatchTests {
    private let pods = Client.pods

    /// "ADDED a", "MODIFIED a", … of a watch's lines.
    private static func changes(_ reply: Client.Reply) throws -> [String] {
        try reply.lines().map { line in
            let name = line["object"]?["metadata"]?["name"]?.stringValue ?? "-"
            return "\(line["type"]?.stringValue ?? "?") \(name)"
        }
    }

    private func label(_ client: Client, _ name: String, _ value: String) async throws {
        let reply = try await client.send(
            "PATCH",
            "\(pods)/\(name)",
            ["content-type": "application/merge-patch+json"],
            body: "{\"metadata\":{\"labels\":{\"x\":\(value)}}}"
        )
        #expect(reply.status == 200, "\(reply.text)")
    }

    @Test("entering and leaving the selector is ADDED and DELETED; what never matches is not told")
    func transitions() async throws {
        try await TestServer.run { client in
            let start = try await client.get(pods).object(PodList.self).metadata.resourceVersion
            _ = try await client.send("POST", pods, body: Client.pod("in", labels: "{\"x\":\"1\"}"))
            _ = try await client.send("POST", pods, body: Client.pod("out", labels: "{\"x\":\"2\"}"))
            try await label(client, "out", "\"1\"")
            try await label(client, "in", "\"3\"")
            try await label(client, "in", "\"4\"")
            for name in ["in", "out"] { _ = try await client.send("DELETE", "\(pods)/\(name)?gracePeriodSeconds=0") }
            try await client.wait(for: "the end of both") {
                try await client.get(pods).object(PodList.self).items.isEmpty
            }
            let reply = try await client.get(
                "\(pods)?watch=1&labelSelector=x%3D1&timeoutSeconds=1&resourceVersion=\(start)"
            )
            #expect(reply.status == 200)
            let all = try Self.changes(reply)
            let told = all.filter { !$0.hasPrefix("MODIFIED") }
            #expect(told == ["ADDED in", "ADDED out", "DELETED in", "DELETED out"])
            let last = try #require(try reply.lines().last)
            #expect(last["type"]?.stringValue == "DELETED")
        }
    }

    @Test("every change has its own resourceVersion, in order, and a watch goes on without gap or repetition")
    func resume() async throws {
        try await TestServer.run { client in
            let start = try await client.get(pods).object(PodList.self).metadata.resourceVersion
            _ = try await client.send("POST", pods, body: Client.pod("p"))
            for number in 0..<5 { try await label(client, "p", "\"\(number)\"") }
            let end = try #require(Int(try await client.get(pods).object(PodList.self).metadata.resourceVersion))
            func versions(after version: String) async throws -> [Int] {
                let reply = try await client.get("\(pods)?watch=1&timeoutSeconds=1&resourceVersion=\(version)")
                return try reply.lines().compactMap {
                    Int($0["object"]?["metadata"]?["resourceVersion"]?.stringValue ?? "")
                }.filter { $0 <= end }
            }
            let all = try await versions(after: start)
            #expect(all.count >= 6)
            #expect(all == all.sorted())
            #expect(Set(all).count == all.count)
            for (index, version) in all.enumerated() {
                #expect(try await versions(after: String(version)) == Array(all[(index + 1)...]))
            }
        }
    }

    @Test("without a resourceVersion the present objects come first; bookmarks mark their end if asked for")
    func initial() async throws {
        try await TestServer.run { client in
            for name in ["a", "b"] { _ = try await client.send("POST", pods, body: Client.pod(name)) }
            let plain = try await client.get("\(pods)?watch=true&timeoutSeconds=1")
            #expect(try Self.changes(plain).prefix(2) == ["ADDED a", "ADDED b"])
            let query =
                "watch=true&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true"
                + "&resourceVersionMatch=NotOlderThan"
            let marked = try await client.get("\(pods)?\(query)").lines()
            let bookmark = try #require(marked.first { $0["type"]?.stringValue == "BOOKMARK" })
            #expect(bookmark["object"]?["kind"]?.stringValue == "Pod")
            #expect(
                bookmark["object"]?["metadata"]?["annotations"]?["k8s.io/initial-events-end"]?.stringValue == "true"
            )
            let table = try await client.get(
                "\(pods)?watch=true&timeoutSeconds=1",
                ["accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]
            ).lines()
            #expect(table.first?["object"]?["kind"]?.stringValue == "Table")
        }
    }

    @Test("a watch ahead of the log is a 504, one without sense a 400")
    func impossible() async throws {
        try await TestServer.run { client in
            let ahead = try await client.get("\(pods)?watch=1&resourceVersion=99999999")
            #expect(ahead.status == 504, "\(ahead.text)")
            #expect(try await client.get("\(pods)?watch=1&resourceVersion=x").status == 400)
            let list = try await client.get("\(pods)?resourceVersion=99999999")
            #expect(list.status == 504)
            #expect(try list.object(Status.self).message.contains("Too large resource version"))
        }
    }

    @Test("the state at an earlier point of the log, by number and by time")
    func asOf() async throws {
        try await TestServer.run { client in
            let before = try await client.get(pods).object(PodList.self).metadata.resourceVersion
            let created = try await client.send("POST", pods, body: Client.pod("p", labels: "{\"x\":\"0\"}"))
                .object(Pod.self)
            try await label(client, "p", "\"1\"")
            let version = created.metadata.resourceVersion
            #expect(try await client.get("\(pods)/p?asOf=\(version)").object(Pod.self).metadata.labels == ["x": "0"])
            #expect(try await client.get("\(pods)/p?asOf=\(before)").status == 404)
            #expect(try await client.get("\(pods)?asOf=\(before)").object(PodList.self).items.isEmpty)
            #expect(try await client.get("\(pods)?asOf=2100-01-01T00:00:00Z").object(PodList.self).items.count == 1)
            #expect(try await client.get("\(pods)?asOf=yesterday").status == 400)
            #expect(try await client.get("\(pods)?asOf=99999999").status == 504)
            let exact = try await client.get("\(pods)?resourceVersion=\(version)&resourceVersionMatch=Exact")
            #expect(try exact.object(PodList.self).items.first?.metadata.labels == ["x": "0"])
        }
    }

    @Test("the event log is dense, typed, and can be read from anywhere, also as server-sent events")
    func eventLog() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", pods, body: Client.pod("p"))
            let lines = try await client.get("/v1/log").lines()
            let numbers = lines.compactMap { $0["seq"]?.int64Value }
            #expect(numbers == (1...Int64(numbers.count)).map { Int64($0) })
            #expect(lines.first?["type"]?.stringValue == "NodeRegistered")
            let created = try #require(lines.first { $0["type"]?.stringValue == "PodCreated" })
            #expect(created["object"]?["kind"]?.stringValue == "Pod")
            #expect(created["object"]?["namespace"]?.stringValue == "default")
            #expect(created["object"]?["name"]?.stringValue == "p")
            for key in ["time", "actor", "cause", "correlation", "request", "data"] { #expect(created[key] != nil) }
            #expect(
                try await client.get("/v1/log?after=2&limit=3").lines().compactMap { $0["seq"]?.int64Value } == [
                    3, 4, 5,
                ]
            )
            #expect(try await client.get("/v1/log?after=x").status == 400)
            let chosen = try await client.get("/v1/log?kind=Namespace&type=NamespaceCreated&limit=2").lines()
            #expect(chosen.compactMap { $0["object"]?["kind"]?.stringValue } == ["Namespace", "Namespace"])
            #expect(try await client.get("/v1/log?name=nobody").lines().isEmpty)
            let unknown = try await client.get("/v1/log?pod=p")
            #expect(unknown.status == 400)
            #expect(unknown.text.contains("pod: the event log has no such parameter"))
            let events = try await client.get("/v1/log?limit=1", ["accept": "text/event-stream"])
            #expect(events.headers["content-type"] == "text/event-stream")
            #expect(events.text.hasPrefix("id: 1\ndata: {\"seq\":1,"))
            #expect(events.text.hasSuffix("}\n\n"))
            let resumed = try await client.get(
                "/v1/log?limit=1",
                ["accept": "text/event-stream", "last-event-id": "4"]
            )
            #expect(resumed.text.hasPrefix("id: 5\n"))
            let followed = try await client.get("/v1/log?after=1&follow=1&limit=2").lines()
            #expect(followed.compactMap { $0["seq"]?.int64Value } == [2, 3])
        }
    }

    @Test(
        "a filter of the event log that nothing can match is refused, with what there is or how it is written",
        arguments: [
            ("type=PodMade", "type: \"PodMade\" is not one of ApiRequest, "), ("type=", "type: \"\" is not one of "),
            ("kind=pods", "kind: \"pods\" is not one of Collection, ConfigMap, "), ("uid=7", "is not a uid such as "),
            ("correlation=first", "is not the seq of an event"), ("correlation=0", "is not the seq of an event"),
            ("name=", "name: \"\" is empty"), ("actor=", "actor: \"\" is empty"), ("object=p", "no such parameter"),
            ("limit=x", "limit must be a whole number"),
        ]
    )
    func logFilters(query: String, sentence: String) throws {
        let request = Make.request("/v1/log?\(query)")
        let error = #expect(throws: APIError.self) {
            _ = try LogFilter(request.parsedQuery)
            _ = try request.count("limit")
        }
        #expect(error?.code == 400)
        #expect(error?.status.message.contains(sentence) == true, "\(error?.status.message ?? "")")
    }

    @Test("the event log without a limit is limit=0; a position that there is not yet is none; uids may be in capitals")
    func logEdges() async throws {
        try await TestServer.run { client in
            let uid = try await client.send("POST", pods, body: Client.pod("p")).object(Pod.self).metadata.uid
            let all = try await client.get("/v1/log?limit=0").lines()
            #expect(all.contains { $0["type"]?.stringValue == "PodCreated" })
            let chosen = try await client.get("/v1/log?limit=1&type=PodCreated&uid=\(uid.uppercased())").lines()
            #expect(chosen.first?["object"]?["name"]?.stringValue == "p")
            #expect(try await client.get("/v1/log?namespace=&limit=1").lines().count == 1)
            for query in ["after=99999999", "after=99999999&follow=1"] {
                let future = try await client.get("/v1/log?\(query)")
                #expect(future.status == 504)
                #expect(future.text.contains("Too large resource version"))
            }
            let events = ["accept": "text/event-stream", "last-event-id": "x"]
            #expect(try await client.get("/v1/log", events).status == 400)
        }
    }

    @Test("every type of event and every kind of object can be asked for, and has one name")
    func logNames() throws {
        for type in FactType.all { _ = try LogFilter([("type", type.name)]) }
        #expect(Set(LogKind.names).count == LogKind.names.count)
        for kind in LogKind.names { _ = try LogFilter([("kind", kind)]) }
    }

    @Test("events of a pod are listed, read by name, watched, and tabulated")
    func events() async throws {
        try await TestServer.run { client in
            let uid = try await client.send("POST", pods, body: Client.pod("p")).object(Pod.self).metadata.uid
            let path = "/api/v1/namespaces/default/events"
            try await client.wait(for: "the event of a failed pull") {
                try await client.get(path).object(EventList.self).items.contains { $0.reason == "Failed" }
            }
            let list = try await client.get("\(path)?fieldSelector=involvedObject.uid%3D\(uid)").object(EventList.self)
            let failed = try #require(list.items.first { $0.reason == "Failed" })
            #expect(failed.type == "Warning")
            #expect(failed.involvedObject.name == "p")
            let read = try await client.get("\(path)/\(failed.metadata.name)")
            #expect(read.status == 200, "\(read.text)")
            #expect(try read.object(Event.self).metadata.name == failed.metadata.name)
            #expect(try await client.get("\(path)/p.zz").status == 404)
            #expect(try await client.get("\(path)/p.7fffffffffffffff").status == 404)
            #expect(try await client.get("/api/v1/namespaces/kube-system/events").object(EventList.self).items.isEmpty)
            #expect(
                try await client.get("\(path)?fieldSelector=type%3DNormal").object(EventList.self).items.allSatisfy {
                    $0.type == "Normal"
                }
            )
            let watched = try await client.get("\(path)?watch=1&timeoutSeconds=1").lines()
            #expect(watched.contains { $0["object"]?["reason"]?.stringValue == "Failed" })
            let table = try await client.get(path, ["accept": "application/json;as=Table;v=v1;g=meta.k8s.io"])
            #expect(try table.json()["kind"]?.stringValue == "Table")
        }
    }

    @Test(
        "a watch of events says where its beginning ends, and how far it came; a list of them is of the version asked for"
    )
    func eventVersions() async throws {
        try await TestServer.run { client in
            let pod = try await client.send("POST", pods, body: Client.pod("p")).object(Pod.self)
            let path = "/api/v1/namespaces/default/events"
            let initial = "watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
            let lines = try await client.get("\(path)?\(initial)&allowWatchBookmarks=true").lines()
            let types = lines.map { $0["type"]?.stringValue ?? "" }
            let end = try #require(types.firstIndex(of: "BOOKMARK"))
            #expect(end > 0 && types[..<end].allSatisfy { $0 == "ADDED" })
            let metadata = lines[end]["object"]?["metadata"]
            #expect(metadata?["annotations"]?["k8s.io/initial-events-end"]?.stringValue == "true")
            #expect(lines[end]["object"]?["kind"]?.stringValue == "Event")
            #expect(types.last == "BOOKMARK" && lines.count > end + 1)
            let silent = try await client.get("\(path)?watch=1&timeoutSeconds=1&resourceVersion=1").lines()
            #expect(silent.allSatisfy { $0["type"]?.stringValue == "ADDED" } && !silent.isEmpty)
            #expect(try await client.get("\(path)?resourceVersion=99999999").status == 504)
            let created = pod.metadata.resourceVersion
            let exact = "resourceVersion=\(created)&resourceVersionMatch=Exact"
            for query in [exact, "resourceVersion=\(created)&limit=5"] {
                let list = try await client.get("\(path)?\(query)").object(EventList.self)
                #expect(list.metadata.resourceVersion == created)
                #expect(list.items.map(\.reason) == ["Scheduled"])
            }
        }
    }

    @Test("events come in parts that are together the list as it was")
    func eventParts() async throws {
        try await TestServer.run { client in
            for name in ["a", "b", "c"] { _ = try await client.send("POST", pods, body: Client.pod(name)) }
            let path = "/api/v1/namespaces/default/events"
            let first = try await client.get("\(path)?limit=2").object(EventList.self)
            #expect(first.items.count == 2)
            _ = try await client.send("POST", pods, body: Client.pod("late"))
            var names = first.items.map(\.metadata.name)
            var token = first.metadata.continue
            while !token.isEmpty {
                let part = try await client.get("\(path)?limit=2&continue=\(token)").object(EventList.self)
                #expect(part.metadata.resourceVersion == first.metadata.resourceVersion)
                #expect(!part.items.isEmpty && part.items.count <= 2)
                names += part.items.map(\.metadata.name)
                token = part.metadata.continue
            }
            let version = try #require(Int64(first.metadata.resourceVersion))
            let all = try await client.get(path).object(EventList.self)
            #expect(all.metadata.continue == "")
            let then = all.items.filter { (Int64($0.metadata.resourceVersion) ?? .max) <= version }
            #expect(names == then.map(\.metadata.name))
            #expect(names.count >= 3)
            let foreign = ListContinuation(resourceVersion: version, namespace: "default", name: "p").token
            #expect(try await client.get("\(path)?limit=2&continue=\(foreign)").status == 400)
        }
    }
}
