import JSON
import Linux
package import OCI

/// Writes images as an archive that docker, containerd, podman and skopeo read: an OCI layout with docker's
/// `manifest.json` beside it.
package enum ImageExport {
    package struct Image: Hashable, Sendable {
        /// Names with tags; an image without any is exported by digest.
        package var names: [ImageReference]
        /// The manifest or the index.
        package var target: ContentDescriptor

        package init(names: [ImageReference], target: ContentDescriptor) {
            self.names = names
            self.target = target
        }
    }

    /// Writes an archive.
    ///
    /// Of an index, what the store has is exported; the index itself stays as it is, so that digests are kept.
    /// - Parameters:
    ///   - output: A file or a pipe; stays the caller's. What was written when this throws is no archive.
    ///   - progress: Gets the bytes of content written so far and the bytes to write.
    package static func export(
        _ images: [Image],
        from store: ContentStore,
        to output: Int32,
        progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) throws(ImageError) {
        let graph = ImageGraph(store: store)
        var contents: Set<Digest> = []
        var entries: [DockerArchiveEntry] = []
        var index: [ContentDescriptor] = []
        for image in images {
            let reachable = try graph.reachable(from: image.target.digest)
            guard !reachable.isEmpty else { throw .missingContent(image.target.digest, of: "the image to export") }
            contents.formUnion(reachable)
            index += descriptors(image)
            if let entry = try dockerEntry(image, graph) { entries.append(entry) }
        }
        var sizes: [(digest: Digest, size: Int64)] = []
        for digest in contents.sorted() {
            guard let size = try store.size(digest) else { throw .missingContent(digest, of: "the image to export") }
            sizes.append((digest, size))
        }

        let tar = TarWriter(output, label: "the archive")
        try tar.directory("blobs/")
        for algorithm in Set(sizes.map(\.digest.algorithm.rawValue)).sorted() {
            try tar.directory("blobs/\(algorithm)/")
        }
        let total = sizes.reduce(0) { $0 + $1.size }
        var done: Int64 = 0
        for (digest, size) in sizes {
            let file = try store.open(digest)
            try tar.file(ImageLayout.path(of: digest), copying: file, size: size) { count in
                done += count
                progress(done, total)
            }
        }
        try tar.file(ImageLayout.indexFileName, encode(ImageIndex(schemaVersion: 2, manifests: index)))
        if !entries.isEmpty { try tar.file(DockerArchiveEntry.fileName, encode(entries)) }
        try tar.file(ImageLayout.fileName, encode(ImageLayout(imageLayoutVersion: ImageLayout.currentVersion)))
        try tar.finish()
    }

    private static func descriptors(_ image: Image) -> [ContentDescriptor] {
        if image.names.isEmpty { return [image.target] }
        return image.names.map { name in
            var descriptor = image.target
            // The whole name twice: containerd reads the first, skopeo and podman the second, and a mere tag would stand
            // for several images (decision 0105).
            descriptor.annotations = [
                AnnotationKey.containerdImageName: name.canonical, AnnotationKey.referenceName: name.canonical,
            ]
            return descriptor
        }
    }

    /// What docker before version 25 reads; nothing for an image that this machine cannot run.
    private static func dockerEntry(_ image: Image, _ graph: ImageGraph) throws(ImageError) -> DockerArchiveEntry? {
        let resolved: ResolvedImage
        do {
            resolved = try graph.resolve(image.target.digest)
        } catch {
            switch error {
            case .noMatchingPlatform, .missingContent, .unsupported: return nil
            default: throw error
            }
        }
        return DockerArchiveEntry(
            config: ImageLayout.path(of: resolved.manifest.config.digest),
            repoTags: image.names.map(\.withDefaultTag.familiar),
            layers: resolved.manifest.layers.map { ImageLayout.path(of: $0.digest) }
        )
    }

    private static func encode(_ value: some Encodable) throws(ImageError) -> [UInt8] {
        do {
            return try JSONCoding.encode(value)
        } catch {
            throw .malformed(what: "a document of the archive", reason: "\(error)")
        }
    }
}
