import OCI
import Testing

struct DigestTests {
    static let hex256 = String(repeating: "0123456789abcdef", count: 4)
    static let hex512 = String(repeating: "0123456789abcdef", count: 8)

    @Test("a well-formed digest is parsed and printed unchanged", arguments: ["sha256:\(hex256)", "sha512:\(hex512)"])
    func wellFormed(text: String) throws {
        let digest = try Digest(text)
        #expect(digest.description == text)
        #expect("\(digest.algorithm.rawValue):\(digest.hex)" == text)
    }

    @Test(
        "a text that is not a digest is refused with its reason",
        arguments: [
            ("", DigestError.malformed("")),
            (hex256, .malformed(hex256)),
            ("md5:\(hex256)", .unsupportedAlgorithm("md5", digest: "md5:\(hex256)")),
            ("SHA256:\(hex256)", .unsupportedAlgorithm("SHA256", digest: "SHA256:\(hex256)")),
            (":\(hex256)", .unsupportedAlgorithm("", digest: ":\(hex256)")),
            ("sha256:", .wrongLength("sha256:", expected: 64)),
            ("sha256:\(hex512)", .wrongLength("sha256:\(hex512)", expected: 64)),
            ("sha512:\(hex256)", .wrongLength("sha512:\(hex256)", expected: 128)),
            ("sha256:\(hex256.uppercased())", .malformed("sha256:\(hex256.uppercased())")),
            (
                "sha256:../../etc/passwd\(hex256.dropLast(16))",
                .malformed("sha256:../../etc/passwd\(hex256.dropLast(16))")
            ),
        ]
    )
    func malformed(text: String, reason: DigestError) {
        #expect(throws: reason) { try Digest(text) }
        #expect(!reason.description.isEmpty)
    }

    @Test("raw bytes become lower-case hexadecimal digits")
    func bytes() throws {
        let digest = try Digest(algorithm: .sha256, bytes: (0..<32).map { UInt8($0 * 8) })
        #expect(digest.hex == "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8")
        #expect(throws: DigestError.self) { try Digest(algorithm: .sha256, bytes: [1, 2, 3]) }
    }
}

struct ChainIDTests {
    /// Not a hash: it shows what was hashed, and how long it was.
    private func fake(_ bytes: [UInt8]) -> Digest {
        var padded = Array(bytes.suffix(24))
        padded.append(contentsOf: [UInt8](repeating: UInt8(bytes.count), count: 32 - padded.count))
        do {
            return try Digest(algorithm: .sha256, bytes: padded)
        } catch {
            fatalError("32 bytes are a sha256 digest: \(error)")
        }
    }

    @Test("the lowest layer's chain id is its diff id, each further one hashes the pair as text")
    func chain() throws {
        let layers = try ["a", "b", "c"].map { try Digest(algorithm: .sha256, hex: String(repeating: $0, count: 64)) }
        var hashed: [String] = []
        let chain = ChainID.chain(of: layers) { bytes in
            hashed.append(String(decoding: bytes, as: UTF8.self))
            return fake(bytes)
        }
        #expect(chain.count == 3)
        #expect(chain[0] == layers[0])
        #expect(hashed == ["\(layers[0]) \(layers[1])", "\(chain[1]) \(layers[2])"])
        #expect(ChainID.top(of: layers, hash: fake) == chain[2])
    }

    @Test("an image without layers has no chain id")
    func empty() {
        #expect(ChainID.chain(of: [], hash: fake).isEmpty)
        #expect(ChainID.top(of: [], hash: fake) == nil)
    }
}
