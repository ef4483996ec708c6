import Synchronization

/// Read-only connections, kept for the next reader. Any number of threads; each read has a connection to itself.
final class ReaderPool: Sendable {
    /// A connection at rest. Whoever took it out of the pool is its only user.
    private struct Idle: @unchecked Sendable {
        // SAFETY: moved in and out of the pool under its lock; never in two hands.
        let reader: EventReader
    }

    private struct State {
        var idle: [Idle] = []
        /// Connections that were opened before the last `closeAll` are not taken back.
        var generation = 0
    }

    private let path: String
    private let vfs: String?
    private let keep: Int
    private let state = Mutex(State())

    init(path: String, vfs: String?, keep: Int = 4) {
        self.path = path
        self.vfs = vfs
        self.keep = keep
    }

    /// Runs `body` with a connection, in one read transaction.
    func read<Value>(_ body: (EventReader) throws(ReadError) -> Value) throws(ReadError) -> Value {
        let (taken, generation) = state.withLock { ($0.idle.popLast(), $0.generation) }
        let reader: EventReader
        if let taken {
            reader = taken.reader
        } else {
            do {
                reader = try EventReader(Schema.openReader(path, vfs: vfs))
            } catch { throw .failed(error.description) }
        }
        let value: Value
        do {
            value = try reader.transaction { () throws(ReadError) -> Value in try body(reader) }
        } catch {
            // A read that failed may have left a broken handle; the next one opens a fresh connection.
            if case .failed = error { reader.connection.close() } else { give(reader, generation) }
            throw error
        }
        give(reader, generation)
        return value
    }

    private func give(_ reader: EventReader, _ generation: Int) {
        let entry = Idle(reader: reader)
        state.withLock { state in
            if state.generation == generation, state.idle.count < keep { state.idle.append(entry) }
        }
    }

    /// Closes the idle connections; those in use are closed by their readers.
    func closeAll() {
        let idle = state.withLock { state in
            state.generation += 1
            let idle = state.idle
            state.idle = []
            return idle
        }
        for entry in idle { entry.reader.connection.close() }
    }
}
