import Glibc
import Linux
package import OCI

/// Finds and removes what nothing refers to: content, and layers that are unpacked.
///
/// Nothing is remembered between two collections; the graph is computed anew from what is there. So it may be killed at
/// any point: what is left over is found by the next one.
package struct GarbageCollector: Sendable {
    /// What is kept, with all that it leads to.
    package struct Roots: Sendable {
        /// Manifests and indexes that images name; and what leases and labels keep.
        package var nodes: Set<StoreNode>
        /// Kept without what it leads to.
        package var flat: Set<StoreNode>
        /// References that labels add to those in manifests.
        package var labelled: [StoreNode: [StoreNode]]

        package init(
            nodes: Set<StoreNode> = [],
            flat: Set<StoreNode> = [],
            labelled: [StoreNode: [StoreNode]] = [:]
        ) {
            self.nodes = nodes
            self.flat = flat
            self.labelled = labelled
        }
    }

    private let content: ContentStore
    private let snapshots: Snapshotter
    private static let documentLimit: Int64 = 8 << 20

    package init(content: ContentStore, snapshots: Snapshotter) {
        self.content = content
        self.snapshots = snapshots
    }

    /// Finds what can go. Call it and `sweep` inside of one `ContentLeases.collecting`, and read the roots in there too.
    package func mark(keeping roots: Roots) throws(ImageError) -> Garbage {
        let stored = try content.list()
        let infos = try snapshots.list()
        var parents: [StoreNode: StoreNode] = [:]
        var underContainers: [StoreNode] = []
        var committed: [Digest] = []
        for info in infos {
            let parent = info.parent.map { StoreNode.layers($0) }
            if info.kind == .committed, let chain = try? Digest(info.name) {  // it always is one
                committed.append(chain)
                parents[.layers(chain)] = parent
            } else if let parent {
                underContainers.append(parent)
            }
        }
        var known: [StoreNode: [StoreNode]] = [:]
        func references(_ node: StoreNode) throws(ImageError) -> [StoreNode] {
            if let found = known[node] { return found }
            var found = roots.labelled[node] ?? []
            switch node {
            case .layers: if let parent = parents[node] { found.append(parent) }
            case .content(let digest): found += try documentReferences(digest)
            }
            known[node] = found
            return found
        }
        let named = try ReferenceGraph.reachable(from: roots.nodes, references: references).union(roots.flat)
        let used = try ReferenceGraph.reachable(from: underContainers, references: references)
        let kept = named.union(used)
        var garbage = Garbage(layersOfContainers: used.subtracting(named).count)
        garbage.contents = stored.filter { !kept.contains(.content($0.digest)) && !content.leases.isLeased($0.digest) }
        garbage.layers = committed.filter { !kept.contains(.layers($0)) && !content.leases.isLeased($0) }
        return garbage
    }

    /// Removes what `mark` found, unless somebody has taken it into use since. Layers go from the top down.
    package func sweep(_ garbage: Garbage) throws(ImageError) -> CollectedGarbage {
        var collected = CollectedGarbage()
        for info in garbage.contents where try content.collect(info.digest) {
            collected.contents.append(info.digest)
            collected.bytes += info.size
        }
        var waiting = Set(garbage.layers)
        while !waiting.isEmpty {
            let parents = Set(try snapshots.list().compactMap(\.parent))
            let free = waiting.subtracting(parents).sorted()
            // What is left has something new on it.
            if free.isEmpty { break }
            for chain in free {
                waiting.remove(chain)
                do throws(ImageError) {
                    if try snapshots.removeCommitted(chain, unless: content.leases) { collected.layers.append(chain) }
                } catch {
                    // A container was put on it since it was listed.
                    if case .inUse = error { continue }
                    throw error
                }
            }
        }
        return collected
    }

    /// What a manifest or an index refers to, with the layers that its image is unpacked to. Other content: nothing.
    ///
    /// The bytes are what was stored, or this throws. So a document that only resembles one of the two never was an image,
    /// and must not keep others from being collected.
    private func documentReferences(_ digest: Digest) throws(ImageError) -> [StoreNode] {
        guard let size = try content.size(digest), size <= Self.documentLimit, try beginsLikeJSON(digest) else {
            return []
        }
        let bytes = try content.read(digest, limit: Int(Self.documentLimit))
        let what = "\(digest), which something in the store refers to"
        let unknown = ContentDescriptor(mediaType: MediaType(rawValue: ""), digest: digest, size: size)
        switch ImageDocument.kind(unknown, bytes) {
        case .index:
            return (try? ImageDocument.index(bytes, what: what))?.manifests.map { .content($0.digest) } ?? []
        case .manifest:
            guard let manifest = try? ImageDocument.decode(ImageManifest.self, bytes, what: what) else { return [] }
            let parts = ([manifest.config] + manifest.layers).map { StoreNode.content($0.digest) }
            return parts + (try layers(manifest.config))
        case .other: return []
        }
    }

    private func layers(_ descriptor: ContentDescriptor) throws(ImageError) -> [StoreNode] {
        guard descriptor.mediaType.isConfig, content.exists(descriptor.digest) else { return [] }
        let bytes = try content.read(descriptor.digest, limit: Int(Self.documentLimit))
        let what = "the configuration \(descriptor.digest)"
        guard let config = try? ImageDocument.decode(ImageConfig.self, bytes, what: what) else { return [] }
        return ChainID.chain(of: config.rootfs.diffIDs) { ContentHash.digest(of: $0) }.map { .layers($0) }
    }

    /// Layers are not read whole to find out that they are none of these documents.
    private func beginsLikeJSON(_ digest: Digest) throws(ImageError) -> Bool {
        let file = try content.open(digest)
        let beginning = try doing("reading \(digest)") { () throws(SysError) in
            try Files.read(file.raw, at: 0, count: 64, subject: content.path(of: digest))
        }
        return beginning.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 } == 0x7B
    }
}

/// What nothing refers to, while it is still there.
package struct Garbage: Sendable {
    package var contents: [ContentStore.Info] = []
    /// By chain id.
    package var layers: [Digest] = []
    /// How many layers are kept only because containers stand on them.
    package var layersOfContainers: Int

    package var isEmpty: Bool { contents.isEmpty && layers.isEmpty }
}

/// What a collection removed.
package struct CollectedGarbage: Hashable, Sendable {
    /// By digest, as stored.
    package var contents: [Digest] = []
    /// By chain id.
    package var layers: [Digest] = []
    /// Of the contents; what the unpacked layers occupied is not counted.
    package var bytes: Int64 = 0

    package init() {}
}
