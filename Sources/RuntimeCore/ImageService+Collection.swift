import EventLog
import Facts
import Glibc
import Images
import JSON
import Linux
import OCI
import Synchronization

/// Why garbage is collected.
struct CollectionCause: Sendable {
    /// For people: "image bb was removed by unix:root".
    var reason: String
    /// The event that made it garbage, if it is one.
    var event: Seq?
    var origin: LogOrigin
    /// Content stays: only unpacked layers are looked at.
    var takesLayersOnly = false

    init(_ reason: String, event: Seq?, _ origin: LogOrigin) {
        self.reason = reason
        self.event = event
        self.origin = origin
    }
}

/// The one way in which content and unpacked layers leave the stores.
extension ImageService {
    /// What is found and removed is told here; the name never ends.
    static let collections = StreamRef(
        resource: ResourceKey(group: "swiftlet.dev", version: "v1", plural: "collections"),
        namespace: "",
        name: "garbage"
    )

    /// Removes content and layers that no image of any namespace, no lease and no label refers to, that no container
    /// stands on and nobody works with. It waits for no upload and no pull.
    ///
    /// What will go is in the log before anything goes, with the reason; what went, afterwards.
    func collectGarbage(_ cause: CollectionCause) async throws -> CollectedGarbage {
        try await transfers.run { [self] in
            try collection.withLock { _ in
                do {
                    return try content.leases.collecting { () throws(any Error) in try collect(cause) }
                } catch let error as ImageError {
                    throw CoreError.image(error)
                }
            }
        }
    }

    private func collect(_ cause: CollectionCause) throws -> CollectedGarbage {
        let collector = GarbageCollector(content: content, snapshots: snapshots)
        var garbage = try collector.mark(keeping: try roots())
        if cause.takesLayersOnly { garbage.contents = [] }
        schedule.containersKeepLayers = garbage.layersOfContainers > 0
        if garbage.isEmpty { return CollectedGarbage() }
        let found = try report(
            cause,
            contents: garbage.contents.map(\.digest),
            layers: garbage.layers,
            cause.event
        ) { contents, layers in
            GarbageFound(reason: cause.reason, contents: contents, snapshots: layers)
        }
        let collected = try collector.sweep(garbage)
        var bytes = collected.bytes
        try report(cause, contents: collected.contents, layers: collected.layers, found) { contents, layers in
            // A collection that is too long for one event counts its bytes in the first.
            defer { bytes = 0 }
            return GarbageCollected(reason: cause.reason, contents: contents, snapshots: layers, bytes: bytes)
        }
        try forgetLabels(of: collected)
        return collected
    }

    /// Writes events about things, so many that none of them is too large; at least one.
    @discardableResult
    private func report(
        _ cause: CollectionCause,
        contents: [Digest],
        layers: [Digest],
        _ event: Seq?,
        _ fact: (_ contents: [String], _ layers: [String]) -> some FactPayload
    ) throws -> Seq? {
        var last = event
        var (contents, layers) = (contents.map(\.description)[...], layers.map(\.description)[...])
        repeat {
            let encoded = try FactCoding.encode(fact(Array(contents.prefix(1000)), Array(layers.prefix(1000))))
            (contents, layers) = (contents.dropFirst(1000), layers.dropFirst(1000))
            last = try appendBlocking(
                Proposal(
                    stream: Self.collections,
                    uid: store.object(Self.collections)?.uid ?? UID.random(),
                    expected: .any,
                    facts: [NewFact(type: encoded.typeName, schema: encoded.schemaVersion, data: encoded.data)],
                    actor: cause.origin.actor,
                    cause: last,
                    request: cause.origin.request,
                    // On a full disk this is what makes room.
                    priority: .runtime
                )
            )
        } while !contents.isEmpty || !layers.isEmpty
        return last
    }

    // MARK: What is kept

    private func roots() throws -> GarbageCollector.Roots {
        var roots = GarbageCollector.Roots()
        for image in try list(namespace: nil) {
            roots.nodes.insert(.content(image.target.digest))
            roots.nodes.formUnion(CollectionLabels.references(image.labels))
        }
        let now = Self.now()
        for lease in try leases(namespace: nil) {
            if let end = lease.expiresAt, end <= now {
                try appendBlocking(removal(of: lease, reason: "it has expired", .collector))
                continue
            }
            let nodes = lease.resources.compactMap(\.node)
            if lease.isFlat { roots.flat.formUnion(nodes) } else { roots.nodes.formUnion(nodes) }
        }
        for (kind, records) in [(LabelledThing.content, try labelled(.content)), (.snapshot, try labelled(.snapshot))] {
            for record in records {
                // A writable snapshot: nobody collects it.
                guard let digest = try? Digest(record.name) else { continue }
                let node = kind == .content ? StoreNode.content(digest) : .layers(digest)
                if CollectionLabels.isRoot(record.labels) { roots.nodes.insert(node) }
                roots.labelled[node, default: []] += CollectionLabels.references(record.labels)
            }
        }
        return roots
    }

    static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    // MARK: Without being asked

    /// Collects what removals leave, until the task is cancelled.
    func collectAsScheduled(onFailure: @escaping @Sendable (any Error) -> Void) async {
        if wasCutOff { schedule.request(CollectionCause("the last collection was cut off", event: nil, .collector)) }
        // An unreadable lease is told by the collection itself.
        for lease in (try? leases(namespace: nil)) ?? [] { schedule.expect(lease) }
        await schedule.run { [self] cause in
            do {
                _ = try await collectGarbage(cause)
            } catch {
                onFailure(error)
            }
        }
    }

    /// A container is gone: layers that only it needed are garbage now.
    func noteRemoved(container id: String) {
        guard schedule.containersKeepLayers else { return }
        var cause = CollectionCause("container \(id.prefix(12)) was removed", event: nil, .collector)
        // A container keeps layers only, so only layers are freed. What a broken pull has downloaded has no name yet: it
        // is worth keeping for the next try.
        cause.takesLayersOnly = true
        schedule.request(cause)
    }

    /// The agent was stopped between finding garbage and having removed it.
    private var wasCutOff: Bool {
        guard let last = store.object(Self.collections)?.lastSeq else { return false }
        // What cannot be read is no reason to collect.
        return (try? store.events(after: last - 1, limit: 1))?.first?.type == GarbageFound.typeName
    }
}

/// Waits for reasons to collect: one collection serves all that come close to each other.
final class CollectionSchedule: Sendable {
    /// Some layers are kept by containers alone, or nobody has looked yet.
    private let keepLayers = Atomic(true)
    /// Why to collect next; one that takes everything takes the place of one that takes layers only.
    private let cause = Mutex<CollectionCause?>(nil)
    private let requests = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    private let expiries = AsyncStream.makeStream(of: LeaseRecord.self, bufferingPolicy: .unbounded)

    var containersKeepLayers: Bool {
        get { keepLayers.load(ordering: .relaxed) }
        set { keepLayers.store(newValue, ordering: .relaxed) }
    }

    func request(_ wanted: CollectionCause) {
        cause.withLock { cause in
            guard let waiting = cause else { return cause = wanted }
            if waiting.takesLayersOnly, !wanted.takesLayersOnly { cause = wanted }
        }
        requests.continuation.yield()
    }

    /// Looks at a lease again when it expires.
    func expect(_ lease: LeaseRecord) { if lease.expiresAt != nil { expiries.continuation.yield(lease) } }

    func run(_ collect: @escaping @Sendable (CollectionCause) async -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in
                for await _ in requests.stream {
                    // Company: what is removed in the same moment is served by the same collection.
                    try? await Task.sleep(for: .milliseconds(200))  // a cancelled sleep ends the loop
                    if Task.isCancelled { return }
                    if let next = cause.withLock({ $0.take() }) { await collect(next) }
                }
            }
            for await lease in expiries.stream {
                group.addTask { [self] in
                    let wait = (lease.expiresAt ?? 0) - ImageService.now()
                    do { try await Task.sleep(for: .microseconds(max(0, wait))) } catch { return }
                    request(CollectionCause("lease \(lease.id) has expired", event: nil, .collector))
                }
            }
            group.cancelAll()
        }
    }
}
