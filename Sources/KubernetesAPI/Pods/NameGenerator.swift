/// Random names and ids. The randomness is a parameter, so that tests and simulations repeat.
package enum NameGenerator {
    // No vowels and nothing that looks like one, so that no words come out.
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")

    /// Five characters for the end of a generated name.
    package static func suffix(using generator: inout some RandomNumberGenerator) -> String {
        String((0..<5).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
    }

    /// The name for a `generateName`: as much of it as leaves room for the suffix within 63 bytes, and the suffix.
    package static func name(prefix: String, using generator: inout some RandomNumberGenerator) -> String {
        String(prefix.prefix(58)) + suffix(using: &generator)
    }

    /// A random UUID (RFC 9562, version 4) as text, as in `metadata.uid`.
    package static func uid(using generator: inout some RandomNumberGenerator) -> String {
        let high = (generator.next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
        let low = (generator.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        return "\(hex(high >> 32, 8))-\(hex(high >> 16 & 0xFFFF, 4))-\(hex(high & 0xFFFF, 4))-"
            + "\(hex(low >> 48, 4))-\(hex(low & 0xFFFF_FFFF_FFFF, 12))"
    }

    private static func hex(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}
