package import OCI
import Synchronization

/// An image that is ready to run: its layers are committed snapshots.
package struct UnpackedImage: Hashable, Sendable {
    package struct Layer: Hashable, Sendable {
        /// Of the layer as it is stored.
        package let digest: Digest
        /// Of the uncompressed layer.
        package let diffID: Digest
        /// Of this layer and all below it: the name of its snapshot.
        package let chainID: Digest
        /// Bytes as it is stored.
        package let size: Int64
    }

    /// The snapshot to prepare containers from; nil for an image without layers.
    package let chainID: Digest?
    package let config: ImageConfig
    package let configDigest: Digest
    /// The manifest that was chosen.
    package let manifest: ContentDescriptor
    /// The lowest first.
    package let layers: [Layer]
}

/// What unpacking is doing, for people who wait for it.
package enum UnpackProgress: Hashable, Sendable {
    /// A layer was there already.
    case present(Digest)
    /// Bytes of files of a layer made so far; about every 4 MiB.
    case unpacking(Digest, bytes: Int64)
    /// A layer is complete.
    case unpacked(Digest, entries: Int, bytes: Int64)
}

/// Turns the layers of images into snapshots.
package struct Unpacker: Sendable {
    private let store: ContentStore
    private let snapshots: Snapshotter
    private let limits: UnpackLimits
    private let known = KnownImages()

    package init(store: ContentStore, snapshots: Snapshotter, limits: UnpackLimits = UnpackLimits()) {
        self.store = store
        self.snapshots = snapshots
        self.limits = limits
    }

    /// Unpacks what is not unpacked yet.
    ///
    /// Layers are unpacked side by side into private directories; when all of them are complete, verified against the
    /// image's configuration and on the disk, they become visible, the lowest first. When this throws, nothing of them
    /// stays. Doing it twice, or at the same time on several threads, is harmless.
    ///
    /// - Parameters:
    ///   - target: The digest of a manifest, or of an index to choose one from.
    ///   - lease: Claims the content and the layers until it ends.
    ///   - progress: Called on this thread, when all is done.
    package func unpack(
        _ target: Digest,
        platform: Platform = .host,
        lease: ContentLease? = nil,
        progress: (UnpackProgress) -> Void = { _ in }
    ) throws(ImageError) -> UnpackedImage {
        lease?.add([target])
        if platform == .host, let image = known[target] {
            lease?.add(image.layers.map(\.chainID))
            // A layer stands on all below it: with the top one all are there.
            if image.chainID.map({ snapshots.committed($0) }) ?? true { return image }
        }
        let image = try ImageGraph(store: store, layerLimit: limits.layers).resolve(target, platform: platform)
        let layers = try Unpacker.layers(image.manifest, image.config)
        lease?.add(
            [image.descriptor.digest, image.manifest.config.digest] + layers.flatMap { [$0.digest, $0.chainID] }
        )
        let told = Mutex<[UnpackProgress]>([])
        let pipeline = try pipeline(layers) { step in told.withLock { $0.append(step) } }
        pipeline.allAvailable()
        try pipeline.finish()
        for step in told.withLock({ $0 }) { progress(step) }
        let unpacked = Unpacker.unpacked(image, layers)
        if platform == .host { known[target] = unpacked }
        return unpacked
    }

    /// Begins to unpack layers whose content is still on its way.
    func pipeline(
        _ layers: [UnpackedImage.Layer],
        progress: @escaping @Sendable (UnpackProgress) -> Void
    ) throws(ImageError) -> LayerPipeline {
        try LayerPipeline(layers, store: store, snapshots: snapshots, limits: limits, progress: progress)
    }

    static func unpacked(_ image: ResolvedImage, _ layers: [UnpackedImage.Layer]) -> UnpackedImage {
        UnpackedImage(
            chainID: layers.last?.chainID,
            config: image.config,
            configDigest: image.manifest.config.digest,
            manifest: image.descriptor,
            layers: layers
        )
    }

    /// What the layers of an image are called.
    static func layers(
        _ manifest: ImageManifest,
        _ config: ImageConfig
    ) throws(ImageError) -> [UnpackedImage.Layer] {
        let diffIDs = config.rootfs.diffIDs
        if let other = diffIDs.first(where: { $0.algorithm != .sha256 }) {
            throw .unsupported(
                what: "the layer \(other)",
                reason: "diff ids other than sha256 are not in use",
                advice: "build the image with a current tool"
            )
        }
        let chain = ChainID.chain(of: diffIDs) { ContentHash.digest(of: $0) }
        var layers: [UnpackedImage.Layer] = []
        for (index, descriptor) in manifest.layers.enumerated() {
            guard descriptor.mediaType.isLayer else {
                throw .unsupported(
                    what: "the layer \(descriptor.digest)",
                    reason: "its media type is \(descriptor.mediaType)",
                    advice: "use an image whose layers are tar, plain or compressed with gzip or zstd"
                )
            }
            layers.append(
                UnpackedImage.Layer(
                    digest: descriptor.digest,
                    diffID: diffIDs[index],
                    chainID: chain[index],
                    size: descriptor.size
                )
            )
        }
        return layers
    }
}

/// What the documents of images say, read and verified once: under a digest it is the same for ever. Whether the layers are
/// still there is asked each time.
private final class KnownImages: Sendable {
    private let images = Mutex<[Digest: UnpackedImage]>([:])

    subscript(target: Digest) -> UnpackedImage? {
        get { images.withLock { $0[target] } }
        set {
            images.withLock { images in
                // Rarely does a node run so many images; those in use come back by themselves.
                if images.count >= 64 { images = [:] }
                images[target] = newValue
            }
        }
    }
}
