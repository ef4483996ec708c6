import EventLog
import Facts
import JSON

/// Namespaces, by containerd's rules: whoever puts something into one need not make it first, and only an empty one can
/// be removed. Those that were made or labelled are aggregates of the log.
extension ImageService {
    private static let namespaceResource = ResourceKey(
        group: "swiftlet.dev",
        version: "v1",
        plural: "storenamespaces"
    )

    private static func stream(_ name: String) -> StreamRef {
        StreamRef(resource: namespaceResource, namespace: "", name: name)
    }

    /// Those that were made, those that have something in them, and that of pods; by name.
    func namespaces() throws -> [StoreNamespace] {
        let made = try store.objects(resource: Self.namespaceResource, namespace: nil).items.map {
            try JSONCoding.decode(StoreNamespace.self, from: $0.bytes)
        }
        var names: Set = [RuntimeCore.podNamespace]
        names.formUnion(try list(namespace: nil).map(\.namespace))
        names.formUnion(try leases(namespace: nil).map(\.namespace))
        for kind in [LabelledThing.content, .snapshot] { names.formUnion(try labelled(kind).map(\.namespace)) }
        let implied = names.subtracting(made.map(\.name)).map { StoreNamespace(name: $0) }
        return (made + implied).sorted { $0.name < $1.name }
    }

    func namespace(_ name: String) throws -> StoreNamespace {
        guard let found = try namespaces().first(where: { $0.name == name }) else {
            throw CoreError.namespaceNotFound(name)
        }
        return found
    }

    func createNamespace(_ namespace: StoreNamespace, origin: LogOrigin) async throws -> StoreNamespace {
        guard try !namespaces().contains(where: { $0.name == namespace.name }) else {
            throw CoreError.namespaceExists(namespace.name)
        }
        do {
            try await write(namespace, StoreNamespaceCreated(labels: namespace.labels), .absent, origin)
        } catch AppendError.alreadyExists {
            throw CoreError.namespaceExists(namespace.name)
        }
        return namespace
    }

    /// Changes the labels of a namespace: nil takes one away. All that it carries then is returned.
    func label(
        namespace name: String,
        changes: [String: String?],
        origin: LogOrigin
    ) async throws -> [String: String] {
        while true {
            let version = store.object(Self.stream(name))?.resourceVersion
            var namespace = try namespace(name)
            let labels = Self.changed(namespace.labels, changes)
            if labels == namespace.labels { return labels }
            namespace.labels = labels
            do {
                let expected = version.map { Expected.exact($0) } ?? .absent
                try await write(namespace, StoreNamespaceLabelled(labels: labels), expected, origin)
                return labels
            } catch AppendError.conflict, AppendError.alreadyExists, AppendError.notFound {
                continue  // somebody else changed it in between
            }
        }
    }

    /// Removes a namespace that has nothing in it.
    func removeNamespace(_ name: String, origin: LogOrigin) async throws -> StoreNamespace {
        let namespace = try namespace(name)
        let things = try contents(ofNamespace: name)
        guard things.isEmpty else { throw CoreError.namespaceInUse(name, things) }
        let fact = try FactCoding.encode(StoreNamespaceRemoved())
        do {
            _ = try await store.append(
                Proposal(
                    stream: Self.stream(name),
                    expected: .exists,
                    facts: [
                        NewFact(type: fact.typeName, schema: fact.schemaVersion, data: fact.data, deletesObject: true)
                    ],
                    actor: origin.actor,
                    request: origin.request
                )
            )
        } catch AppendError.notFound {
            throw CoreError.namespaceNotFound(name)
        }
        return namespace
    }

    /// What is in a namespace, in words.
    private func contents(ofNamespace name: String) throws -> [String] {
        var things: [String] = []
        if name == RuntimeCore.podNamespace { things.append("the pods") }
        if try !list(namespace: name).isEmpty { things.append("images") }
        if try !leases(namespace: name).isEmpty { things.append("leases") }
        if try !labelled(.content, namespace: name).isEmpty { things.append("labels of content") }
        if try !labelled(.snapshot, namespace: name).isEmpty { things.append("labels of snapshots") }
        return things
    }

    private func write(
        _ namespace: StoreNamespace,
        _ fact: some FactPayload,
        _ expected: Expected,
        _ origin: LogOrigin
    ) async throws {
        let encoded = try FactCoding.encode(fact)
        let image = AfterImage(bytes: try JSONCoding.encode(namespace), resourceVersionOffset: nil)
        _ = try await store.append(
            Proposal(
                stream: Self.stream(namespace.name),
                // One that is there keeps its own.
                uid: expected == .absent ? UID.random() : nil,
                expected: expected,
                facts: [
                    NewFact(
                        type: encoded.typeName,
                        schema: encoded.schemaVersion,
                        data: encoded.data,
                        after: image
                    )
                ],
                actor: origin.actor,
                request: origin.request
            )
        )
    }
}
