/// A seeded source of randomness (SplitMix64): the same seed gives the same history on every machine.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// True `percent` times out of a hundred.
    mutating func chance(_ percent: Int) -> Bool { Int(next() % 100) < percent }

    mutating func upTo(_ limit: Int) -> Int { limit <= 0 ? 0 : Int(next() % UInt64(limit + 1)) }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int(next() % UInt64(elements.count))] }

    /// A span in microseconds, mostly short, sometimes up to `seconds`.
    mutating func span(seconds: Int) -> Int64 {
        chance(40) ? Int64(upTo(200_000)) : Int64(upTo(seconds * 1000)) * 1000
    }
}
