import EventLog
import Facts
import Images
import JSON
import OCI

/// What carries labels beside images and leases.
enum LabelledThing: Hashable, Sendable {
    case content
    case snapshot

    fileprivate var resource: ResourceKey {
        ResourceKey(group: "swiftlet.dev", version: "v1", plural: self == .content ? "contents" : "snapshots")
    }
}

/// The labels of one thing in one namespace; the after-image of the log's events about them.
struct LabelRecord: Codable, Hashable, Sendable {
    /// A digest, a chain id or a snapshot's key.
    var name: String
    var namespace: String
    var labels: [String: String]
}

/// Labels, which namespaces put on what they share. They are aggregates of the log; what has none is not in it.
extension ImageService {
    func labelled(_ kind: LabelledThing, namespace: String? = nil) throws -> [LabelRecord] {
        try store.objects(resource: kind.resource, namespace: namespace).items.map {
            try JSONCoding.decode(LabelRecord.self, from: $0.bytes)
        }
    }

    static func stream(_ kind: LabelledThing, _ name: String, namespace: String) -> StreamRef {
        StreamRef(resource: kind.resource, namespace: namespace, name: name)
    }

    /// Changes labels: nil takes one away. All that it carries then is returned.
    func label(
        _ kind: LabelledThing,
        _ name: String,
        namespace: String,
        changes: [String: String?],
        origin: LogOrigin
    ) async throws -> [String: String] {
        let hold = content.leases.lease()
        if let digest = try? Digest(name) { hold.add([digest]) }  // the key of a writable snapshot is none
        defer { withExtendedLifetime(hold) {} }
        guard try await transfers.run({ [self] in try isThere(kind, name) }) else {
            throw CoreError.nothingToLabel(kind == .content ? "content \(name)" : "snapshot \(name)")
        }
        let stream = Self.stream(kind, name, namespace: namespace)
        while true {
            let object = store.object(stream)
            let known = try object.map { try JSONCoding.decode(LabelRecord.self, from: $0.bytes) }
            let labels = Self.changed(known?.labels ?? [:], changes)
            if labels == known?.labels ?? [:] { return labels }
            do {
                let expected = object.map { Expected.exact($0.resourceVersion) } ?? .absent
                let event = try await store.append(try proposal(kind, stream, labels, expected, origin)).last
                let reason = "labels of \(name.prefix(19)) were changed by \(origin.actor)"
                schedule.request(CollectionCause(reason, event: event, origin))
                return labels
            } catch AppendError.conflict, AppendError.alreadyExists, AppendError.notFound {
                continue  // somebody else changed them in between
            }
        }
    }

    /// Changes the labels of an image's name.
    func label(
        image reference: String,
        namespace: String,
        changes: [String: String?],
        origin: LogOrigin,
        now: Int64
    ) async throws -> ImageRecord {
        var record = try find(reference, namespace: namespace)
        let labels = Self.changed(record.labels, changes)
        if labels == record.labels { return record }
        record.labels = labels
        record.updatedAt = now
        return try await save(record, ImageLabelled(labels: labels), origin: origin)
    }

    /// What is gone has no labels.
    func forgetLabels(of collected: CollectedGarbage) throws {
        let gone = [
            LabelledThing.content: Set(collected.contents.map(\.description)),
            .snapshot: Set(collected.layers.map(\.description)),
        ]
        for (kind, names) in gone {
            for record in try labelled(kind) where names.contains(record.name) {
                let stream = Self.stream(kind, record.name, namespace: record.namespace)
                try appendBlocking(try proposal(kind, stream, [:], .exists, .collector))
            }
        }
    }

    static func changed(_ labels: [String: String], _ changes: [String: String?]) -> [String: String] {
        var labels = labels
        for (name, value) in changes { labels[name] = value }
        return labels
    }

    private func isThere(_ kind: LabelledThing, _ name: String) throws -> Bool {
        do {
            switch kind {
            case .content: return try (try? Digest(name)).map { try content.size($0) != nil } ?? false
            case .snapshot: return try snapshots.list().contains { $0.name == name }
            }
        } catch let error as ImageError {
            throw CoreError.image(error)
        }
    }

    private func proposal(
        _ kind: LabelledThing,
        _ stream: StreamRef,
        _ labels: [String: String],
        _ expected: Expected,
        _ origin: LogOrigin
    ) throws -> Proposal {
        let fact =
            try kind == .content
            ? FactCoding.encode(ContentLabelled(labels: labels)) : FactCoding.encode(SnapshotLabelled(labels: labels))
        let record = LabelRecord(name: stream.name, namespace: stream.namespace, labels: labels)
        return Proposal(
            stream: stream,
            uid: expected == .absent ? UID.random() : nil,
            expected: expected,
            facts: [
                NewFact(
                    type: fact.typeName,
                    schema: fact.schemaVersion,
                    data: fact.data,
                    after: AfterImage(bytes: try JSONCoding.encode(record), resourceVersionOffset: nil),
                    deletesObject: labels.isEmpty
                )
            ],
            actor: origin.actor,
            request: origin.request
        )
    }
}
