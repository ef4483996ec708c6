import JSON
package import OCI

/// What a pull is doing, for people who wait for it.
package enum PullProgress: Hashable, Sendable {
    /// The name stands for this content.
    case resolved(ContentDescriptor)
    /// The store had it already.
    case present(Digest)
    /// Bytes of a layer or configuration so far; about every MiB.
    case downloading(Digest, bytes: Int64, of: Int64)
    /// Complete and verified.
    case downloaded(Digest)
    /// Something is tried again.
    case retrying(what: String, reason: String)
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
}

/// Gets images from registries (distribution-spec 1.1). All functions block.
package struct RegistryClient: Sendable {
    let store: ContentStore
    let configuration: RegistryConfiguration

    package init(store: ContentStore, configuration: RegistryConfiguration = RegistryConfiguration()) {
        self.store = store
        self.configuration = configuration
    }

    /// Media types of what we take for an image.
    private static let accepted = [
        MediaType.imageIndex, .imageManifest, .dockerManifestList, .dockerManifest,
    ]
    static let documentLimit = 8 << 20

    /// Brings an image into the store: manifest, configuration and layers for a platform, verified.
    ///
    /// Layers become visible one by one as they are complete, so that a pull that failed goes on where it was; the
    /// manifest, without which they are nothing, comes last. Collect no garbage meanwhile.
    /// - Parameter credentials: Who asks; nil leaves it to the configuration.
    package func pull(
        _ reference: ImageReference,
        platform: Platform = .host,
        credentials: RegistryCredentials? = nil,
        progress: @escaping (PullProgress) -> Void = { _ in }
    ) throws(ImageError) -> PulledImage {
        let session = try RegistrySession(
            domain: reference.domain,
            configuration: configuration,
            credentials: credentials
        ) { progress(.retrying(what: $0, reason: $1)) }
        let configured = configuration.endpoints(reference.domain)
        let endpoints = configured.isEmpty ? RegistryConfiguration.standard(reference.domain) : configured
        let run = Pull(
            reference: reference.withDefaultTag,
            endpoints: endpoints,
            session: session,
            store: store,
            progress: progress
        )
        let top = try run.document(nil)
        progress(.resolved(top.descriptor))
        var documents = [top]
        while ImageDocument.kind(documents[0].descriptor, documents[0].bytes) == .index {
            guard documents.count <= 4 else {
                throw .malformed(what: "the image \(reference)", reason: "its indexes are nested too deep")
            }
            let index = try ImageDocument.index(documents[0].bytes, what: "the index \(documents[0].descriptor.digest)")
            guard let found = index.manifest(for: platform) else {
                let platforms = index.manifests.compactMap(\.platform?.description).filter { $0 != "unknown/unknown" }
                throw .noMatchingPlatform(wanted: platform, available: platforms)
            }
            documents.insert(try run.document(found), at: 0)
        }
        let chosen = documents[0]
        let what = "the manifest \(chosen.descriptor.digest)"
        guard ImageDocument.kind(chosen.descriptor, chosen.bytes) == .manifest else {
            throw .unsupported(
                what: "the image \(reference)",
                reason: "it is \(chosen.descriptor.mediaType)",
                advice: "push it again with a current tool"
            )
        }
        let manifest = try ImageDocument.manifest(chosen.bytes, what: what, layerLimit: configuration.layerLimit)
        try RegistryClient.check(manifest, what)
        try run.download([manifest.config] + manifest.layers)
        var sealed: [SealedContent] = []
        for document in documents { sealed.append(try run.seal(document)) }
        try store.publish(sealed, required: ([manifest.config] + manifest.layers).map(\.digest))
        return PulledImage(
            reference: reference,
            target: top.descriptor,
            manifest: chosen.descriptor,
            downloadedBytes: run.downloadedBytes
        )
    }

    private static func check(_ manifest: ImageManifest, _ what: String) throws(ImageError) {
        guard manifest.config.mediaType.isConfig else {
            throw .unsupported(
                what: what,
                reason: "its configuration is \(manifest.config.mediaType), not that of an image",
                advice: "it is an artifact and cannot run"
            )
        }
        for layer in manifest.layers {
            if layer.mediaType.isForeignLayer {
                throw .unsupported(
                    what: what,
                    reason: "its layer \(layer.digest) is not kept by registries (\(layer.mediaType))",
                    advice: "use an image whose layers can be distributed"
                )
            }
            guard layer.mediaType.isLayer else {
                throw .unsupported(
                    what: what,
                    reason: "its layer \(layer.digest) is \(layer.mediaType)",
                    advice: "use an image whose layers are tar, plain or compressed with gzip or zstd"
                )
            }
        }
    }

    // MARK: One pull

    /// A manifest or an index, verified.
    struct Document {
        let descriptor: ContentDescriptor
        let bytes: [UInt8]
    }

    /// The state of one pull; on the thread that pulls.
    private final class Pull {
        let reference: ImageReference
        private var endpoints: [RegistryEndpoint]
        private let session: RegistrySession
        private let store: ContentStore
        private let progress: (PullProgress) -> Void
        private(set) var downloadedBytes: Int64 = 0

        init(
            reference: ImageReference,
            endpoints: [RegistryEndpoint],
            session: RegistrySession,
            store: ContentStore,
            progress: @escaping (PullProgress) -> Void
        ) {
            self.reference = reference
            self.endpoints = endpoints
            self.session = session
            self.store = store
            self.progress = progress
        }

        /// Fetches a manifest or an index: that of a descriptor, or what the reference stands for. The endpoint that has
        /// it is asked first from then on.
        func document(_ descriptor: ContentDescriptor?) throws(ImageError) -> Document {
            let expected = descriptor?.digest ?? reference.digest
            if let descriptor, try store.size(descriptor.digest) == descriptor.size {
                progress(.present(descriptor.digest))
                return Document(descriptor: descriptor, bytes: try store.read(descriptor.digest, limit: documentLimit))
            }
            let name = expected?.description ?? reference.tag ?? ImageReference.defaultTag
            let what = "\(reference.name)\(expected == nil ? ":" : "@")\(name)"
            let usable = endpoints.filter { expected != nil || $0.canResolve }
            var first: ImageError?
            for endpoint in usable {
                do throws(ImageError) {
                    let found = try fetch(what, name, endpoint, expected, descriptor)
                    endpoints.removeAll { $0 == endpoint }
                    endpoints.insert(endpoint, at: 0)
                    return found
                } catch {
                    // The registry itself comes last; what it says matters most. But a wrong digest is never passed over.
                    if case .digestMismatch = error { throw error }
                    first = error
                }
            }
            throw first ?? .network(host: reference.domain, what: what, reason: "no endpoint is configured for it")
        }

        private func fetch(
            _ what: String,
            _ name: String,
            _ endpoint: RegistryEndpoint,
            _ expected: Digest?,
            _ descriptor: ContentDescriptor?
        ) throws(ImageError) -> Document {
            var result: Result<HTTPTransfer, ImageError>?
            let accept = accepted.map { "Accept: " + $0.rawValue }
            let call = unsafe RegistrySession.Call(
                what,
                endpoint,
                path: "/\(reference.path)/manifests/\(name)",
                headers: { accept },
                bodyLimit: documentLimit,
                sink: nil
            ) { result = $0 }
            session.send(call)
            session.run()
            guard let result else { preconditionFailure("a call completes before the session ends") }
            let answer = try result.get()
            let bytes = answer.body
            downloadedBytes += Int64(bytes.count)
            let digest = ContentHash.digest(of: bytes, expected?.algorithm ?? .sha256)
            if let expected, digest != expected {
                throw .digestMismatch(what: what, expected: expected, actual: digest)
            }
            // A registry may name its hash: then it must be right, too. One in another algorithm says nothing here.
            if let text = answer.header("docker-content-digest"), let stated = try? Digest(text),
                stated.algorithm == digest.algorithm, stated != digest
            {
                throw .digestMismatch(what: what, expected: stated, actual: digest)
            }
            let header = answer.header("content-type").map { String($0.prefix { $0 != ";" && $0 != " " }) }
            let type = descriptor?.mediaType ?? MediaType(rawValue: header ?? "")
            return Document(
                descriptor: ContentDescriptor(
                    mediaType: type,
                    digest: digest,
                    size: Int64(bytes.count),
                    platform: descriptor?.platform
                ),
                bytes: bytes
            )
        }

        /// Puts a document into the store, still invisible.
        func seal(_ document: Document) throws(ImageError) -> SealedContent {
            let digest = document.descriptor.digest
            var writer = try store.write(expected: digest, size: Int64(document.bytes.count), label: "\(digest)")
            try writer.write(document.bytes)
            return try writer.seal()
        }

        /// Downloads what the store does not have, side by side.
        func download(_ descriptors: [ContentDescriptor]) throws(ImageError) {
            var seen: Set<Digest> = []
            var failure: ImageError?
            var downloads: [BlobDownload] = []
            for descriptor in descriptors where seen.insert(descriptor.digest).inserted {
                if let size = try store.size(descriptor.digest) {
                    guard size == descriptor.size else {
                        throw .sizeMismatch(what: "\(descriptor.digest)", expected: descriptor.size, actual: size)
                    }
                    progress(.present(descriptor.digest))
                    continue
                }
                downloads.append(
                    try BlobDownload(
                        descriptor,
                        repository: reference.path,
                        endpoints: endpoints,
                        session: session,
                        store: store,
                        progress: progress
                    ) { error in if failure == nil { failure = error } }
                )
            }
            for download in downloads { download.start() }
            session.run()
            downloadedBytes += downloads.reduce(0) { $0 + $1.received }
            if let failure { throw failure }
        }
    }
}
