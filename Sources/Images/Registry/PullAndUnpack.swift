package import OCI

extension RegistryClient {
    /// Pulls an image for this machine and unpacks each layer as soon as it is there.
    ///
    /// - Parameter progress: Called on several threads, one after the other for each layer.
    /// - Throws: Why it could not be pulled or unpacked. What was downloaded stays for the next try.
    package func pull(
        _ reference: ImageReference,
        unpackingWith unpacker: Unpacker,
        options: PullOptions,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) throws(ImageError) -> (PulledImage, UnpackedImage) {
        let eager = EagerUnpack(unpacker: unpacker, store: store, lease: options.lease, progress: progress)
        let pulled: PulledImage
        do throws(ImageError) {
            pulled = try pull(reference, options: options) { step in
                progress(step)
                eager.take(step)
            }
        } catch {
            eager.pipeline?.abandon()
            throw error
        }
        try eager.pipeline?.finish()
        // What was not begun for one reason or another is done, or refused, now.
        let unpacked = try unpacker.unpack(pulled.manifest.digest, lease: options.lease) { step in
            if eager.pipeline == nil { progress(.unpack(step)) }
        }
        return (pulled, unpacked)
    }
}

/// Begins to unpack as soon as the configuration of an image is there; on the thread that pulls.
private final class EagerUnpack {
    private let unpacker: Unpacker
    private let store: ContentStore
    private let lease: ContentLease?
    private let progress: @Sendable (PullProgress) -> Void
    private var manifest: ImageManifest?
    private var arrived: [Digest] = []
    private(set) var pipeline: LayerPipeline?

    init(
        unpacker: Unpacker,
        store: ContentStore,
        lease: ContentLease?,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) {
        self.unpacker = unpacker
        self.store = store
        self.lease = lease
        self.progress = progress
    }

    func take(_ step: PullProgress) {
        switch step {
        case .manifest(_, let manifest): self.manifest = manifest
        case .present(let digest), .downloaded(let digest):
            guard let manifest else { return }
            if let pipeline {
                pipeline.available(digest)
            } else {
                arrived.append(digest)
                if digest == manifest.config.digest || arrived.contains(manifest.config.digest) { begin(manifest) }
            }
        default: break
        }
    }

    /// What is wrong with the image is found again, and told, when all of it is there.
    private func begin(_ manifest: ImageManifest) {
        guard let bytes = try? store.read(manifest.config.digest),
            let config = try? ImageDocument.config(bytes, what: "the configuration", layers: manifest.layers.count),
            let layers = try? Unpacker.layers(manifest, config)
        else { return }
        lease?.add(layers.map(\.chainID))
        pipeline = try? unpacker.pipeline(layers) { [progress] step in progress(.unpack(step)) }
        for digest in arrived { pipeline?.available(digest) }
        arrived = []
    }
}
