import Images
import JSON
package import OCI

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

    /// Removes what none of the targets refers to and nobody works with. Snapshots below others or in use by containers
    /// stay. A crash in between leaves a store that has a little too much.
    ///
    /// - Parameter targets: Asked for once the leases are watched: what was let go of before has a name by then.
    static func collect(
        content: ContentStore,
        snapshots: Snapshotter,
        keeping targets: () throws(ImageError) -> [ContentDescriptor]
    ) throws(ImageError) -> CollectedGarbage {
        try content.leases.collecting { () throws(ImageError) in
            var collected = CollectedGarbage()
            let stored = try content.list()
            var kept = References()
            for target in try targets() {
                let references = try references(of: target, in: content)
                kept.content.formUnion(references.content)
                kept.chains.formUnion(references.chains)
            }
            for info in stored where !kept.content.contains(info.digest) {
                guard try content.collect(info.digest) else { continue }
                collected.contents.append(info.digest)
                collected.bytes += info.size
            }
            collected.layers = try collectSnapshots(keeping: kept.chains, snapshots, content.leases)
            return collected
        }
    }

    /// Removes layers from the top down: one that something lies on is in use until that is gone.
    private static func collectSnapshots(
        keeping chains: Set<Digest>,
        _ snapshots: Snapshotter,
        _ leases: ContentLeases
    ) throws(ImageError) -> [Digest] {
        var gone: [Digest] = []
        while true {
            let all = try snapshots.list()
            let parents = Set(all.compactMap(\.parent))
            let before = gone.count
            for info in all where info.kind == .committed {
                guard let chain = try? Digest(info.name), !chains.contains(chain), !parents.contains(chain) else {
                    continue  // a committed snapshot's name is always a digest
                }
                do throws(ImageError) {
                    if try snapshots.removeCommitted(chain, unless: leases) { gone.append(chain) }
                } catch {
                    // A container was put on it since it was listed.
                    if case .inUse = error { continue }
                    throw error
                }
            }
            if gone.count == before { return gone }
        }
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

/// What a collection removed.
package struct CollectedGarbage: Hashable, Sendable {
    /// By digest, as stored.
    package var contents: [Digest] = []
    /// By chain id.
    package var layers: [Digest] = []
    /// Of the contents; what the unpacked layers occupied is not counted.
    package var bytes: Int64 = 0
}
