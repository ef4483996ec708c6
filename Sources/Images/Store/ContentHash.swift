import Crypto
package import OCI

/// Hashes content as it streams by, with the algorithm of the digest that it shall be compared with.
package struct ContentHash: Sendable {
    private enum State {
        case sha256(SHA256)
        case sha512(SHA512)
    }

    package let algorithm: OCI.Digest.Algorithm
    private var state: State

    package init(_ algorithm: OCI.Digest.Algorithm = .sha256) {
        self.algorithm = algorithm
        switch algorithm {
        case .sha256: state = .sha256(SHA256())
        case .sha512: state = .sha512(SHA512())
        }
    }

    /// Adds bytes, which are read during the call only.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            unsafe hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha512(var hash):
            unsafe hash.update(bufferPointer: bytes)
            state = .sha512(hash)
        }
    }

    /// The digest of everything so far.
    package func digest() -> OCI.Digest {
        switch state {
        case .sha256(let hash): ContentHash.name(.sha256, Array(hash.finalize()))
        case .sha512(let hash): ContentHash.name(.sha512, Array(hash.finalize()))
        }
    }

    /// The digest of bytes in memory.
    package static func digest(of bytes: [UInt8], _ algorithm: OCI.Digest.Algorithm = .sha256) -> OCI.Digest {
        var hash = ContentHash(algorithm)
        unsafe bytes.withUnsafeBytes { unsafe hash.update($0) }
        return hash.digest()
    }

    private static func name(_ algorithm: OCI.Digest.Algorithm, _ bytes: [UInt8]) -> OCI.Digest {
        do {
            return try OCI.Digest(algorithm: algorithm, bytes: bytes)
        } catch {
            preconditionFailure("a computed hash has the length of its algorithm: \(error)")
        }
    }
}
