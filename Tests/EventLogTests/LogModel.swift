@testable import EventLog

/// What the store should do, written a second time and as simply as possible: a dictionary and a list.
struct LogModel {
    struct Object: Equatable {
        var uid: UID
        var version: Int64 = 0
        var created: Seq
        var last: Seq = 0
        var imageSeq: Seq = 0
        var value: String?
    }

    struct Entry: Equatable {
        var stream: StreamRef
        var uid: UID
        var version: Int64
        var previous: Seq
        var type: String
        var change: Change
        var value: String?
    }

    var living: [StreamRef: Object] = [:]
    var usedUIDs: Set<UID> = []
    var log: [Entry] = []
    /// The living objects after each seq; index 0 is the empty store.
    var past: [[StreamRef: Object]] = [[:]]
    var floor: Seq = 0
    var keys: [[UInt8]: (digest: [UInt8], result: Appended)] = [:]

    var head: Seq { Seq(log.count) }

    /// What the answer to a proposal must be; if it is accepted, the model has taken it.
    mutating func answer(_ proposal: Proposal, values: [String?]) -> Result<Appended, AppendError> {
        if let key = proposal.idempotencyKey, let earlier = keys[key] {
            guard earlier.digest == proposal.requestDigest ?? [] else { return .failure(.idempotencyMismatch) }
            let result = earlier.result
            return .success(
                Appended(first: result.first, last: result.last, version: result.version, replayed: true)
            )
        }
        var object: Object
        switch (living[proposal.stream], proposal.expected) {
        case (let current?, .absent): return .failure(.alreadyExists(current.uid))
        case (let current?, _) where proposal.uid != nil && proposal.uid != current.uid:
            return .failure(.uidMismatch(current.uid))
        case (let current?, .exact(let seq)) where seq != current.imageSeq:
            return .failure(.conflict(current: current.imageSeq, version: current.version))
        case (let current?, .version(let version)) where version != current.version:
            return .failure(.conflict(current: current.imageSeq, version: current.version))
        case (let current?, .uid(let uid)) where uid != current.uid: return .failure(.uidMismatch(current.uid))
        case (let current?, _): object = current
        case (nil, .absent), (nil, .any):
            guard let uid = proposal.uid else { return .failure(.invalid("a new object needs a uid")) }
            if usedUIDs.contains(uid) { return .failure(.alreadyExists(uid)) }
            object = Object(uid: uid, created: head + 1)
        case (nil, _): return .failure(.notFound)
        }
        let first = head + 1
        for (fact, value) in zip(proposal.facts, values) {
            let newValue = fact.deletesObject && value == nil ? object.value : value
            let change: Change =
                fact.deletesObject ? .deleted : value == nil ? .none : object.imageSeq == 0 ? .added : .modified
            object.version += 1
            log.append(
                Entry(
                    stream: proposal.stream,
                    uid: object.uid,
                    version: object.version,
                    previous: object.last,
                    type: fact.type,
                    change: change,
                    value: newValue
                )
            )
            object.last = head
            if let newValue {
                object.value = newValue
                if change != .none { object.imageSeq = head }
            }
            usedUIDs.insert(object.uid)
            living[proposal.stream] = fact.deletesObject ? nil : object
            past.append(living)
        }
        let result = Appended(first: first, last: head, version: object.version, replayed: false)
        if let key = proposal.idempotencyKey { keys[key] = (proposal.requestDigest ?? [], result) }
        return .success(result)
    }

    /// Below the floor the store forgets what is dead.
    mutating func giveUp(to floor: Seq) {
        self.floor = floor
        usedUIDs = Set(past[Int(floor)].values.map(\.uid)).union(log[Int(floor)...].map(\.uid))
    }

    /// The event at `seq` as the store must show it.
    func matches(_ event: EventRecord) -> Bool {
        guard event.seq >= 1, event.seq <= head else { return false }
        let entry = log[Int(event.seq) - 1]
        return event.stream == entry.stream && event.uid == entry.uid && event.version == entry.version
            && event.previousSeq == entry.previous && event.type == entry.type && event.change == entry.change
            && event.after == entry.value.map { served($0, event.seq) }
    }
}

/// A small random source that repeats itself for a seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// True once in `of` times.
    mutating func once(in of: Int) -> Bool { Int.random(in: 0..<of, using: &self) == 0 }
}

/// Random proposals, many of which must be refused.
struct Workload {
    var random: Seeded
    var counter = 0
    private var uids: [UID] = []
    private var keys: [[UInt8]] = []

    init(seed: UInt64) { random = Seeded(seed) }

    /// A proposal and the values in its facts' images.
    mutating func next(_ model: LogModel) -> (proposal: Proposal, values: [String?]) {
        counter += 1
        let resource = random.once(in: 4) ? leases : pods
        let stream = StreamRef(
            resource: resource,
            namespace: random.once(in: 3) ? "kube-system" : "default",
            name: "o\(Int.random(in: 0..<4, using: &random))"
        )
        let current = model.living[stream]
        let expected: Expected =
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2: current == nil ? .absent : .exists
            case 3: .absent
            case 4: .any
            case 5: .exact(current?.imageSeq ?? 3)
            case 6: .exact(Seq.random(in: 0...model.head + 1, using: &random))
            case 7: .version(current?.version ?? 1)
            case 8: .uid(current?.uid ?? uids.randomElement(using: &random) ?? UID.random(using: &random))
            default: .exists
            }
        var uid: UID?
        if current == nil || random.once(in: 12) {
            let isOld = random.once(in: 10)
            uid = isOld ? uids.randomElement(using: &random) : nil
            if uid == nil, !random.once(in: 15) { uid = UID.random(using: &random) }
            if let uid { uids.append(uid) }
        }
        var facts: [NewFact] = []
        var values: [String?] = []
        for index in 0...Int.random(in: 0...2, using: &random) {
            let value = random.once(in: 3) ? nil : "v\(counter)-\(index)"
            facts.append(fact(["PodCreated", "ImagePulled", "ContainerExited"][index], value))
            values.append(value)
        }
        if random.once(in: 6) {
            facts[facts.count - 1].deletesObject = true
        }
        var result = proposal(stream, expected, facts, uid: uid)
        if random.once(in: 5) {
            let old = random.once(in: 2) ? keys.randomElement(using: &random) : nil
            let key = old ?? Array("key-\(counter)".utf8)
            keys.append(key)
            result.idempotencyKey = key
            result.requestDigest = random.once(in: 4) ? [1] : [2]
        }
        if random.once(in: 4) { result.priority = .runtime }
        if model.head > 0, random.once(in: 3) { result.cause = Seq.random(in: 1...model.head, using: &random) }
        return (result, values)
    }
}
