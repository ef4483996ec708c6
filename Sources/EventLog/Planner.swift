/// Decides which proposals of a batch are accepted and what they write. Pure, but for the look-ups it is given.
///
/// A later proposal sees what earlier ones of the same batch would do; nothing is visible to anybody else before COMMIT.
struct Planner {
    /// What the planner asks about the durable state.
    struct Lookup {
        let object: (StreamRef) -> StoredObject?
        let isUIDUsed: (UID) throws(SQLiteFailure) -> Bool
        let idempotent: ([UInt8]) throws(SQLiteFailure) -> Remembered?
        let correlation: (Seq) throws(SQLiteFailure) -> Seq?
        /// The chain's value at the end of the durable commit that ends with this event; nil if none does.
        let endOfCommit: (Seq) throws(SQLiteFailure) -> [UInt8]?
        let floor: Seq
        let consumers: [String: Seq]
    }

    /// An earlier result, kept under its idempotency key.
    struct Remembered: Hashable, Sendable {
        let digest: [UInt8]
        let first: Seq
        let last: Seq
        let version: Int64
        let expires: Int64
    }

    enum Verdict {
        case accepted(Appended)
        /// Done before, possibly by an earlier proposal of this very batch.
        case replayed(Appended)
        case refused(AppendError)
    }

    struct EventWrite {
        let record: EventRecord
        let object: Int64
        let image: AfterImage?
        let hash: [UInt8]
    }

    struct ObjectWrite {
        /// The version before the batch; nil for a new row.
        let replaces: Int64?
        var object: StoredObject
        var deletedSeq: Seq?
    }

    static let partLimit = 3 << 19  // 1.5 MiB
    static let proposalLimit = 16 << 20
    static let idempotencyLifetime: Int64 = 24 * 3600 * 1_000_000

    private(set) var head: Seq
    private(set) var chain: [UInt8]
    private(set) var nextRow: Int64
    /// The time every event of the batch carries.
    let time: Int64
    private let lookup: Lookup

    private(set) var events: [EventWrite] = []
    private(set) var objects: [Int64: ObjectWrite] = [:]
    private(set) var touched: [StreamRef: StoredObject?] = [:]
    private(set) var remembered: [[UInt8]: Remembered] = [:]
    private(set) var consumers: [String: Seq] = [:]
    /// Where history begins after the batch, if that moves.
    private(set) var floor: FloorCandidate?
    private(set) var sweeps: [SweepStep] = []

    init(head: Seq, chain: [UInt8], nextRow: Int64, time: Int64, lookup: Lookup) {
        self.head = head
        self.chain = chain
        self.nextRow = nextRow
        self.time = time
        self.lookup = lookup
    }

    var isEmpty: Bool { events.isEmpty && consumers.isEmpty && sweeps.isEmpty }

    /// Moves a consumer's position. It never moves past the log.
    mutating func move(_ position: ConsumerPosition) -> AppendError? {
        guard position.seq >= 0, position.seq <= head else {
            return .invalid("consumer \(position.name) cannot be at \(position.seq), the log has reached \(head)")
        }
        consumers[position.name] = position.seq
        return nil
    }

    /// Takes a piece of removing what lies below the floor into the batch.
    mutating func sweep(_ step: SweepStep) { sweeps.append(step) }

    /// The place that a proposal gives history up to. No consumer's events are given up, and nothing of this batch.
    private func candidate(for target: Seq) throws(SQLiteFailure) -> Result<FloorCandidate, AppendError> {
        let current = floor?.seq ?? lookup.floor
        guard target > current else {
            return .failure(.invalid("the floor cannot move to \(target), it is at \(current)"))
        }
        let positions = lookup.consumers.merging(consumers) { $1 }
        if let slow = positions.min(by: { $0.value < $1.value }), slow.value < target {
            return .failure(.invalid("the floor cannot move to \(target), consumer \(slow.key) is at \(slow.value)"))
        }
        guard let chain = try lookup.endOfCommit(target) else {
            return .failure(.invalid("the floor cannot move to \(target), which is not the end of a commit"))
        }
        return .success(FloorCandidate(seq: target, chain: chain))
    }

    /// Takes one proposal into the batch, or says why not. A refused proposal leaves no trace.
    mutating func admit(_ proposal: Proposal) throws(SQLiteFailure) -> Verdict {
        if let error = Self.fault(in: proposal) { return .refused(error) }
        if let key = proposal.idempotencyKey {
            let earlier: Remembered?
            if let inBatch = remembered[key] { earlier = inBatch } else { earlier = try lookup.idempotent(key) }
            if let earlier, earlier.expires > time {
                guard earlier.digest == proposal.requestDigest ?? [] else { return .refused(.idempotencyMismatch) }
                let result = Appended(
                    first: earlier.first,
                    last: earlier.last,
                    version: earlier.version,
                    replayed: true
                )
                return .replayed(result)
            }
        }
        let current: StoredObject?
        if let changed = touched[proposal.stream] {
            current = changed
        } else {
            current = lookup.object(proposal.stream)
        }
        if let error = try check(proposal, against: current) { return .refused(error) }
        if let cause = proposal.cause, cause < 1 || cause > head {
            return .refused(.invalid("cause \(cause) is not an event of the past (head \(head))"))
        }
        if let correlation = proposal.correlation, correlation < 1 || correlation > head {
            return .refused(.invalid("correlation \(correlation) is not an event of the past (head \(head))"))
        }
        if let consumer = proposal.consumer, consumer.seq < 0 || consumer.seq > head {
            return .refused(.invalid("consumer \(consumer.name) cannot be at \(consumer.seq), the log is at \(head)"))
        }
        var newFloor: FloorCandidate?
        if let target = proposal.floor {
            switch try candidate(for: target) {
            case .success(let candidate): newFloor = candidate
            case .failure(let error): return .refused(error)
            }
        }
        let correlation: Seq
        if let named = proposal.correlation {
            correlation = named
        } else if let cause = proposal.cause {
            if let event = events.first(where: { $0.record.seq == cause }) {
                correlation = event.record.correlation
            } else {
                correlation = try lookup.correlation(cause) ?? cause
            }
        } else {
            correlation = head + 1
        }
        let appended = write(proposal, on: current, correlation: correlation)
        if let key = proposal.idempotencyKey {
            remembered[key] = Remembered(
                digest: proposal.requestDigest ?? [],
                first: appended.first,
                last: appended.last,
                version: appended.version,
                expires: time + Self.idempotencyLifetime
            )
        }
        if let consumer = proposal.consumer { consumers[consumer.name] = consumer.seq }
        if let newFloor { floor = newFloor }
        return .accepted(appended)
    }

    /// What is wrong with a proposal whatever the state is.
    private static func fault(in proposal: Proposal) -> AppendError? {
        if proposal.facts.isEmpty { return .invalid("it has no facts") }
        var total = 0
        for (index, fact) in proposal.facts.enumerated() {
            if fact.data.count > partLimit { return .tooLarge("data of \(fact.type) has \(fact.data.count) bytes") }
            if let after = fact.after {
                if after.bytes.count > partLimit {
                    return .tooLarge("the object after \(fact.type) has \(after.bytes.count) bytes")
                }
                if after.bytes.isEmpty { return .invalid("the image after \(fact.type) is empty") }
                if let offset = after.resourceVersionOffset, offset < 0 || offset > after.bytes.count {
                    return .invalid("the resourceVersion of \(fact.type) lies outside its image")
                }
            }
            if fact.deletesObject, index < proposal.facts.count - 1 {
                return .invalid("\(fact.type) deletes the object and is not its last fact")
            }
            if fact.type.isEmpty || fact.schema < 1 { return .invalid("a fact has no type or no schema version") }
            total += fact.data.count + (fact.after?.bytes.count ?? 0)
        }
        if total > proposalLimit { return .tooLarge("the proposal has \(total) bytes") }
        if let request = proposal.request, request.utf8.count > 64 {
            return .invalid("the request id has \(request.utf8.count) bytes, at most 64 are allowed")
        }
        if let key = proposal.idempotencyKey, key.isEmpty || key.count > 64 {
            return .invalid("the idempotency key has \(key.count) bytes, 1 to 64 are allowed")
        }
        if proposal.actor.isEmpty { return .invalid("it names no actor") }
        return nil
    }

    /// Whether the object is as the proposal expects it.
    private func check(_ proposal: Proposal, against current: StoredObject?) throws(SQLiteFailure) -> AppendError? {
        guard let current else {
            switch proposal.expected {
            case .absent, .any:
                guard let uid = proposal.uid else { return .invalid("a new object needs a uid") }
                let usedInBatch = objects.values.contains { $0.object.uid == uid }
                if usedInBatch { return .alreadyExists(uid) }
                return try lookup.isUIDUsed(uid) ? .alreadyExists(uid) : nil
            case .exact, .version, .exists, .uid: return .notFound
            }
        }
        if proposal.expected == .absent { return .alreadyExists(current.uid) }
        if let uid = proposal.uid, uid != current.uid { return .uidMismatch(current.uid) }
        switch proposal.expected {
        case .exact(let expected) where expected != current.resourceVersion:
            return .conflict(current: current.resourceVersion, version: current.version)
        case .version(let expected) where expected != current.version:
            return .conflict(current: current.resourceVersion, version: current.version)
        case .uid(let expected) where expected != current.uid: return .uidMismatch(current.uid)
        default: return nil
        }
    }

    private mutating func write(_ proposal: Proposal, on current: StoredObject?, correlation: Seq) -> Appended {
        let first = head + 1
        var object = current
        var row = current?.row ?? 0
        if current == nil {
            row = nextRow
            nextRow += 1
        }
        for fact in proposal.facts {
            let seq = head + 1
            let image = fact.after ?? (fact.deletesObject ? object?.unspliced : nil)
            let served = image?.spliced(seq)
            let change: Change =
                if fact.deletesObject { .deleted } else if image == nil {
                    .none
                } else if object?.resourceVersion ?? 0 == 0 { .added } else { .modified }
            let next = StoredObject(
                stream: proposal.stream,
                uid: object?.uid ?? proposal.uid ?? UID(high: 0, low: 0),
                version: (object?.version ?? 0) + 1,
                resourceVersion: image == nil ? object?.resourceVersion ?? 0 : seq,
                bytes: served ?? object?.bytes ?? [],
                createdSeq: object?.createdSeq ?? seq,
                lastSeq: seq,
                row: row,
                digitsOffset: image == nil ? object?.digitsOffset : image?.resourceVersionOffset
            )
            let record = EventRecord(
                seq: seq,
                stream: next.stream,
                uid: next.uid,
                version: next.version,
                previousSeq: object?.lastSeq ?? 0,
                type: fact.type,
                schema: fact.schema,
                time: time,
                actor: proposal.actor,
                correlation: correlation,
                cause: proposal.cause,
                request: proposal.request,
                data: fact.data,
                after: served,
                change: change
            )
            chain = Chain.next(chain, record, after: image)
            events.append(EventWrite(record: record, object: row, image: image, hash: chain))
            let deletedSeq = fact.deletesObject ? seq : nil
            objects[row] = ObjectWrite(
                replaces: objects[row]?.replaces ?? (objects[row] == nil ? current?.version : nil),
                object: next,
                deletedSeq: deletedSeq
            )
            touched[proposal.stream] = .some(fact.deletesObject ? nil : next)
            object = next
            head = seq
        }
        return Appended(first: first, last: head, version: object?.version ?? 0, replayed: false)
    }
}
