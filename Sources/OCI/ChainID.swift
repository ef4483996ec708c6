/// The names of stacks of layers (image-spec 1.1, config.md, "Layer ChainID").
///
/// The chain id of the lowest layer is its diff id; that of layer n is the digest of the text
/// "CHAINID(n-1) DIFFID(n)". Equal stacks have equal ids, so an unpacked layer can be shared between images.
package enum ChainID {
    /// The chain id of each layer, the lowest first.
    ///
    /// - Parameters:
    ///   - diffIDs: `rootfs.diff_ids` of the image configuration: digests of the uncompressed layers, the lowest first.
    ///   - hash: The digest of some bytes; sha256 by convention.
    package static func chain(of diffIDs: [Digest], hash: ([UInt8]) -> Digest) -> [Digest] {
        var chain: [Digest] = []
        chain.reserveCapacity(diffIDs.count)
        for diffID in diffIDs {
            if let parent = chain.last {
                chain.append(hash(Array("\(parent) \(diffID)".utf8)))
            } else {
                chain.append(diffID)
            }
        }
        return chain
    }

    /// The chain id of the whole stack; nil for an image without layers.
    package static func top(of diffIDs: [Digest], hash: ([UInt8]) -> Digest) -> Digest? {
        chain(of: diffIDs, hash: hash).last
    }
}
