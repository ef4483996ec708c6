/// Turns rows of `event` into records. Belongs to one connection, and with it to one thread at a time.
final class EventReader {
    /// A row with what only the store itself needs.
    struct Row {
        let record: EventRecord
        /// The row of the projection.
        let object: Int64
        let image: AfterImage?
        let hash: [UInt8]
    }

    let connection: Connection
    private var names: NameTable
    private let bySeq: Statement
    private let afterSeq: Statement

    private static let columns = """
        SELECT e.seq, e.obj, e.version, e.prev_seq, e.change, e.type, e.schema_v, e.ts_us, e.actor, e.corr, e.cause, \
        e.request, e.data, e.after, e.rv_off, e.hash, o.resource, o.ns, o.name, o.uid \
        FROM event e LEFT JOIN object o ON o.obj = e.obj
        """

    init(_ connection: Connection) throws(SQLiteFailure) {
        self.connection = connection
        names = try NameTable.load(connection)
        bySeq = try connection.prepare(Self.columns + " WHERE e.seq = ?1")
        afterSeq = try connection.prepare(Self.columns + " WHERE e.seq > ?1 ORDER BY e.seq")
    }

    /// The event with this seq; nil if it is not there.
    func event(_ seq: Seq) throws(ReadError) -> Row? {
        bySeq.bind(1, seq)
        defer { bySeq.reset() }
        do {
            guard try bySeq.step() else { return nil }
        } catch { throw .failed(error.description) }
        return try row(bySeq)
    }

    /// Calls `body` with every event after `seq` in order, until it returns false.
    func scan(after seq: Seq, _ body: (Row) -> Bool) throws(ReadError) {
        afterSeq.bind(1, seq)
        defer { afterSeq.reset() }
        do {
            while try afterSeq.step() {
                if !body(try row(afterSeq)) { return }
            }
        } catch let error as SQLiteFailure {
            throw .failed(error.description)
        } catch let error as ReadError {
            throw error
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Runs `body` in one read transaction, so that all its reads see the same commit.
    func transaction<Value>(_ body: () throws(ReadError) -> Value) throws(ReadError) -> Value {
        do { try connection.execute("BEGIN") } catch { throw .failed(error.description) }
        defer {
            // A read transaction has nothing to lose; if it cannot be ended, the connection's next use says so.
            try? connection.execute("ROLLBACK")
        }
        return try body()
    }

    /// The resource of this number, from the table as it is on disk now if it is new.
    func resource(_ id: Int64) throws(ReadError) -> ResourceKey {
        if names.resourceOf[id] == nil { try reloadNames() }
        guard let key = names.resourceOf[id] else { throw .failed("resource \(id) is not in the table of names") }
        return key
    }

    func resourceID(_ key: ResourceKey) throws(ReadError) -> Int64? {
        if names.resources[key] == nil { try reloadNames() }
        return names.resources[key]
    }

    private func reloadNames() throws(ReadError) {
        do { names = try NameTable.load(connection) } catch { throw .failed(error.description) }
    }

    private func row(_ statement: Statement) throws(ReadError) -> Row {
        let seq = statement.int64(0)
        let typeID = statement.int64(5)
        let actorID = statement.int64(8)
        if names.typeOf[typeID] == nil || names.actorOf[actorID] == nil { try reloadNames() }
        guard let type = names.typeOf[typeID], let actor = names.actorOf[actorID] else {
            throw .failed("event \(seq) names a type (\(typeID)) or an actor (\(actorID)) that is not in its table")
        }
        guard let uid = UID(bytes: statement.bytes(19) ?? []), let change = Change(rawValue: statement.int64(4)) else {
            throw .failed("event \(seq) has no object, or an unknown kind of change")
        }
        let image = statement.bytes(13).map {
            AfterImage(bytes: $0, resourceVersionOffset: statement.isNull(14) ? nil : Int(statement.int64(14)))
        }
        let record = EventRecord(
            seq: seq,
            stream: StreamRef(
                resource: try resource(statement.int64(16)),
                namespace: statement.text(17),
                name: statement.text(18)
            ),
            uid: uid,
            version: statement.int64(2),
            previousSeq: statement.int64(3),
            type: type,
            schema: Int(statement.int64(6)),
            time: statement.int64(7),
            actor: actor,
            correlation: statement.int64(9),
            cause: statement.int64(10) == 0 ? nil : statement.int64(10),
            request: statement.bytes(11).map { String(decoding: $0, as: UTF8.self) },
            data: statement.bytes(12) ?? [],
            after: image?.spliced(seq),
            change: change
        )
        return Row(record: record, object: statement.int64(1), image: image, hash: statement.bytes(15) ?? [])
    }
}
