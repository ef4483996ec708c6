import EventLog
import Facts
import Glibc
import Images
import JSON
import Linux
import OCI
import Synchronization

/// Images by name, per namespace: the names are aggregates of the log, the content lies in the store below `--root`.
final class ImageService: Sendable {
    /// Where images live in the log. Not an API object of Kubernetes; served under /v1/images.
    static let resource = ResourceKey(group: "swiftlet.dev", version: "v1", plural: "images")

    let snapshots: Snapshotter
    private let content: ContentStore
    private let unpacker: Unpacker
    private let store: EventStore
    let pool: ThreadPool
    /// Imports wait for their clients: on threads of their own they keep no pod waiting.
    private let imports = ThreadPool(name: "swl-import", limit: 32)
    /// Imports and unpacks share it; collecting garbage needs it alone, so that nothing that is being written is removed.
    private let gate = ReaderWriterLock()
    /// Imports whose names are not in the log yet: until then nothing refers to their content.
    private let unrecorded = Mutex(0)

    init(root: String, store: EventStore, pool: ThreadPool) throws(ImageError) {
        content = try ContentStore(root: root)
        snapshots = try Snapshotter(root: root)
        unpacker = Unpacker(store: content, snapshots: snapshots)
        self.store = store
        self.pool = pool
    }

    /// All images of a namespace, by name; of all namespaces for nil.
    func list(namespace: String?) throws -> [ImageRecord] {
        try store.objects(resource: Self.resource, namespace: namespace).items.map(Self.record)
    }

    /// The image that a reference as users write it stands for.
    func find(_ reference: String, namespace: String) throws(CoreError) -> ImageRecord {
        let name = try Self.canonical(reference)
        let stream = StreamRef(resource: Self.resource, namespace: namespace, name: name)
        guard let object = store.object(stream) else {
            throw .imageNotFound(reference: reference, namespace: namespace)
        }
        do {
            return try Self.record(object)
        } catch {
            throw .log("the record of image \(name) cannot be read: \(error); check with `swiftlet db verify`")
        }
    }

    /// Reads an archive (docker-archive or OCI layout; plain, gzip or zstd) and records the names in it.
    ///
    /// - Parameter descriptor: Read to its end; may be a pipe. Borrowed.
    func importArchive(
        from descriptor: Int32,
        source: String,
        namespace: String,
        origin: LogOrigin,
        now: @escaping @Sendable () -> Int64,
        progress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws -> [ImageRecord] {
        unrecorded.withLock { $0 += 1 }
        defer { unrecorded.withLock { $0 -= 1 } }
        let imported = try await imports.run { [content, gate] in
            try gate.shared {
                do {
                    let images = try ImageArchive.importArchive(
                        from: .descriptor(descriptor),
                        into: content,
                        limits: ImportLimits(),
                        progress: progress
                    )
                    return try images.map { ($0, try ImageInventory.references(of: $0.target, in: content).size) }
                } catch let error as ImageError {
                    throw CoreError.image(error)
                }
            }
        }
        var records: [ImageRecord] = []
        for (image, size) in imported {
            for name in image.names {
                let time = now()
                let record = ImageRecord(
                    name: name.canonical,
                    namespace: namespace,
                    target: image.target,
                    sizeBytes: size,
                    labels: [:],
                    createdAt: time,
                    updatedAt: time
                )
                let fact = ImageImported(target: image.target.digest.description, sizeBytes: size, source: source)
                records.append(try await save(record, fact, origin: origin))
            }
        }
        return records
    }

    /// Makes sure that the image's layers lie ready as snapshots.
    func unpack(_ record: ImageRecord) async throws -> UnpackedContainerImage {
        try await pool.run { [unpacker, gate] in
            try gate.shared {
                do {
                    let unpacked = try unpacker.unpack(record.target.digest)
                    return UnpackedContainerImage(
                        record: record,
                        chainID: unpacked.chainID,
                        configDigest: unpacked.configDigest,
                        config: unpacked.config
                    )
                } catch let error as ImageError {
                    throw CoreError.image(error)
                }
            }
        }
    }

    /// A file of an unpacked image as text; nil if there is none. Blocks.
    ///
    /// It looks at the layers from the top down and follows no link out of them.
    func readText(_ path: String, chainID: Digest, limit: Int = 1 << 20) throws -> String? {
        for layer in try snapshots.layers(chainID) {
            switch try Self.find(path, inLayer: layer, limit: limit) {
            case .text(let text): return text
            case .hidden: return nil
            case .absent: continue
            }
        }
        return nil
    }

    private enum Finding {
        case text(String)
        /// Something else than a file, such as a whiteout, which hides what is below.
        case hidden
        case absent
    }

    private static func find(_ path: String, inLayer layer: String, limit: Int) throws(SysError) -> Finding {
        do {
            let root = try Descriptor.open(layer, O_RDONLY | O_DIRECTORY)
            let file = try PathResolution.open(
                below: root.raw,
                Array(path.utf8),
                O_RDONLY | O_NONBLOCK,
                rules: [.inRoot, .noSymlinks]
            )
            guard try Files.isRegular(file.raw, subject: path) else { return .hidden }
            return .text(String(decoding: try Files.read(file.raw, at: 0, count: limit, subject: path), as: UTF8.self))
        } catch {
            if error.errno == .noEntry || error.errno == .notDirectory { return .absent }
            throw error
        }
    }

    /// Removes a name, then what no other name and no container needs any more.
    func remove(_ reference: String, namespace: String, origin: LogOrigin) async throws -> ImageRecord {
        let record = try find(reference, namespace: namespace)
        let fact = try FactCoding.encode(ImageRemoved(reason: "removed by \(origin.actor)"))
        _ = try await store.append(
            Proposal(
                stream: StreamRef(resource: Self.resource, namespace: namespace, name: record.name),
                expected: .exists,
                facts: [
                    NewFact(type: fact.typeName, schema: fact.schemaVersion, data: fact.data, deletesObject: true)
                ],
                actor: origin.actor,
                request: origin.request
            )
        )
        try await collectGarbage()
        return record
    }

    /// Removes content and snapshots that no image of any namespace refers to and no container's layer stands on.
    func collectGarbage() async throws {
        let list: @Sendable () throws -> [ImageRecord] = { [self] in try self.list(namespace: nil) }
        try await imports.run { [self] in
            try gate.exclusive {
                // What an import has stored and not yet recorded would look like garbage; a later removal collects.
                guard unrecorded.withLock({ $0 }) == 0 else { return }
                do {
                    try ImageInventory.collect(
                        keeping: list().map(\.target),
                        content: content,
                        snapshots: snapshots
                    )
                } catch let error as ImageError {
                    throw CoreError.image(error)
                }
            }
        }
    }

    private func save(_ record: ImageRecord, _ fact: ImageImported, origin: LogOrigin) async throws -> ImageRecord {
        var record = record
        let stream = StreamRef(resource: Self.resource, namespace: record.namespace, name: record.name)
        let known = store.object(stream)
        if let known { record.createdAt = try Self.record(known).createdAt }
        let encoded = try FactCoding.encode(fact)
        _ = try await store.append(
            Proposal(
                stream: stream,
                uid: known?.uid ?? UID.random(),
                expected: .any,
                facts: [
                    NewFact(
                        type: encoded.typeName,
                        schema: encoded.schemaVersion,
                        data: encoded.data,
                        after: AfterImage(bytes: try JSONCoding.encode(record), resourceVersionOffset: nil)
                    )
                ],
                actor: origin.actor,
                request: origin.request
            )
        )
        return record
    }

    /// The name under which a reference is stored.
    static func canonical(_ reference: String) throws(CoreError) -> String {
        do {
            return try ImageReference(reference).canonical
        } catch {
            throw .invalidReference("\(error)")
        }
    }

    private static func record(_ object: StoredObject) throws -> ImageRecord {
        try JSONCoding.decode(ImageRecord.self, from: object.bytes)
    }
}

/// Who is behind an event that the core writes.
package struct LogOrigin: Hashable, Sendable {
    /// "unix:root", "system:reconciler".
    package var actor: String
    /// The id of the API request, if one asked for it.
    package var request: String?

    package init(actor: String, request: String? = nil) {
        self.actor = actor
        self.request = request
    }
}
