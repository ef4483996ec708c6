package import OCI

/// What a push is doing, for people who wait for it.
package enum PushProgress: Hashable, Sendable {
    /// The registry had it already.
    case present(Digest)
    case pushed(Digest, size: Int64)
    case retrying(what: String, reason: String)
}

extension RegistryClient {
    /// Puts an image into a registry: layers and configurations side by side, then manifests, then the name.
    ///
    /// - Parameters:
    ///   - target: The manifest, or the index; of an index everything must be in the store.
    ///   - reference: Where to; without a tag it is ":latest".
    package func push(
        _ target: ContentDescriptor,
        to reference: ImageReference,
        credentials: RegistryCredentials? = nil,
        progress: @escaping (PushProgress) -> Void = { _ in }
    ) throws(ImageError) {
        let reference = reference.withDefaultTag
        let session = try RegistrySession(
            domain: reference.domain,
            configuration: configuration,
            credentials: credentials
        ) { progress(.retrying(what: $0, reason: $1)) }
        let configured = configuration.endpoints(reference.domain).filter { !$0.isMirror }
        guard let endpoint = (configured.isEmpty ? RegistryConfiguration.standard(reference.domain) : configured).last
        else { return }
        var blobs: [ContentDescriptor] = []
        var manifests: [Document] = []
        try collect(target, depth: 0, &blobs, &manifests)
        var failure: ImageError?
        var seen: Set<Digest> = []
        for blob in blobs where seen.insert(blob.digest).inserted {
            BlobUpload(blob, reference.path, endpoint, session, store, progress) { error in
                if failure == nil { failure = error }
            }.start()
        }
        session.run()
        if let failure { throw failure }
        // What refers to others comes after them; the last one gets the name.
        for (index, manifest) in manifests.enumerated() {
            let digest = manifest.descriptor.digest
            let name = index == manifests.count - 1 ? reference.tag ?? digest.description : digest.description
            let call = unsafe RegistrySession.Call(
                "\(reference.name):\(name)",
                endpoint,
                method: "PUT",
                path: "/\(reference.path)/manifests/\(name)",
                headers: { ["Content-Type: \(manifest.descriptor.mediaType)"] },
                body: manifest.bytes,
                sink: nil
            ) { result in
                switch result {
                case .failure(let error): if failure == nil { failure = error }
                case .success: progress(.pushed(digest, size: Int64(manifest.bytes.count)))
                }
            }
            session.send(call)
            session.run()
            if let failure { throw failure }
        }
    }

    /// Everything below a descriptor: blobs, and manifests with what they refer to before them.
    private func collect(
        _ descriptor: ContentDescriptor,
        depth: Int,
        _ blobs: inout [ContentDescriptor],
        _ manifests: inout [Document]
    ) throws(ImageError) {
        let what = "the manifest \(descriptor.digest)"
        guard store.exists(descriptor.digest) else { throw .missingContent(descriptor.digest, of: "the image to push") }
        let bytes = try store.read(descriptor.digest, limit: RegistryClient.documentLimit)
        switch ImageDocument.kind(descriptor, bytes) {
        case .index where depth < 4:
            for child in try ImageDocument.index(bytes, what: what).manifests {
                try collect(child, depth: depth + 1, &blobs, &manifests)
            }
        case .manifest:
            let manifest = try ImageDocument.manifest(bytes, what: what, layerLimit: configuration.layerLimit)
            for part in [manifest.config] + manifest.layers {
                guard store.exists(part.digest) else { throw .missingContent(part.digest, of: what) }
                blobs.append(part)
            }
        case .index, .other:
            throw .unsupported(what: what, reason: "it is \(descriptor.mediaType)", advice: "only images can be pushed")
        }
        manifests.append(Document(descriptor: descriptor, bytes: bytes))
    }
}

/// The upload of one blob: asked for, and sent in one piece where it is missing (distribution-spec, "monolithically").
private final class BlobUpload {
    private let descriptor: ContentDescriptor
    private let repository: String
    private let endpoint: RegistryEndpoint
    private let session: RegistrySession
    private let store: ContentStore
    private let progress: (PushProgress) -> Void
    private let fail: (ImageError) -> Void

    init(
        _ descriptor: ContentDescriptor,
        _ repository: String,
        _ endpoint: RegistryEndpoint,
        _ session: RegistrySession,
        _ store: ContentStore,
        _ progress: @escaping (PushProgress) -> Void,
        fail: @escaping (ImageError) -> Void
    ) {
        self.descriptor = descriptor
        self.repository = repository
        self.endpoint = endpoint
        self.session = session
        self.store = store
        self.progress = progress
        self.fail = fail
    }

    func start() {
        send("HEAD", path: "/\(repository)/blobs/\(descriptor.digest)") { [self] result in
            switch result {
            case .success: progress(.present(descriptor.digest))
            case .failure(.registry(_, _, 404, _)): begin()
            case .failure(let error): fail(error)
            }
        }
    }

    private func begin() {
        send("POST", path: "/\(repository)/blobs/uploads/") { [self] result in
            switch result {
            case .success(let answer):
                guard let location = answer.header("location") else {
                    let message = "it did not say where to upload to"
                    fail(
                        .registry(
                            host: endpoint.host,
                            what: "\(descriptor.digest)",
                            status: answer.status,
                            message: message
                        )
                    )
                    return
                }
                upload(to: session.url(location, from: endpoint))
            case .failure(let error): fail(error)
            }
        }
    }

    private func upload(to place: String) {
        let url = place + (place.contains("?") ? "&" : "?") + "digest=" + URLText.escaped("\(descriptor.digest)")
        send("PUT", path: url, file: (store.path(of: descriptor.digest), descriptor.size)) { [self] result in
            switch result {
            case .success: progress(.pushed(descriptor.digest, size: descriptor.size))
            case .failure(let error): fail(error)
            }
        }
    }

    private func send(
        _ method: String,
        path: String,
        file: (path: String, size: Int64)? = nil,
        _ completion: @escaping (Result<HTTPTransfer, ImageError>) -> Void
    ) {
        let call = unsafe RegistrySession.Call(
            "\(descriptor.digest)",
            endpoint,
            method: method,
            path: path,
            headers: { file == nil ? [] : ["Content-Type: application/octet-stream", "Expect:"] },
            file: file,
            sink: nil,
            completion: completion
        )
        session.send(call)
    }
}
