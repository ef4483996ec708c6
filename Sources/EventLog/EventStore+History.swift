/// Reading the log itself, and the state as it was. These calls may read the disk; they block, but not for long.
extension EventStore {
    /// Events after `seq`, in order, at most `limit`; from memory if they are recent enough.
    ///
    /// - Throws: `.expired` if `seq` is below the floor.
    package func events(after seq: Seq, limit: Int) throws(ReadError) -> [EventRecord] {
        let (floor, head, recent) = published.with { state -> (Seq, Seq, [EventRecord]?) in
            guard seq + 1 >= state.ring.first else { return (state.floor, state.head, nil) }
            var events: [EventRecord] = []
            var next = seq + 1
            while events.count < limit, let event = state.ring[next] {
                events.append(event)
                next += 1
            }
            return (state.floor, state.head, events)
        }
        if seq < floor { throw .expired(floor: floor) }
        if let recent { return recent }
        return try page(after: seq, upTo: head, limit: limit)
    }

    /// Events in `after+1 ... upTo` from the disk, at most `limit` of them or about so many bytes.
    func page(
        after seq: Seq,
        upTo head: Seq,
        limit: Int,
        bytes byteLimit: Int = 4 << 20
    ) throws(ReadError) -> [EventRecord] {
        if limit <= 0 { return [] }
        return try readers.read { reader throws(ReadError) in
            var events: [EventRecord] = []
            var bytes = 0
            var expected = seq + 1
            var hole: Seq?
            try reader.scan(after: seq) { row in
                if row.record.seq > head { return false }
                if row.record.seq != expected {
                    hole = expected
                    return false
                }
                expected += 1
                events.append(row.record)
                bytes += row.record.weight
                return events.count < limit && bytes < byteLimit
            }
            if events.isEmpty, hole == nil, seq < head { hole = seq + 1 }
            if hole != nil { try self.checkNotExpired(seq) }
            if let hole { throw .failed("event \(hole) is missing from the log; run `swiftlet db verify`") }
            return events
        }
    }

    /// One event, also one that was kept from below the floor; nil if it is not there (any more).
    package func event(_ seq: Seq) throws(ReadError) -> EventRecord? {
        if let recent = published.with({ $0.ring[seq] }) { return recent }
        return try readers.read { reader throws(ReadError) in try reader.event(seq)?.record }
    }

    /// Every event of one object, dead or alive, oldest first, as far back as history reaches.
    ///
    /// - Throws: `.notFound` if no object ever had this uid.
    package func history(uid: UID) throws(ReadError) -> [EventRecord] {
        try readers.read { reader throws(ReadError) in
            guard let object = try reader.object(uid: uid) else { throw .notFound }
            var events: [EventRecord] = []
            var seq = object.lastSeq
            while seq > 0, let row = try reader.event(seq) {
                events.append(row.record)
                seq = row.record.previousSeq
            }
            return events.reversed()
        }
    }

    /// Every event of all objects that ever had a reference, oldest first, as far back as history reaches.
    package func history(of stream: StreamRef) throws(ReadError) -> [EventRecord] {
        try readers.read { reader throws(ReadError) in
            var events: [EventRecord] = []
            for object in try reader.objects(named: stream) {
                var seq = object.lastSeq
                while seq > 0, let row = try reader.event(seq) {
                    events.append(row.record)
                    seq = row.record.previousSeq
                }
            }
            return events.sorted { $0.seq < $1.seq }
        }
    }

    /// The newest seq whose event happened at `time` or before (microseconds since 1970).
    ///
    /// - Throws: `.expired` if that is below the floor.
    package func seq(atOrBefore time: Int64) throws(ReadError) -> Seq {
        let (floor, head) = published.with { ($0.floor, $0.head) }
        return try readers.read { reader throws(ReadError) in
            // Times never decrease along the log, so a binary search over the seqs finds the place.
            var low = floor
            var high = head
            while low < high {
                let middle = low + (high - low + 1) / 2
                guard let row = try reader.event(middle) else {
                    try self.checkNotExpired(middle - 1)
                    throw .failed("event \(middle) is missing from the log")
                }
                if row.record.time <= time { low = middle } else { high = middle - 1 }
            }
            if low == floor, floor > 0 { throw .expired(floor: floor) }
            return low
        }
    }

    /// The object as served just before an event; nil if the event gave it its first image.
    package func previousImage(of event: EventRecord) throws(ReadError) -> [UInt8]? {
        var seq = event.previousSeq
        while seq > 0 {
            guard let recent = published.with({ $0.ring[seq] }) else { break }
            if let image = recent.after { return image }
            seq = recent.previousSeq
        }
        if seq == 0 { return nil }
        return try readers.read { reader throws(ReadError) in
            var walk = seq
            while walk > 0, let row = try reader.event(walk) {
                if let image = row.record.after { return image }
                walk = row.record.previousSeq
            }
            if walk > 0 { try self.checkNotExpired(event.seq - 1) }
            return nil
        }
    }

    /// Objects of a resource exactly as they were at `seq`, by namespace and name.
    ///
    /// - Throws: `.expired` below the floor, `.future` ahead of the head.
    package func objects(
        resource: ResourceKey,
        namespace: String? = nil,
        at seq: Seq
    ) throws(ReadError) -> (items: [StoredObject], head: Seq) {
        let items = try exact(seq) { reader throws(ReadError) -> [StoredObject] in
            guard let id = try reader.resourceID(resource) else { return [] }
            var items: [StoredObject] = []
            for object in try reader.objects(resource: id, namespace: namespace, name: nil, at: seq) {
                if let then = try reader.state(of: object, at: seq) { items.append(then) }
            }
            return items
        }
        return (Self.ordered(items, namespace), seq)
    }

    /// One object exactly as it was at `seq`; nil if it did not live then.
    ///
    /// - Throws: `.expired` below the floor, `.future` ahead of the head.
    package func object(_ stream: StreamRef, at seq: Seq) throws(ReadError) -> StoredObject? {
        try exact(seq) { reader throws(ReadError) in
            guard let id = try reader.resourceID(stream.resource) else { return nil }
            let lives = try reader.objects(resource: id, namespace: stream.namespace, name: stream.name, at: seq)
            for object in lives { return try reader.state(of: object, at: seq) }
            return nil
        }
    }

    /// Reads the state at `seq`. The floor may pass it meanwhile, and what was read is then worth nothing.
    private func exact<Value>(
        _ seq: Seq,
        _ body: (EventReader) throws(ReadError) -> Value
    ) throws(ReadError) -> Value {
        try checkExact(seq)
        let result: Result<Value, ReadError>
        do { result = .success(try readers.read(body)) } catch { result = .failure(error) }
        try checkNotExpired(seq)
        return try result.get()
    }

    /// The floor is published before anything below it is removed, so whoever missed something finds it moved here.
    private func checkNotExpired(_ seq: Seq) throws(ReadError) {
        let floor = published.with { $0.floor }
        if seq < floor { throw .expired(floor: floor) }
    }

    private func checkExact(_ seq: Seq) throws(ReadError) {
        let (floor, head) = published.with { ($0.floor, $0.head) }
        if seq < floor { throw .expired(floor: floor) }
        if seq > head { throw .future(head: head) }
    }

    /// What an earlier proposal with this idempotency key has led to; nil if there was none in the last 24 hours.
    ///
    /// - Throws: As a read; `AppendError.idempotencyMismatch` is for `append` to answer, here `digest` is returned.
    package func idempotentResult(key: [UInt8]) throws(ReadError) -> (result: Appended, digest: [UInt8])? {
        let now = options.clock()
        return try readers.read { reader throws(ReadError) in try reader.remembered(key, now: now) }
    }
}
