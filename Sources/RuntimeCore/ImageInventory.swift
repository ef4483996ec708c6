import Images
import JSON
import OCI

/// Which content and which snapshots images stand on: the reference graph, computed anew from the manifests.
enum ImageInventory {
    struct References {
        var content: Set<Digest> = []
        /// Of the snapshots of all layers, from the lowest up.
        var chains: Set<Digest> = []
        /// Bytes of the manifest, configuration and layers that are here.
        var size: Int64 = 0
    }

    /// Walks from a manifest or index to all content below it that is in the store.
    static func references(of target: ContentDescriptor, in content: ContentStore) throws(ImageError) -> References {
        var found = References()
        var waiting = [target]
        while let next = waiting.popLast() {
            guard content.exists(next.digest), found.content.insert(next.digest).inserted else { continue }
            found.size += try content.size(next.digest) ?? 0
            if next.mediaType.isIndex {
                let index: ImageIndex = try decode(next, in: content)
                waiting += index.manifests
            } else if next.mediaType.isManifest {
                let manifest: ImageManifest = try decode(next, in: content)
                waiting.append(manifest.config)
                waiting += manifest.layers
                if manifest.config.mediaType.isConfig, content.exists(manifest.config.digest) {
                    let config: ImageConfig = try decode(manifest.config, in: content)
                    found.chains.formUnion(ChainID.chain(of: config.rootfs.diffIDs) { ContentHash.digest(of: $0) })
                }
            }
        }
        return found
    }

    private static func decode<T: Decodable>(
        _ descriptor: ContentDescriptor,
        in content: ContentStore
    ) throws(ImageError) -> T {
        let bytes = try content.read(descriptor.digest, limit: 8 << 20)
        do {
            return try JSONCoding.decode(T.self, from: bytes)
        } catch {
            throw .malformed(what: descriptor.digest.description, reason: "\(error)")
        }
    }
}
