import Glibc
import Linux
import OCI

/// The files of an archive after one pass over it: documents in memory, everything else in the store, still invisible.
final class ArchiveContents {
    enum Item {
        case document([UInt8])
        case sealed(SealedContent)
        /// The store had it already; the archive's copy was verified and dropped.
        case stored(Digest, size: Int64)
        /// A link to another path of the archive.
        case link(String)
    }

    private var items: [String: Item] = [:]
    private let store: ContentStore
    private let limits: ImportLimits
    private let lease: ContentLease?

    private init(store: ContentStore, limits: ImportLimits, lease: ContentLease?) {
        self.store = store
        self.limits = limits
        self.lease = lease
    }

    private static let documents: Set<String> = [
        ImageLayout.fileName, ImageLayout.indexFileName, DockerArchiveEntry.fileName, "repositories",
    ]

    static func read(
        _ file: consuming Descriptor,
        into store: ContentStore,
        limits: ImportLimits,
        lease: ContentLease?,
        progress: (ImportProgress) -> Void
    ) throws(ImageError) -> ArchiveContents {
        let stream = try ByteStream(file, label: "the archive", limit: limits.archiveBytes)
        let reader = TarReader(stream)
        let contents = ArchiveContents(store: store, limits: limits, lease: lease)
        var entries = 0
        var reported: Int64 = 0
        do throws(ImageError) {
            while let entry = try reader.next() {
                entries += 1
                guard entries <= limits.entries else {
                    throw .tooLarge(what: "the archive", limit: Int64(limits.entries), unit: "entries")
                }
                try contents.take(entry, reader, progress)
                if stream.count - reported >= 4 << 20 {
                    reported = stream.count
                    progress(.read(bytes: reported))
                }
            }
        } catch {
            switch error {
            case .malformed where entries == 0:
                throw .notAnImageArchive(reason: "it is not a tar archive, plain or compressed with gzip or zstd")
            case .truncated where entries == 0 && !stream.isCompressed:
                throw .notAnImageArchive(reason: "it is not a tar archive, or only the first bytes of one")
            default: throw error
            }
        }
        if entries == 0 { throw .notAnImageArchive(reason: "it is empty") }
        // Whoever feeds a pipe can finish.
        try stream.drain()
        progress(.read(bytes: stream.count))
        return contents
    }

    func has(_ name: String) -> Bool { items[name] != nil }

    /// The bytes of a JSON document of the archive.
    func document(_ name: String, of what: String) throws(ImageError) -> [UInt8] {
        switch try item(name) {
        case .document(let bytes): return bytes
        case .sealed(let content): return try bytes(of: content, what: name)
        case .stored(let digest, _): return try store.read(digest, limit: Int(limits.documentBytes))
        case .link, nil: throw .missingFile(ByteText.text(Array(name.utf8)), of: what)
        }
    }

    /// What is at a path, links followed.
    func item(_ name: String) throws(ImageError) -> Item? {
        var name = name
        for _ in 0..<8 {
            guard let item = items[name] else { return nil }
            guard case .link(let target) = item else { return item }
            name = target
        }
        throw .malformed(what: "the archive", reason: "the links at \"\(name)\" lead in circles")
    }

    /// What the archive has under a digest.
    func item(_ digest: Digest) throws(ImageError) -> Item? { try item(ImageLayout.path(of: digest)) }

    /// The bytes of a document by digest, from the archive or from the store; nil if neither has it.
    func document(_ digest: Digest) throws(ImageError) -> [UInt8]? {
        switch try item(digest) {
        case .sealed(let content): return try bytes(of: content, what: "\(digest)")
        case .stored, .document, .link, nil:
            guard store.exists(digest) else { return nil }
            return try store.read(digest, limit: Int(limits.documentBytes))
        }
    }

    func bytes(of content: SealedContent, what: String) throws(ImageError) -> [UInt8] {
        guard content.size <= limits.documentBytes else {
            throw .tooLarge(what: "the document \(what)", limit: limits.documentBytes, unit: "bytes")
        }
        let file = try content.open()
        return try doing("reading \(what)") { () throws(SysError) in
            try Files.readAll(file.raw, subject: what, limit: Int(content.size))
        }
    }

    // MARK: The pass

    private func take(
        _ entry: TarEntry,
        _ reader: TarReader,
        _ progress: (ImportProgress) -> Void
    ) throws(ImageError) {
        let path = try clean(entry.path, entry)
        let name = String(decoding: path.bytes, as: UTF8.self)
        switch entry.kind {
        case .file where entry.runs != nil:
            throw .unsupported(
                what: "the archive",
                reason: "\"\(entry.name)\" is stored as a sparse file",
                advice: "write the archive without --sparse"
            )
        case .file: items[name] = try store(entry, name, reader, progress)
        case .hardLink:
            items[name] = .link(String(decoding: try clean(entry.linkTarget, entry).bytes, as: UTF8.self))
        case .symbolicLink:
            let target = entry.linkTarget.first == 0x2F ? entry.linkTarget : path.parent + [0x2F] + entry.linkTarget
            items[name] = .link(String(decoding: try clean(target, entry).bytes, as: UTF8.self))
        case .directory, .characterDevice, .blockDevice, .fifo, .other: break
        }
    }

    private func clean(_ path: [UInt8], _ entry: TarEntry) throws(ImageError) -> EntryPath {
        do {
            return try EntryPath(path)
        } catch {
            if error == .escapes {
                throw .escape(what: "the archive", entry: entry.name, reason: "leads out of the archive with \"..\"")
            }
            throw .malformed(
                what: "the archive",
                reason: "the name \"\(entry.name)\" is too long or contains a zero byte"
            )
        }
    }

    private func store(
        _ entry: TarEntry,
        _ name: String,
        _ reader: TarReader,
        _ progress: (ImportProgress) -> Void
    ) throws(ImageError) -> Item {
        if ArchiveContents.documents.contains(name) {
            return .document(try reader.readAll(limit: limits.documentBytes))
        }
        let expected = ArchiveContents.digest(ofBlob: name)
        if let expected { lease?.add([expected]) }
        if let expected, store.exists(expected) {
            var hash = ContentHash(expected.algorithm)
            try unsafe reader.readData { piece throws(ImageError) in unsafe hash.update(piece) }
            let actual = hash.digest()
            guard actual == expected else { throw .digestMismatch(what: name, expected: expected, actual: actual) }
            progress(.content(name: name, digest: actual, size: entry.size))
            return .stored(actual, size: entry.size)
        }
        var writer = try store.write(expected: expected, size: entry.size, label: name)
        try unsafe reader.readData { piece throws(ImageError) in try unsafe writer.write(piece) }
        let content = try writer.seal()
        progress(.content(name: name, digest: content.digest, size: content.size))
        return .sealed(content)
    }

    /// The digest that a path of a layout promises: "blobs/sha256/6c3c…".
    private static func digest(ofBlob name: String) -> Digest? {
        let parts = name.split(separator: "/")
        guard parts.count == 3, parts[0] == "blobs", let algorithm = Digest.Algorithm(rawValue: String(parts[1])) else {
            return nil
        }
        // A name that is no hash is a file like any other.
        return try? Digest(algorithm: algorithm, hex: String(parts[2]))
    }
}
