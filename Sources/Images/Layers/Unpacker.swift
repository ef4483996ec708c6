import Glibc
import Linux
package import OCI

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

    package init(store: ContentStore, snapshots: Snapshotter, limits: UnpackLimits = UnpackLimits()) {
        self.store = store
        self.snapshots = snapshots
        self.limits = limits
    }

    /// Unpacks what is not unpacked yet.
    ///
    /// Each new layer goes into a private directory; when all of them are complete, verified against the image's
    /// configuration and on the disk, they become visible, the lowest first. When this throws, nothing of them stays.
    /// Doing it twice, or at the same time on several threads, is harmless.
    ///
    /// - Parameter target: The digest of a manifest, or of an index to choose one from.
    package func unpack(
        _ target: Digest,
        platform: Platform = .host,
        progress: (UnpackProgress) -> Void = { _ in }
    ) throws(ImageError) -> UnpackedImage {
        let image = try ImageGraph(store: store, layerLimit: limits.layers).resolve(target, platform: platform)
        let layers = try Unpacker.layers(image)
        var staged: [(layer: UnpackedImage.Layer, parent: Digest?, directory: Snapshotter.StagedLayer)] = []
        var below: [String] = []
        var parent: Digest?
        for (layer, descriptor) in zip(layers, image.manifest.layers) {
            if staged.isEmpty, snapshots.committed(layer.chainID) {
                progress(.present(layer.digest))
                parent = layer.chainID
                continue
            }
            if staged.isEmpty, let parent { below = try snapshots.layers(parent) }
            let directory = try snapshots.stage(above: below.first)
            try unpack(layer, descriptor, into: directory.path, above: below, progress)
            staged.append((layer, parent, directory))
            below.insert(directory.path, at: 0)
            parent = layer.chainID
        }
        if let last = staged.last {
            try doing("writing the unpacked layers to the disk") { () throws(SysError) in
                let file = try Descriptor.open(last.directory.path, O_RDONLY | O_DIRECTORY)
                try syncFileSystem(file.raw, subject: last.directory.path)
            }
        }
        for (layer, parent, directory) in staged {
            try snapshots.commit(directory, as: layer.chainID, parent: parent)
        }
        return UnpackedImage(
            chainID: layers.last?.chainID,
            config: image.config,
            configDigest: image.manifest.config.digest,
            manifest: image.descriptor,
            layers: layers
        )
    }

    private static func layers(_ image: ResolvedImage) throws(ImageError) -> [UnpackedImage.Layer] {
        let diffIDs = image.config.rootfs.diffIDs
        if let other = diffIDs.first(where: { $0.algorithm != .sha256 }) {
            throw .unsupported(
                what: "the layer \(other)",
                reason: "diff ids other than sha256 are not in use",
                advice: "build the image with a current tool"
            )
        }
        let chain = ChainID.chain(of: diffIDs) { ContentHash.digest(of: $0) }
        var layers: [UnpackedImage.Layer] = []
        for (index, descriptor) in image.manifest.layers.enumerated() {
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

    private func unpack(
        _ layer: UnpackedImage.Layer,
        _ descriptor: ContentDescriptor,
        into directory: String,
        above below: [String],
        _ progress: (UnpackProgress) -> Void
    ) throws(ImageError) {
        let label = "the layer \(layer.digest)"
        let stream = try ByteStream(
            try store.open(layer.digest),
            label: label,
            limit: limits.archiveBytesPerLayer,
            hashing: .sha256
        )
        let extractor = try LayerExtractor(into: directory, parents: below, limits: limits, label: label)
        var reported: Int64 = 0
        try extractor.extract(TarReader(stream)) { bytes in
            guard bytes - reported >= 4 << 20 else { return }
            reported = bytes
            progress(.unpacking(layer.digest, bytes: bytes))
        }
        // What follows the end of the tar belongs to the hash.
        try stream.drain()
        if let actual = stream.digest, actual != layer.diffID {
            throw .digestMismatch(what: "\(label), uncompressed,", expected: layer.diffID, actual: actual)
        }
        progress(.unpacked(layer.digest, entries: extractor.entries, bytes: extractor.bytes))
    }
}
