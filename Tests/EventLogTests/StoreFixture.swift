import Linux
import TestSupport

@testable import EventLog

/// Shared words of the store tests.
let pods = ResourceKey(group: "", version: "v1", plural: "pods")
let leases = ResourceKey(group: "coordination.k8s.io", version: "v1", plural: "leases")

func pod(_ name: String, _ namespace: String = "default") -> StreamRef {
    StreamRef(resource: pods, namespace: namespace, name: name)
}

/// An object's image with the place for its resourceVersion.
func image(_ value: String) -> AfterImage {
    let head = Array(#"{"metadata":{"resourceVersion":""#.utf8)
    return AfterImage(
        bytes: head + Array((#""},"value":""# + value + #""}"#).utf8),
        resourceVersionOffset: head.count
    )
}

/// The image as it is served at `seq`.
func served(_ value: String, _ seq: Seq) -> [UInt8] {
    Array(#"{"metadata":{"resourceVersion":"\#(seq)"},"value":"\#(value)"}"#.utf8)
}

func fact(_ type: String, _ value: String? = nil, deletes: Bool = false) -> NewFact {
    NewFact(type: type, data: Array(#"{"n":1}"#.utf8), after: value.map { image($0) }, deletesObject: deletes)
}

func proposal(
    _ stream: StreamRef,
    _ expected: Expected,
    _ facts: [NewFact],
    uid: UID? = nil,
    durability: Durability = .synced
) -> Proposal {
    Proposal(
        stream: stream,
        uid: uid,
        expected: expected,
        facts: facts,
        actor: "user:test",
        durability: durability
    )
}

func create(_ name: String, _ value: String = "a", uid: UID = .random()) -> Proposal {
    proposal(pod(name), .absent, [fact("PodCreated", value)], uid: uid)
}

func change(_ name: String, _ value: String, _ expected: Expected = .exists) -> Proposal {
    proposal(pod(name), expected, [fact("PodReplaced", value)])
}

func remove(_ name: String) -> Proposal {
    proposal(pod(name), .exists, [fact("PodRemoved", deletes: true)])
}

/// A retention that keeps the newest events and nothing else.
func keeping(_ events: Int64) -> Retention {
    var retention = Retention()
    retention.minimumAge = 0
    retention.maximumAge = 0
    retention.minimumEvents = events
    return retention
}

/// The proposal with which a test gives up history.
func compaction(to floor: Seq, uid: UID = UID(high: 7, low: 7)) -> Proposal {
    var result = proposal(
        StreamRef(resource: leases, namespace: "", name: "compaction"),
        .any,
        [fact("HistoryCompacted")],
        uid: uid
    )
    result.floor = floor
    return result
}

/// Options for tests: nothing large on the disk.
func smallOptions() -> StoreOptions {
    var options = StoreOptions()
    options.walBytes = 0
    options.ballastBytes = 0
    options.resumeFreeBytes = 0
    return options
}

/// Runs `body` with a fresh store in a directory of its own and closes it, whatever happens.
func withStore(
    _ options: StoreOptions = smallOptions(),
    _ body: (EventStore, String) async throws -> Void
) async throws {
    let directory = try TemporaryDirectory(prefix: "swiftlet-eventlog")
    let path = directory.path
    let store = try EventStore.open(directory: path, options: options)
    do {
        try await body(store, path)
    } catch {
        await store.close()
        throw error
    }
    await store.close()
}

/// Opens the store in `path` for the length of `body`.
func reopened(
    _ path: String,
    _ options: StoreOptions = smallOptions(),
    _ body: (EventStore) async throws -> Void
) async throws {
    let store = try EventStore.open(directory: path, options: options)
    do {
        try await body(store)
    } catch {
        await store.close()
        throw error
    }
    await store.close()
}
