/// Read-only connections, kept for the next reader. Any number of threads; each read has a connection to itself.
final class ReaderPool: Sendable {
    /// A connection at rest. Whoever took it out of the pool is its only user.
    private struct Idle: @unchecked Sendable {
        // SAFETY: moved in and out of the pool under its lock; never in two hands.
        let reader: EventReader
    }

    private struct State {
        var idle: [Idle] = []
        /// Reads that are running.
        var busy = 0
        var isPaused = false
        var isClosed = false
    }

    private let path: String
    private let vfs: String?
    private let keep: Int
    private let state = Mailbox(State())

    init(path: String, vfs: String?, keep: Int = 4) {
        self.path = path
        self.vfs = vfs
        self.keep = keep
    }

    /// Runs `body` with a connection, in one read transaction. Waits while the store is being opened again.
    func read<Value>(_ body: (EventReader) throws(ReadError) -> Value) throws(ReadError) -> Value {
        let (taken, isClosed) = state.wait { state -> Mailbox<State>.Look<(Idle?, Bool)> in
            if state.isClosed { return .found((nil, true)) }
            if state.isPaused { return .wait }
            state.busy += 1
            return .found((state.idle.popLast(), false))
        }
        if isClosed { throw .closed }
        var reader = taken?.reader
        defer { give(back: reader) }
        do throws(SQLiteFailure) {
            if reader == nil { reader = try EventReader(Schema.openReader(path, vfs: vfs)) }
        } catch { throw .failed(error.description) }
        guard let reader else { throw .closed }
        do {
            return try reader.transaction { () throws(ReadError) -> Value in try body(reader) }
        } catch {
            // A read that failed may have left a broken handle; the next one opens a fresh connection.
            if case .failed = error { reader.connection.close() }
            throw error
        }
    }

    private func give(back reader: EventReader?) {
        let entry = reader.map { Idle(reader: $0) }
        let isKept = state.change { state in
            state.busy -= 1
            let mayKeep = !state.isPaused && !state.isClosed && state.idle.count < keep
            if mayKeep, let entry, entry.reader.connection.isOpen { state.idle.append(entry) }
            return (mayKeep, state.isPaused || state.isClosed)
        }
        if !isKept { reader?.connection.close() }
    }

    /// Ends all reading until `resume`: no connection is left when it returns true.
    ///
    /// - Returns: False if a read is still running after the limit (monotonic microseconds).
    func pause(until limit: Int64) -> Bool {
        let idle = state.change { state in
            state.isPaused = true
            let idle = state.idle
            state.idle = []
            return (idle, false)
        }
        for entry in idle { entry.reader.connection.close() }
        return state.wait { state in
            if state.busy == 0 { return .found(true) }
            return Clock.monotonic < limit ? .waitUntil(limit) : .found(false)
        }
    }

    func resume() {
        state.change { state in
            state.isPaused = false
            return ((), true)
        }
    }

    /// Ends all reading for good and waits for the reads that are running.
    func close() {
        let idle = state.change { state in
            state.isClosed = true
            let idle = state.idle
            state.idle = []
            return (idle, true)
        }
        for entry in idle { entry.reader.connection.close() }
        state.wait { state in state.busy == 0 ? .found(()) : .wait }
    }
}
