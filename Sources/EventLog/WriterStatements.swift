/// The prepared statements of the writer's connection.
final class WriterStatements {
    let connection: Connection
    private let beginStatement: Statement
    private let commitStatement: Statement
    private let insertEvent: Statement
    private let insertObject: Statement
    private let updateObject: Statement
    private let deleteObject: Statement
    private let insertBatch: Statement
    private let insertKey: Statement
    private let moveConsumer: Statement
    private let findUID: Statement
    private let findKey: Statement
    private let findCorrelation: Statement
    private let findHash: Statement
    private let findCommit: Statement
    private let moveFloor: Statement

    init(_ connection: Connection) throws(SQLiteFailure) {
        self.connection = connection
        beginStatement = try connection.prepare("BEGIN IMMEDIATE")
        commitStatement = try connection.prepare("COMMIT")
        insertEvent = try connection.prepare(
            """
            INSERT INTO event(seq, obj, version, prev_seq, change, type, schema_v, ts_us, actor, corr, cause, request, \
            data, after, rv_off, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
            """
        )
        insertObject = try connection.prepare(
            """
            INSERT INTO object(obj, resource, ns, name, uid, version, last_seq, after_seq, created_seq, deleted_seq) \
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """
        )
        // Two statements: naming deleted_seq would make SQLite rewrite the indexes that depend on it at every event.
        updateObject = try connection.prepare(
            "UPDATE object SET version=?1, last_seq=?2, after_seq=?3 WHERE obj=?4 AND version=?5"
        )
        deleteObject = try connection.prepare(
            "UPDATE object SET version=?1, last_seq=?2, after_seq=?3, deleted_seq=?6 WHERE obj=?4 AND version=?5"
        )
        insertBatch = try connection.prepare(
            "INSERT INTO batch(last_seq, first_seq, ts_us, boot_id, chain) VALUES(?1, ?2, ?3, ?4, ?5)"
        )
        insertKey = try connection.prepare(
            """
            INSERT OR REPLACE INTO idempotency(key, request_sha, first_seq, last_seq, version, expires_us) \
            VALUES(?1, ?2, ?3, ?4, ?5, ?6)
            """
        )
        moveConsumer = try connection.prepare(
            "INSERT OR REPLACE INTO consumer(name, seq, updated_us) VALUES(?1, ?2, ?3)"
        )
        findUID = try connection.prepare("SELECT 1 FROM object WHERE uid = ?1")
        findKey = try connection.prepare(
            "SELECT request_sha, first_seq, last_seq, version, expires_us FROM idempotency WHERE key = ?1"
        )
        findCorrelation = try connection.prepare("SELECT corr FROM event WHERE seq = ?1")
        findHash = try connection.prepare("SELECT hash FROM event WHERE seq = ?1")
        findCommit = try connection.prepare("SELECT chain FROM batch WHERE last_seq = ?1")
        moveFloor = try connection.prepare("UPDATE store_meta SET floor = ?1, floor_chain = ?2")
    }

    func begin() throws(SQLiteFailure) { try beginStatement.run() }

    func commit() throws(SQLiteFailure) { try commitStatement.run() }

    /// Ends an open transaction without it; true if there is none any more.
    func rollback() -> Bool {
        if connection.isAutocommit { return true }
        // The caller acts on the result: an open transaction means the handle is thrown away.
        try? connection.execute("ROLLBACK")
        return connection.isAutocommit
    }

    func isUIDUsed(_ uid: UID) throws(SQLiteFailure) -> Bool {
        findUID.bind(1, blob: uid.bytes)
        defer { findUID.reset() }
        return try findUID.step()
    }

    func remembered(_ key: [UInt8]) throws(SQLiteFailure) -> Planner.Remembered? {
        findKey.bind(1, blob: key)
        defer { findKey.reset() }
        guard try findKey.step() else { return nil }
        return Planner.Remembered(
            digest: findKey.bytes(0) ?? [],
            first: findKey.int64(1),
            last: findKey.int64(2),
            version: findKey.int64(3),
            expires: findKey.int64(4)
        )
    }

    func correlation(of seq: Seq) throws(SQLiteFailure) -> Seq? {
        findCorrelation.bind(1, seq)
        defer { findCorrelation.reset() }
        return try findCorrelation.step() ? findCorrelation.int64(0) : nil
    }

    func hash(of seq: Seq) throws(SQLiteFailure) -> [UInt8]? {
        findHash.bind(1, seq)
        defer { findHash.reset() }
        return try findHash.step() ? findHash.bytes(0) : nil
    }

    func endOfCommit(_ seq: Seq) throws(SQLiteFailure) -> [UInt8]? {
        findCommit.bind(1, seq)
        defer { findCommit.reset() }
        return try findCommit.step() ? findCommit.bytes(0) : nil
    }

    func forgetExpired(_ now: Int64) throws(SQLiteFailure) {
        try connection.execute("DELETE FROM idempotency WHERE expires_us <= \(now)")
    }

    /// Writes all rows of a plan into the open transaction.
    ///
    /// - Parameter apart: A deliberate defect for the tests: commits between the log and its projection.
    func write(_ plan: Planner, names: inout NameTable, boot: UID, apart: Bool) throws(SQLiteFailure) {
        for event in plan.events { try write(event, names: &names) }
        if apart {
            try commit()
            try begin()
        }
        for (row, object) in plan.objects.sorted(by: { $0.key < $1.key }) { try write(object, row: row, names) }
        for (key, entry) in plan.remembered {
            insertKey.bind(1, blob: key)
            insertKey.bind(2, blob: entry.digest)
            insertKey.bind(3, entry.first)
            insertKey.bind(4, entry.last)
            insertKey.bind(5, entry.version)
            insertKey.bind(6, entry.expires)
            try insertKey.run()
        }
        for (name, seq) in plan.consumers {
            moveConsumer.bind(1, name)
            moveConsumer.bind(2, seq)
            moveConsumer.bind(3, plan.time)
            try moveConsumer.run()
        }
        if let floor = plan.floor {
            moveFloor.bind(1, floor.seq)
            moveFloor.bind(2, blob: floor.chain)
            try moveFloor.run()
        }
        for step in plan.sweeps { try sweep(step) }
        guard let first = plan.events.first else { return }
        insertBatch.bind(1, plan.head)
        insertBatch.bind(2, first.record.seq)
        insertBatch.bind(3, plan.time)
        insertBatch.bind(4, blob: boot.bytes)
        insertBatch.bind(5, blob: plan.chain)
        try insertBatch.run()
    }

    private func write(_ event: Planner.EventWrite, names: inout NameTable) throws(SQLiteFailure) {
        let record = event.record
        insertEvent.bind(1, record.seq)
        insertEvent.bind(2, event.object)
        insertEvent.bind(3, record.version)
        insertEvent.bind(4, record.previousSeq)
        insertEvent.bind(5, record.change.rawValue)
        insertEvent.bind(6, try typeID(record.type, &names))
        insertEvent.bind(7, Int64(record.schema))
        insertEvent.bind(8, record.time)
        insertEvent.bind(9, try actorID(record.actor, &names))
        insertEvent.bind(10, record.correlation)
        insertEvent.bind(11, record.cause ?? 0)
        insertEvent.bind(12, blob: record.request.map { Array($0.utf8) })
        insertEvent.bind(13, utf8: record.data)
        insertEvent.bind(14, blob: event.image?.bytes)
        insertEvent.bind(15, event.image?.resourceVersionOffset.map { Int64($0) })
        insertEvent.bind(16, blob: event.hash)
        _ = try resourceID(record.stream.resource, &names)
        try insertEvent.run()
    }

    private func write(_ write: Planner.ObjectWrite, row: Int64, _ names: NameTable) throws(SQLiteFailure) {
        let object = write.object
        guard let replaces = write.replaces else {
            insertObject.bind(1, row)
            insertObject.bind(2, names.resources[object.stream.resource] ?? 0)
            insertObject.bind(3, object.stream.namespace)
            insertObject.bind(4, object.stream.name)
            insertObject.bind(5, blob: object.uid.bytes)
            insertObject.bind(6, object.version)
            insertObject.bind(7, object.lastSeq)
            insertObject.bind(8, object.resourceVersion)
            insertObject.bind(9, object.createdSeq)
            insertObject.bind(10, write.deletedSeq)
            return try insertObject.run()
        }
        let update = write.deletedSeq == nil ? updateObject : deleteObject
        update.bind(1, object.version)
        update.bind(2, object.lastSeq)
        update.bind(3, object.resourceVersion)
        update.bind(4, row)
        update.bind(5, replaces)
        if let deletedSeq = write.deletedSeq { update.bind(6, deletedSeq) }
        try update.run()
        if connection.changes != 1 {
            throw SQLiteFailure(
                code: 11,  // SQLITE_CORRUPT: memory and disk disagree
                message: "the projection of \(object.stream) on disk is not at version \(replaces)",
                subject: "object \(row)"
            )
        }
    }

    private func typeID(_ name: String, _ names: inout NameTable) throws(SQLiteFailure) -> Int64 {
        if let id = names.types[name] { return id }
        let id = Int64(names.types.count + 1)
        let insert = try connection.prepare("INSERT INTO event_type(id, name) VALUES(?1, ?2)")
        insert.bind(1, id)
        insert.bind(2, name)
        try insert.run()
        names.add(type: name, id: id)
        return id
    }

    private func actorID(_ name: String, _ names: inout NameTable) throws(SQLiteFailure) -> Int64 {
        if let id = names.actors[name] { return id }
        let id = Int64(names.actors.count + 1)
        let insert = try connection.prepare("INSERT INTO actor(id, name) VALUES(?1, ?2)")
        insert.bind(1, id)
        insert.bind(2, name)
        try insert.run()
        names.add(actor: name, id: id)
        return id
    }

    private func resourceID(_ key: ResourceKey, _ names: inout NameTable) throws(SQLiteFailure) -> Int64 {
        if let id = names.resources[key] { return id }
        let id = Int64(names.resources.count + 1)
        let insert = try connection.prepare(
            "INSERT INTO resource(id, api_group, version, plural) VALUES(?1, ?2, ?3, ?4)"
        )
        insert.bind(1, id)
        insert.bind(2, key.group)
        insert.bind(3, key.version)
        insert.bind(4, key.plural)
        try insert.run()
        names.add(resource: key, id: id)
        return id
    }
}
