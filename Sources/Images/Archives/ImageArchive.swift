import Glibc
import Linux
package import OCI

/// How much an archive may bring. More is refused, and nothing of it stays.
package struct ImportLimits: Hashable, Sendable {
    /// Bytes of the archive when it is decompressed.
    package var archiveBytes: Int64 = 256 << 30
    package var entries = 100_000
    /// Bytes of one JSON document.
    package var documentBytes: Int64 = 8 << 20
    /// Layers of one image.
    package var layers = 500
    /// Bytes of one layer when it is decompressed.
    package var layerBytes: Int64 = 64 << 30
    /// Manifests of all images.
    package var manifests = 2000

    package init() {}
}

/// What an import is doing, for people who wait for it.
package enum ImportProgress: Hashable, Sendable {
    /// Bytes of the decompressed archive read so far; about every 4 MiB.
    case read(bytes: Int64)
    /// A part of the archive is complete and has this digest.
    case content(name: String, digest: Digest, size: Int64)
    /// An image is in the store.
    case image(ImportedImage)
}

/// An image that an import put into the store.
package struct ImportedImage: Hashable, Sendable {
    /// Its names with tags, normalised; none if the archive names it by digest only.
    package var names: [ImageReference]
    /// A name in the archive that is a mere tag, without a repository: "1.0".
    package var tag: String?
    /// The manifest, or the index with manifests for several platforms, by which the image is found.
    package var target: ContentDescriptor
    /// The manifest to run on this machine; nil if the image has none for it.
    package var manifest: ContentDescriptor?
}

/// Image archives: what `docker save`, `podman save`, `ctr images export` and `skopeo` write.
package enum ImageArchive {
    /// Where an archive comes from.
    package enum Source: Hashable, Sendable {
        case path(String)
        /// A file or a pipe, read from where it stands; the caller keeps it open and closes it.
        case descriptor(Int32)
    }

    /// Brings all images of an archive into a store: docker-archive or OCI layout, in tar, plain or compressed with gzip
    /// or zstd, in one pass.
    ///
    /// All of them appear or, when this throws, none. Every digest is verified; for a docker-archive that includes the
    /// layers against the image's configuration. Content that no image of the archive refers to is dropped.
    /// - Parameter lease: Claims what the images need, until their names are recorded.
    package static func importArchive(
        from source: Source,
        into store: ContentStore,
        limits: ImportLimits = ImportLimits(),
        lease: ContentLease? = nil,
        progress: (ImportProgress) -> Void = { _ in }
    ) throws(ImageError) -> [ImportedImage] {
        let contents = try ArchiveContents.read(
            try open(source),
            into: store,
            limits: limits,
            lease: lease,
            progress: progress
        )
        let plan: ImportPlan
        if contents.has(ImageLayout.fileName) {
            plan = try LayoutImport(contents, store, limits).plan()
        } else if contents.has(DockerArchiveEntry.fileName) {
            plan = try DockerArchiveImport(contents, store, limits).plan()
        } else if contents.has("repositories") {
            throw .unsupported(
                what: "this archive",
                reason: "it has the format of docker before 1.10 (`repositories` without `manifest.json`)",
                advice: "load it into a current docker or podman and save it again"
            )
        } else {
            throw .notAnImageArchive(
                reason: "it has neither `manifest.json` (docker) nor `oci-layout` (OCI) at its top"
            )
        }
        try store.publish(plan.contents, required: plan.required, lease: lease)
        for image in plan.images { progress(.image(image)) }
        return plan.images
    }

    private static func open(_ source: Source) throws(ImageError) -> Descriptor {
        try doing("opening the archive") { () throws(SysError) in
            switch source {
            case .path(let path): try Descriptor.open(path, O_RDONLY)
            case .descriptor(let raw):
                Descriptor(
                    owning: try sys("fcntl(F_DUPFD_CLOEXEC)", "descriptor \(raw)") { fcntl(raw, F_DUPFD_CLOEXEC, 3) }
                )
            }
        }
    }
}

/// What an import is about to make visible.
struct ImportPlan {
    var images: [ImportedImage] = []
    /// Layers first, then what refers to them.
    var contents: [SealedContent] = []
    /// What the store had already and the images need.
    var required: [Digest] = []
}
