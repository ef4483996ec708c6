import JSON
package import OCI

/// What a pull is doing, for people who wait for it.
package enum PullProgress: Hashable, Sendable {
    /// The name stands for this content.
    case resolved(ContentDescriptor)
    /// What will be fetched for a platform.
    case manifest(ContentDescriptor, ImageManifest)
    /// The store had it already.
    case present(Digest)
    /// Bytes of a layer or configuration so far; about every MiB.
    case downloading(Digest, bytes: Int64, of: Int64)
    /// Complete and verified.
    case downloaded(Digest)
    /// Something is tried again.
    case retrying(what: String, reason: String)
    /// What happens to a layer that is there.
    case unpack(UnpackProgress)
}

/// An image that a pull brought into the store.
package struct PulledImage: Hashable, Sendable {
    package let reference: ImageReference
    /// What the name stands for: the manifest, or the index.
    package let target: ContentDescriptor
    /// The manifest for the platform.
    package let manifest: ContentDescriptor
    /// Bytes that came over the network.
    package let downloadedBytes: Int64
    /// Where it came from: host and port.
    package let host: String
}

/// What to pull, and for whom.
package struct PullOptions: Sendable {
    package var platform: Platform = .host
    /// Everything that an index has, not only what is for `platform`.
    package var allPlatforms = false
    /// Who asks, one after the other until one is let in; empty leaves it to the configuration.
    package var credentials: [RegistryCredentials] = []
    /// Without TLS.
    package var plainText = false
    package var cancellation: Cancellation?
    /// Claims what is fetched, until a name refers to it.
    package var lease: ContentLease?

    package init() {}
}

/// Gets images from registries and brings them there (distribution-spec 1.1). All functions block.
package struct RegistryClient: Sendable {
    let store: ContentStore
    let configuration: RegistryConfiguration

    package init(store: ContentStore, configuration: RegistryConfiguration = RegistryConfiguration()) {
        self.store = store
        self.configuration = configuration
    }

    static let documentLimit = 8 << 20

    /// Brings an image into the store: manifest, configuration and layers for a platform, verified.
    ///
    /// Layers become visible one by one as they are complete, so that a pull that failed goes on where it was; the
    /// manifest, without which they are nothing, comes last.
    package func pull(
        _ reference: ImageReference,
        options: PullOptions = PullOptions(),
        progress: @escaping (PullProgress) -> Void = { _ in }
    ) throws(ImageError) -> PulledImage {
        try withCredentials(reference, options.credentials) { (credentials) throws(ImageError) in
            try pull(reference, as: credentials, options, progress)
        }
    }

    /// Tries one name and password after the other, as a kubelet does with several pull secrets.
    func withCredentials<Result>(
        _ reference: ImageReference,
        _ given: [RegistryCredentials],
        _ body: (RegistryCredentials?) throws(ImageError) -> Result
    ) throws(ImageError) -> Result {
        let all = given.isEmpty ? try configuration.credentials(reference) : given
        for credentials in all.dropLast() {
            do throws(ImageError) {
                return try body(credentials)
            } catch {
                guard case .unauthorized = error else { throw error }
            }
        }
        return try body(all.last)
    }

    func session(
        _ reference: ImageReference,
        _ credentials: RegistryCredentials?,
        _ cancellation: Cancellation?,
        onRetry: @escaping (_ what: String, _ reason: String) -> Void
    ) throws(ImageError) -> RegistrySession {
        let configuration = configuration
        return try RegistrySession(
            domain: reference.domain,
            configuration: configuration,
            credentials: { endpoint in
                guard endpoint.isMirror else { return credentials }
                // A mirror whose host is no domain of an image has no credentials of its own.
                guard let place = try? ImageReference("\(endpoint.host)/\(reference.path)") else { return nil }
                return (try? configuration.credentials(place))?.first
            },
            cancellation: cancellation,
            onRetry: onRetry
        )
    }

    private func pull(
        _ reference: ImageReference,
        as credentials: RegistryCredentials?,
        _ options: PullOptions,
        _ progress: @escaping (PullProgress) -> Void
    ) throws(ImageError) -> PulledImage {
        let session = try session(reference, credentials, options.cancellation) {
            progress(.retrying(what: $0, reason: $1))
        }
        let run = PullRun(
            reference: reference.withDefaultTag,
            endpoints: try configuration.places(reference.domain, plainText: options.plainText).filter(\.canPull),
            session: session,
            store: store,
            layerLimit: configuration.layerLimit,
            lease: options.lease,
            progress: progress
        )
        let top = try run.document(nil)
        progress(.resolved(top.descriptor))
        let images = try run.images(below: top, options)
        guard let first = images.chosen.first else {
            throw .noMatchingPlatform(wanted: options.platform, available: [])
        }
        for image in images.chosen { progress(.manifest(image.document.descriptor, image.manifest)) }
        if images.indexes.isEmpty, !options.allPlatforms {
            try run.checkPlatform(of: first, options.platform)
        }
        try run.download(images.chosen.flatMap { [$0.manifest.config] + $0.manifest.layers })
        var sealed: [SealedContent] = []
        // What refers to others comes after them.
        for document in images.chosen.map(\.document) + images.indexes { sealed.append(try run.seal(document)) }
        try store.publish(
            sealed,
            required: images.chosen.flatMap { ([$0.manifest.config] + $0.manifest.layers).map(\.digest) },
            lease: options.lease
        )
        return PulledImage(
            reference: reference,
            target: top.descriptor,
            manifest: first.document.descriptor,
            downloadedBytes: run.downloadedBytes,
            host: run.host
        )
    }

    /// A manifest or an index, verified.
    struct Document {
        let descriptor: ContentDescriptor
        let bytes: [UInt8]
    }
}
