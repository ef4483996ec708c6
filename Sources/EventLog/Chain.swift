import Crypto

/// The hash chain over the log: `hash(n)` covers `hash(n-1)` and everything of event n.
///
/// It finds edits, removals and swaps in the middle; a cut tail is found only against a value kept elsewhere.
enum Chain {
    /// What the chain begins with: the value before event 1.
    static let origin = [UInt8](repeating: 0, count: 32)

    /// The chain value of an event. Numbers are big-endian and of fixed width, texts carry their length in 4 bytes.
    static func next(_ previous: [UInt8], _ event: EventRecord, after: AfterImage?) -> [UInt8] {
        var input: [UInt8] = []
        input.reserveCapacity(512)
        input += previous
        append(&input, event.seq)
        append(&input, Int64(bitPattern: event.uid.high))
        append(&input, Int64(bitPattern: event.uid.low))
        append(&input, event.version)
        append(&input, event.previousSeq)
        append(&input, event.change.rawValue)
        append(&input, Int64(event.schema))
        append(&input, event.time)
        append(&input, event.correlation)
        append(&input, event.cause ?? 0)
        append(&input, event.type)
        append(&input, event.actor)
        append(&input, event.request ?? "")
        append(&input, event.stream.resource.group)
        append(&input, event.stream.resource.version)
        append(&input, event.stream.resource.plural)
        append(&input, event.stream.namespace)
        append(&input, event.stream.name)
        input += sha256(event.data)
        if let after {
            append(&input, Int64(after.resourceVersionOffset ?? -1))
            input += sha256(after.bytes)
        }
        return sha256(input)
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var hasher = SHA256()
        unsafe bytes.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        return unsafe hasher.finalize().withUnsafeBytes { unsafe Array($0) }
    }

    private static func append(_ input: inout [UInt8], _ value: Int64) {
        var shift: Int64 = 64
        while shift > 0 {
            shift -= 8
            input.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    private static func append(_ input: inout [UInt8], _ text: String) {
        let count = UInt32(text.utf8.count)
        input.append(UInt8(truncatingIfNeeded: count >> 24))
        input.append(UInt8(truncatingIfNeeded: count >> 16))
        input.append(UInt8(truncatingIfNeeded: count >> 8))
        input.append(UInt8(truncatingIfNeeded: count))
        input.append(contentsOf: text.utf8)
    }
}
