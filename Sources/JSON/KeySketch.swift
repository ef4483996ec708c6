/// Sixteen bits of a key: equal keys have equal sketches, and different ones seldom do.
struct KeySketch: Equatable {
    let bits: UInt16

    /// Of a node that is no key.
    static let none = KeySketch(bits: 0)

    @inline(__always)
    private init(bits: UInt16) { self.bits = bits }

    /// Takes the first and the last eight bytes and the length: all of most keys.
    @inline(__always)
    init(_ key: borrowing Span<UInt8>) {
        let count = key.count
        var mixed = UInt64(truncatingIfNeeded: count)
        if count >= 8 {
            mixed = (mixed ^ key.word(at: 0)) &* Self.factor ^ key.word(at: count - 8)
        } else {
            for position in 0..<count { mixed = mixed << 8 | UInt64(key[position]) }
        }
        bits = UInt16(truncatingIfNeeded: (mixed &* Self.factor) >> 48)
    }

    /// 2^64 divided by the golden ratio, which spreads what it multiplies.
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The sketch's place in a set of keys.
    @inline(__always) var bit: UInt64 { 1 << UInt64(bits & 63) }
    /// Another place, for a second set.
    @inline(__always) var otherBit: UInt64 { 1 << UInt64(bits >> 6 & 63) }
}
