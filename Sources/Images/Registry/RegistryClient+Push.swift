package import OCI

/// What a push is doing, for people who wait for it.
package enum PushProgress: Hashable, Sendable {
    /// The registry had it already.
    case present(Digest)
    /// The registry took it from another repository of its own.
    case mounted(Digest, from: String)
    /// Bytes sent so far; about every MiB.
    case uploading(Digest, bytes: Int64, of: Int64)
    case pushed(Digest, size: Int64)
    case retrying(what: String, reason: String)
}

/// What to push, and for whom.
package struct PushOptions: Sendable {
    /// Who asks, one after the other until one is let in; empty leaves it to the configuration.
    package var credentials: [RegistryCredentials] = []
    /// Without TLS.
    package var plainText = false
    package var cancellation: Cancellation?
    /// Repositories of the same registry that may have a blob already: the registry is asked to take it from there.
    package var sources: [Digest: String] = [:]

    package init() {}
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
        options: PushOptions = PushOptions(),
        progress: @escaping (PushProgress) -> Void = { _ in }
    ) throws(ImageError) {
        try withCredentials(reference, options.credentials) { (credentials) throws(ImageError) in
            try push(target, to: reference.withDefaultTag, as: credentials, options, progress)
        }
    }

    private func push(
        _ target: ContentDescriptor,
        to reference: ImageReference,
        as credentials: RegistryCredentials?,
        _ options: PushOptions,
        _ progress: @escaping (PushProgress) -> Void
    ) throws(ImageError) {
        let session = try session(reference, credentials, options.cancellation) {
            progress(.retrying(what: $0, reason: $1))
        }
        let places = try configuration.places(reference.domain, plainText: options.plainText)
        guard let endpoint = places.first(where: { $0.canPush }) else {
            throw .unsupported(
                what: "pushing to \(reference.domain)",
                reason: "none of the endpoints configured for it takes content",
                advice: "give one of them the capability \"push\" in its hosts.toml"
            )
        }
        var blobs: [ContentDescriptor] = []
        var manifests: [Document] = []
        try collect(target, depth: 0, &blobs, &manifests)
        var failure: ImageError?
        var seen: Set<Digest> = []
        for blob in blobs where seen.insert(blob.digest).inserted {
            BlobUpload(
                blob,
                reference.path,
                endpoint,
                session,
                store,
                source: options.sources[blob.digest],
                progress
            ) { error in
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
            call.scope = "repository:\(reference.path):pull,push"
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
