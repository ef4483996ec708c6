/// The name of content: an algorithm and a hash in lower-case hexadecimal, "sha256:6c3c…" (image-spec 1.1, descriptor.md).
///
/// A value is always well formed. It does not hash; whoever reads content verifies it.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    package enum Algorithm: String, CaseIterable, Sendable {
        case sha256, sha512

        /// Hexadecimal digits of a hash.
        package var hexLength: Int {
            switch self {
            case .sha256: 64
            case .sha512: 128
            }
        }
    }

    package let algorithm: Algorithm
    /// Lower-case hexadecimal digits; safe as a file name.
    package let hex: String

    /// Parses "algorithm:hex".
    package init(_ text: String) throws(DigestError) {
        guard let colon = text.firstIndex(of: ":") else { throw .malformed(text) }
        let name = text[..<colon]
        guard let algorithm = Algorithm(rawValue: String(name)) else {
            throw .unsupportedAlgorithm(String(name), digest: text)
        }
        try self.init(algorithm: algorithm, hex: String(text[text.index(after: colon)...]))
    }

    package init(algorithm: Algorithm, hex: String) throws(DigestError) {
        let digits = hex.utf8
        guard digits.count == algorithm.hexLength else {
            throw .wrongLength("\(algorithm.rawValue):\(hex)", expected: algorithm.hexLength)
        }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
            throw .malformed("\(algorithm.rawValue):\(hex)")
        }
        self.algorithm = algorithm
        self.hex = hex
    }

    /// Names a hash that was just computed.
    ///
    /// - Parameter bytes: The raw hash: 32 bytes for sha256, 64 for sha512.
    package init(algorithm: Algorithm, bytes: some Sequence<UInt8>) throws(DigestError) {
        let digits = Array("0123456789abcdef".utf8)
        var hex: [UInt8] = []
        for byte in bytes {
            hex.append(digits[Int(byte >> 4)])
            hex.append(digits[Int(byte & 15)])
        }
        try self.init(algorithm: algorithm, hex: String(decoding: hex, as: UTF8.self))
    }

    package var description: String { "\(algorithm.rawValue):\(hex)" }
}

extension Digest: Comparable {
    /// By algorithm, then by hash; an order for listings only.
    package static func < (left: Digest, right: Digest) -> Bool {
        (left.algorithm.rawValue, left.hex) < (right.algorithm.rawValue, right.hex)
    }
}

extension Digest: Codable {
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        let text = try value.decode(String.self)
        do {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: "\(error)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(description)
    }
}

/// Why a text is not a digest.
package enum DigestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not "algorithm:" followed by lower-case hexadecimal digits.
    case malformed(String)
    case unsupportedAlgorithm(String, digest: String)
    case wrongLength(String, expected: Int)

    package var description: String {
        switch self {
        case .malformed(let text):
            "invalid digest \"\(text.prefix(160))\": expected an algorithm, a colon and lower-case hexadecimal digits"
        case .unsupportedAlgorithm(let name, let digest):
            "unsupported algorithm \"\(name.prefix(40))\" in digest \"\(digest.prefix(160))\": use sha256 or sha512"
        case .wrongLength(let text, let expected):
            "invalid digest \"\(text.prefix(160))\": expected \(expected) hexadecimal digits"
        }
    }
}
