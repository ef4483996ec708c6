package import EventLog
import Facts
import Images
import Linux
package import OCI

/// containerd's concepts, for listings: what there is, by containerd's words.
extension RuntimeCore {
    /// The label of a lease that says when it ends, in RFC 3339.
    package static let leaseExpiryLabel = CollectionLabels.expiry

    /// A blob.
    package struct ContentInfo: Encodable, Sendable {
        let digest: String
        /// Bytes.
        let size: Int64
        let labels: [String: String]
        /// When it was stored, in microseconds since 1970.
        let createdAt: Int64?
    }

    /// An unpacked layer, or what a container writes on.
    package struct SnapshotInfo: Encodable, Sendable {
        let key: String
        /// Empty at the bottom.
        let parent: String
        /// "committed", "active" or "view".
        let kind: String
        let labels: [String: String]
        /// Microseconds since 1970.
        let createdAt: Int64?
    }

    /// All blobs, by digest, with the labels that a namespace has put on them. All namespaces share the blobs.
    package func contents(namespace: String) async throws -> [ContentInfo] {
        let labels = try labels(.content, namespace)
        return try await images.blocking { content, _ throws(ImageError) in
            try content.list().map { info in
                let digest = info.digest.description
                return ContentInfo(
                    digest: digest,
                    size: info.size,
                    labels: labels[digest] ?? [:],
                    createdAt: content.storedAt(info.digest)
                )
            }
        }
    }

    package func snapshotInfos(namespace: String) async throws -> [SnapshotInfo] {
        let labels = try labels(.snapshot, namespace)
        return try await images.blocking { _, snapshots throws(ImageError) in
            try snapshots.list().map { info in
                SnapshotInfo(
                    key: info.name,
                    parent: info.parent?.description ?? "",
                    kind: info.kind.rawValue,
                    labels: labels[info.name] ?? [:],
                    createdAt: snapshots.createdAt(info)
                )
            }
        }
    }

    private func labels(_ kind: LabelledThing, _ namespace: String) throws -> [String: [String: String]] {
        let records = try images.labelled(kind, namespace: namespace)
        return Dictionary(records.map { ($0.name, $0.labels) }) { first, _ in first }
    }

    /// Bytes of a blob; nil if it is not in the store.
    package func contentSize(_ digest: Digest) async throws -> Int64? {
        try await images.blocking { content, _ throws(ImageError) in try content.size(digest) }
    }

    /// Part of a blob; empty at its end.
    package func readContent(_ digest: Digest, at offset: Int, count: Int) async throws -> [UInt8] {
        try await images.blocking { content, _ throws(ImageError) in
            let file = try content.open(digest)
            do throws(SysError) {
                return try Files.read(file.raw, at: offset, count: count, subject: digest.description)
            } catch {
                throw .system(error, doing: "reading \(digest)")
            }
        }
    }

    // MARK: Namespaces

    /// Those that were made, those that have something in them, and that of pods; by name.
    package func namespaces() throws -> [StoreNamespace] { try images.namespaces() }

    package func namespace(_ name: String) throws -> StoreNamespace { try images.namespace(name) }

    package func createNamespace(_ namespace: StoreNamespace, origin: LogOrigin) async throws -> StoreNamespace {
        try await images.createNamespace(namespace, origin: origin)
    }

    /// Removes a namespace that has nothing in it.
    package func removeNamespace(_ name: String, origin: LogOrigin) async throws -> StoreNamespace {
        try await images.removeNamespace(name, origin: origin)
    }

    /// Changes the labels of a namespace: nil takes one away. All that it carries then is returned.
    package func label(
        namespace name: String,
        changes: [String: String?],
        origin: LogOrigin
    ) async throws -> [String: String] {
        try await images.label(namespace: name, changes: changes, origin: origin)
    }

    // MARK: Leases and labels

    package func leases(namespace: String?) throws -> [LeaseRecord] { try images.leases(namespace: namespace) }

    package func lease(_ id: String, namespace: String) throws -> LeaseRecord {
        try images.lease(id, namespace: namespace)
    }

    package func createLease(_ lease: LeaseRecord, origin: LogOrigin) async throws -> LeaseRecord {
        try await images.createLease(lease, origin: origin)
    }

    /// Lets a lease name more, or less.
    package func changeLease(
        _ id: String,
        namespace: String,
        adding added: [LeaseRecord.Resource],
        removing removed: [LeaseRecord.Resource],
        origin: LogOrigin
    ) async throws -> LeaseRecord {
        try await images.changeLease(id, namespace: namespace, adding: added, removing: removed, origin: origin)
    }

    /// Removes a lease, then what only it kept.
    package func removeLease(_ id: String, namespace: String, origin: LogOrigin) async throws -> LeaseRecord {
        try await images.removeLease(id, namespace: namespace, origin: origin)
    }

    /// Changes the labels of a blob: nil takes one away. All that it carries then is returned.
    package func label(
        content digest: Digest,
        namespace: String,
        changes: [String: String?],
        origin: LogOrigin
    ) async throws -> [String: String] {
        try await images.label(
            .content,
            digest.description,
            namespace: namespace,
            changes: changes,
            origin: origin
        )
    }

    /// Changes the labels of a layer, by its chain id, or of a writable snapshot, by its key.
    package func label(
        snapshot key: String,
        namespace: String,
        changes: [String: String?],
        origin: LogOrigin
    ) async throws -> [String: String] {
        try await images.label(.snapshot, key, namespace: namespace, changes: changes, origin: origin)
    }

    /// Changes the labels of an image's name.
    package func label(
        image reference: String,
        namespace: String,
        changes: [String: String?],
        origin: LogOrigin,
        now: Int64
    ) async throws -> ImageRecord {
        try await images.label(image: reference, namespace: namespace, changes: changes, origin: origin, now: now)
    }

    // MARK: Garbage

    /// Collects what removals leave, until the task is cancelled.
    ///
    /// - Parameter onFailure: A collection failed: nothing is lost, the next one tries again.
    package func collectAsScheduled(onFailure: @escaping @Sendable (any Error) -> Void) async {
        await images.collectAsScheduled(onFailure: onFailure)
    }

    // MARK: Why

    /// Everything that happened to an image's name, oldest first, as far back as the log reaches.
    package func story(ofImage reference: String, namespace: String) throws -> [EventRecord] {
        try images.story(ofImage: reference, namespace: namespace)
    }

    /// What happened to a blob or to a layer: its labels, and the collections that took it.
    package func story(ofContent digest: Digest) throws -> [EventRecord] { try images.story(ofContent: digest) }
}

extension ImageService {
    /// Works on the stores, on a thread that may block.
    func blocking<Value: Sendable>(
        _ body: @escaping @Sendable (ContentStore, Snapshotter) throws(ImageError) -> Value
    ) async throws -> Value {
        try await transfers.run { [content, snapshots] in
            do {
                return try body(content, snapshots)
            } catch let error as ImageError {
                throw CoreError.image(error)
            }
        }
    }

    func story(ofImage reference: String, namespace: String) throws -> [EventRecord] {
        let name = try Self.canonical(reference)
        return try store.history(of: StreamRef(resource: Self.resource, namespace: namespace, name: name))
    }

    func story(ofContent digest: Digest) throws -> [EventRecord] {
        var events = try store.history(of: Self.collections).filter { event in
            guard
                case .store(let fact) = try FactCoding.decode(
                    typeName: event.type,
                    schemaVersion: event.schema,
                    data: event.data
                )
            else { return false }
            switch fact {
            case .garbageFound(let fact): return (fact.contents + fact.snapshots).contains(digest.description)
            case .garbageCollected(let fact): return (fact.contents + fact.snapshots).contains(digest.description)
            default: return false
            }
        }
        for name in try Set(list(namespace: nil).map(\.namespace)).union([RuntimeCore.podNamespace]) {
            for kind in [LabelledThing.content, .snapshot] {
                events += try store.history(of: Self.stream(kind, digest.description, namespace: name))
            }
        }
        return events.sorted { $0.seq < $1.seq }
    }
}
