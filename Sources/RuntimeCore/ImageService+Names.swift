import EventLog
import Facts
import Images
import Linux
import OCI
import Synchronization

/// Names of images that come and go, and what goes with them.
extension ImageService {
    /// The record of a name as it is stored; nil if there is none, or if it cannot be read.
    func stored(_ name: String, namespace: String) -> ImageRecord? {
        let stream = StreamRef(resource: Self.resource, namespace: namespace, name: name)
        // Who needs to know that a record is damaged asks with `find`.
        return store.object(stream).flatMap { try? Self.record($0) }
    }

    /// Gives an image one more name; a name that exists is moved.
    func tag(
        _ source: String,
        as destination: String,
        namespace: String,
        origin: LogOrigin,
        now: Int64
    ) async throws -> ImageRecord {
        let reference = try Self.reference(destination)
        guard reference.digest == nil else {
            throw CoreError.invalidReference(
                "invalid new name \"\(destination)\": a digest cannot be given to an image"
            )
        }
        let record = try find(source, namespace: namespace)
        // The other name may be removed at this moment: then its content stays, or this fails.
        let lease = content.leases.lease()
        let known = stored(reference.canonical, namespace: namespace)
        if let known, known.target == record.target { return known }
        let parts = try await transfers.run { [content] in
            do {
                let parts = try ImageInventory.references(of: record.target, in: content).content
                lease.add(parts)
                for digest in parts where !content.exists(digest) {
                    throw ImageError.missingContent(digest, of: "the image \(record.name)")
                }
                return parts
            } catch let error as ImageError {
                throw CoreError.image(error)
            }
        }
        guard !parts.isEmpty else { throw CoreError.imageNotFound(reference: source, namespace: namespace) }
        let copy = ImageRecord(
            name: reference.canonical,
            namespace: namespace,
            target: record.target,
            sizeBytes: record.sizeBytes,
            labels: record.labels,
            createdAt: now,
            updatedAt: now
        )
        let fact = ImageTagged(target: record.target.digest.description, source: record.name)
        let saved = try await save(copy, fact, origin: origin)
        withExtendedLifetime(lease) {}
        return saved
    }

    /// Removes a name, then what no other name and no container needs any more.
    func remove(_ reference: String, namespace: String, origin: LogOrigin) async throws -> ImageRecord {
        let record = try find(reference, namespace: namespace)
        let removal = try await remove(record, reason: "removed by \(origin.actor)", origin: origin)
        _ = try await collectGarbage(
            CollectionCause("image \(record.name) was removed by \(origin.actor)", event: removal, origin)
        )
        return record
    }

    /// - Returns: The event of the removal.
    private func remove(_ record: ImageRecord, reason: String, origin: LogOrigin) async throws -> Seq {
        let fact = try FactCoding.encode(ImageRemoved(reason: reason))
        return try await store.append(
            Proposal(
                stream: StreamRef(resource: Self.resource, namespace: record.namespace, name: record.name),
                expected: .exists,
                facts: [
                    NewFact(type: fact.typeName, schema: fact.schemaVersion, data: fact.data, deletesObject: true)
                ],
                actor: origin.actor,
                request: origin.request
            )
        ).last
    }

    /// Removes what nothing refers to; with `inUse`, first every name of the namespace that no container is made of.
    ///
    /// - Parameter inUse: Canonical names that are needed although no container stands on them yet; nil keeps all names.
    func prune(
        namespace: String,
        inUse: Set<String>?,
        origin: LogOrigin
    ) async throws -> (names: [ImageRecord], garbage: CollectedGarbage) {
        var removed: [ImageRecord] = []
        var cause = CollectionCause("images were pruned by \(origin.actor)", event: nil, origin)
        if let inUse {
            let used = try await transfers.run { [self] in try layersInUse() }
            for record in try list(namespace: namespace) where !inUse.contains(record.name) {
                let chains = try await transfers.run { [content] in
                    do {
                        return try ImageInventory.references(of: record.target, in: content).chains
                    } catch let error as ImageError {
                        throw CoreError.image(error)
                    }
                }
                guard used.isDisjoint(with: chains) else { continue }
                do {
                    let reason = "not in use; pruned by \(origin.actor)"
                    cause.event = try await remove(record, reason: reason, origin: origin)
                    removed.append(record)
                } catch AppendError.notFound {
                    continue  // somebody else removed it
                }
            }
        }
        return (removed, try await collectGarbage(cause))
    }

    /// The chain ids that containers' writable layers stand on directly.
    private func layersInUse() throws -> Set<Digest> {
        do {
            return Set(try snapshots.list().filter { $0.kind != .committed }.compactMap(\.parent))
        } catch {
            throw CoreError.image(error)
        }
    }
}
