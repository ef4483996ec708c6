/// The newest events in memory, bounded by count and by bytes. Dense: it holds every seq in `first..<next`.
struct Ring: Sendable {
    private var slots: [EventRecord?]
    private let byteLimit: Int
    private(set) var bytes = 0
    /// The oldest seq it holds; equal to `next` when it is empty.
    private(set) var first: Seq
    /// The seq that will be added next.
    private(set) var next: Seq

    /// An empty ring that continues after `head`.
    init(capacity: Int, byteLimit: Int, head: Seq) {
        slots = Array(repeating: nil, count: max(1, capacity))
        self.byteLimit = byteLimit
        first = head + 1
        next = head + 1
    }

    var count: Int { Int(next - first) }

    /// The event with this seq; nil if it is not (or no longer) here.
    subscript(seq: Seq) -> EventRecord? {
        guard seq >= first, seq < next else { return nil }
        return slots[Int(seq % Int64(slots.count))]
    }

    /// Adds the event with the seq `next` and drops what no longer fits.
    mutating func append(_ event: EventRecord) {
        precondition(event.seq == next, "the ring takes events densely, by seq")
        if count == slots.count { dropFirst() }
        slots[Int(event.seq % Int64(slots.count))] = event
        next += 1
        bytes += event.weight
        while bytes > byteLimit, count > 1 { dropFirst() }
    }

    private mutating func dropFirst() {
        let index = Int(first % Int64(slots.count))
        bytes -= slots[index]?.weight ?? 0
        slots[index] = nil
        first += 1
    }
}
