import Glibc
package import Linux
import Synchronization

/// Where records come from: the agent implements this over its event log.
package protocol JournalSource: Sendable {
    /// The records after a position, in order and at most `limit`; empty when there is nothing new.
    ///
    /// Called on the sender's thread only, where it may block. After a failure the same question comes again.
    func records(after position: Int64, limit: Int) throws -> [(position: Int64, record: JournalRecord)]

    /// Remembers the position up to which journald has taken everything; the next sender starts after it.
    func savePosition(_ position: Int64) throws
}

/// Carries records from a source to journald, on a thread of its own.
///
/// Nothing is lost: a position counts as done when journald has taken everything up to it out of the socket, and it
/// is saved in batches, so after a crash of either side the last records are sent a second time
/// (`SWIFTLET_EVENT_SEQ` tells). Nothing waits for journald: records stay in the source while it is absent or stopped.
package final class JournalSender: Sendable {
    package struct Status: Hashable, Sendable {
        package enum Connection: Hashable, Sendable {
            case connected
            /// There is no journald to reach; the text says why. It is looked for again and again.
            case absent(reason: String)
            /// journald has its socket open and takes nothing from it.
            case stalled
        }

        package var connection: Connection
        /// journald has taken everything up to here.
        package var lastPosition: Int64
        /// Records handed to the socket since the start, repetitions included.
        package var sent: UInt64
        /// What else went wrong last, such as reading the source; nil if it works.
        package var problem: String?
    }

    /// How patient the sender is.
    package struct Pacing: Hashable, Sendable {
        /// How long an absent journald is left alone, at first and at most; it doubles in between.
        package var firstRetry: Duration
        package var longestRetry: Duration
        /// How long journald may take nothing until the status says `stalled`.
        package var stalledAfter: Duration
        /// How long a position may stay unsaved.
        package var saveAfter: Duration
        /// How long `stop` goes on sending what is there.
        package var stopGrace: Duration
        /// Records read from the source at a time.
        package var batch: Int

        package init(
            firstRetry: Duration = .milliseconds(100),
            longestRetry: Duration = .seconds(10),
            stalledAfter: Duration = .seconds(1),
            saveAfter: Duration = .seconds(2),
            stopGrace: Duration = .milliseconds(500),
            batch: Int = 256
        ) {
            self.firstRetry = firstRetry
            self.longestRetry = longestRetry
            self.stalledAfter = stalledAfter
            self.saveAfter = saveAfter
            self.stopGrace = stopGrace
            self.batch = batch
        }
    }

    package static let defaultSocketPath = "/run/systemd/journal/socket"

    private let source: any JournalSource
    private let socketPath: String
    private let pacing: Pacing
    private let shared: JournalSenderState
    private let finished = Semaphore()

    /// - Parameters:
    ///   - startAfter: The position that was saved last; 0 for none.
    ///   - socketPath: journald's native socket.
    /// - Throws: `SysError` if there are no descriptors left.
    package init(
        source: any JournalSource,
        startAfter: Int64,
        socketPath: String = defaultSocketPath,
        pacing: Pacing = Pacing()
    ) throws(SysError) {
        self.source = source
        self.socketPath = socketPath
        self.pacing = pacing
        shared = try JournalSenderState(startAfter: startAfter, connection: Self.look(for: socketPath))
    }

    /// Whether there is a journald, before the first record: connecting tells it nothing.
    private static func look(for socketPath: String) -> Status.Connection {
        do {
            _ = try DatagramSocket(connectingTo: socketPath)
            return .connected
        } catch {
            return .absent(reason: "\(error)")
        }
    }

    /// Before `start` it says what one attempt to connect has found.
    package var status: Status { shared.status }

    /// Starts the thread; a second call does nothing.
    package func start() {
        guard shared.begin() else { return }
        let (source, path, pacing, shared, finished) = (source, socketPath, pacing, shared, finished)
        PosixThread.start(name: "journal") {
            var loop = JournalSenderLoop(source: source, socketPath: path, pacing: pacing, shared: shared)
            loop.run()
            finished.signal()
        }
    }

    /// Says that the source has something new. Never blocks, cheap while the sender is busy.
    package func wake() { shared.wake() }

    /// Sends what can be sent without waiting for journald, saves the position and ends the thread.
    package func stop() {
        guard shared.end() else { return }
        finished.wait()
    }
}

/// What the sender's thread and its callers share.
final class JournalSenderState: Sendable {
    private struct State {
        var status: JournalSender.Status
        var started = false
        var stopping = false
        var wakePending = false
    }

    private let state: Mutex<State>
    let pipe: WakePipe

    init(startAfter: Int64, connection: JournalSender.Status.Connection) throws(SysError) {
        pipe = try WakePipe()
        let status = JournalSender.Status(
            connection: connection,
            lastPosition: startAfter,
            sent: 0,
            problem: nil
        )
        state = Mutex(State(status: status))
    }

    var status: JournalSender.Status { state.withLock { $0.status } }
    var isStopping: Bool { state.withLock { $0.stopping } }

    func update(_ change: (inout JournalSender.Status) -> Void) { state.withLock { change(&$0.status) } }

    /// True for the first call.
    func begin() -> Bool {
        state.withLock { state in
            defer { state.started = true }
            return !state.started
        }
    }

    /// True for the first call after `begin`.
    func end() -> Bool {
        let first = state.withLock { state in
            guard state.started, !state.stopping else { return false }
            state.stopping = true
            return true
        }
        if first { pipe.wake() }
        return first
    }

    func wake() {
        let first = state.withLock { state in
            defer { state.wakePending = true }
            return !state.wakePending
        }
        if first { pipe.wake() }
    }

    /// To be called before the source is read, so that what comes later wakes again.
    func acceptWakes() { state.withLock { $0.wakePending = false } }
}
