import Glibc
import Linux

/// The body of the sender's thread: connect, send, see that it was taken, save; and after any failure all over again
/// from the last position that journald has taken.
struct JournalSenderLoop {
    private enum Interruption: Error {
        case stopped
        case socket(SysError)
        case source(String)
    }

    private let source: any JournalSource
    private let socketPath: String
    private let pacing: JournalSender.Pacing
    private let shared: JournalSenderState

    /// journald has taken everything up to here.
    private var taken: Int64
    private var saved: Int64
    private var unsavedSince: Duration?
    private var stopBy: Duration?

    init(source: any JournalSource, socketPath: String, pacing: JournalSender.Pacing, shared: JournalSenderState) {
        self.source = source
        self.socketPath = socketPath
        self.pacing = pacing
        self.shared = shared
        taken = shared.status.lastPosition
        saved = taken
    }

    mutating func run() {
        var pause = pacing.firstRetry
        while !shared.isStopping {
            let before = taken
            do {
                try serve()
            } catch {
                switch error {
                case .stopped: break
                case .socket(let reason):
                    shared.update { $0.connection = .absent(reason: "\(reason)") }
                case .source(let problem):
                    shared.update { $0.problem = problem }
                }
                if taken > before { pause = pacing.firstRetry }
                if shared.status.problem == nil { waitForRecords() }
                rest(pause)
                pause = min(pause * 2, pacing.longestRetry)
            }
        }
        save(force: true)
    }

    /// Sends over one connection until the sender is stopped or something fails.
    private mutating func serve() throws(Interruption) {
        let socket: DatagramSocket
        do { socket = try DatagramSocket(connectingTo: socketPath) } catch { throw .socket(error) }
        shared.update { $0.connection = .connected }
        var cursor = taken
        while true {
            shared.acceptWakes()
            let batch: [(position: Int64, record: JournalRecord)]
            do { batch = try source.records(after: cursor, limit: pacing.batch) } catch {
                throw .source("reading records after \(cursor): \(error)")
            }
            shared.update { $0.problem = nil }
            for (position, record) in batch {
                try send(record.nativeBytes, over: socket)
                cursor = position
                shared.update { $0.sent += 1 }
            }
            if cursor > taken {
                try waitUntilTaken(over: socket)
                taken = cursor
                if unsavedSince == nil { unsavedSince = Clock.now }
                shared.update { $0.lastPosition = cursor }
            }
            save(force: false)
            guard batch.isEmpty else { continue }
            if shared.isStopping { return }
            _ = shared.pipe.wait(milliseconds: millisecondsUntilSave)
        }
    }

    /// Sends one datagram, through a sealed file if it is too large for the socket.
    private mutating func send(_ bytes: [UInt8], over socket: borrowing DatagramSocket) throws(Interruption) {
        do {
            if try attempt(over: socket, { socket throws(SysError) in try socket.send(bytes) }) { return }
            let memory = try Descriptor.sealedMemory("swiftlet-journal", bytes)
            _ = try attempt(over: socket) { socket throws(SysError) in try socket.send(descriptor: memory) }
        } catch let failure as SysError {
            throw .socket(failure)
        } catch {
            throw .stopped
        }
    }

    /// Tries until journald has room.
    ///
    /// - Returns: False if the datagram is too large.
    private mutating func attempt(
        over socket: borrowing DatagramSocket,
        _ send: (borrowing DatagramSocket) throws(SysError) -> Void
    ) throws -> Bool {
        var patience = Patience(pacing: pacing)
        while true {
            do {
                try send(socket)
                if patience.isStalled { shared.update { $0.connection = .connected } }
                return true
            } catch {
                switch error.errno.code {
                case EMSGSIZE, ENOBUFS: return false
                case EAGAIN: break
                default: throw error
                }
            }
            try pauseOrStop(&patience, socket: socket.raw)
        }
    }

    /// Waits until journald has taken out of the socket what was sent.
    ///
    /// When the receiver dies the kernel empties its queue, which looks the same from here; an empty datagram, which
    /// journald ignores, tells the two apart, because sending it to a dead receiver fails.
    private mutating func waitUntilTaken(over socket: borrowing DatagramSocket) throws(Interruption) {
        var patience = Patience(pacing: pacing)
        do {
            while try !socket.isDrained() { try pauseOrStop(&patience, socket: -1) }
            _ = try attempt(over: socket) { socket throws(SysError) in try socket.send([]) }
        } catch let failure as SysError {
            throw .socket(failure)
        } catch {
            throw .stopped
        }
        if patience.isStalled { shared.update { $0.connection = .connected } }
    }

    private mutating func pauseOrStop(_ patience: inout Patience, socket: Int32) throws(Interruption) {
        if shared.isStopping {
            let limit = stopBy ?? Clock.now + pacing.stopGrace
            stopBy = limit
            if Clock.now >= limit { throw .stopped }
            _ = shared.pipe.wait(milliseconds: 5)
            return
        }
        if patience.hasJustStalled { shared.update { $0.connection = .stalled } }
        // The socket tells when it has room; a short sleep comes first so that a false alarm cannot make a busy loop.
        _ = shared.pipe.wait(milliseconds: socket >= 0 ? 1 : patience.nextSleep)
        if socket >= 0, !shared.isStopping { _ = shared.pipe.wait(milliseconds: 1000, orWritable: socket) }
    }

    /// Waits until there is something to send: nobody looks for journald on an idle node.
    private mutating func waitForRecords() {
        while !shared.isStopping {
            shared.acceptWakes()
            do {
                guard try source.records(after: taken, limit: 1).isEmpty else { return }
            } catch {
                shared.update { $0.problem = "reading records after \(taken): \(error)" }
                return
            }
            save(force: false)
            _ = shared.pipe.wait(milliseconds: millisecondsUntilSave)
        }
    }

    /// Waits without being woken by new records: they cannot be sent anyway.
    private func rest(_ pause: Duration) {
        let end = Clock.now + pause
        while !shared.isStopping {
            let left = (end - Clock.now).wholeMilliseconds
            if left <= 0 { return }
            _ = shared.pipe.wait(milliseconds: left)
        }
    }

    private mutating func save(force: Bool) {
        guard taken > saved else { return }
        let due = unsavedSince.map { Clock.now - $0 >= pacing.saveAfter } ?? true
        guard force || due || taken - saved >= 1000 || shared.isStopping else { return }
        do {
            try source.savePosition(taken)
            saved = taken
            unsavedSince = nil
        } catch {
            // Kept in memory and tried again: at worst records are sent twice after a restart.
            unsavedSince = Clock.now
            shared.update { $0.problem = "saving position \(taken): \(error)" }
        }
    }

    private var millisecondsUntilSave: Int {
        guard taken > saved, let unsavedSince else { return -1 }
        return max(1, (unsavedSince + pacing.saveAfter - Clock.now).wholeMilliseconds)
    }
}

/// How long one wait for journald has lasted, and how long to sleep next.
private struct Patience {
    private let stalledAt: Duration
    private var sleep = 0
    private(set) var isStalled = false

    init(pacing: JournalSender.Pacing) { stalledAt = Clock.now + pacing.stalledAfter }

    /// True once, when patience ends.
    var hasJustStalled: Bool {
        mutating get {
            guard !isStalled, Clock.now >= stalledAt else { return false }
            isStalled = true
            return true
        }
    }

    /// Milliseconds: 1, 2, 4, … up to 256; a second when stalled.
    var nextSleep: Int {
        mutating get {
            sleep = isStalled ? 1000 : min(max(1, sleep * 2), 256)
            return sleep
        }
    }
}

/// Time that only goes forward, clock_gettime(CLOCK_MONOTONIC).
private enum Clock {
    static var now: Duration {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int {
        let parts = components
        return Int(clamping: parts.seconds) * 1000 + Int(parts.attoseconds / 1_000_000_000_000_000)
    }
}
