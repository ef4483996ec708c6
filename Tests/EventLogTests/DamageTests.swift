import GRDBSQLite
import Glibc
import Linux
import Testing

@testable import EventLog

/// T7 and its neighbours: bits that rot, files that are not ours, and checks that must find it.
struct DamageTests {
    /// A store as a killed process leaves it: its files, copied while it was open, with commits in the WAL.
    struct Remains {
        var files: [String: [UInt8]] = [:]
        var model = LogModel()

        /// Writes the files into a directory.
        func put(into path: String) throws {
            for (name, bytes) in files { try Files.replace(path + "/" + name, with: bytes) }
        }
    }

    /// Runs a workload and takes the files while the store is open.
    static func remains(seed: UInt64, checkpointed: Bool) async throws -> Remains {
        var remains = Remains()
        try await withMemoryDirectory { path in
            try await reopened(path) { store in
                var workload = Workload(seed: seed)
                for _ in 0..<60 {
                    var (proposal, values) = workload.next(remains.model)
                    proposal.idempotencyKey = nil
                    _ = remains.model.answer(proposal, values: values)
                    // Refusals are part of it.
                    _ = try? await store.append(proposal)
                }
                if checkpointed { await store.close() }
                for name in ["events.db", "events.db-wal", "events.lock"] {
                    remains.files[name] = try Files.read(path + "/" + name)
                }
            }
        }
        return remains
    }

    /// What opening the files leads to.
    enum Outcome: Equatable {
        case refused
        case readOnly
        /// Writable, with everything as it was.
        case whole
        /// Writable, with an earlier head.
        case shorter
        case wrong(String)
    }

    /// Opens the store and compares what it says with the model.
    static func outcome(_ path: String, _ model: LogModel) async throws -> (outcome: Outcome, isSound: Bool) {
        let store: EventStore
        do {
            store = try EventStore.open(directory: path, options: smallOptions())
        } catch { return (.refused, false) }
        let isReadOnly = store.isReadOnly != nil
        let head = store.head
        var outcome: Outcome = isReadOnly ? .readOnly : head < model.head ? .shorter : .whole
        var isSound = false
        do {
            isSound = try store.verify(.full).isSound
            let then = model.past[Int(min(head, model.head))]
            for (stream, object) in then where !isReadOnly && store.object(stream)?.version != object.version {
                outcome = .wrong("\(stream)")
            }
            var after: Seq = 0
            while !isReadOnly, after < head {
                for event in try store.events(after: after, limit: 100) {
                    if !model.matches(event) { outcome = .wrong("event \(event.seq)") }
                    after = event.seq
                }
            }
        } catch {
            // A read that says it failed is not a wrong answer.
            if !isReadOnly { outcome = .readOnly }
        }
        await store.close()
        return (outcome, isSound)
    }

    @Test("a flipped bit in the database is found when opening or by verify, and no answer is ever wrong")
    func rotInDatabase() async throws {
        var remains = try await Self.remains(seed: 21, checkpointed: true)
        // As long as the WAL has its pages, SQLite takes them from there and the rot does no harm.
        remains.files["events.db-wal"] = nil
        let original = try #require(remains.files["events.db"])
        var counts: [String: Int] = [:]
        for position in stride(from: 13, to: original.count, by: 509) {
            try await withMemoryDirectory { path in
                var damaged = remains
                damaged.files["events.db"]?[position] ^= 1 << UInt8(position % 8)
                try damaged.put(into: path)
                let (outcome, isSound) = try await Self.outcome(path, remains.model)
                counts["\(outcome)", default: 0] += 1
                if outcome == .shorter { Issue.record("byte \(position): shorter and writable") }
                if case .wrong(let what) = outcome, isSound {
                    Issue.record("byte \(position): \(what) is wrong, unseen")
                }
            }
        }
        print("event log rot in the database: \(counts)")
        #expect(counts["readOnly", default: 0] > 10)
    }

    @Test("a flipped bit in the write-ahead log never loses an acknowledged commit in silence")
    func rotInWAL() async throws {
        let remains = try await Self.remains(seed: 22, checkpointed: false)
        let original = try #require(remains.files["events.db-wal"])
        let frames = (original.count - 32) / 4120
        #expect(frames > 40)
        var counts: [String: Int] = [:]
        for position in stride(from: 3, to: original.count, by: 509) {
            try await withMemoryDirectory { path in
                var damaged = remains
                damaged.files["events.db-wal"]?[position] ^= 1 << UInt8(position % 8)
                try damaged.put(into: path)
                let (outcome, _) = try await Self.outcome(path, remains.model)
                counts["\(outcome)", default: 0] += 1
                // The very last frame looks the same whether it rotted or was being written when the process died.
                let isLastFrame = position >= 32 + (frames - 1) * 4120
                if outcome == .shorter && !isLastFrame
                    || outcome != .shorter && outcome != .readOnly && outcome != .refused
                {
                    Issue.record("byte \(position) of \(original.count): \(outcome)")
                }
                if outcome == .readOnly { #expect(Files.exists(path + "/events.db-wal.damaged")) }
            }
        }
        print("event log rot in the WAL of \(frames) frames: \(counts)")
    }

    @Test("after a power cut one torn commit is forgiven, a second one behind it is damage")
    func preflightRule() async throws {
        let remains = try await Self.remains(seed: 23, checkpointed: false)
        try await withMemoryDirectory { path in
            try remains.put(into: path)
            let wal = path + "/events.db-wal"
            let clean = try WALPreflight.examine(wal, of: path + "/events.db")
            #expect(clean.firstBadFrame == 0)
            #expect(clean.goodCommits > 10)
            #expect(clean.damage(sameBoot: true) == nil)
            var bytes = try Files.read(wal)
            bytes[32 + 4120 * (clean.goodFrames - 1) + 100] ^= 1
            try Files.replace(wal, with: bytes)
            let torn = try WALPreflight.examine(wal, of: path + "/events.db")
            #expect(torn.firstBadFrame == clean.goodFrames)
            #expect(torn.damage(sameBoot: false) == nil)
            bytes[32 + 4120 * 2 + 100] ^= 1
            try Files.replace(wal, with: bytes)
            let holed = try WALPreflight.examine(wal, of: path + "/events.db")
            #expect(holed.firstBadFrame == 3)
            #expect(holed.damage(sameBoot: false) != nil)
        }
    }

    @Test("verify finds a changed event, a changed projection and a missing event, and names them")
    func verifyFinds() async throws {
        let remains = try await Self.remains(seed: 24, checkpointed: true)
        let edits = [
            ("DROP TRIGGER event_no_update; UPDATE event SET data = '{\"n\":2}' WHERE seq = 7", "event 7"),
            ("DELETE FROM event WHERE seq = 9", "event 9"),
            ("UPDATE object SET version = version + 1 WHERE obj = 2", "row 2"),
            ("UPDATE actor SET name = 'user:mallory'", "event 1"),
            ("UPDATE batch SET first_seq = first_seq + 1 WHERE rowid = (SELECT max(rowid) FROM batch)", "commit"),
            ("UPDATE object SET name = 'other' WHERE obj = 1", "hash"),
        ]
        for (sql, expected) in edits {
            try await withMemoryDirectory { path in
                try remains.put(into: path)
                #expect(try EventStore.verify(directory: path).isSound)
                let connection = try Connection(path: path + "/events.db", flags: SQLITE_OPEN_READWRITE)
                try connection.execute(sql)
                connection.close()
                let report = try EventStore.verify(directory: path)
                #expect(!report.isSound, "\(sql)")
                #expect(report.problems.contains { $0.contains(expected) }, "\(sql): \(report.problems)")
            }
        }
    }

    @Test("verify changes nothing on the disk, whether the store is closed, killed or open")
    func verifyOnlyReads() async throws {
        for checkpointed in [true, false] {
            let remains = try await Self.remains(seed: 25, checkpointed: checkpointed)
            try await withMemoryDirectory { path in
                try remains.put(into: path)
                let report = try EventStore.verify(directory: path)
                #expect(report.isSound, "\(report.problems)")
                #expect(report.head == remains.model.head)
                #expect(report.eventsChecked == remains.model.head)
                #expect(try Files.list(path) == remains.files.keys.sorted())
                for (name, bytes) in remains.files { #expect(try Files.read(path + "/" + name) == bytes) }
            }
        }
        try await withStore { store, path in
            _ = try await store.append(create("a"))
            #expect(try EventStore.verify(directory: path).head == 1)
            _ = try await store.append(change("a", "b"))
            #expect(try EventStore.verify(directory: path).isSound)
        }
        #expect(throws: StoreError.self) { try EventStore.verify(directory: "/nonexistent") }
    }

    @Test("verify says of what is no event log that it is none, and where")
    func verifyForeign() async throws {
        let remains = try await Self.remains(seed: 26, checkpointed: true)
        let whole = try #require(remains.files["events.db"])
        let cases: [(String, [UInt8]?, String)] = [
            ("missing", nil, "there is no event log at "), ("empty", [], "is empty"),
            ("text", Array("not a database, only words".utf8), "is not a database"),
            ("cut off", Array(whole.prefix(5000)), "is cut off or overwritten"),
            ("overwritten", Array(whole.prefix(100)) + [UInt8](repeating: 7, count: whole.count - 100), "overwritten"),
        ]
        for (name, bytes, words) in cases {
            try await withMemoryDirectory { path in
                if let bytes { try Files.write(path + "/events.db", bytes, mode: 0o600) }
                let error = #expect(throws: StoreError.self, "\(name)") { try EventStore.verify(directory: path) }
                let text = error?.description ?? ""
                #expect(text.contains(words) && text.contains(path + "/events.db"), "\(name): \(text)")
            }
        }
        try await withMemoryDirectory { path in
            for sql in ["PRAGMA user_version = 7", "CREATE TABLE mine (a)"] {
                let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                let connection = try Connection(path: path + "/events.db", flags: flags)
                try connection.execute(sql)
                connection.close()
                let error = #expect(throws: StoreError.self) { try EventStore.verify(directory: path) }
                #expect(error?.description.contains("no event log") == true, "\(sql): \(error?.description ?? "")")
            }
        }
    }

    @Test("a backup is one file that opens as a store, taken while the store is written")
    func backup() async throws {
        try await withStore { store, path in
            for number in 0..<50 { _ = try await store.append(create("p\(number)")) }
            try store.backup(to: path + "/backup.db")
            _ = try await store.append(create("later"))
            try await withMemoryDirectory { copy in
                try Files.replace(copy + "/events.db", with: try Files.read(path + "/backup.db"))
                try await reopened(copy) { restored in
                    #expect(restored.head == 50)
                    #expect(restored.objects(resource: pods).items.count == 50)
                    let next = try await restored.append(create("new"))
                    #expect(next.first == 51)
                }
            }
            #expect(try Files.list(path).filter { $0.contains("partial") }.isEmpty)
            #expect(throws: StoreError.self) { try store.backup(to: "/nonexistent/backup.db") }
        }
    }

    @Test("a newer store, a changed migration and a foreign database are refused and left alone")
    func foreignFiles() async throws {
        let remains = try await Self.remains(seed: 26, checkpointed: true)
        let edits = [
            "INSERT INTO schema_migration VALUES(9999, 'future', x'00', 0, '9.9')",
            "UPDATE schema_migration SET sha256 = x'00'",
            "PRAGMA application_id = 1",
        ]
        for sql in edits {
            try await withMemoryDirectory { path in
                try remains.put(into: path)
                let connection = try Connection(path: path + "/events.db", flags: SQLITE_OPEN_READWRITE)
                try connection.execute(sql)
                connection.close()
                let error = #expect(throws: StoreError.self) {
                    try EventStore.open(directory: path, options: smallOptions())
                }
                guard case .incompatible = error else {
                    Issue.record("\(sql): \(String(describing: error))")
                    return
                }
            }
        }
        try await withMemoryDirectory { path in
            let text = Array("this is not a database, and long enough to be looked at as one ................".utf8)
            try Files.replace(path + "/events.db", with: text + [UInt8](repeating: 0x2E, count: 8192))
            #expect(throws: StoreError.self) { try EventStore.open(directory: path, options: smallOptions()) }
        }
    }

    @Test("the migrations in the binary are the files in the tree, byte for byte")
    func embeddedMigrations() throws {
        let here = #filePath.split(separator: "/").dropLast(3).map(String.init)
        let folder = "/" + here.joined(separator: "/") + "/migrations"
        let files = try Files.list(folder).filter { $0.hasSuffix(".sql") }
        #expect(files.count == Migrations.all.count)
        for (file, migration) in zip(files, Migrations.all) {
            let sql = try Files.read(folder + "/" + file)
            #expect(String(decoding: sql, as: UTF8.self) == migration.sql, "run migrations/embed")
            let digits = String(migration.version)
            let number = String(repeating: "0", count: 4 - digits.count) + digits
            #expect(file == "\(number)_\(migration.name).sql")
        }
    }
}
