import Linux
import Synchronization

/// The event log of one node: append, read, watch. Safe to use from any thread and task.
///
/// One process at a time may have a store open; `open` takes the lock file and `close` lets it go.
package final class EventStore: Sendable {
    let published: Published
    let readers: ReaderPool
    let pager = DiskPager()
    let directory: String
    let options: StoreOptions
    let inbox: Inbox
    let sweeper: Sweeper
    private let closing: Closing

    /// Opens the store in `directory`, which is made if it is missing, and starts the writer.
    ///
    /// The order is: lock, examine the write-ahead log, open, migrate, verify the newest thousand events, load the
    /// projection. Damage does not prevent opening: the store then serves what it has verified and `isReadOnly` says why.
    ///
    /// - Throws: `.inUse` if another process has it open, `.incompatible` if a newer program wrote it,
    ///   `.damaged` if it cannot even be read.
    package static func open(directory: String, options: StoreOptions = StoreOptions()) throws(StoreError) -> EventStore
    {
        do { try Files.makeDirectories(directory, mode: 0o700) } catch { throw .system(error) }
        let lock = try StoreLock.take(directory: directory)
        let loaded = try LoadedStore.open(directory: directory, options: options, sameBoot: lock.sameBoot)
        // While the log is damaged the old signature stays: it says how the log is to be judged next time.
        if loaded.readOnly == nil || loaded.readOnly == .noSpace { try lock.sign() }
        do {
            return try EventStore(directory: directory, options: options, loaded: loaded, lock: lock)
        } catch { throw .sqlite(error) }
    }

    private init(
        directory: String,
        options: StoreOptions,
        loaded: LoadedStore,
        lock: consuming StoreLock
    ) throws(SQLiteFailure) {
        self.directory = directory
        self.options = options
        let ring = Ring(capacity: options.ringEvents, byteLimit: options.ringBytes, head: loaded.head)
        var state = Published.State(head: loaded.head, floor: loaded.floor, chain: loaded.chain, ring: ring)
        state.readOnly = loaded.readOnly
        state.consumers = loaded.consumers
        state.eventTypes = Set(loaded.names.types.keys)
        for object in loaded.objects { state[object.stream] = object }
        published = Published(state)
        readers = ReaderPool(path: directory + "/events.db", vfs: options.vfs)
        inbox = Inbox(
            proposalLimit: options.inboxProposals,
            byteLimit: options.inboxBytes,
            patience: options.rideAlongMicroseconds
        )
        closing = Closing(lock)
        sweeper = Sweeper(
            readers: readers,
            inbox: inbox,
            published: published,
            wholeHistory: options.wholeHistory
        )
        let writer = try Writer(
            directory: directory,
            options: options,
            loaded: loaded,
            inbox: inbox,
            published: published,
            readers: readers,
            sweeper: sweeper
        )
        writer.start { [closing] in closing.finish() }
        if loaded.isSweepUnfinished { sweeper.start() }
    }

    // A store that is let go of without `close` must not leave its thread waiting for ever.
    deinit {
        sweeper.close()
        pager.close()
        inbox.close()
    }

    /// Writes what is waiting, closes the database and lets the lock file go. Watches end. Calling it twice is fine.
    package func close() async {
        published.close()
        sweeper.close()
        pager.close()
        inbox.close()
        await closing.wait()
    }

    // MARK: Appending

    /// Appends the facts of a proposal, all or none; returns after they are on the disk.
    package func append(_ proposal: Proposal) async throws(AppendError) -> Appended {
        let result: Result<Appended, AppendError> = await withCheckedContinuation { continuation in
            submit(proposal) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// As `append`, without waiting. Proposals of one caller and one priority are appended in the order of the calls.
    ///
    /// - Parameter completion: Called once, after the result is on the disk and visible to readers. It runs on the
    ///   writer's thread (or on the caller's, if nothing could be queued) and must be short and must not block.
    package func submit(_ proposal: Proposal, completion: (@Sendable (Result<Appended, AppendError>) -> Void)? = nil) {
        if let error = inbox.put(.append(proposal, completion)) { completion?(.failure(error)) }
    }

    // MARK: The state now, from memory

    /// The seq of the newest durable event.
    package var head: Seq { published.with { $0.head } }

    /// Watches and exact reads are possible from here on; every event after it is present.
    package var floor: Seq { published.with { $0.floor } }

    /// The hash chain's value at the head: an anchor that proves, kept elsewhere, that the tail was not cut.
    package var anchor: (seq: Seq, chain: [UInt8]) { published.with { ($0.head, $0.chain) } }

    /// Why ordinary proposals are refused; nil normally.
    package var isReadOnly: ReadOnlyReason? { published.with { $0.readOnly } }

    /// Every type of event that has ever been appended, so that a program can refuse a log it does not understand.
    package var eventTypes: Set<String> { published.with { $0.eventTypes } }

    /// The living object of this reference.
    package func object(_ stream: StreamRef) -> StoredObject? { published.with { $0[stream] } }

    /// Living objects of a resource as of one moment, by namespace and name; those that never had an image are left out.
    package func objects(resource: ResourceKey, namespace: String? = nil) -> (items: [StoredObject], head: Seq) {
        let (items, head) = published.with { state in
            (state.objects[resource].map { Array($0.values) } ?? [], state.head)
        }
        return (Self.ordered(items, namespace), head)
    }

    static func ordered(_ items: [StoredObject], _ namespace: String?) -> [StoredObject] {
        items
            .filter { $0.resourceVersion > 0 && (namespace == nil || $0.stream.namespace == namespace) }
            .sorted { ($0.stream.namespace, $0.stream.name) < ($1.stream.namespace, $1.stream.name) }
    }

    // MARK: Consumers

    /// How far a consumer has come; 0 if it has never saved a position.
    package func consumerPosition(_ name: String) -> Seq { published.with { $0.consumers[name] ?? 0 } }

    /// Saves how far a consumer has come; rides along with the next commit.
    package func saveConsumerPosition(_ name: String, _ seq: Seq) async throws(AppendError) {
        let position = ConsumerPosition(name: name, seq: seq)
        let failure: AppendError? = await withCheckedContinuation { continuation in
            if let error = inbox.put(.move(position, { continuation.resume(returning: $0) })) {
                continuation.resume(returning: error)
            }
        }
        if let failure { throw failure }
    }

    /// Numbers since the store was opened.
    package var statistics: StoreStatistics {
        let waiting = inbox.waiting
        return published.with { state in
            var statistics = state.statistics
            statistics.head = state.head
            statistics.floor = state.floor
            statistics.objects = state.objects.values.reduce(0) { $0 + $1.count }
            statistics.waiting = waiting
            statistics.ringEvents = state.ring.count
            statistics.ringBytes = state.ring.bytes
            statistics.sleepingCursors = state.waiters.values.reduce(0) { $0 + $1.count }
            return statistics
        }
    }
}

/// Holds the lock file until the writer has ended, and those who wait for that.
private final class Closing: Sendable {
    private struct State: ~Copyable {
        var lock: StoreLock?
        var isFinished = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ lock: consuming StoreLock) { state = Mutex(State(lock: lock)) }

    func finish() {
        let waiting = state.withLock { state in
            state.isFinished = true
            state.lock = nil
            let waiting = state.waiting
            state.waiting = []
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                if !state.isFinished { state.waiting.append(continuation) }
                return state.isFinished
            }
            if isFinished { continuation.resume() }
        }
    }
}
