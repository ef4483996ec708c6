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
    let content: ContentStore
    let unpacker: Unpacker
    let store: EventStore
    let registry: RegistryClient
    let pool: ThreadPool
    /// Imports, exports and pushes wait for their clients: on threads of their own they keep no pod waiting.
    let transfers = ThreadPool(name: "swl-import", limit: 32)
    let pulls = ImagePulls()
    /// One collection of garbage at a time.
    let collection = Mutex(())
    let schedule = CollectionSchedule()

    init(
        root: String,
        store: EventStore,
        pool: ThreadPool,
        registries: RegistryConfiguration
    ) throws(ImageError) {
        content = try ContentStore(root: root)
        snapshots = try Snapshotter(root: root)
        unpacker = Unpacker(store: content, snapshots: snapshots)
        registry = RegistryClient(store: content, configuration: registries)
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
            if let tagged = findTagged(try Self.reference(reference), namespace: namespace) { return tagged }
            throw .imageNotFound(reference: reference, namespace: namespace)
        }
        do {
            return try Self.record(object)
        } catch {
            throw .log("the record of image \(name) cannot be read: \(error); check with `swiftlet db verify`")
        }
    }

    /// An image that is named by tag only and asked for by its digest: whatever name it has, the digest decides.
    private func findTagged(_ wanted: ImageReference, namespace: String) -> ImageRecord? {
        guard let digest = wanted.digest else { return nil }
        for object in store.objects(resource: Self.resource, namespace: namespace).items {
            // A record that cannot be read is told of where it is asked for by its own name.
            guard let record = try? Self.record(object), record.target.digest == digest,  // see above
                // Names in the log are normalised.
                let name = try? ImageReference(record.name), name.name == wanted.name
            else { continue }
            return record
        }
        return nil
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
        let imported: [(ImportedImage, Int64)]
        // Until the names are in the log, nothing else keeps what the archive brings.
        let lease: ContentLease
        do {
            (imported, lease) = try await transfers.run { [self] in try readArchive(descriptor, progress: progress) }
        } catch {
            try await forget(error)
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
        withExtendedLifetime(lease) {}
        return records
    }

    /// Takes an archive in and unpacks its images, as docker and ctr do: what cannot be unpacked is refused as a whole.
    private func readArchive(
        _ descriptor: Int32,
        progress: @escaping @Sendable (ImportProgress) -> Void
    ) throws -> ([(ImportedImage, Int64)], ContentLease) {
        let lease = content.leases.lease()
        do {
            let images = try ImageArchive.importArchive(
                from: .descriptor(descriptor),
                into: content,
                limits: ImportLimits(),
                lease: lease,
                progress: progress
            )
            for image in images {
                do {
                    _ = try unpacker.unpack(image.target.digest, lease: lease)
                } catch .noMatchingPlatform, .unsupported {
                    continue  // an image of other machines, or no container image: it can be kept and passed on
                }
            }
            return (try images.map { ($0, try ImageInventory.references(of: $0.target, in: content).size) }, lease)
        } catch let error as ImageError {
            throw CoreError.image(error)
        }
    }

    /// Removes what a failed import left. What is wrong with the archive is what the caller has to know.
    private func forget(_ failure: any Error) async throws -> Never {
        do {
            _ = try await collectGarbage(CollectionCause("an import failed", event: nil, .collector))
        } catch {
            throw failure  // the next collection removes it
        }
        throw failure
    }

    /// Makes sure that the image's layers lie ready as snapshots.
    func unpack(_ record: ImageRecord) async throws -> UnpackedContainerImage {
        let lease = content.leases.lease()
        return try await pool.run { [unpacker] in
            do {
                let unpacked = try unpacker.unpack(record.target.digest, lease: lease)
                return UnpackedContainerImage(
                    record: record,
                    chainID: unpacked.chainID,
                    configDigest: unpacked.configDigest,
                    config: unpacked.config,
                    lease: lease
                )
            } catch let error as ImageError {
                throw CoreError.image(error)
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
            let name = Array(path.utf8)
            guard
                let file = try PathResolution.openFile(below: root.raw, name, rules: [.inRoot, .noSymlinks])
            else { return .hidden }
            return .text(String(decoding: try Files.read(file.raw, at: 0, count: limit, subject: path), as: UTF8.self))
        } catch {
            if error.errno == .noEntry || error.errno == .notDirectory { return .absent }
            throw error
        }
    }

    /// Writes a name and what it stands for into the log.
    ///
    /// - Returns: The record as it was written: a name keeps the time of its first appearance.
    func save(_ record: ImageRecord, _ fact: any FactPayload, origin: LogOrigin) async throws -> ImageRecord {
        let (record, proposal) = try proposal(record, fact, origin)
        _ = try await store.append(proposal)
        return record
    }

    /// As `save`, for threads that may block.
    func saveBlocking(_ record: ImageRecord, _ fact: any FactPayload, origin: LogOrigin) throws -> ImageRecord {
        let (record, proposal) = try proposal(record, fact, origin)
        try appendBlocking(proposal)
        return record
    }

    /// As the log's `append`, for threads that may block.
    @discardableResult
    func appendBlocking(_ proposal: Proposal) throws -> Seq {
        let written = Semaphore()
        let outcome = Mutex<Result<Appended, AppendError>>(.failure(.closed))
        store.submit(proposal) { result in
            outcome.withLock { $0 = result }
            written.signal()
        }
        written.wait()
        return try outcome.withLock { $0 }.get().last
    }

    private func proposal(
        _ record: ImageRecord,
        _ fact: any FactPayload,
        _ origin: LogOrigin
    ) throws -> (ImageRecord, Proposal) {
        var record = record
        let stream = StreamRef(resource: Self.resource, namespace: record.namespace, name: record.name)
        let known = store.object(stream)
        if let known { record.createdAt = try Self.record(known).createdAt }
        let encoded = try FactCoding.encode(fact)
        let proposal = Proposal(
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
        return (record, proposal)
    }

    /// The name under which a reference is stored.
    static func canonical(_ reference: String) throws(CoreError) -> String {
        do {
            return try ImageReference(reference).canonical
        } catch {
            throw .invalidReference("\(error)")
        }
    }

    static func record(_ object: StoredObject) throws -> ImageRecord {
        try JSONCoding.decode(ImageRecord.self, from: object.bytes)
    }
}

/// Who is behind an event that the core writes.
package struct LogOrigin: Hashable, Sendable {
    /// What is collected without being asked for.
    static let collector = LogOrigin(actor: "system:collector")

    /// "unix:root", "system:reconciler".
    package var actor: String
    /// The id of the API request, if one asked for it.
    package var request: String?

    package init(actor: String, request: String? = nil) {
        self.actor = actor
        self.request = request
    }
}
