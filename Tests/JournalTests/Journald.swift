import Glibc
import Journal
import Linux

let packageRoot: String = {
    // Tests/JournalTests/Journald.swift
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/")
}()

/// A private journald: its own mount namespace, its own socket, its own journal.
final class Journald {
    static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
    static let script = packageRoot + "/../shared/testbed/start-journald.sh"
    static let hasJournalctl = Files.exists("/usr/bin/journalctl") || Files.exists("/bin/journalctl")
    static let isAvailable =
        getuid() == 0 && hasJournalctl && Files.exists(script) && Files.exists("/lib/systemd/systemd-journald")
    static let absence = "needs root, the Debian package systemd, and ../shared/testbed/start-journald.sh"

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let pid: Int32
    private let state: String
    /// Keeps the journal's file system alive when journald and its namespace are gone.
    private let journal: Descriptor
    private var isRunning = true

    /// - Parameter state: A directory that does not exist yet.
    init(state: String) throws {
        self.state = state
        let started = try Spawn.run(
            ["bash", Journald.script, "start"],
            environment: Journald.environment + ["JD_STATE=\(state)"]
        )
        let output = String(decoding: started.output, as: UTF8.self).split(separator: "\n").last ?? ""
        guard started.code == 0, let pid = Int32(output) else {
            throw Failure(description: String(decoding: started.errors, as: UTF8.self))
        }
        self.pid = pid
        journal = try Descriptor.open("/proc/\(pid)/root/run/log/journal", O_RDONLY | O_DIRECTORY)
    }

    deinit {
        if isRunning { end(SIGTERM) }
    }

    /// journald's native socket, seen from this mount namespace.
    var socketPath: String { "/proc/\(pid)/root/run/systemd/journal/socket" }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Ends journald and waits until it is gone.
    func end(_ number: Int32) {
        isRunning = false
        kill(pid, SIGCONT)
        kill(pid, number)
        for _ in 0..<3000 where kill(pid, 0) == 0 && !isZombie { usleep(10_000) }
    }

    private var isZombie: Bool {
        guard let text = try? Files.readText("/proc/\(pid)/stat") else { return true }  // no such process any more
        return text.contains(") Z")
    }

    typealias Entry = [String: [[UInt8]]]

    /// As `entries`, when there are so many. What journald has taken out of its socket it has yet to write.
    func entries(atLeast count: Int) throws -> [Entry] {
        _ = try eventually { try entries().count >= count }
        return try entries()
    }

    /// As `entries`, when the record with this position is there.
    func entries(upTo position: Int) throws -> [Entry] {
        _ = try eventually { try entries().contains { $0.text(JournalRecord.Field.Name.sequence) == "\(position)" } }
        return try entries()
    }

    /// All entries of the agent, each field with all its values.
    func entries() throws -> [Entry] {
        let directory = "/proc/\(getpid())/fd/\(journal.raw)"
        let shown = try Spawn.run(
            ["journalctl", "--directory", directory, "--no-pager", "--output", "export", "SYSLOG_IDENTIFIER=swiftlet"],
            environment: Journald.environment
        )
        guard shown.code == 0 || shown.output.isEmpty else {
            throw Failure(description: String(decoding: shown.errors, as: UTF8.self))
        }
        return Journald.parse(shown.output)
    }

    /// What journalctl prints for some arguments, the messages only, line by line.
    func query(_ arguments: String...) throws -> [String] {
        let directory = "/proc/\(getpid())/fd/\(journal.raw)"
        let shown = try Spawn.run(
            ["journalctl", "--directory", directory, "--no-pager", "--quiet", "--output", "cat"] + arguments,
            environment: Journald.environment
        )
        guard shown.code == 0 else { throw Failure(description: String(decoding: shown.errors, as: UTF8.self)) }
        return String(decoding: shown.output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Parses journalctl's export format.
    static func parse(_ bytes: [UInt8]) -> [Entry] {
        var entries: [Entry] = []
        var entry: Entry = [:]
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if line.isEmpty {
                if !entry.isEmpty { entries.append(entry) }
                entry = [:]
            } else if let equals = line.firstIndex(of: 0x3D) {
                entry[String(decoding: line[..<equals], as: UTF8.self), default: []].append(
                    Array(line[(equals + 1)...])
                )
            } else {
                let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                let value = rest.dropFirst(8).prefix(length)
                entry[String(decoding: line, as: UTF8.self), default: []].append(Array(value))
                rest = rest.dropFirst(8 + length + 1)
            }
        }
        if !entry.isEmpty { entries.append(entry) }
        return entries
    }
}

extension Journald.Entry {
    /// The only value of a field, as text.
    func text(_ field: String) -> String? {
        guard let values = self[field], values.count == 1 else { return nil }
        return String(decoding: values[0], as: UTF8.self)
    }
}
