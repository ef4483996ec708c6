/// What and where a piece of content is (image-spec 1.1, descriptor.md).
package struct ContentDescriptor: Codable, Hashable, Sendable {
    package var mediaType: MediaType
    package var digest: Digest
    /// Bytes. Content of another size is refused before it is hashed.
    package var size: Int64
    /// Other places to fetch the content from.
    package var urls: [String]?
    package var annotations: [String: String]?
    /// The content itself, in base64.
    package var data: String?
    /// In an index: what the manifest runs on.
    package var platform: Platform?
    package var artifactType: MediaType?

    package init(
        mediaType: MediaType,
        digest: Digest,
        size: Int64,
        urls: [String]? = nil,
        annotations: [String: String]? = nil,
        data: String? = nil,
        platform: Platform? = nil,
        artifactType: MediaType? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.urls = urls
        self.annotations = annotations
        self.data = data
        self.platform = platform
        self.artifactType = artifactType
    }
}

/// Annotation keys that image-spec 1.1 defines or tools agree on.
package enum AnnotationKey {
    /// In an index of a layout: the tag, or by some tools the whole reference.
    package static let referenceName = "org.opencontainers.image.ref.name"
    /// The whole reference, as containerd writes it in the index of an exported layout.
    package static let containerdImageName = "io.containerd.image.name"
    package static let created = "org.opencontainers.image.created"
    package static let title = "org.opencontainers.image.title"
    /// What a manifest of an index is for besides running: "attestation-manifest".
    package static let dockerReferenceType = "vnd.docker.reference.type"
}
