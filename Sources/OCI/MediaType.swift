/// The type of a piece of content, as a manifest names it. Open: an unknown type is kept.
package struct MediaType: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package var description: String { rawValue }

    // image-spec 1.1, media-types.md
    package static let contentDescriptor = MediaType(rawValue: "application/vnd.oci.descriptor.v1+json")
    package static let imageLayout = MediaType(rawValue: "application/vnd.oci.layout.header.v1+json")
    package static let imageIndex = MediaType(rawValue: "application/vnd.oci.image.index.v1+json")
    package static let imageManifest = MediaType(rawValue: "application/vnd.oci.image.manifest.v1+json")
    package static let imageConfig = MediaType(rawValue: "application/vnd.oci.image.config.v1+json")
    package static let imageLayer = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar")
    package static let imageLayerGzip = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+gzip")
    package static let imageLayerZstd = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+zstd")
    package static let nondistributableLayer = MediaType(
        rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar"
    )
    package static let nondistributableLayerGzip = MediaType(
        rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    )
    package static let nondistributableLayerZstd = MediaType(
        rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
    )
    package static let empty = MediaType(rawValue: "application/vnd.oci.empty.v1+json")

    // Docker image manifest version 2, schema 2
    package static let dockerManifestList = MediaType(
        rawValue: "application/vnd.docker.distribution.manifest.list.v2+json"
    )
    package static let dockerManifest = MediaType(rawValue: "application/vnd.docker.distribution.manifest.v2+json")
    package static let dockerConfig = MediaType(rawValue: "application/vnd.docker.container.image.v1+json")
    package static let dockerLayer = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar")
    package static let dockerLayerGzip = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.gzip")
    package static let dockerLayerZstd = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.zstd")
    package static let dockerForeignLayer = MediaType(rawValue: "application/vnd.docker.image.rootfs.foreign.diff.tar")
    package static let dockerForeignLayerGzip = MediaType(
        rawValue: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    )

    // Docker image manifest version 2, schema 1: recognised in order to be refused with a reason
    package static let dockerSchema1 = MediaType(rawValue: "application/vnd.docker.distribution.manifest.v1+json")
    package static let dockerSchema1Signed = MediaType(
        rawValue: "application/vnd.docker.distribution.manifest.v1+prettyjws"
    )
}

extension MediaType {
    /// How a layer is compressed.
    package enum Compression: String, Sendable {
        case none, gzip, zstd
    }

    /// A list of manifests by platform.
    package var isIndex: Bool { self == .imageIndex || self == .dockerManifestList }

    /// The manifest of one image.
    package var isManifest: Bool { self == .imageManifest || self == .dockerManifest }

    package var isConfig: Bool { self == .imageConfig || self == .dockerConfig }

    /// A layer of the root file system; nil for anything else.
    package var layerCompression: Compression? {
        switch self {
        case .imageLayer, .dockerLayer, .nondistributableLayer, .dockerForeignLayer: Compression.none
        case .imageLayerGzip, .dockerLayerGzip, .nondistributableLayerGzip, .dockerForeignLayerGzip: .gzip
        case .imageLayerZstd, .dockerLayerZstd, .nondistributableLayerZstd: .zstd
        default: nil
        }
    }

    package var isLayer: Bool { layerCompression != nil }

    /// A layer that registries do not keep: it is fetched from the descriptor's `urls`.
    package var isForeignLayer: Bool {
        switch self {
        case .nondistributableLayer, .nondistributableLayerGzip, .nondistributableLayerZstd, .dockerForeignLayer,
            .dockerForeignLayerGzip:
            true
        default: false
        }
    }
}
