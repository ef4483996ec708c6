/// A small generator: the same seed gives the same inputs.
struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Changes an input without knowing what the changes do: for machines without libFuzzer.
enum Mutation {
    /// Bytes on which parsers turn.
    private static let interesting: [UInt8] = [
        0, 0x0A, 0x20, 0x22, 0x2C, 0x2D, 0x2E, 0x2F, 0x30, 0x39, 0x3A, 0x3D, 0x40, 0x5B, 0x5C, 0x7B, 0x7F, 0x80, 0xC3,
        0xFF,
    ]

    static func of(_ inputs: [[UInt8]], _ random: inout Random) -> [UInt8] {
        var bytes = inputs[Int.random(in: 0..<inputs.count, using: &random)]
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0 where !bytes.isEmpty: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2 where !bytes.isEmpty:
                bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...8, using: &random)))
            case 3: bytes.insert(interesting[Int.random(in: 0..<interesting.count, using: &random)], at: place)
            case 4 where !bytes.isEmpty:
                // A piece of it again, as often as makes it deep or long.
                let piece = bytes[place..<min(bytes.count, place + Int.random(in: 1...16, using: &random))]
                for _ in 0..<Int.random(in: 1...64, using: &random) { bytes.insert(contentsOf: piece, at: place) }
            case 5:
                let other = inputs[Int.random(in: 0..<inputs.count, using: &random)]
                let from = other.isEmpty ? 0 : Int.random(in: 0..<other.count, using: &random)
                bytes.replaceSubrange(place..., with: other[from...])
            default:
                let number = [0, -1, 1 << 31, 1 << 32, Int.max, Int.min][Int.random(in: 0..<6, using: &random)]
                bytes.insert(contentsOf: Array(String(number).utf8), at: place)
            }
        }
        return bytes
    }
}
