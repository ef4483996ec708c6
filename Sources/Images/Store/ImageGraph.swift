package import OCI

/// The manifest and configuration of one image, chosen and checked.
package struct ResolvedImage: Hashable, Sendable {
    package let descriptor: ContentDescriptor
    package let manifest: ImageManifest
    package let config: ImageConfig

    /// Bytes of the manifest, the configuration and the layers as they are stored; what `ctr images ls` calls its size.
    package var size: Int64 {
        descriptor.size + manifest.config.size + manifest.layers.reduce(0) { $0 + $1.size }
    }
}

/// What content refers to what: from an index or a manifest down to layers.
package struct ImageGraph: Sendable {
    private let store: ContentStore
    private let layerLimit: Int
    private let documentLimit = 8 << 20

    package init(store: ContentStore, layerLimit: Int = 500) {
        self.store = store
        self.layerLimit = layerLimit
    }

    /// The manifest for a platform and its configuration.
    ///
    /// - Parameter target: The digest of a manifest, which is taken whatever its platform, or of an index.
    /// - Throws: `noMatchingPlatform`, `missingContent`, or what is wrong with a document.
    package func resolve(_ target: Digest, platform: Platform = .host) throws(ImageError) -> ResolvedImage {
        var digest = target
        var type = MediaType.imageManifest
        for depth in 0..<5 {
            let what = depth == 0 ? "the image \(digest)" : "the manifest \(digest)"
            let bytes = try document(digest, of: what)
            let unknown = ContentDescriptor(
                mediaType: MediaType(rawValue: ""),
                digest: digest,
                size: Int64(bytes.count)
            )
            switch ImageDocument.kind(unknown, bytes) {
            case .index:
                let index = try ImageDocument.index(bytes, what: what)
                guard let found = index.manifest(for: platform) else {
                    let platforms = index.manifests.compactMap(\.platform?.description).filter {
                        $0 != "unknown/unknown"
                    }
                    throw .noMatchingPlatform(wanted: platform, available: platforms)
                }
                (digest, type) = (found.digest, found.mediaType)
            case .manifest:
                let manifest = try ImageDocument.manifest(bytes, what: what, layerLimit: layerLimit)
                let config = try config(manifest, what)
                let own = manifest.mediaType ?? type
                let descriptor = ContentDescriptor(mediaType: own, digest: digest, size: Int64(bytes.count))
                return ResolvedImage(descriptor: descriptor, manifest: manifest, config: config)
            case .other:
                throw .unsupported(
                    what: what,
                    reason: "it is neither a manifest nor an index of schema 2",
                    advice: "use an image written by a current tool"
                )
            }
        }
        throw .malformed(what: "the image \(target)", reason: "its indexes are nested too deep")
    }

    /// Everything that a piece of content needs, itself included, as far as the store has it; what garbage collection
    /// must keep. Parts that the store does not have are left out.
    package func reachable(from target: Digest) throws(ImageError) -> Set<Digest> {
        var reached: Set<Digest> = []
        var pending = [target]
        while let digest = pending.popLast() {
            guard !reached.contains(digest), let size = try store.size(digest) else { continue }
            reached.insert(digest)
            // Layers are large, documents are not.
            guard size <= Int64(documentLimit) else { continue }
            let bytes = try store.read(digest, limit: documentLimit)
            guard bytes.first(where: { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }) == 0x7B else { continue }
            let unknown = ContentDescriptor(mediaType: MediaType(rawValue: ""), digest: digest, size: size)
            switch ImageDocument.kind(unknown, bytes) {
            // try?: a document that only resembles one of the two refers to nothing that we could use.
            case .index:
                pending += (try? ImageDocument.index(bytes, what: "\(digest)"))?.manifests.map(\.digest) ?? []
            case .manifest:
                let manifest = try? ImageDocument.manifest(bytes, what: "\(digest)", layerLimit: layerLimit)
                guard let manifest else { continue }
                reached.formUnion(([manifest.config] + manifest.layers).map(\.digest).filter { store.exists($0) })
            case .other: break
            }
        }
        return reached
    }

    private func config(_ manifest: ImageManifest, _ what: String) throws(ImageError) -> ImageConfig {
        let digest = manifest.config.digest
        guard manifest.config.mediaType.isConfig else {
            throw .unsupported(
                what: what,
                reason: "its configuration is \(manifest.config.mediaType), not that of an image",
                advice: "it is an artifact and cannot run"
            )
        }
        let bytes = try document(digest, of: what)
        return try ImageDocument.config(bytes, what: "the configuration \(digest)", layers: manifest.layers.count)
    }

    private func document(_ digest: Digest, of what: String) throws(ImageError) -> [UInt8] {
        guard store.exists(digest) else { throw .missingContent(digest, of: what) }
        return try store.read(digest, limit: documentLimit)
    }
}
