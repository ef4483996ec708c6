import JSON
import OCI

/// One pull from beginning to end, on the thread that pulls.
final class PullRun {
    /// The manifest of one image, checked.
    struct Image {
        let document: RegistryClient.Document
        let manifest: ImageManifest
    }

    let reference: ImageReference
    private var endpoints: [RegistryEndpoint]
    private let session: RegistrySession
    private let store: ContentStore
    private let layerLimit: Int
    private let lease: ContentLease?
    private let progress: (PullProgress) -> Void
    private(set) var downloadedBytes: Int64 = 0
    /// Manifests and indexes that were looked at: what is named a thousand times is fetched once.
    private var looked: Set<Digest> = []

    /// Media types of what we take for an image. Schema 1 is asked for in order to be refused with a reason.
    private static let accepted = [
        MediaType.imageIndex, .imageManifest, .dockerManifestList, .dockerManifest,
    ]

    init(
        reference: ImageReference,
        endpoints: [RegistryEndpoint],
        session: RegistrySession,
        store: ContentStore,
        layerLimit: Int,
        lease: ContentLease?,
        progress: @escaping (PullProgress) -> Void
    ) {
        self.reference = reference
        self.endpoints = endpoints
        self.session = session
        self.store = store
        self.layerLimit = layerLimit
        self.lease = lease
        self.progress = progress
    }

    /// Where it comes from: the endpoint that had what was asked for last.
    var host: String { endpoints.first?.host ?? reference.domain }

    // MARK: Manifests

    /// The manifests to fetch: that of a platform, or all of an index; and the indexes on the way, the inner ones first.
    func images(
        below top: RegistryClient.Document,
        _ options: PullOptions
    ) throws(ImageError) -> (chosen: [Image], indexes: [RegistryClient.Document]) {
        var chosen: [Image] = []
        var indexes: [RegistryClient.Document] = []
        try collect(top, depth: 0, options, &chosen, &indexes)
        return (chosen, indexes)
    }

    private func collect(
        _ document: RegistryClient.Document,
        depth: Int,
        _ options: PullOptions,
        _ chosen: inout [Image],
        _ indexes: inout [RegistryClient.Document]
    ) throws(ImageError) {
        let digest = document.descriptor.digest
        guard looked.insert(document.descriptor.digest).inserted else { return }
        switch ImageDocument.kind(document.descriptor, document.bytes) {
        case .index:
            guard depth < 4 else {
                throw .malformed(what: "the image \(reference)", reason: "its indexes are nested too deep")
            }
            let index = try ImageDocument.index(document.bytes, what: "the index \(digest)")
            for child in try children(index, options) where !looked.contains(child.digest) {
                try collect(try self.document(child), depth: depth + 1, options, &chosen, &indexes)
            }
            indexes.append(document)
        case .manifest:
            let what = "the manifest \(digest)"
            let manifest = try ImageDocument.manifest(document.bytes, what: what, layerLimit: layerLimit)
            // Of a whole index, what is no image (an attestation) is kept as it is.
            if depth == 0 || !options.allPlatforms { try PullRun.check(manifest, what) }
            chosen.append(Image(document: document, manifest: manifest))
        case .other:
            let type = document.descriptor.mediaType
            let isOld = type == .dockerSchema1 || type == .dockerSchema1Signed
            throw .unsupported(
                what: "the image \(reference)",
                reason: isOld ? "it is in docker's old schema 1 (\(type))" : "it is \(type)",
                advice: "push it again with a current tool"
            )
        }
    }

    private func children(_ index: ImageIndex, _ options: PullOptions) throws(ImageError) -> [ContentDescriptor] {
        if options.allPlatforms { return index.manifests }
        guard let found = index.manifest(for: options.platform) else {
            let platforms = index.manifests.compactMap(\.platform?.description).filter { $0 != "unknown/unknown" }
            throw .noMatchingPlatform(wanted: options.platform, available: platforms)
        }
        return [found]
    }

    private static func check(_ manifest: ImageManifest, _ what: String) throws(ImageError) {
        guard manifest.config.mediaType.isConfig else {
            throw .unsupported(
                what: what,
                reason: "its configuration is \(manifest.config.mediaType), not that of an image",
                advice: "it is an artifact and cannot run"
            )
        }
        guard manifest.config.size <= RegistryClient.documentLimit else {
            throw .tooLarge(
                what: "the configuration of \(what)",
                limit: Int64(RegistryClient.documentLimit),
                unit: "bytes"
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

    /// Refuses an image that is for another platform only. No index says what it is for, so its configuration is asked,
    /// before layers are fetched; one that names no platform is taken as it is.
    func checkPlatform(of image: Image, _ wanted: Platform) throws(ImageError) {
        try download([image.manifest.config])
        let what = "the configuration of \(reference)"
        let bytes = try store.read(image.manifest.config.digest, limit: RegistryClient.documentLimit)
        let config = try ImageDocument.config(bytes, what: what, layers: image.manifest.layers.count)
        let platform = config.platform.normalised
        if platform.architecture.isEmpty || platform.os.isEmpty { return }
        guard wanted.runs(platform) else {
            throw .noMatchingPlatform(wanted: wanted, available: [platform.description])
        }
    }

    /// Fetches a manifest or an index: that of a descriptor, or what the reference stands for. Endpoints that failed are
    /// asked last from then on; those that were not asked, because they may not say what a tag stands for, keep their place.
    func document(_ descriptor: ContentDescriptor?) throws(ImageError) -> RegistryClient.Document {
        let expected = descriptor?.digest ?? reference.digest
        if let expected { lease?.add([expected]) }
        if let descriptor, try store.size(descriptor.digest) == descriptor.size {
            progress(.present(descriptor.digest))
            let bytes = try store.read(descriptor.digest, limit: RegistryClient.documentLimit)
            return RegistryClient.Document(descriptor: descriptor, bytes: bytes)
        }
        let name = expected?.description ?? reference.tag ?? ImageReference.defaultTag
        let what = "\(reference.name)\(expected == nil ? ":" : "@")\(name)"
        let usable = endpoints.filter { expected != nil || $0.canResolve }
        var last: ImageError?
        var failed: [RegistryEndpoint] = []
        for endpoint in usable {
            do throws(ImageError) {
                let found = try fetch(what, name, endpoint, expected, descriptor)
                endpoints = endpoints.filter { !failed.contains($0) } + failed
                return found
            } catch {
                switch error {
                // A wrong digest is never passed over.
                case .digestMismatch, .sizeMismatch, .cancelled: throw error
                default: break
                }
                // The registry itself comes last; what it says matters most.
                if endpoint != usable.last { progress(.retrying(what: what, reason: "\(error)")) }
                last = error
                failed.append(endpoint)
            }
        }
        throw last ?? .network(host: reference.domain, what: what, reason: "no endpoint is configured for it")
    }

    private func fetch(
        _ what: String,
        _ name: String,
        _ endpoint: RegistryEndpoint,
        _ expected: Digest?,
        _ descriptor: ContentDescriptor?
    ) throws(ImageError) -> RegistryClient.Document {
        var result: Result<HTTPTransfer, ImageError>?
        let accept = PullRun.accepted.map { "Accept: " + $0.rawValue }
        let call = unsafe RegistrySession.Call(
            what,
            endpoint,
            path: "/\(reference.path)/manifests/\(name)",
            headers: { accept },
            bodyLimit: RegistryClient.documentLimit,
            sink: nil
        ) { result = $0 }
        call.scope = "repository:\(reference.path):pull"
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
        if let descriptor, Int64(bytes.count) != descriptor.size {
            throw .sizeMismatch(what: what, expected: descriptor.size, actual: Int64(bytes.count))
        }
        // A registry may name its hash: then it must be right, too. One in another algorithm says nothing here.
        if let text = answer.header("docker-content-digest"), let stated = try? Digest(text),
            stated.algorithm == digest.algorithm, stated != digest
        {
            throw .digestMismatch(what: what, expected: stated, actual: digest)
        }
        let header = answer.header("content-type").map { String($0.prefix { $0 != ";" && $0 != " " }) }
        let type = descriptor?.mediaType ?? MediaType(rawValue: header ?? "")
        return RegistryClient.Document(
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
    func seal(_ document: RegistryClient.Document) throws(ImageError) -> SealedContent {
        let digest = document.descriptor.digest
        var writer = try store.write(expected: digest, size: Int64(document.bytes.count), label: "\(digest)")
        try writer.write(document.bytes)
        return try writer.seal()
    }

    // MARK: Blobs

    /// Downloads what the store does not have, side by side.
    func download(_ descriptors: [ContentDescriptor]) throws(ImageError) {
        lease?.add(descriptors.map(\.digest))
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
