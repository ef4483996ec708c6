import JSON
import OCI

/// Plans the import of what `docker save` wrote before it wrote OCI layouts: `manifest.json`, configurations, layers.
///
/// Layers are kept as they are; the manifest, which such an archive lacks, is made as containerd makes it, so that an
/// image has the same digest here and there.
struct DockerArchiveImport {
    private let contents: ArchiveContents
    private let store: ContentStore
    private let limits: ImportLimits

    init(_ contents: ArchiveContents, _ store: ContentStore, _ limits: ImportLimits) {
        self.contents = contents
        self.store = store
        self.limits = limits
    }

    func plan() throws(ImageError) -> ImportPlan {
        let file = DockerArchiveEntry.fileName
        let bytes = try contents.document(file, of: "the archive")
        let entries = try ImageDocument.decode([DockerArchiveEntry].self, bytes, what: file)
        guard !entries.isEmpty else { throw .notAnImageArchive(reason: "its manifest.json lists no image") }
        guard entries.count <= limits.manifests else {
            throw .tooLarge(what: "the archive", limit: Int64(limits.manifests), unit: "images")
        }
        var plan = ImportPlan()
        var verified: [Digest: Layer] = [:]
        for entry in entries { try add(entry, &verified, to: &plan) }
        return plan
    }

    /// A layer as it is in the archive, and the digest of its uncompressed bytes.
    private struct Layer {
        let descriptor: ContentDescriptor
        let diffID: Digest
    }

    private func add(
        _ entry: DockerArchiveEntry,
        _ verified: inout [Digest: Layer],
        to plan: inout ImportPlan
    ) throws(ImageError) {
        let file = DockerArchiveEntry.fileName
        guard entry.layers.count <= limits.layers else {
            throw .tooLarge(
                what: "an image with \(entry.layers.count) layers in \(file)",
                limit: Int64(limits.layers),
                unit: "layers"
            )
        }
        let (configDigest, configSize) = try keep(entry.config, &plan)
        try check(configDigest, named: entry.config)
        let config = try ImageDocument.config(
            contents.document(clean(entry.config), of: file),
            what: "the configuration \(entry.config)",
            layers: entry.layers.count
        )
        var layers: [ContentDescriptor] = []
        for (name, diffID) in zip(entry.layers, config.rootfs.diffIDs) {
            let (digest, size) = try keep(name, &plan)
            let layer = if let known = verified[digest] { known } else { try measure(digest, size, name) }
            verified[digest] = layer
            guard layer.diffID == diffID else {
                throw .digestMismatch(what: "the layer \(name)", expected: diffID, actual: layer.diffID)
            }
            layers.append(layer.descriptor)
        }
        let manifest = ImageManifest(
            schemaVersion: 2,
            mediaType: .dockerManifest,
            config: ContentDescriptor(mediaType: .dockerConfig, digest: configDigest, size: configSize),
            layers: layers
        )
        let target = try store(manifest, &plan)
        let names = try names(entry)
        if let index = plan.images.firstIndex(where: { $0.target.digest == target.digest }) {
            plan.images[index].names += names.filter { !plan.images[index].names.contains($0) }
            return
        }
        let runsHere = Platform.host.runs(config.platform)
        plan.images.append(ImportedImage(names: names, tag: nil, target: target, manifest: runsHere ? target : nil))
    }

    private func names(_ entry: DockerArchiveEntry) throws(ImageError) -> [ImageReference] {
        var names: [ImageReference] = []
        for tag in entry.repoTags ?? [] {
            do {
                let name = try ImageReference(tag).withDefaultTag
                if !names.contains(name) { names.append(name) }
            } catch {
                throw .malformed(what: DockerArchiveEntry.fileName, reason: "\(error)")
            }
        }
        return names
    }

    /// Paths of manifest.json, which may start with "./".
    private func clean(_ name: String) throws(ImageError) -> String {
        do {
            return String(decoding: try EntryPath(Array(name.utf8)).bytes, as: UTF8.self)
        } catch {
            throw .escape(
                what: DockerArchiveEntry.fileName,
                entry: ByteText.text(Array(name.utf8)),
                reason: "is not a path of the archive"
            )
        }
    }

    /// Adds a file of the archive to what will be visible.
    private func keep(_ name: String, _ plan: inout ImportPlan) throws(ImageError) -> (Digest, Int64) {
        switch try contents.item(try clean(name)) {
        case .sealed(let content):
            if !plan.contents.contains(where: { $0.digest == content.digest }) { plan.contents.append(content) }
            return (content.digest, content.size)
        case .stored(let digest, let size):
            plan.required.append(digest)
            return (digest, size)
        case .document, .link, nil:
            throw .missingFile(ByteText.text(Array(name.utf8)), of: DockerArchiveEntry.fileName)
        }
    }

    /// A configuration is named by its digest: "6c3c….json" or "blobs/sha256/6c3c…".
    private func check(_ actual: Digest, named name: String) throws(ImageError) {
        let last = name.split(separator: "/").last ?? ""
        let stem = last.hasSuffix(".json") ? String(last.dropLast(5)) : String(last)
        // A name that is no hash promises nothing.
        guard let expected = try? Digest(algorithm: .sha256, hex: stem) else { return }
        guard actual == expected else {
            throw .digestMismatch(what: "the configuration \(name)", expected: expected, actual: actual)
        }
    }

    /// Reads a layer to find out how it is compressed and what its diff id is.
    private func measure(_ digest: Digest, _ size: Int64, _ name: String) throws(ImageError) -> Layer {
        let label = "the layer \(name)"
        let file =
            if case .sealed(let content) = try contents.item(try clean(name)) { try content.open() } else {
                try store.open(digest)
            }
        let stream = try ByteStream(file, label: label, limit: limits.layerBytes, hashing: .sha256)
        guard stream.isCompressed else {
            let descriptor = ContentDescriptor(mediaType: .dockerLayer, digest: digest, size: size)
            return Layer(descriptor: descriptor, diffID: digest)
        }
        try stream.drain()
        guard let diffID = stream.digest else { preconditionFailure("the stream was asked to hash") }
        let type: MediaType = stream.compression == .gzip ? .dockerLayerGzip : .dockerLayerZstd
        return Layer(descriptor: ContentDescriptor(mediaType: type, digest: digest, size: size), diffID: diffID)
    }

    private func store(_ manifest: ImageManifest, _ plan: inout ImportPlan) throws(ImageError) -> ContentDescriptor {
        let bytes: [UInt8]
        do {
            bytes = try JSONCoding.encode(manifest)
        } catch {
            throw .malformed(what: "the manifest of \(manifest.config.digest)", reason: "\(error)")
        }
        var writer = try store.write(size: Int64(bytes.count), label: "a manifest")
        try writer.write(bytes)
        let content = try writer.seal()
        if !plan.contents.contains(where: { $0.digest == content.digest }) { plan.contents.append(content) }
        return ContentDescriptor(mediaType: .dockerManifest, digest: content.digest, size: content.size)
    }
}
