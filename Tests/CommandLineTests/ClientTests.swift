import Glibc
import JSON
import Linux
import Synchronization
import TestSupport
import Testing

@testable import CommandLine

/// Commands against a server that answers as a test says.
struct ClientTests {
    private let capture = Capture()

    private func withAgent(
        _ answer: @escaping @Sendable (FakeAgent.Request) -> FakeAgent.Answer,
        _ body: (APIClient, FakeAgent) throws -> Void
    ) throws {
        let directory = try TemporaryDirectory()
        let agent = try FakeAgent(path: directory.path + "/s", answer: answer)
        defer { agent.stop() }
        try body(APIClient(endpoint: .unixSocket(agent.path), console: capture.console, version: "1.2.3"), agent)
    }

    private static let podTable: JSONValue = [
        "kind": "Table", "metadata": ["resourceVersion": "7"],
        "columnDefinitions": [
            ["name": "Name", "priority": 0], ["name": "Ready", "priority": 0], ["name": "Node", "priority": 1],
        ],
        "rows": [
            [
                "cells": ["web", "1/1", "n1"],
                "object": ["metadata": ["name": "web", "namespace": "a", "labels": ["x": "y"]]],
            ],
            [
                "cells": ["database", "0/1", nil],
                "object": ["metadata": ["name": "database", "namespace": "default"]],
            ],
        ],
    ]

    private func get(_ client: APIClient, _ query: ObjectQuery, _ options: GetOptions = GetOptions()) throws {
        try ObjectPrinter(client: client, query: query, options: options).run()
    }

    // MARK: get

    @Test("get shows the table that the agent makes")
    func table() throws {
        try withAgent({ _ in .json(Self.podTable) }) { client, agent in
            try get(client, ObjectQuery(kind: .pods, namespace: "default", labels: "a in (b,c)"))
            #expect(capture.output == "NAME       READY\nweb        1/1\ndatabase   0/1\n")
            #expect(agent.lines == ["GET /api/v1/namespaces/default/pods?labelSelector=a%20in%20%28b%2Cc%29"])
            #expect(agent.requests[0].headers["accept"]?.contains("as=Table;v=v1;g=meta.k8s.io") == true)
            #expect(agent.requests[0].headers["user-agent"] == "swiftlet/1.2.3")
        }
    }

    @Test("get -A -o wide --show-labels adds columns")
    func wide() throws {
        try withAgent({ _ in .json(Self.podTable) }) { client, agent in
            try get(client, ObjectQuery(kind: .pods), GetOptions(output: .wide, showsLabels: true))
            #expect(
                capture.output == """
                    NAMESPACE   NAME       READY   NODE     LABELS
                    a           web        1/1     n1       x=y
                    default     database   0/1     <none>   <none>

                    """
            )
            #expect(agent.lines == ["GET /api/v1/pods"])
        }
    }

    @Test("an empty list is said on standard error")
    func empty() throws {
        let table: JSONValue = ["kind": "Table", "columnDefinitions": [["name": "Name"]], "rows": []]
        try withAgent({ _ in .json(table) }) { client, _ in
            try get(client, ObjectQuery(kind: .pods, namespace: "x"))
            #expect(capture.output.isEmpty)
            #expect(capture.errors == "No resources found in x namespace.\n")
        }
    }

    @Test("of several names the ones that are there are shown, and the missing one is the failure")
    func names() throws {
        try withAgent({ request in
            guard request.target.hasSuffix("/web") else { return .notFound }
            return .json(["kind": "Pod", "apiVersion": "v1", "metadata": ["name": "web"]])
        }) { client, _ in
            let query = ObjectQuery(kind: .pods, namespace: "default", names: ["web", "x"])
            #expect(throws: ClientFailure.refused(reason: "NotFound", message: "pods \"x\" not found", code: 404)) {
                try get(client, query, GetOptions(output: .name))
            }
            #expect(capture.output == "pod/web\n")
        }
    }

    @Test("-o json and -o yaml show whole objects, a list as a List")
    func objects() throws {
        let list: JSONValue = [
            "kind": "PodList", "metadata": ["resourceVersion": "9"], "items": [["metadata": ["name": "a"]]],
        ]
        try withAgent({ _ in .json(list) }) { client, _ in
            try get(client, ObjectQuery(kind: .pods, namespace: "default"), GetOptions(output: .json))
            let shown = try JSONValue(parsing: capture.output)
            #expect(shown["kind"] == "List")
            #expect(shown["items"]?[0]?["kind"] == "Pod")
            #expect(shown["items"]?[0]?["apiVersion"] == "v1")
        }
        let yaml = Capture()
        try withAgent({ _ in .json(["kind": "Pod", "metadata": ["name": "a"]]) }) { client, agent in
            let client = APIClient(endpoint: .unixSocket(agent.path), console: yaml.console, version: "x")
            try get(client, ObjectQuery(kind: .pods, namespace: "default", names: ["a"]), GetOptions(output: .yaml))
            #expect(yaml.output == "kind: Pod\nmetadata:\n  name: a\n")
        }
    }

    @Test("-w goes on from the list's version, with lines that arrive in pieces")
    func watch() throws {
        let row: JSONValue = [
            "kind": "Table", "rows": [["cells": ["web", "0/1", "n1"], "object": ["metadata": ["name": "web"]]]],
        ]
        let line = JSONValue.object(["type": "MODIFIED", "object": row]).text() + "\n"
        let bookmark = #"{"type":"BOOKMARK","object":{"kind":"Pod"}}"# + "\n"
        let half = line.index(line.startIndex, offsetBy: 20)
        let parts = [String(line[..<half]), String(line[half...]) + bookmark, line]
        try withAgent({ request in
            request.target.contains("watch=true") ? FakeAgent.Answer(parts: parts) : .json(Self.podTable)
        }) { client, agent in
            try get(client, ObjectQuery(kind: .pods, namespace: "default"), GetOptions(watch: true))
            #expect(
                capture.output
                    == "NAME       READY\nweb        1/1\ndatabase   0/1\nweb        0/1\nweb        0/1\n"
            )
            #expect(agent.lines.last == "GET /api/v1/namespaces/default/pods?resourceVersion=7&watch=true")
        }
    }

    @Test("an error inside a watch is the command's failure")
    func watchError() throws {
        let expired: JSONValue = [
            "type": "ERROR", "object": ["kind": "Status", "code": 410, "reason": "Expired", "message": "too old"],
        ]
        try withAgent({ request in
            request.target.contains("watch=true") ? .text(expired.text() + "\n") : .json(Self.podTable)
        }) { client, _ in
            #expect(throws: ClientFailure.refused(reason: "Expired", message: "too old", code: 410)) {
                try get(client, ObjectQuery(kind: .pods, namespace: "default"), GetOptions(watch: true))
            }
        }
    }

    // MARK: Errors

    @Test("an error of the agent is worded as kubectl words it")
    func refusal() throws {
        try withAgent({ _ in .notFound }) { client, _ in
            let failure = try #require(throws: ClientFailure.self) { try client.json("GET", Target(["x"])) }
            #expect(failure.text == "Error from server (NotFound): pods \"x\" not found")
            #expect(failure.exitCode == 1)
        }
        try withAgent({ _ in FakeAgent.Answer(status: 502, parts: ["<html>\nbad gateway"]) }) { client, _ in
            let failure = try #require(throws: ClientFailure.self) { try client.copy(Target(["x"])) }
            #expect(failure.text == "Error from server: HTTP 502: <html>")
        }
        #expect(capture.output.isEmpty)
    }

    @Test("warnings of the agent go to standard error")
    func warnings() throws {
        let header = #"Warning: 299 - "unknown field \"spec.foo\"""#
        try withAgent({ _ in .json([:], headers: [header]) }) { client, _ in
            _ = try client.json("GET", Target(["x"]))
            #expect(capture.errors == "Warning: unknown field \"spec.foo\"\n")
        }
    }

    @Test("an agent that is not there: what is wrong, and how to start it")
    func unreachable() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/none"
        func failure(_ endpoint: Endpoint) throws -> ClientFailure {
            let client = APIClient(endpoint: endpoint, console: capture.console, version: "x")
            return try #require(throws: ClientFailure.self) { try client.json("GET", Target(["x"])) }
        }
        let missing = try failure(.unixSocket(path))
        #expect(missing.exitCode == 3)
        #expect(missing.text.contains("unix socket \(path): No such file or directory"))
        #expect(missing.text.contains("swiftlet serve"))

        try Files.replace(path, with: [])
        #expect(try failure(.unixSocket(path)).text.contains("it is not a socket"))
        try Files.removeTree(path)

        let listener = try UnixSocket.listen(path, mode: 0o600)
        _ = consume listener
        #expect(try failure(.unixSocket(path)).text.contains("nobody listens there any more"))
        #expect(try failure(.server("http://127.0.0.1:1")).exitCode == 3)
    }

    @Test("a socket path longer than an address may be is reached")
    func longPath() throws {
        let directory = try TemporaryDirectory()
        let deep = directory.path + "/" + String(repeating: "d", count: 120)
        try Files.makeDirectories(deep)
        let agent = try FakeAgent(path: deep + "/s") { _ in .json(["a": 1]) }
        defer { agent.stop() }
        let client = APIClient(endpoint: .unixSocket(agent.path), console: capture.console, version: "x")
        #expect(try client.json("GET", Target(["x"]))["a"] == 1)
    }

    // MARK: apply and delete

    private func outcome(_ object: JSONValue, _ applier: Applier) throws -> Applier.Outcome {
        try applier.apply(try Manifest(object, source: "f"))
    }

    private static let manifest: JSONValue = [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "web", "labels": ["a": "1"]],
        "spec": ["containers": [["name": "c", "image": "bb:1"]]],
    ]

    @Test("apply creates, changes, and leaves alone what is as it should be")
    func apply() throws {
        let stored = Mutex<JSONValue?>(nil)
        try withAgent({ request in
            stored.withLock { stored in
                switch request.method {
                case "GET": return stored.map { .json($0) } ?? .notFound
                case "POST", "PUT":
                    var object = request.json
                    object["spec"]?["restartPolicy"] = "Always"
                    object["metadata"]?["resourceVersion"] = "5"
                    stored = object
                    return .json(object, status: request.method == "POST" ? 201 : 200)
                default: return .failure(405, "MethodNotAllowed", request.method)
                }
            }
        }) { client, agent in
            let applier = Applier(client: client, namespace: nil)
            #expect(try outcome(Self.manifest, applier) == .created)
            #expect(try outcome(Self.manifest, applier) == .unchanged)
            var changed = Self.manifest
            changed["metadata"]?["labels"] = ["b": "2"]
            #expect(try outcome(changed, applier) == .configured)
            #expect(try outcome(changed, applier) == .unchanged)
            let put = try #require(agent.requests.first { $0.method == "PUT" }).json
            #expect(put["metadata"]?["labels"] == ["b": "2"])
            #expect(put["metadata"]?["resourceVersion"] == "5")
            #expect(put["spec"]?["restartPolicy"] == "Always")
            #expect(agent.lines.contains { $0.hasPrefix("POST /api/v1/namespaces/default/pods?") })
            #expect(agent.lines.allSatisfy { $0.hasPrefix("GET") || $0.contains("fieldValidation=Strict") })
        }
    }

    @Test("apply looks again when somebody else was faster")
    func conflict() throws {
        let round = Mutex(0)
        try withAgent({ request in
            let number = round.withLock { value in
                value += 1
                return value
            }
            switch (request.method, number) {
            case ("GET", 1): return .notFound
            case ("POST", _): return .failure(409, "AlreadyExists", "pods \"web\" already exists")
            case ("PUT", 4): return .failure(409, "Conflict", "the object has been modified")
            case ("GET", _):
                return .json(["kind": "Pod", "metadata": ["name": "web", "resourceVersion": .string("\(number)")]])
            default: return .json([:])
            }
        }) { client, agent in
            let applier = Applier(client: client, namespace: "ns")
            let result = try outcome(Self.manifest, applier)
            #expect(result == .configured)
            #expect(agent.requests.map(\.method) == ["GET", "POST", "GET", "PUT", "GET", "PUT"])
            #expect(agent.requests.last?.json["metadata"]?["resourceVersion"] == "5")
        }
    }

    @Test("delete sends the grace period and waits until the object is gone")
    func delete() throws {
        let gets = Mutex(0)
        try withAgent({ request in
            if request.method == "DELETE" { return .json(["kind": "Pod", "metadata": ["uid": "u1"]]) }
            if request.target.contains("watch=true") {
                return .text(#"{"type":"MODIFIED","object":{}}"# + "\n", #"{"type":"DELETED","object":{}}"# + "\n")
            }
            gets.withLock { $0 += 1 }
            return .json(["metadata": ["uid": "u1", "resourceVersion": "3"]])
        }) { client, agent in
            let deleter = Deleter(client: client, gracePeriodSeconds: 0, waits: true)
            let subject = Deleter.Subject(kind: .pods, namespace: "default", name: "web")
            let uid = try deleter.request(subject)
            #expect(uid == "u1")
            try deleter.waitUntilGone(subject, uid: uid)
            #expect(agent.requests[0].json["gracePeriodSeconds"] == 0)
            #expect(
                agent.lines.last?.contains("fieldSelector=metadata.name%3Dweb&resourceVersion=3&watch=true") == true
            )
            // A new object of the same name is not waited for.
            try deleter.waitUntilGone(subject, uid: "another")
        }
        #expect(gets.withLock { $0 } == 2)
    }

    // MARK: Images

    @Test("image import streams the file and reports what the agent says last", arguments: [false, true])
    func importImage(fromPipe: Bool) throws {
        let stored = #"{"status":"stored","id":"sha256:0123456789abcdef","name":"layer.tar","total":4200000}"#
        let lines = [
            #"{"status":"reading","current":4194304}"#, stored,
            #"{"images":[{"name":"docker.io/library/bb:1"},"x:2"]}"#,
        ]
        let directory = try TemporaryDirectory()
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let file = directory.path + "/image.tar"
        try Files.replace(file, with: content)
        let watcher = Capture(showsProgress: true)
        try withAgent({ _ in FakeAgent.Answer(parts: lines.map { $0 + "\n" }) }) { _, agent in
            let client = APIClient(endpoint: .unixSocket(agent.path), console: watcher.console, version: "x")
            let importer = ImageImporter(client: client, namespace: "k8s.io")
            var path = file
            var child: Int32 = 0
            if fromPipe {
                path = directory.path + "/fifo"
                #expect(unsafe mkfifo(path, 0o600) == 0)
                child = try Spawn.start(
                    ["/bin/sh", "-c", "cat \(file) > \(path)"],
                    environment: [],
                    standardOutput: 2,
                    standardError: 2
                )
            }
            #expect(try importer.run(path) == ["docker.io/library/bb:1", "x:2"])
            if fromPipe { _ = try Spawn.wait(child) }
            let request = try #require(agent.requests.first)
            #expect(request.method == "POST")
            #expect(request.target == "/v1/images/import?namespace=k8s.io")
            #expect(request.headers["content-type"] == "application/x-tar")
            #expect(request.headers["expect"] == nil)
            #expect((request.headers["content-length"] == nil) == fromPipe)
            #expect(request.body == content)
            #expect(watcher.errors.contains("sent"))
            #expect(watcher.errors.contains("0123456789ab: stored 4.2MB"))
            #expect(!watcher.errors.contains("4194304"))
        }
    }

    @Test("with -o json the agent's lines come as they are, and nothing else")
    func importAsJSON() throws {
        let directory = try TemporaryDirectory()
        try Files.replace(directory.path + "/image.tar", with: Array("a tar".utf8))
        let lines = [#"{"status":"reading","current":5}"#, #"{"images":[{"name":"docker.io/library/bb:1"}]}"#]
        let watcher = Capture(showsProgress: true)
        try withAgent({ _ in FakeAgent.Answer(parts: lines.map { $0 + "\n" }) }) { _, agent in
            let client = APIClient(endpoint: .unixSocket(agent.path), console: watcher.console, version: "x")
            let importer = ImageImporter(client: client, namespace: "k8s.io", showsLines: true)
            _ = try importer.run(directory.path + "/image.tar")
        }
        #expect(watcher.output == lines.map { $0 + "\n" }.joined())
        #expect(watcher.errors == "")
    }

    @Test("an import that the agent refuses, or breaks off, fails")
    func badImport() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/image.tar"
        try Files.replace(file, with: Array("not a tar".utf8))
        let inBand = #"{"error":{"kind":"Status","code":400,"reason":"BadRequest","message":"truncated archive"}}"#
        try withAgent({ _ in .text(#"{"status":"reading"}"# + "\n", inBand + "\n") }) { client, _ in
            let failure = try #require(throws: ClientFailure.self) {
                try ImageImporter(client: client, namespace: "n").run(file)
            }
            #expect(failure.text == "Error from server (BadRequest): truncated archive")
        }
        try withAgent({ _ in .failure(413, "RequestEntityTooLarge", "too large") }) { client, _ in
            let failure = try #require(throws: ClientFailure.self) {
                try ImageImporter(client: client, namespace: "n").run(file)
            }
            #expect(failure.text.contains("RequestEntityTooLarge"))
        }
        try withAgent({ _ in .text(#"{"status":"reading"}"# + "\n") }) { client, _ in
            #expect(throws: ClientFailure.self) { try ImageImporter(client: client, namespace: "n").run(file) }
        }
        #expect(throws: ClientFailure.usage("the path \"/nonexistent\" does not exist")) {
            try ImageImporter(client: APIClient(endpoint: .unixSocket("/x"), console: capture.console), namespace: "n")
                .run("/nonexistent")
        }
    }
}
