/// Reading the projection and walking from it into the past.
extension EventReader {
    /// A row of `object`.
    struct ObjectRow {
        let row: Int64
        let stream: StreamRef
        let uid: UID
        let lastSeq: Seq
        let createdSeq: Seq
        let deletedSeq: Seq?
    }

    private static let objectColumns =
        "SELECT obj, resource, ns, name, uid, last_seq, created_seq, deleted_seq FROM object"

    /// The object, dead or alive, with this uid.
    func object(uid: UID) throws(ReadError) -> ObjectRow? {
        try query(Self.objectColumns + " WHERE uid = ?1") { $0.bind(1, blob: uid.bytes) }.first
    }

    /// All objects, dead or alive, that have or had this reference.
    func objects(named stream: StreamRef) throws(ReadError) -> [ObjectRow] {
        guard let resource = try resourceID(stream.resource) else { return [] }
        return try query(Self.objectColumns + " WHERE resource = ?1 AND ns = ?2 AND name = ?3") { statement in
            statement.bind(1, resource)
            statement.bind(2, stream.namespace)
            statement.bind(3, stream.name)
        }
    }

    /// The objects that lived at `seq`, of one resource and, if given, one namespace and one name.
    func objects(resource: Int64, namespace: String?, name: String?, at seq: Seq) throws(ReadError) -> [ObjectRow] {
        var place = "resource = ?1 AND created_seq <= ?2"
        if namespace != nil { place += " AND ns = ?3" }
        if name != nil { place += " AND name = ?4" }
        // Two questions, because each has an index: the living by name, the dead by when they died.
        let living = Self.objectColumns + " WHERE \(place) AND deleted_seq IS NULL"
        let dead = Self.objectColumns + " WHERE \(place) AND deleted_seq > ?2"
        return try query(living + " UNION ALL " + dead) { statement in
            statement.bind(1, resource)
            statement.bind(2, seq)
            if let namespace { statement.bind(3, namespace) }
            if let name { statement.bind(4, name) }
        }
    }

    /// An object as it was at `seq`, walking back along its events.
    func state(of object: ObjectRow, at seq: Seq) throws(ReadError) -> StoredObject? {
        var walk = object.lastSeq
        while walk > seq {
            guard let row = try event(walk) else { throw .failed("event \(walk) of \(object.stream) is missing") }
            walk = row.record.previousSeq
        }
        guard walk > 0, let last = try event(walk) else { return nil }
        var imaged = last
        while imaged.image == nil, imaged.record.previousSeq > 0 {
            guard let earlier = try event(imaged.record.previousSeq) else { break }
            imaged = earlier
        }
        return StoredObject(
            stream: object.stream,
            uid: object.uid,
            version: last.record.version,
            resourceVersion: imaged.image == nil ? 0 : imaged.record.seq,
            bytes: imaged.record.after ?? [],
            createdSeq: object.createdSeq,
            lastSeq: walk,
            row: object.row,
            digitsOffset: imaged.image?.resourceVersionOffset
        )
    }

    /// An earlier result under an idempotency key.
    func remembered(_ key: [UInt8], now: Int64) throws(ReadError) -> (result: Appended, digest: [UInt8])? {
        do {
            let find = try connection.prepare(
                "SELECT request_sha, first_seq, last_seq, version FROM idempotency WHERE key = ?1 AND expires_us > ?2"
            )
            find.bind(1, blob: key)
            find.bind(2, now)
            guard try find.step() else { return nil }
            let result = Appended(first: find.int64(1), last: find.int64(2), version: find.int64(3), replayed: true)
            return (result, find.bytes(0) ?? [])
        } catch { throw .failed(error.description) }
    }

    private func query(_ sql: String, _ bind: (Statement) -> Void) throws(ReadError) -> [ObjectRow] {
        var rows: [ObjectRow] = []
        do {
            let statement = try connection.prepare(sql)
            bind(statement)
            while try statement.step() {
                guard let uid = UID(bytes: statement.bytes(4) ?? []) else {
                    throw ReadError.failed("object \(statement.int64(0)) has a bad uid")
                }
                let stream = StreamRef(
                    resource: try resource(statement.int64(1)),
                    namespace: statement.text(2),
                    name: statement.text(3)
                )
                rows.append(
                    ObjectRow(
                        row: statement.int64(0),
                        stream: stream,
                        uid: uid,
                        lastSeq: statement.int64(5),
                        createdSeq: statement.int64(6),
                        deletedSeq: statement.isNull(7) ? nil : statement.int64(7)
                    )
                )
            }
        } catch let error as SQLiteFailure {
            throw .failed(error.description)
        } catch let error as ReadError {
            throw error
        } catch {
            throw .failed("\(error)")
        }
        return rows
    }
}
