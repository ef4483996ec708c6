import EventLog
import Facts
import Images
import JSON
import OCI

/// Leases that clients make; they are aggregates of the log, as images are.
extension ImageService {
    private static let leaseResource = ResourceKey(group: "swiftlet.dev", version: "v1", plural: "leases")

    private static func stream(_ id: String, _ namespace: String) -> StreamRef {
        StreamRef(resource: leaseResource, namespace: namespace, name: id)
    }

    /// All leases of a namespace, by id; of all namespaces for nil.
    func leases(namespace: String?) throws -> [LeaseRecord] {
        try store.objects(resource: Self.leaseResource, namespace: namespace).items.map {
            try JSONCoding.decode(LeaseRecord.self, from: $0.bytes)
        }
    }

    func lease(_ id: String, namespace: String) throws -> LeaseRecord {
        try storedLease(id, namespace).record
    }

    private func storedLease(_ id: String, _ namespace: String) throws -> (record: LeaseRecord, version: Seq) {
        guard let object = store.object(Self.stream(id, namespace)) else {
            throw CoreError.leaseNotFound(id: id, namespace: namespace)
        }
        return (try JSONCoding.decode(LeaseRecord.self, from: object.bytes), object.resourceVersion)
    }

    func createLease(_ lease: LeaseRecord, origin: LogOrigin) async throws -> LeaseRecord {
        do {
            try await write(lease, LeaseCreated(labels: lease.labels), .absent, origin)
        } catch AppendError.alreadyExists {
            throw CoreError.leaseExists(id: lease.id, namespace: lease.namespace)
        }
        schedule.expect(lease)
        return lease
    }

    /// Lets a lease name more, or less.
    ///
    /// - Parameters:
    ///   - added: What is there stays from the moment on that this returns. What is not there may come later.
    ///   - removed: What the lease does not name is no error.
    func changeLease(
        _ id: String,
        namespace: String,
        adding added: [LeaseRecord.Resource],
        removing removed: [LeaseRecord.Resource],
        origin: LogOrigin
    ) async throws -> LeaseRecord {
        // A collection that runs has read the leases before.
        let hold = content.leases.lease()
        hold.add(added.compactMap { $0.node?.digest })
        defer { withExtendedLifetime(hold) {} }
        while true {
            var (lease, version) = try storedLease(id, namespace)
            let before = lease.resources
            lease.resources.removeAll { removed.contains($0) }
            for resource in added where !lease.resources.contains(resource) { lease.resources.append(resource) }
            if lease.resources == before { return lease }
            let fact = LeaseChanged(
                added: lease.resources.filter { !before.contains($0) }.map(\.reference),
                removed: before.filter { !lease.resources.contains($0) }.map(\.reference)
            )
            do {
                let event = try await write(lease, fact, .exact(version), origin)
                if !fact.removed.isEmpty {
                    schedule.request(
                        CollectionCause("lease \(id) was changed by \(origin.actor)", event: event, origin)
                    )
                }
                return lease
            } catch AppendError.conflict {
                continue  // somebody else changed it in between
            } catch AppendError.notFound {
                throw CoreError.leaseNotFound(id: id, namespace: namespace)
            }
        }
    }

    /// Removes a lease, then what only it kept.
    func removeLease(_ id: String, namespace: String, origin: LogOrigin) async throws -> LeaseRecord {
        let lease = try lease(id, namespace: namespace)
        let event: Seq
        do {
            event = try await store.append(try removal(of: lease, reason: "removed by \(origin.actor)", origin)).last
        } catch AppendError.notFound {
            throw CoreError.leaseNotFound(id: id, namespace: namespace)
        }
        _ = try await collectGarbage(
            CollectionCause("lease \(id) was removed by \(origin.actor)", event: event, origin)
        )
        return lease
    }

    func removal(of lease: LeaseRecord, reason: String, _ origin: LogOrigin) throws -> Proposal {
        let fact = try FactCoding.encode(LeaseRemoved(reason: reason))
        return Proposal(
            stream: Self.stream(lease.id, lease.namespace),
            expected: .exists,
            facts: [NewFact(type: fact.typeName, schema: fact.schemaVersion, data: fact.data, deletesObject: true)],
            actor: origin.actor,
            request: origin.request,
            priority: .runtime
        )
    }

    @discardableResult
    private func write(
        _ lease: LeaseRecord,
        _ fact: some FactPayload,
        _ expected: Expected,
        _ origin: LogOrigin
    ) async throws -> Seq {
        let encoded = try FactCoding.encode(fact)
        let image = AfterImage(bytes: try JSONCoding.encode(lease), resourceVersionOffset: nil)
        return try await store.append(
            Proposal(
                stream: Self.stream(lease.id, lease.namespace),
                // A lease that is there keeps its own.
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
        ).last
    }
}
