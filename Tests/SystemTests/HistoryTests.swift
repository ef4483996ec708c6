import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("history is given up while the agent works", .serialized)
    struct HistoryTests {
        private static let maps = "/api/v1/namespaces/default/configmaps"

        /// A round comes after a thousand events, and leaves the last two hundred.
        private static let round = 1000

        @Test("rounds of compaction, with a kill between them: no watch has a gap, what is below the floor is Gone")
        func rounds() throws {
            try RunningAgent.with(image: false) { agent in
                agent.extraConfiguration = "[history]\nmin_age = 0\nmax_age = 0\nmin_events = 200\n"
                #expect(try agent.stop() == 0)
                try agent.start()
                let made = try agent.request(
                    "POST",
                    Self.maps,
                    #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"n":"0"}}"#
                )
                try #require(made.code == 201, "\(made.text)")
                let first = try #require(made.json["metadata"]?["resourceVersion"]?.stringValue)

                // One watch from the beginning, which is always above the floor.
                var watch = try Watch(agent, from: first)
                defer { watch.stop() }
                var seen: [Int64] = []
                var last = 0
                for number in 1...4 {
                    try change(agent, last + 1, last + Self.round + 100)
                    last += Self.round + 100
                    try agent.wait("round \(number)") { try floors(agent).count >= number }
                    if number == 2 {
                        seen += try watch.numbers(upTo: last, agent)
                        watch.stop()
                        let resumed = try #require(watch.lastVersion)
                        try agent.kill()
                        try agent.start()
                        watch = try Watch(agent, from: resumed)
                    }
                }
                seen += try watch.numbers(upTo: last, agent)
                #expect(seen == (1...Int64(last)).map(\.self))

                let floor = try #require(try floors(agent).max())
                #expect(floor > Int64(3 * Self.round))
                try expectGone(agent, below: floor)
                let from = try agent.get(Self.maps + "?watch=1&resourceVersion=\(floor)&timeoutSeconds=1").text
                let versions = try Watched(from).changes.filter { $0.name == "c" }.map(\.version)
                let events = try agent.log(after: floor).filter { $0["object"]?["kind"] == "ConfigMap" }
                #expect(versions == events.compactMap { $0["seq"]?.int64Value })
                #expect(try agent.log(after: floor).first?["seq"]?.int64Value == floor + 1)
                let now = try agent.get(Self.maps + "/c").json
                #expect(now["data"]?["n"]?.stringValue == "\(last)")

                #expect(try agent.stop() == 0)
                let outcome = try Spawn.run(
                    [Needs.binaries + "/swiftlet", "db", "verify", "--root", agent.root],
                    environment: Shell.environment
                )
                #expect(outcome.code == 0, "\(String(decoding: outcome.output + outcome.errors, as: UTF8.self))")
            }
        }

        private func expectGone(_ agent: RunningAgent, below floor: Int64) throws {
            let log = try agent.get("/v1/log?after=\(floor - 1)")
            #expect(log.code == 410, "\(log.text)")
            #expect(log.json["reason"] == "Expired")
            let list = try agent.get(Self.maps + "?resourceVersion=\(floor - 1)&resourceVersionMatch=Exact")
            #expect(list.code == 410, "\(list.text)")
            let watch = try agent.get(Self.maps + "?watch=1&resourceVersion=\(floor - 1)&timeoutSeconds=1")
            #expect(watch.code == 410 || watch.text.contains("\"code\":410"), "\(watch.code) \(watch.text)")
        }

        /// Where history began after each round that the log still tells of or told of.
        private func floors(_ agent: RunningAgent) throws -> [Int64] {
            let text = agent.output
            return text.split(separator: "\n").compactMap { line in
                guard line.contains("history was given up") else { return nil }
                return line.split(separator: " ").first { $0.hasPrefix("floor=") }.flatMap { Int64($0.dropFirst(6)) }
            }
        }

        /// Sets `n` to each number in turn, over one connection.
        private func change(_ agent: RunningAgent, _ first: Int, _ last: Int) throws {
            let common = """
                unix-socket = "\(agent.socket)"
                request = "PATCH"
                header = "content-type: application/merge-patch+json"
                output = "/dev/null"
                silent
                fail
                url = "http://localhost\(Self.maps)/c"

                """
            let requests = (first...last).map { common + "data = \"{\\\"data\\\":{\\\"n\\\":\\\"\($0)\\\"}}\"\n" }
            let file = agent.directory + "/changes"
            try Files.write(file, Array(requests.joined(separator: "next\n").utf8), mode: 0o600)
            try Shell.run("curl -K \"$1\"", file)
        }
    }
}

/// A watch of config maps that a curl follows into a file.
private struct Watch {
    private let pid: Int32
    private let file: String

    init(_ agent: RunningAgent, from version: String) throws {
        file = agent.directory + "/watch-\(version)"
        let output = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(output) }
        pid = try Spawn.start(
            [
                "curl", "-sN", "--unix-socket", agent.socket,
                "http://localhost/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=\(version)",
            ],
            environment: Shell.environment,
            standardOutput: output,
            standardError: output
        )
    }

    /// Waits until a number has come, then says which have, in their order.
    func numbers(upTo last: Int, _ agent: RunningAgent) throws -> [Int64] {
        try agent.wait("the watch to tell of \(last), its end is \(end())") { end().contains("\"n\":\"\(last)\"}}}") }
        return try objects().compactMap { $0["data"]?["n"]?.stringValue.flatMap { Int64($0) } }
    }

    /// The last bytes of what has come.
    private func end() -> String { String(((try? Files.readText(file)) ?? "").suffix(400)) }  // none yet

    var lastVersion: String? { (try? objects())?.last?["metadata"]?["resourceVersion"]?.stringValue }  // checked by use

    private func objects() throws -> [JSONValue] {
        let text = try Files.readText(file)
        return try text.split(separator: "\n").compactMap { line in
            let object = try JSONValue(parsing: String(line))["object"]
            return object?["metadata"]?["name"] == "c" ? object : nil
        }
    }

    func stop() {
        if kill(pid, SIGKILL) == 0 { _ = try? Spawn.wait(pid) }  // it may have ended with the agent
    }
}
