/// One image: its configuration and its layers (image-spec 1.1, manifest.md; Docker's schema 2 has the same shape).
package struct ImageManifest: Codable, Hashable, Sendable {
    /// Always 2.
    package var schemaVersion: Int
    /// Absent in some OCI documents.
    package var mediaType: MediaType?
    package var artifactType: MediaType?
    package var config: ContentDescriptor
    /// The lowest first.
    package var layers: [ContentDescriptor]
    package var subject: ContentDescriptor?
    package var annotations: [String: String]?

    package init(
        schemaVersion: Int,
        mediaType: MediaType? = nil,
        artifactType: MediaType? = nil,
        config: ContentDescriptor,
        layers: [ContentDescriptor],
        subject: ContentDescriptor? = nil,
        annotations: [String: String]? = nil
    ) {
        self.schemaVersion = schemaVersion
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.config = config
        self.layers = layers
        self.subject = subject
        self.annotations = annotations
    }
}

/// Manifests by platform, or the contents of a layout (image-spec 1.1, image-index.md; Docker's manifest list).
package struct ImageIndex: Codable, Hashable, Sendable {
    /// Always 2.
    package var schemaVersion: Int
    package var mediaType: MediaType?
    package var artifactType: MediaType?
    package var manifests: [ContentDescriptor]
    package var subject: ContentDescriptor?
    package var annotations: [String: String]?

    package init(
        schemaVersion: Int,
        mediaType: MediaType? = nil,
        artifactType: MediaType? = nil,
        manifests: [ContentDescriptor],
        subject: ContentDescriptor? = nil,
        annotations: [String: String]? = nil
    ) {
        self.schemaVersion = schemaVersion
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.manifests = manifests
        self.subject = subject
        self.annotations = annotations
    }
}

/// The file `oci-layout` at the top of an image layout (image-spec 1.1, image-layout.md).
package struct ImageLayout: Codable, Hashable, Sendable {
    /// "1.0.0"
    package var imageLayoutVersion: String

    package init(
        imageLayoutVersion: String
    ) {
        self.imageLayoutVersion = imageLayoutVersion
    }

    /// The name of the file that holds this value.
    package static let fileName = "oci-layout"
    /// The name of the file that holds the layout's `ImageIndex`.
    package static let indexFileName = "index.json"
    package static let currentVersion = "1.0.0"

    /// Where a blob lies inside the layout: "blobs/sha256/6c3c…".
    package static func path(of digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }
}

/// One image of the `manifest.json` of an archive written by `docker save`.
package struct DockerArchiveEntry: Codable, Hashable, Sendable {
    /// The path of the image configuration inside the archive.
    package var config: String
    /// "name:tag" in familiar form; absent or empty for an image without a name.
    package var repoTags: [String]?
    /// Paths of the layers inside the archive, the lowest first.
    package var layers: [String]
    package var parent: String?
    /// By diff id: what `docker save` knows about where a layer came from.
    package var layerSources: [String: ContentDescriptor]?

    package init(
        config: String,
        repoTags: [String]? = nil,
        layers: [String],
        parent: String? = nil,
        layerSources: [String: ContentDescriptor]? = nil
    ) {
        self.config = config
        self.repoTags = repoTags
        self.layers = layers
        self.parent = parent
        self.layerSources = layerSources
    }

    /// The name of the file that holds a list of these.
    package static let fileName = "manifest.json"

    enum CodingKeys: String, CodingKey {
        case config = "Config"
        case repoTags = "RepoTags"
        case layers = "Layers"
        case parent = "Parent"
        case layerSources = "LayerSources"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        config = try fields.decode(String.self, forKey: .config)
        repoTags = try fields.decodeIfPresent([String].self, forKey: .repoTags)
        // Go writes null for an image without layers.
        layers = try fields.decodeIfPresent([String].self, forKey: .layers) ?? []
        parent = try fields.decodeIfPresent(String.self, forKey: .parent)
        layerSources = try fields.decodeIfPresent([String: ContentDescriptor].self, forKey: .layerSources)
    }
}
