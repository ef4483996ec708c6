/// A client's name for one of its requests: the same request under the same name is carried out once within 24 hours,
/// and answered again as the first time. So a client that got no answer may ask again without harm.
package struct IdempotencyKey: Hashable, Sendable {
    /// At most this many bytes.
    package static let limit = 64

    package let key: [UInt8]
    /// Tells requests apart: another request under the same name is refused.
    package let requestDigest: [UInt8]

    /// - Parameters:
    ///   - key: What the client calls it; 1 to 64 bytes.
    ///   - actor: Who asks; a key of somebody else is another key.
    ///   - target: Method and path of the request.
    /// - Returns: Nil if the key is empty or too long.
    package init?(key: String, actor: String, target: String, body: [UInt8]) {
        guard (1...Self.limit).contains(key.utf8.count) else { return nil }
        self.key = Array(key.utf8)
        requestDigest = Self.digest([Array(actor.utf8), Array(target.utf8), body])
    }

    /// FNV-1a of 128 bits over the parts and their lengths. It guards against mistakes, not against forgery: who can
    /// write the request can also take another key.
    private static func digest(_ parts: [[UInt8]]) -> [UInt8] {
        var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
        let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013B
        for part in parts {
            for byte in part { hash = (hash ^ UInt128(byte)) &* prime }
            hash = (hash ^ UInt128(part.count)) &* prime
        }
        return (0..<16).map { UInt8(truncatingIfNeeded: hash >> UInt128(8 * $0)) }
    }
}
