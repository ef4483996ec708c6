import GRDBSQLite
import Glibc
import Linux

/// The durable state as it was found, and the connection that will write; nil if the store must not be written.
struct LoadedStore {
    var writer: Connection?
    var readOnly: ReadOnlyReason?
    var head: Seq = 0
    var floor: Seq = 0
    var chain = Chain.origin
    var lastTime: Int64 = 0
    var nextRow: Int64 = 1
    var names = NameTable()
    var objects: [StoredObject] = []
    var consumers: [String: Seq] = [:]
    /// A crash or the end of the agent came before everything below the floor was removed.
    var isSweepUnfinished = false

    /// Opens the database: examine the WAL, open, pragmas, migrations, verify the newest events, load the projection.
    ///
    /// - Parameter sameBoot: As `WALPreflight.Report.damage`.
    static func open(directory: String, options: StoreOptions, sameBoot: Bool) throws(StoreError) -> LoadedStore {
        let path = directory + "/events.db"
        let isNew = !Files.exists(path)
        var loaded = LoadedStore()
        do {
            let report = try WALPreflight.examine(path + "-wal", of: path)
            if let damage = report.damage(sameBoot: sameBoot) {
                try keepCopy(of: path + "-wal")
                loaded.readOnly = .damaged(damage)
            } else if report.isStale {
                try sys("truncate", path + "-wal") { unsafe truncate(path + "-wal", 0) }
            }
            // SQLite gives its side files the mode of the database. Objects may hold secrets.
            if options.vfs == nil { try makePrivate(path) }
        } catch { throw .system(error) }
        do {
            let connection: Connection
            if loaded.readOnly == nil {
                connection = try Schema.openWriter(path, options)
                try Schema.migrate(connection, options)
                if isNew { try makeDurable(directory, options) }
            } else {
                connection = try Schema.openReader(path, vfs: options.vfs)
                try Schema.check(try Schema.appliedMigrations(connection))
            }
            if let damage = try loaded.load(connection), loaded.readOnly == nil { loaded.readOnly = .damaged(damage) }
            if loaded.readOnly == nil {
                loaded.readOnly = try settle(connection, directory, options)
                loaded.writer = connection
            }
        } catch let error as SQLiteFailure {
            throw error.primary == SQLITE_CORRUPT || error.primary == SQLITE_NOTADB
                ? .damaged(error.description) : .sqlite(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("\(error)")
        }
        return loaded
    }

    private static func makePrivate(_ path: String) throws(SysError) {
        _ = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        for file in ["", "-wal", "-shm"].map({ path + $0 }) where Files.exists(file) { try Files.setMode(file, 0o600) }
    }

    /// Reads everything the store keeps in memory.
    ///
    /// - Returns: What is damaged, if anything is.
    private mutating func load(_ connection: Connection) throws -> String? {
        let reader = try EventReader(connection)
        return try reader.transaction { () throws(ReadError) -> String? in
            do {
                names = try NameTable.load(connection)
                let meta = try connection.prepare("SELECT floor, floor_chain FROM store_meta")
                guard try meta.step() else { return "store_meta is empty" }
                floor = meta.int64(0)
                let floorChain = meta.bytes(1) ?? []
                meta.reset()
                let lastEvent = try connection.integer("SELECT max(seq) FROM event") ?? 0
                let lastBatch = try connection.integer("SELECT max(last_seq) FROM batch") ?? 0
                // Never from the events alone: compaction may have removed the newest of them.
                head = max(floor, lastEvent, lastBatch)
                if floor > max(lastEvent, lastBatch) { return "the floor \(floor) lies ahead of the log" }
                isSweepUnfinished = try reader.hasCommit(upTo: floor)
                nextRow = (try connection.integer("SELECT max(obj) FROM object") ?? 0) + 1
                let positions = try connection.prepare("SELECT name, seq FROM consumer")
                while try positions.step() { consumers[positions.text(0)] = positions.int64(1) }
                try loadObjects(connection)
                var check = TailCheck(floor: floor, floorChain: floorChain, head: head)
                let damage = try check.run(reader, connection)
                chain = check.chain
                lastTime = check.lastTime
                return damage
            } catch let error as SQLiteFailure {
                throw .failed(error.description)
            } catch let error as ReadError {
                throw error
            } catch {
                throw .failed("\(error)")
            }
        }
    }

    private mutating func loadObjects(_ connection: Connection) throws(SQLiteFailure) {
        let rows = try connection.prepare(
            """
            SELECT o.obj, o.resource, o.ns, o.name, o.uid, o.version, o.last_seq, o.after_seq, o.created_seq, \
            e.after, e.rv_off FROM object o LEFT JOIN event e ON e.seq = o.after_seq WHERE o.deleted_seq IS NULL
            """
        )
        while try rows.step() {
            guard let resource = names.resourceOf[rows.int64(1)], let uid = UID(bytes: rows.bytes(4) ?? []) else {
                throw SQLiteFailure(
                    code: SQLITE_CORRUPT,
                    message: "the object has an unknown resource or a bad uid",
                    subject: "object \(rows.int64(0))"
                )
            }
            let resourceVersion = rows.int64(7)
            let image = rows.bytes(9).map {
                AfterImage(bytes: $0, resourceVersionOffset: rows.isNull(10) ? nil : Int(rows.int64(10)))
            }
            objects.append(
                StoredObject(
                    stream: StreamRef(resource: resource, namespace: rows.text(2), name: rows.text(3)),
                    uid: uid,
                    version: rows.int64(5),
                    resourceVersion: resourceVersion,
                    bytes: image?.spliced(resourceVersion) ?? [],
                    createdSeq: rows.int64(8),
                    lastSeq: rows.int64(6),
                    row: rows.int64(0),
                    digitsOffset: image?.resourceVersionOffset
                )
            )
        }
    }

    /// Settles the WAL; on a full disk with the room of the ballast, and failing that not at all.
    ///
    /// - Returns: `.noSpace` if the store must begin in that state.
    private static func settle(
        _ connection: Connection,
        _ directory: String,
        _ options: StoreOptions
    ) throws -> ReadOnlyReason? {
        do {
            try settleWAL(connection, path: directory + "/events.db-wal", options)
            return nil
        } catch let error as SQLiteFailure where error.primary == SQLITE_FULL {
            Ballast(directory: directory, bytes: options.ballastBytes).giveUp()
            return .noSpace
        }
    }

    /// Moves the whole WAL into the database, so that the next commit begins a new round with new salts, and grows the
    /// file to its working size.
    private static func settleWAL(_ connection: Connection, path: String, _ options: StoreOptions) throws {
        let (frames, moved) = try connection.checkpoint(SQLITE_CHECKPOINT_RESTART)
        if frames != moved {
            throw StoreError.damaged("only \(moved) of \(frames) frames of the write-ahead log could be moved")
        }
        var status = stat()
        let size = unsafe lstat(path, &status) == 0 ? Int(status.st_size) : 0
        guard options.walBytes > size else { return }
        // With a tiny cache the pages of a transaction spill into the WAL; the rollback then leaves only the grown file.
        try connection.execute("PRAGMA cache_size=16")
        try connection.execute("BEGIN IMMEDIATE; CREATE TABLE grow_wal(x)")
        do {
            try connection.execute("INSERT INTO grow_wal VALUES(zeroblob(\(options.walBytes)))")
            try connection.execute("ROLLBACK; PRAGMA cache_size=-65536")
        } catch {
            // Growing only makes later commits faster. If there is no room for it, serve without.
            if !connection.isAutocommit { try connection.execute("ROLLBACK") }
            try connection.execute("PRAGMA cache_size=-65536")
            guard error.primary == SQLITE_FULL else { throw error }
            return
        }
        let file = try Descriptor.open(path, O_RDWR)
        let raw = file.raw
        try sys("fsync", path) { fsync(raw) }
    }

    private static func makeDurable(_ directory: String, _ options: StoreOptions) throws(StoreError) {
        if options.mutations.skipDirectorySync { return }
        do {
            let opened = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
            let raw = opened.raw
            try sys("fsync", directory) { fsync(raw) }
        } catch { throw .system(error) }
        options.onDirectorySync?()
    }

    /// Copies a damaged WAL aside, once, before anything else looks at it.
    private static func keepCopy(of path: String) throws(SysError) {
        let copy = path + ".damaged"
        if Files.exists(copy) { return }
        try Files.replace(copy, with: try Files.read(path, limit: 1 << 30))
    }
}

/// Checks the newest thousand events: dense, chained, and the projection points at the last one of each object.
struct TailCheck {
    let floor: Seq
    let head: Seq
    private(set) var chain: [UInt8]
    private(set) var lastTime: Int64 = 0
    private let start: Seq

    init(floor: Seq, floorChain: [UInt8], head: Seq, length: Int64 = 1000) {
        self.floor = floor
        self.head = head
        chain = floorChain
        start = max(floor, head - length)
    }

    /// - Returns: What is damaged, in words; nil if all is well.
    mutating func run(_ reader: EventReader, _ connection: Connection) throws -> String? {
        if start > floor {
            guard let anchor = try reader.event(start) else { return "event \(start) is missing (head \(head))" }
            chain = anchor.hash
            lastTime = anchor.record.time
        }
        var expected = start + 1
        var damage: String?
        var newest: [Int64: EventRecord] = [:]
        var newestImage: [Int64: Seq] = [:]
        var created: [Int64: Seq] = [:]
        var chainNow = chain
        var timeNow = lastTime
        try reader.scan(after: start) { row in
            damage = Self.fault(in: row, expected: expected, chain: chainNow, before: newest[row.object])
            if damage != nil { return false }
            chainNow = row.hash
            timeNow = row.record.time
            newest[row.object] = row.record
            if row.image != nil { newestImage[row.object] = row.record.seq }
            if row.record.version == 1 { created[row.object] = row.record.seq }
            expected += 1
            return true
        }
        chain = chainNow
        lastTime = timeNow
        if let damage { return damage }
        if expected != head + 1 { return "event \(expected) is missing (head \(head))" }
        let pointer = try connection.prepare(
            "SELECT last_seq, version, deleted_seq, after_seq, created_seq FROM object WHERE obj = ?1"
        )
        for (row, event) in newest {
            pointer.bind(1, row)
            defer { pointer.reset() }
            guard try pointer.step() else { return "the object of event \(event.seq) is missing" }
            let deletedSeq = pointer.isNull(2) ? nil : pointer.int64(2)
            let isImageRight = newestImage[row].map { $0 == pointer.int64(3) } ?? (pointer.int64(3) <= start)
            let isCreationRight = created[row].map { $0 == pointer.int64(4) } ?? (pointer.int64(4) <= start)
            guard pointer.int64(0) == event.seq, pointer.int64(1) == event.version, isImageRight, isCreationRight,
                deletedSeq == (event.change == .deleted ? event.seq : nil)
            else { return "the projection of \(event.stream) does not point at its last event \(event.seq)" }
        }
        if let stray = try connection.integer("SELECT obj FROM object WHERE last_seq > \(head) OR last_seq < 1") {
            return "object \(stray) points at an event that does not exist"
        }
        if head > floor {
            let batch = try connection.prepare("SELECT last_seq, chain FROM batch ORDER BY last_seq DESC LIMIT 1")
            guard try batch.step(), batch.int64(0) == head, batch.bytes(1) == chain else {
                return "the last commit is not recorded with the hash of event \(head)"
            }
        }
        return nil
    }

    /// What is wrong with one event, given what came before it.
    static func fault(in row: EventReader.Row, expected: Seq, chain: [UInt8], before: EventRecord?) -> String? {
        let event = row.record
        if event.seq != expected { return "event \(expected) is missing" }
        if Chain.next(chain, event, after: row.image) != row.hash {
            return "event \(event.seq) or what came before it was changed: its hash does not match"
        }
        if let before, event.version != before.version + 1 || event.previousSeq != before.seq {
            return "event \(event.seq) does not follow event \(before.seq) of the same object"
        }
        if event.correlation > event.seq || event.cause ?? 0 >= event.seq || event.previousSeq >= event.seq {
            return "event \(event.seq) refers to the future"
        }
        return nil
    }
}
