import GRDBSQLite
import Glibc
import Linux

/// How much of a store is checked.
package enum VerifyLevel: Sendable {
    /// The newest thousand events and the projection they lead to: milliseconds.
    case quick
    /// Every event's hash, the projection against a fold of the log, every commit's record, and SQLite's own check.
    case full
}

/// What a check has found.
package struct VerifyReport: Hashable, Sendable {
    package var head: Seq = 0
    package var floor: Seq = 0
    package var eventsChecked: Int64 = 0
    package var objectsChecked = 0
    package var commitsChecked: Int64 = 0
    /// The chain's value at the head, to be compared with one kept elsewhere.
    package var chain: [UInt8] = []
    /// Everything that is wrong, in words; the first damage of the log ends the walk along it.
    package var problems: [String] = []

    package var isSound: Bool { problems.isEmpty }

    package init() {}
}

extension EventStore {
    /// Checks the open store. It may be written meanwhile.
    ///
    /// - Parameter progress: Called now and then with the events done and the events in all.
    package func verify(
        _ level: VerifyLevel,
        progress: ((Int64, Int64) -> Void)? = nil
    ) throws(ReadError) -> VerifyReport {
        var check = Verification(level: level)
        while true {
            let isDone = try readers.read { reader throws(ReadError) in try check.walk(reader, progress) }
            if isDone { return check.report }
        }
    }

    /// Checks the store in a directory without changing anything there, whether an agent has it open or not.
    ///
    /// - Throws: `.incompatible` and `.damaged` if it cannot even be read; what is wrong beyond that is in the report.
    package static func verify(
        directory: String,
        level: VerifyLevel = .full,
        progress: ((Int64, Int64) -> Void)? = nil
    ) throws(StoreError) -> VerifyReport {
        let path = directory + "/events.db"
        do {
            try checkFile(path)
            let lockPath = directory + "/events.lock"
            if Files.exists(lockPath) {
                let lock = try Descriptor.open(lockPath, O_RDONLY)
                let raw = lock.raw
                do {
                    try sys("flock", lockPath) { flock(raw, LOCK_EX | LOCK_NB) }
                } catch {
                    guard error.errno == .again else { throw error }
                    return try Verification.run(path, isAlone: false, level, [], progress)
                }
                let damage = try WALPreflight.examine(path + "-wal", of: path).damage(sameBoot: false)
                return try Verification.run(path, isAlone: true, level, damage.map { [$0] } ?? [], progress)
            }
            let damage = try WALPreflight.examine(path + "-wal", of: path).damage(sameBoot: false)
            return try Verification.run(path, isAlone: true, level, damage.map { [$0] } ?? [], progress)
        } catch let error as SysError {
            throw .system(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("\(error)")
        }
    }
}

extension EventStore {
    /// Says in words what is no event log at all, before SQLite says it in numbers.
    private static func checkFile(_ path: String) throws {
        guard Files.exists(path) else {
            throw StoreError.incompatible(
                "there is no event log at \(path); name the agent's data directory with --root"
            )
        }
        guard try Files.kind(path) == .regular else {
            throw StoreError.incompatible("\(path) is not a file; name the agent's data directory with --root")
        }
        let head = try Files.readPrefix(path, limit: 16)
        // A log that was never checkpointed may have all it has in the WAL.
        let hasWAL = Files.exists(path + "-wal") ? try !Files.readPrefix(path + "-wal", limit: 1).isEmpty : false
        if head.isEmpty, !hasWAL {
            throw StoreError.damaged("\(path) is empty: it holds no event log; restore a backup")
        }
        guard head.isEmpty || head == Array("SQLite format 3\0".utf8) else {
            throw StoreError.incompatible("\(path) is not a database: it does not begin like one of SQLite")
        }
    }
}

/// One check of a store, in steps, so that a store in use is never held by one long read transaction.
struct Verification {
    /// What the log says about one object.
    private struct Folded: Equatable {
        var version: Int64
        var lastSeq: Seq
        var imageSeq: Seq
        var createdSeq: Seq
        var deletedSeq: Seq?
    }

    private(set) var report = VerifyReport()
    private let level: VerifyLevel
    private var hasBegun = false
    private var expected: Seq = 1
    private var batchBegin: Seq = 1
    private var time: Int64 = 0
    private var folded: [Int64: Folded] = [:]

    private static let stepLength: Int64 = 10_000

    init(level: VerifyLevel) { self.level = level }

    /// Opens a database that nobody (`isAlone`) or somebody else has open, read-only, and checks it.
    ///
    /// Alone, the WAL's index is kept in memory and no lock is taken, so that no file is touched.
    static func run(
        _ path: String,
        isAlone: Bool,
        _ level: VerifyLevel,
        _ problems: [String],
        _ progress: ((Int64, Int64) -> Void)?
    ) throws(StoreError) -> VerifyReport {
        var check = Verification(level: level)
        check.report.problems = problems
        do {
            let connection: Connection
            if isAlone {
                connection = try Connection(path: path, flags: SQLITE_OPEN_READONLY, vfs: "unix-none")
                try connection.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA query_only=ON; PRAGMA mmap_size=0")
            } else {
                connection = try Schema.openReader(path, vfs: nil)
            }
            let applied = try Schema.appliedMigrations(connection)
            guard !applied.isEmpty else {
                throw StoreError.damaged("\(path) has no tables: it holds no event log; restore a backup")
            }
            try Schema.check(applied)
            let reader = try EventReader(connection)
            while try !reader.transaction({ () throws(ReadError) in try check.walk(reader, progress) }) {}
        } catch StoreError.sqlite(let error) where error.primary == SQLITE_CORRUPT || error.primary == SQLITE_NOTADB {
            throw .damaged("\(path) is cut off or overwritten (\(error.message)); restore a backup")
        } catch let error as SQLiteFailure {
            check.report.problems.append(error.description)
        } catch let error as ReadError {
            check.report.problems.append(error.description)
        } catch StoreError.incompatible(let why) {
            throw .incompatible("\(path): \(why)")
        } catch let error as StoreError {
            throw error
        } catch {
            check.report.problems.append("\(error)")
        }
        return check.report
    }

    /// One step, in the caller's read transaction; true when the check is complete.
    mutating func walk(_ reader: EventReader, _ progress: ((Int64, Int64) -> Void)?) throws(ReadError) -> Bool {
        do {
            return try step(reader, progress)
        } catch let error as SQLiteFailure {
            throw .failed(error.description)
        } catch let error as ReadError {
            throw error
        } catch {
            throw .failed("\(error)")
        }
    }

    private mutating func step(_ reader: EventReader, _ progress: ((Int64, Int64) -> Void)?) throws -> Bool {
        let connection = reader.connection
        if hasBegun, try connection.integer("SELECT floor FROM store_meta") != report.floor {
            // Compaction has overtaken the check, which begins anew at the floor.
            let problems = report.problems
            self = Verification(level: level)
            report.problems = problems
        }
        if !hasBegun { try begin(connection, reader) }
        let newest = try connection.integer("SELECT max(seq) FROM event") ?? 0
        report.head = max(report.floor, newest, try connection.integer("SELECT max(last_seq) FROM batch") ?? 0)
        if level == .quick {
            var tail = TailCheck(floor: report.floor, floorChain: report.chain, head: report.head)
            if let damage = try tail.run(reader, connection) { report.problems.append(damage) }
            report.eventsChecked = min(1000, report.head - report.floor)
            report.chain = tail.chain
            return true
        }
        let isSound = try checkEvents(reader, connection)
        progress?(report.eventsChecked, report.head - report.floor)
        if isSound, expected <= report.head { return false }
        if isSound { try checkObjects(connection) }
        let integrity = try connection.prepare("PRAGMA integrity_check(20)")
        while try integrity.step() {
            let line = integrity.text(0)
            if line != "ok" { report.problems.append("SQLite: \(line)") }
        }
        return true
    }

    private mutating func begin(_ connection: Connection, _ reader: EventReader) throws {
        hasBegun = true
        let meta = try connection.prepare("SELECT floor, floor_chain FROM store_meta")
        guard try meta.step() else { throw ReadError.failed("store_meta is empty") }
        report.floor = meta.int64(0)
        report.chain = meta.bytes(1) ?? []
        meta.reset()
        expected = report.floor + 1
        batchBegin = report.floor + 1
        if level == .quick || report.floor == 0 { return }
        try checkKept(reader, connection)
    }

    /// What compaction kept of the time below the floor is where living objects continue from. Each of these events is
    /// proved by the one before it, or by the anchor that was left in its place.
    private mutating func checkKept(_ reader: EventReader, _ connection: Connection) throws {
        let anchor = try connection.prepare("SELECT before FROM anchor WHERE seq = ?1")
        var kept: [Int64: Folded] = [:]
        var before = (seq: Seq(0), hash: Chain.origin)
        var problems: [String] = []
        var failure: (any Error)?
        try reader.scan(after: 0) { [floor = report.floor] row in
            let event = row.record
            if event.seq > floor { return false }
            do {
                var hash = before.seq == event.seq - 1 ? before.hash : nil
                if hash == nil {
                    anchor.bind(1, event.seq)
                    defer { anchor.reset() }
                    if try anchor.step() { hash = anchor.bytes(0) }
                }
                if hash.map({ Chain.next($0, event, after: row.image) }) != row.hash, problems.count < 20 {
                    problems.append(
                        "event \(event.seq), kept from below the floor, was changed: its hash does not match"
                    )
                }
            } catch {
                failure = error
                return false
            }
            before = (event.seq, row.hash)
            Self.fold(row, into: &kept)
            return true
        }
        if let failure { throw failure }
        report.problems += problems
        // What had died by then is on its way out, with more or less of it left.
        folded = kept.filter { !isGone($0.value.deletedSeq) }
    }

    /// Whether an object that was deleted at `seq` is of no interest any more.
    private func isGone(_ seq: Seq?) -> Bool { seq.map { $0 <= report.floor } ?? false }

    /// Walks along the log for one step; false if it is damaged.
    private mutating func checkEvents(_ reader: EventReader, _ connection: Connection) throws -> Bool {
        let batches = try connection.prepare(
            "SELECT first_seq, last_seq, chain FROM batch WHERE last_seq >= ?1 ORDER BY last_seq"
        )
        batches.bind(1, expected)
        defer { batches.reset() }
        var state = self
        var damage: String?
        var hasBatch = try batches.step()
        var failure: (any Error)?
        let limit = report.eventsChecked + Self.stepLength
        try reader.scan(after: expected - 1) { row in
            damage = state.check(row)
            if damage != nil { return false }
            if !hasBatch { damage = "event \(row.record.seq) belongs to no commit" }
            if hasBatch, batches.int64(1) == row.record.seq {
                if batches.int64(0) != state.batchBegin || batches.bytes(2) != row.hash {
                    damage = "the record of the commit that ends at event \(row.record.seq) does not match the log"
                }
                state.batchBegin = row.record.seq + 1
                state.report.commitsChecked += 1
                do { hasBatch = try batches.step() } catch {
                    failure = error
                    return false
                }
            }
            return damage == nil && state.report.eventsChecked < limit
        }
        self = state
        if let failure { throw failure }
        if damage == nil, report.eventsChecked < limit, expected <= report.head {
            damage = "event \(expected) is missing (head \(report.head))"
        }
        if let damage { report.problems.append(damage) }
        return damage == nil
    }

    private mutating func check(_ row: EventReader.Row) -> String? {
        let event = row.record
        if let fault = TailCheck.fault(in: row, expected: expected, chain: report.chain, before: nil) { return fault }
        if event.time < time { return "event \(event.seq) is older than the one before it" }
        if let before = folded[row.object] {
            if before.deletedSeq != nil { return "event \(event.seq) happened to an object that was already deleted" }
            if event.version != before.version + 1 || event.previousSeq != before.lastSeq {
                return "event \(event.seq) does not follow event \(before.lastSeq) of the same object"
            }
        } else if event.version != 1 || event.previousSeq != 0 {
            return "event \(event.seq) is the first of its object but says that another one came before it"
        }
        report.chain = row.hash
        time = event.time
        expected += 1
        report.eventsChecked += 1
        Self.fold(row, into: &folded)
        return nil
    }

    private static func fold(_ row: EventReader.Row, into folded: inout [Int64: Folded]) {
        let event = row.record
        var object = folded[row.object] ?? Folded(version: 0, lastSeq: 0, imageSeq: 0, createdSeq: event.seq)
        object.version = event.version
        object.lastSeq = event.seq
        if row.image != nil { object.imageSeq = event.seq }
        if event.change == .deleted { object.deletedSeq = event.seq }
        folded[row.object] = object
    }

    /// Compares the projection with the fold of the log.
    private mutating func checkObjects(_ connection: Connection) throws {
        let rows = try connection.prepare(
            "SELECT obj, version, last_seq, after_seq, created_seq, deleted_seq, ns, name FROM object"
        )
        var seen = 0
        while try rows.step() {
            if isGone(rows.isNull(5) ? nil : rows.int64(5)) { continue }
            seen += 1
            let row = rows.int64(0)
            let name = "\(rows.text(6))/\(rows.text(7)) (row \(row))"
            guard var fromLog = folded[row] else {
                report.problems.append("object \(name) is in the projection, but nothing ever happened to it")
                continue
            }
            // When its first events are gone, the log no longer tells when it was created.
            if report.floor > 0, rows.int64(4) <= report.floor { fromLog.createdSeq = rows.int64(4) }
            let stored = Folded(
                version: rows.int64(1),
                lastSeq: rows.int64(2),
                imageSeq: rows.int64(3),
                createdSeq: rows.int64(4),
                deletedSeq: rows.isNull(5) ? nil : rows.int64(5)
            )
            if stored != fromLog {
                report.problems.append("object \(name) in the projection is not what the log leads to")
            }
        }
        report.objectsChecked = seen
        if seen < folded.count {
            report.problems.append("\(folded.count - seen) objects are missing in the projection")
        }
    }
}
