/// The global sequence number of an event. It is also the Kubernetes `resourceVersion`. The first event has 1.
package typealias Seq = Int64

/// The identity of one object for ever: 16 bytes, written as a UUID. A name may be used again, a uid never is.
package struct UID: Hashable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Takes exactly 16 bytes, most significant first; nil for any other count.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Parses the canonical form, for example "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"; upper case is accepted.
    package init?(_ text: some StringProtocol) {
        var digits: [UInt8] = []
        digits.reserveCapacity(32)
        for (index, byte) in text.utf8.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
            digits.append(UInt8(digit))
        }
        guard digits.count == 32 else { return nil }
        high = digits[..<16].reduce(0) { $0 << 4 | UInt64($1) }
        low = digits[16...].reduce(0) { $0 << 4 | UInt64($1) }
    }

    /// A fresh random uid (UUID version 4).
    package static func random() -> UID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// A fresh uid from the given source of randomness, for simulations that must repeat.
    package static func random(using generator: inout some RandomNumberGenerator) -> UID {
        let high = generator.next() & ~0xF000 | 0x4000
        let low = generator.next() & ~(0b11 << 62) | 0b10 << 62
        return UID(high: high, low: low)
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }

    /// The canonical lower-case form with hyphens.
    package var description: String {
        let alphabet = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(alphabet[Int(byte >> 4)])
            text.append(alphabet[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension FixedWidthInteger {
    /// The bytes of the number, most significant first.
    var bigEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (Self.bitWidth - 8 - $0 * 8)) }
    }
}

/// A kind of object as the API names it: ("", "v1", "pods").
package struct ResourceKey: Hashable, Sendable, CustomStringConvertible {
    package let group: String
    package let version: String
    package let plural: String

    package init(group: String, version: String, plural: String) {
        self.group = group
        self.version = version
        self.plural = plural
    }

    package var description: String { group.isEmpty ? "\(version)/\(plural)" : "\(group)/\(version)/\(plural)" }
}

/// Where one object's events are appended: at most one living object has a given reference.
package struct StreamRef: Hashable, Sendable, CustomStringConvertible {
    package let resource: ResourceKey
    /// Empty for objects of the cluster.
    package let namespace: String
    package let name: String

    package init(resource: ResourceKey, namespace: String, name: String) {
        self.resource = resource
        self.namespace = namespace
        self.name = name
    }

    package var description: String { "\(resource) \(namespace)/\(name)" }
}

/// The whole object after a fact, as the API serves it.
package struct AfterImage: Hashable, Sendable {
    /// JSON without the digits of the resourceVersion: `…"resourceVersion":""…`.
    package let bytes: [UInt8]
    /// Where the digits of the event's seq belong (between the two quotes); nil if the image has no such field.
    package let resourceVersionOffset: Int?

    package init(bytes: [UInt8], resourceVersionOffset: Int?) {
        self.bytes = bytes
        self.resourceVersionOffset = resourceVersionOffset
    }

    /// The image with the digits of `seq` in place.
    func spliced(_ seq: Seq) -> [UInt8] {
        guard let offset = resourceVersionOffset, offset >= 0, offset <= bytes.count else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 20)
        result.append(contentsOf: bytes[..<offset])
        result.append(contentsOf: String(seq).utf8)
        result.append(contentsOf: bytes[offset...])
        return result
    }
}

/// Something that happened, not yet in the log.
package struct NewFact: Sendable {
    /// A name in the past tense: "ContainerStarted".
    package var type: String
    /// The version of the form of `data`, from 1.
    package var schema: Int
    /// The fact itself as canonical JSON.
    package var data: [UInt8]
    /// The object after the fact; nil if the object as served did not change.
    package var after: AfterImage?
    /// True for the last fact of an object. Without an image the last one is kept, with the new resourceVersion.
    package var deletesObject: Bool

    package init(type: String, schema: Int = 1, data: [UInt8], after: AfterImage? = nil, deletesObject: Bool = false) {
        self.type = type
        self.schema = schema
        self.data = data
        self.after = after
        self.deletesObject = deletesObject
    }
}

/// What must be true of the object for a proposal to be accepted; decided by the writer against the newest state.
package enum Expected: Hashable, Sendable {
    /// No living object has the reference; the proposal creates it.
    case absent
    /// The object's resourceVersion is exactly this.
    case exact(Seq)
    /// The object has had exactly so many events.
    case version(Int64)
    /// The object lives.
    case exists
    /// Append if it lives, create it (the proposal then needs a uid) if it does not.
    case any
    /// The object lives and has this uid.
    case uid(UID)
}

/// Which lane of the inbox a proposal takes. Order is kept within a lane.
package enum Priority: Sendable {
    case normal
    /// Facts of the runtime and deletions: taken first, and still accepted when the disk is full.
    case runtime
}

/// How soon a proposal must reach the disk. Either way it is acknowledged only after it has.
package enum Durability: Sendable {
    case synced
    /// Waits for the next synced commit, at most 200 ms: for reports nobody waits for.
    case ridealong
}

/// How far a consumer of the log has come; saved in the transaction of the proposal that carries it.
package struct ConsumerPosition: Hashable, Sendable {
    package let name: String
    package let seq: Seq

    package init(name: String, seq: Seq) {
        self.name = name
        self.seq = seq
    }
}

/// One command's facts about one object: all of them are appended, next to each other, or none.
package struct Proposal: Sendable {
    package var stream: StreamRef
    /// Required when the proposal may create the object (`.absent`, `.any`).
    package var uid: UID?
    package var expected: Expected
    package var facts: [NewFact]
    /// Who did it: "user:alice", "system:reconciler".
    package var actor: String
    /// The event that directly caused this, if any.
    package var cause: Seq?
    /// The event that began the story; nil takes the correlation of `cause`, or begins a story.
    package var correlation: Seq?
    /// The id of the API request, up to 64 characters.
    package var request: String?
    /// Up to 64 bytes. The same key with the same digest within 24 hours gives the first result again.
    package var idempotencyKey: [UInt8]?
    package var requestDigest: [UInt8]?
    package var priority: Priority
    package var durability: Durability
    /// A consumer whose position moves together with these facts.
    package var consumer: ConsumerPosition?
    /// History up to here is given up with these facts; the end of a commit, as `EventStore.dueFloor` finds one. What no
    /// living object is made of is then removed from the disk, in the background.
    package var floor: Seq?

    package init(
        stream: StreamRef,
        uid: UID? = nil,
        expected: Expected,
        facts: [NewFact],
        actor: String,
        cause: Seq? = nil,
        correlation: Seq? = nil,
        request: String? = nil,
        idempotencyKey: [UInt8]? = nil,
        requestDigest: [UInt8]? = nil,
        priority: Priority = .normal,
        durability: Durability = .synced,
        consumer: ConsumerPosition? = nil,
        floor: Seq? = nil
    ) {
        self.stream = stream
        self.uid = uid
        self.expected = expected
        self.facts = facts
        self.actor = actor
        self.cause = cause
        self.correlation = correlation
        self.request = request
        self.idempotencyKey = idempotencyKey
        self.requestDigest = requestDigest
        self.priority = priority
        self.durability = durability
        self.consumer = consumer
        self.floor = floor
    }

    /// What the proposal weighs in the inbox, in bytes.
    var weight: Int {
        facts.reduce(256) { $0 + $1.data.count + ($1.after?.bytes.count ?? 0) + 64 }
    }
}

/// Where the facts of an accepted proposal are in the log.
package struct Appended: Hashable, Sendable {
    package let first: Seq
    package let last: Seq
    /// The object's version after the last fact.
    package let version: Int64
    /// True if an earlier proposal with the same idempotency key had already done it.
    package let replayed: Bool

    package init(first: Seq, last: Seq, version: Int64, replayed: Bool) {
        self.first = first
        self.last = last
        self.version = version
        self.replayed = replayed
    }
}
