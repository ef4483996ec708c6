import Synchronization

/// A place in the log and a filter. It holds no events: a slow reader costs nothing, its place merely lags.
///
/// One task at a time may call `next`.
package final class WatchCursor: Sendable {
    private let store: EventStore
    private let filter: Published.Filter
    private let place: Mutex<Seq>

    init(store: EventStore, filter: Published.Filter, after: Seq) {
        self.store = store
        self.filter = filter
        place = Mutex(after)
    }

    /// Everything up to here was examined: a bookmark may carry it once the events before it are sent.
    package var position: Seq { place.withLock { $0 } }

    private enum Scan {
        case events([EventRecord], upTo: Seq)
        /// The place has left the ring; the log must be read from disk up to the head.
        case disk(head: Seq)
        case nothing(upTo: Seq)
        case expired(floor: Seq)
        case closed
    }

    /// What one call of `next` brings at most, in bytes: events that have left the ring are held by their readers alone.
    package static let byteLimit = 256 << 10

    /// The next events that pass the filter, at most `max` or about 256 KiB; waits until there is at least one.
    ///
    /// - Returns: An empty array only if the task was cancelled or the store closed.
    /// - Throws: `.expired` if the cursor lagged so far that compaction overtook it.
    package func next(max: Int) async throws(WatchError) -> [EventRecord] {
        while !Task.isCancelled {
            let from = position
            switch scan(after: from, max: max) {
            case .closed: return []
            case .expired(let floor): throw .expired(floor: floor)
            case .events(let events, let upTo):
                place.withLock { $0 = upTo }
                return events
            case .disk(let head):
                let page: [EventRecord]
                do {
                    page = try await store.pageOffThread(after: from, upTo: head, limit: 500)
                } catch .expired(let floor) {
                    throw .expired(floor: floor)
                } catch { throw .failed(error.description) }
                var found: [EventRecord] = []
                var bytes = 0
                var upTo = from
                for event in page where found.count < max && bytes < Self.byteLimit {
                    upTo = event.seq
                    guard filter.matches(event.stream) else { continue }
                    found.append(event)
                    bytes += event.weight
                }
                place.withLock { $0 = upTo }
                if !found.isEmpty { return found }
            case .nothing(let upTo):
                place.withLock { $0 = upTo }
                switch await store.sleep(filter, after: upTo) {
                case .published(let scanned): place.withLock { $0 = Swift.max($0, scanned) }
                case .cancelled, .closed: return []
                }
            }
        }
        return []
    }

    private func scan(after from: Seq, max: Int) -> Scan {
        store.published.with { state in
            if state.isClosed { return .closed }
            if from >= state.head { return .nothing(upTo: from) }
            if from < state.floor { return .expired(floor: state.floor) }
            if from + 1 < state.ring.first { return .disk(head: state.head) }
            var found: [EventRecord] = []
            var bytes = 0
            var seq = from
            while seq < state.head, found.count < max, bytes < Self.byteLimit, let event = state.ring[seq + 1] {
                seq += 1
                guard filter.matches(event.stream) else { continue }
                found.append(event)
                bytes += event.weight
            }
            return found.isEmpty ? .nothing(upTo: seq) : .events(found, upTo: seq)
        }
    }
}

extension EventStore {
    /// A cursor that delivers every event after `seq` of a resource and a namespace (nil: of all of them).
    ///
    /// - Throws: `.expired` below the floor. Ahead of the head it waits up to three seconds, then `.tooLarge`.
    package func watch(
        after seq: Seq,
        resource: ResourceKey? = nil,
        namespace: String? = nil
    ) async throws(WatchError) -> WatchCursor {
        let (floor, head) = published.with { ($0.floor, $0.head) }
        if seq < floor { throw .expired(floor: floor) }
        if seq > head, await !reaches(seq, within: .seconds(3)) {
            throw .tooLarge(head: published.with { $0.head })
        }
        return WatchCursor(store: self, filter: Published.Filter(resource: resource, namespace: namespace), after: seq)
    }

    /// Waits until the head is at `seq` or beyond; false if that takes longer than `limit`, or the store closes.
    package func reaches(_ seq: Seq, within limit: Duration) async -> Bool {
        if head >= seq { return true }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.waitForHead(seq) }
            group.addTask {
                // Cancelled when the head arrives first; then nobody asks for this result.
                try? await Task.sleep(for: limit)
                return false
            }
            let reached = await group.next() ?? false
            group.cancelAll()
            return reached
        }
    }

    private func waitForHead(_ seq: Seq) async -> Bool {
        let id = published.with { state -> UInt64 in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Bool? = published.with { state in
                    if state.head >= seq { return true }
                    if state.isClosed || Task.isCancelled { return false }
                    state.headWaiters[id] = (seq, continuation)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let waiter = published.with { $0.headWaiters.removeValue(forKey: id) }
            waiter?.continuation.resume(returning: false)
        }
    }

    /// Sleeps until an event after `seq` that passes the filter is published.
    func sleep(_ filter: Published.Filter, after seq: Seq) async -> Published.Wake {
        let id = published.with { state -> UInt64 in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Published.Wake? = published.with { state in
                    if state.isClosed { return .closed }
                    if Task.isCancelled { return .cancelled }
                    if state.head > seq { return .published(scanned: seq) }
                    state.waiters[filter, default: [:]][id] = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let continuation = published.with { $0.waiters[filter]?.removeValue(forKey: id) }
            continuation?.resume(returning: .cancelled)
        }
    }

    /// Reads a page of the log on the pager's threads.
    func pageOffThread(after seq: Seq, upTo head: Seq, limit: Int) async throws(ReadError) -> [EventRecord] {
        published.with { $0.statistics.diskPages += 1 }
        return try await pager.run { () throws(ReadError) in
            try self.page(after: seq, upTo: head, limit: limit, bytes: WatchCursor.byteLimit)
        }
    }
}
