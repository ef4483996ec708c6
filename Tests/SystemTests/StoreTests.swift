import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("the event log and the journal of a working agent", .serialized)
    struct StoreTests {
        @Test("the event log verifies while the agent runs, after it was killed and after it stopped")
        func verify() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("one", "echo hello"))
                try agent.waitForPhase("one", "Succeeded")
                try expectSound(agent)
                try agent.kill()
                try expectSound(agent)
                try agent.start()
                try agent.delete("one")
                #expect(try agent.stop() == 0)
                try expectSound(agent)
            }
        }

        private func expectSound(_ agent: RunningAgent) throws {
            let outcome = try Spawn.run(
                [Needs.binaries + "/swiftlet", "db", "verify", "--root", agent.root],
                environment: Shell.environment
            )
            let text = String(decoding: outcome.output + outcome.errors, as: UTF8.self)
            #expect(outcome.code == 0, "\(text)")
            #expect(text.contains("checked"), "\(text)")
        }

        @Test("every event of a pod is one record in the journal", .enabled(if: PrivateJournal.isAvailable))
        func journal() throws {
            let journal = try PrivateJournal()
            defer { journal.stop() }
            try RunningAgent.with(journal: journal.socket) { agent in
                try agent.create(Manifest.pod("one", "echo hello"))
                try agent.waitForPhase("one", "Succeeded")
                // The log goes on after the phase: both sides are read anew until they agree.
                try agent.wait("the records") {
                    let wanted = try agent.log(of: "one").compactMap { $0["seq"]?.int64Value }
                    let records = try journal.records("SWIFTLET_POD=one")
                    let numbers = records.compactMap { $0["SWIFTLET_EVENT_SEQ"]?.stringValue.flatMap { Int64($0) } }
                    return numbers == wanted
                }
                try agent.delete("one")
            }
        }
    }
}

/// A journald of the test's own, in a mount namespace of its own.
struct PrivateJournal {
    private static let script: String = {
        // Tests/SystemTests/StoreTests.swift
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/../shared/testbed/start-journald.sh"
    }()

    static var isAvailable: Bool {
        let reason = [script, "/usr/bin/journalctl", "/lib/systemd/systemd-journald"].first { !Files.exists($0) }
        if let reason { print("skipped the journal test: needs \(reason)") }
        return reason == nil
    }

    private let state: String
    private let pid: Int32

    init() throws {
        state = "/tmp/swl-sys-journal-\(getpid())"
        let output = try Shell.run("JD_STATE=$1 bash $2 start", state, Self.script)
        let last = output.split(separator: "\n").last.flatMap { Int32($0) }
        pid = try #require(last, "\(output)")
    }

    /// journald's socket as other mount namespaces see it.
    var socket: String { "/proc/\(pid)/root/run/systemd/journal/socket" }

    func records(_ match: String) throws -> [JSONValue] {
        let text = try Shell.run(
            "journalctl --directory /proc/$1/root/run/log/journal --no-pager -q -o json $2",
            "\(pid)",
            match
        )
        return try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    func stop() {
        kill(pid, SIGTERM)
        for _ in 0..<1500 where kill(pid, 0) == 0 { usleep(20_000) }
        try? Files.removeTree(state)  // what is left of it is in /tmp
    }
}
