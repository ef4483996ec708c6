import JSON
import OCI

/// Plans the import of an OCI image layout (image-spec 1.1, image-layout.md).
struct LayoutImport {
    private let contents: ArchiveContents
    private let store: ContentStore
    private let limits: ImportLimits

    init(_ contents: ArchiveContents, _ store: ContentStore, _ limits: ImportLimits) {
        self.contents = contents
        self.store = store
        self.limits = limits
    }

    func plan() throws(ImageError) -> ImportPlan {
        let layout = try ImageDocument.decode(
            ImageLayout.self,
            contents.document(ImageLayout.fileName, of: "the archive"),
            what: ImageLayout.fileName
        )
        guard layout.imageLayoutVersion.hasPrefix("1.") else {
            throw .unsupported(
                what: "this layout",
                reason: "its version is \"\(layout.imageLayoutVersion)\"",
                advice: "write it with a tool that makes version 1.0.0"
            )
        }
        let top = try ImageDocument.index(
            contents.document(ImageLayout.indexFileName, of: "the layout"),
            what: ImageLayout.indexFileName
        )
        guard !top.manifests.isEmpty else { throw .notAnImageArchive(reason: "its index.json lists no image") }
        var graph = Graph()
        var images: [ImportedImage] = []
        for descriptor in top.manifests {
            guard try add(descriptor, required: true, depth: 0, of: "index.json", to: &graph) else { continue }
            let (name, tag) = try LayoutImport.name(descriptor)
            if let index = images.firstIndex(where: { $0.target.digest == descriptor.digest }) {
                if let name, !images[index].names.contains(name) { images[index].names.append(name) }
                images[index].tag = images[index].tag ?? tag
                continue
            }
            var target = descriptor
            target.annotations = nil
            images.append(
                ImportedImage(
                    names: name.map { [$0] } ?? [],
                    tag: tag,
                    target: target,
                    manifest: try graph.manifest(for: .host, target, contents)
                )
            )
        }
        return ImportPlan(images: images, contents: graph.contents, required: Array(graph.required))
    }

    // MARK: Names

    /// The name that tools give an image of a layout: a whole reference, or a mere tag.
    private static func name(_ descriptor: ContentDescriptor) throws(ImageError) -> (ImageReference?, tag: String?) {
        let annotations = descriptor.annotations ?? [:]
        if let full = annotations[AnnotationKey.containerdImageName] { return (try reference(full), nil) }
        guard let text = annotations[AnnotationKey.referenceName], !text.isEmpty else { return (nil, nil) }
        guard text.contains("/") || text.contains(":") else { return (nil, text) }
        return (try reference(text), nil)
    }

    private static func reference(_ text: String) throws(ImageError) -> ImageReference {
        do {
            return try ImageReference(text).withDefaultTag
        } catch {
            throw .malformed(what: ImageLayout.indexFileName, reason: "\(error)")
        }
    }

    // MARK: The graph

    private struct Graph {
        var contents: [SealedContent] = []
        var required: Set<Digest> = []
        var seen: Set<Digest> = []
        var manifests = 0

        /// The manifest to run on a platform, of those that were taken.
        func manifest(
            for platform: Platform,
            _ target: ContentDescriptor,
            _ contents: ArchiveContents
        ) throws(ImageError) -> ContentDescriptor? {
            guard let bytes = try contents.document(target.digest) else { return nil }
            guard ImageDocument.kind(target, bytes) == .index else { return target }
            var index = try ImageDocument.index(bytes, what: "the index \(target.digest)")
            index.manifests.removeAll { !seen.contains($0.digest) }
            guard let found = index.manifest(for: platform) else { return nil }
            return found.mediaType.isIndex ? try manifest(for: platform, found, contents) : found
        }
    }

    /// Adds what a descriptor refers to, with everything below it.
    ///
    /// - Parameter required: If false, an incomplete image is left out: exporters keep the index of several platforms
    ///   and the content of one.
    /// - Returns: False if it was left out.
    private func add(
        _ descriptor: ContentDescriptor,
        required: Bool,
        depth: Int,
        of parent: String,
        to graph: inout Graph
    ) throws(ImageError) -> Bool {
        if graph.seen.contains(descriptor.digest) { return true }
        graph.manifests += 1
        guard graph.manifests <= limits.manifests else {
            throw .tooLarge(what: "the archive", limit: Int64(limits.manifests), unit: "manifests")
        }
        guard depth < 4 else {
            throw .malformed(what: ImageLayout.indexFileName, reason: "its indexes are nested more than 4 deep")
        }
        guard let bytes = try contents.document(descriptor.digest) else {
            if required { throw .missingContent(descriptor.digest, of: parent) }
            return false
        }
        guard Int64(bytes.count) == descriptor.size else {
            throw .sizeMismatch(what: "\(descriptor.digest)", expected: descriptor.size, actual: Int64(bytes.count))
        }
        switch ImageDocument.kind(descriptor, bytes) {
        case .index:
            let what = "the index \(descriptor.digest)"
            let index = try ImageDocument.index(bytes, what: what)
            var taken = 0
            for child in index.manifests {
                // What this machine runs must be whole if it is there at all; the rest is a bonus.
                if try add(child, required: false, depth: depth + 1, of: what, to: &graph) { taken += 1 }
            }
            guard taken > 0 || index.manifests.isEmpty else {
                if required, let first = index.manifests.first { throw .missingContent(first.digest, of: what) }
                return false
            }
        case .manifest:
            let what = "the manifest \(descriptor.digest)"
            let manifest = try ImageDocument.manifest(bytes, what: what, layerLimit: limits.layers)
            let runsHere = descriptor.platform.map { Platform.host.runs($0) } ?? false
            guard try addParts(manifest, required: required || runsHere, of: what, to: &graph) else { return false }
        case .other:
            if required {
                throw .unsupported(
                    what: "\(descriptor.digest) in \(parent)",
                    reason: "its media type is \(descriptor.mediaType)",
                    advice: "only images can be imported"
                )
            }
            return false
        }
        try keep(descriptor.digest, &graph)
        graph.seen.insert(descriptor.digest)
        return true
    }

    /// Adds the configuration and the layers of a manifest: all or none.
    private func addParts(
        _ manifest: ImageManifest,
        required: Bool,
        of what: String,
        to graph: inout Graph
    ) throws(ImageError) -> Bool {
        let parts = manifest.layers + [manifest.config]
        for part in parts {
            let size: Int64?
            switch try contents.item(part.digest) {
            case .sealed(let content): size = content.size
            case .stored(_, let stored): size = stored
            case .document, .link, nil: size = try store.size(part.digest)
            }
            guard let size else {
                if required {
                    if part.mediaType.isForeignLayer {
                        throw .unsupported(
                            what: what,
                            reason: "its layer \(part.digest) must be fetched from elsewhere (\(part.mediaType))",
                            advice: "use an image whose layers can be distributed"
                        )
                    }
                    throw .missingContent(part.digest, of: what)
                }
                return false
            }
            guard size == part.size else {
                throw .sizeMismatch(what: "\(part.digest) in \(what)", expected: part.size, actual: size)
            }
        }
        if manifest.config.mediaType.isConfig, let bytes = try contents.document(manifest.config.digest) {
            let config = "the configuration \(manifest.config.digest)"
            // An attestation has an image's configuration, but no layers of a file system.
            if manifest.layers.allSatisfy(\.mediaType.isLayer) {
                _ = try ImageDocument.config(bytes, what: config, layers: manifest.layers.count)
            }
        }
        for part in parts where graph.seen.insert(part.digest).inserted { try keep(part.digest, &graph) }
        return true
    }

    private func keep(_ digest: Digest, _ graph: inout Graph) throws(ImageError) {
        if case .sealed(let content) = try contents.item(digest) {
            graph.contents.append(content)
        } else {
            graph.required.insert(digest)
        }
    }
}
