import Synchronization

/// What every reader sees: the state as of the last durable commit. Only the writer changes it, a whole batch at a time.
final class Published: Sendable {
    struct ObjectName: Hashable {
        let namespace: String
        let name: String
    }

    /// What a cursor is interested in; nil means all.
    struct Filter: Hashable {
        let resource: ResourceKey?
        let namespace: String?

        func matches(_ stream: StreamRef) -> Bool {
            (namespace == nil || namespace == stream.namespace) && (resource == nil || resource == stream.resource)
        }
    }

    /// Why a sleeping cursor was resumed.
    enum Wake: Sendable {
        /// An event it may want was published; everything up to this seq is of no interest to it.
        case published(scanned: Seq)
        case cancelled
        case closed
    }

    struct State {
        var head: Seq
        var floor: Seq
        var chain: [UInt8]
        var objects: [ResourceKey: [ObjectName: StoredObject]] = [:]
        var ring: Ring
        var waiters: [Filter: [UInt64: CheckedContinuation<Wake, Never>]] = [:]
        var headWaiters: [UInt64: (seq: Seq, continuation: CheckedContinuation<Bool, Never>)] = [:]
        var consumers: [String: Seq] = [:]
        var eventTypes: Set<String> = []
        var nextWaiter: UInt64 = 0
        var readOnly: ReadOnlyReason?
        var isClosed = false
        var statistics = StoreStatistics()

        subscript(stream: StreamRef) -> StoredObject? {
            get { objects[stream.resource]?[ObjectName(namespace: stream.namespace, name: stream.name)] }
            set {
                let name = ObjectName(namespace: stream.namespace, name: stream.name)
                objects[stream.resource, default: [:]][name] = newValue
            }
        }
    }

    private let state: Mutex<State>

    init(_ initial: sending State) { state = Mutex(initial) }

    /// Reads, or changes what is not the log, in one short critical section.
    func with<Value>(_ body: (inout sending State) throws -> sending Value) rethrows -> sending Value {
        try state.withLock(body)
    }

    /// Makes one committed batch visible, whole, and wakes the cursors that may want some of it.
    ///
    /// - Parameters:
    ///   - events: In order, the first being head + 1.
    ///   - objects: The new state of every touched reference; nil for a deleted one.
    ///   - floor: Where history begins from now on; nil if that is as before.
    func publish(
        events: [EventRecord],
        objects: [StreamRef: StoredObject?],
        consumers: [String: Seq],
        chain: [UInt8],
        floor: Seq? = nil
    ) {
        var resumed: [CheckedContinuation<Wake, Never>] = []
        var arrived: [CheckedContinuation<Bool, Never>] = []
        var scanned: Seq = 0
        state.withLock { state in
            scanned = state.head
            for (stream, object) in objects { state[stream] = object }
            for event in events {
                state.ring.append(event)
                state.eventTypes.insert(event.type)
            }
            for (name, seq) in consumers { state.consumers[name] = seq }
            state.chain = chain
            if let floor { state.floor = floor }
            if let last = events.last { state.head = last.seq }
            if !state.waiters.isEmpty {
                for filter in Self.interested(in: events) {
                    if let sleeping = state.waiters.removeValue(forKey: filter) { resumed += sleeping.values }
                }
            }
            for (id, waiter) in state.headWaiters where waiter.seq <= state.head {
                arrived.append(waiter.continuation)
                state.headWaiters[id] = nil
            }
        }
        for continuation in resumed { continuation.resume(returning: .published(scanned: scanned)) }
        for continuation in arrived { continuation.resume(returning: true) }
    }

    /// Every filter that matches at least one of the events.
    private static func interested(in events: [EventRecord]) -> Set<Filter> {
        var filters: Set<Filter> = []
        var last: StreamRef?
        for event in events {
            let stream = event.stream
            if let last, last.namespace == stream.namespace, last.resource == stream.resource { continue }
            last = stream
            filters.insert(Filter(resource: stream.resource, namespace: stream.namespace))
            filters.insert(Filter(resource: stream.resource, namespace: nil))
            filters.insert(Filter(resource: nil, namespace: stream.namespace))
            filters.insert(Filter(resource: nil, namespace: nil))
        }
        return filters
    }

    /// Ends every wait: cursors return what they have, which is nothing.
    func close() {
        var resumed: [CheckedContinuation<Wake, Never>] = []
        var arrived: [CheckedContinuation<Bool, Never>] = []
        state.withLock { state in
            state.isClosed = true
            for group in state.waiters.values { resumed += group.values }
            state.waiters = [:]
            arrived = state.headWaiters.values.map(\.continuation)
            state.headWaiters = [:]
        }
        for continuation in resumed { continuation.resume(returning: .closed) }
        for continuation in arrived { continuation.resume(returning: false) }
    }
}
