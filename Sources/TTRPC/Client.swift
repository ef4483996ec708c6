import Glibc
package import Linux
import Synchronization

/// One connection to a ttrpc server, for use from any thread; its answers arrive on the thread of an `EventLoop`.
///
/// An outstanding call costs an entry in a table: hundreds of `Wait` calls are fine. A call is written to the socket by
/// the calling thread; the loop's thread is woken only by answers.
package final class TTRPCClient: Sendable {
    package typealias Completion = @Sendable (Result<[UInt8], TTRPCError>) -> Void

    private struct Pending {
        let completion: Completion
        let service: String
        let method: String
        /// On the loop's clock; nil waits without end.
        let deadline: UInt64?
    }

    private struct State {
        var socket: Int32
        var connection = TTRPCClientConnection()
        var pending: [UInt32: Pending] = [:]
        /// True while the loop watches for room to write.
        var waitsForRoom = false
        /// When the loop will look for calls whose time is over.
        var nextCheck: UInt64?
        var failure: TTRPCError?
    }

    private let state: Mutex<State>
    private let mailbox: EventLoop.Mailbox
    private let onDisconnect: @Sendable (TTRPCError) -> Void

    /// Connects to a unix socket and hands the connection to a loop.
    ///
    /// The loop keeps the client alive until the connection ends: call `close` when it is no longer wanted.
    ///
    /// - Parameters:
    ///   - mailbox: Of the loop (see `LoopThread`) that shall watch the connection.
    ///   - onDisconnect: Called once on the loop's thread, after all open calls were failed with `.disconnected`.
    /// - Throws: `SysError`: ENOENT or ECONNREFUSED when nobody listens there.
    package static func connect(
        path: String,
        mailbox: EventLoop.Mailbox,
        onDisconnect: @escaping @Sendable (TTRPCError) -> Void = { _ in }
    ) throws(SysError) -> TTRPCClient {
        let socket = try UnixSocket.connect(path)
        let client = TTRPCClient(socket: socket.release(), mailbox: mailbox, onDisconnect: onDisconnect)
        mailbox.post { loop in client.attach(to: loop) }
        return client
    }

    private init(
        socket: Int32,
        mailbox: EventLoop.Mailbox,
        onDisconnect: @escaping @Sendable (TTRPCError) -> Void
    ) {
        state = Mutex(State(socket: socket))
        self.mailbox = mailbox
        self.onDisconnect = onDisconnect
    }

    /// Starts a call.
    ///
    /// - Parameters:
    ///   - timeout: After it the call fails with `.timedOut`; nil waits until the answer or the end of the connection.
    ///   - metadata: For example `containerd-namespace-ttrpc`.
    ///   - completion: Called exactly once, on the loop's thread. It must not block.
    package func call(
        service: String,
        method: String,
        payload: [UInt8],
        timeout: Duration? = nil,
        metadata: [StringPair] = [],
        completion: @escaping Completion
    ) {
        let nanoseconds = timeout.map(Self.nanoseconds)
        let request = TTRPCRequest(
            service: service,
            method: method,
            payload: payload,
            timeoutNanos: Int64(clamping: nanoseconds ?? 0),
            metadata: metadata
        )
        let deadline = nanoseconds.map { EventLoop.now &+ $0 }
        let pending = Pending(completion: completion, service: service, method: method, deadline: deadline)
        let work: EventLoop.Mailbox.Work? = state.withLock { state in
            if let failure = state.failure { return { _ in completion(.failure(failure)) } }
            do throws(TTRPCError) {
                let stream = try state.connection.request(request)
                state.pending[stream] = pending
            } catch {
                return { _ in completion(.failure(error)) }
            }
            flush(&state)
            guard state.waitsForRoom || deadline != nil else { return nil }
            return { [self] loop in arrange(loop) }
        }
        if let work { mailbox.post(work) }
    }

    /// Ends the connection; open calls fail with `.disconnected`.
    package func close() {
        mailbox.post { [self] loop in disconnect(loop, .disconnected("closed by us")) }
    }

    /// True until the connection ends.
    package var isConnected: Bool { state.withLock { $0.failure == nil } }

    // MARK: On the loop's thread

    private func attach(to loop: EventLoop) {
        let socket = state.withLock { $0.socket }
        do {
            try loop.add(socket, .readable) { [self] ready in
                if ready.contains(.writable) {
                    state.withLock { state in
                        state.waitsForRoom = false
                        flush(&state)
                    }
                    arrange(loop)
                }
                if !ready.isDisjoint(with: [.readable, .hungUp, .failed]) { receive(loop) }
            }
            arrange(loop)
        } catch {
            disconnect(loop, .disconnected(error.description))
        }
    }

    /// Brings the loop's watch and the timer in line with the state.
    private func arrange(_ loop: EventLoop) {
        let (socket, interest, wait): (Int32, Readiness, UInt64?) = state.withLock { state in
            let interest: Readiness = state.waitsForRoom ? [.readable, .writable] : .readable
            guard state.failure == nil else { return (-1, interest, nil) }
            guard let next = state.pending.values.lazy.compactMap(\.deadline).min() else {
                return (state.socket, interest, nil)
            }
            if let planned = state.nextCheck, planned <= next { return (state.socket, interest, nil) }
            state.nextCheck = next
            let now = EventLoop.now
            return (state.socket, interest, next > now ? next - now : 0)
        }
        guard socket >= 0 else { return }
        do {
            try loop.modify(socket, interest)
        } catch {
            disconnect(loop, .disconnected(error.description))
            return
        }
        if let wait { loop.after(nanoseconds: wait) { [self] in expire(loop) } }
    }

    private func expire(_ loop: EventLoop) {
        let now = EventLoop.now
        let late = state.withLock { state in
            state.nextCheck = nil
            let late = state.pending.filter { ($0.value.deadline ?? .max) <= now }
            for stream in late.keys {
                state.pending[stream] = nil
                state.connection.forget(stream)
            }
            return late.values
        }
        for call in late { call.completion(.failure(.timedOut(service: call.service, method: call.method))) }
        arrange(loop)
    }

    private func receive(_ loop: EventLoop) {
        var buffer = [UInt8](repeating: 0, count: 16384)
        let socket = state.withLock { $0.socket }
        guard socket >= 0 else { return }
        switch Socket.read(socket, into: &buffer) {
        case .nothingYet: return
        case .closed(let reason): disconnect(loop, .disconnected(reason))
        case .bytes(let count):
            let outcome: Result<[(Completion, Result<[UInt8], TTRPCError>)], TTRPCError> = state.withLock { state in
                do throws(TTRPCError) {
                    let answers = try state.connection.feed(buffer[..<count])
                    return .success(
                        answers.compactMap { answer in
                            state.pending.removeValue(forKey: answer.stream).map { ($0.completion, answer.result) }
                        }
                    )
                } catch {
                    return .failure(error)
                }
            }
            switch outcome {
            case .success(let answers):
                for (completion, result) in answers { completion(result) }
            case .failure(let failure): disconnect(loop, failure)
            }
        }
    }

    private func disconnect(_ loop: EventLoop, _ failure: TTRPCError) {
        let calls: [Pending]? = state.withLock { state in
            guard state.failure == nil else { return nil }
            state.failure = failure
            loop.remove(state.socket)
            _ = Glibc.close(state.socket)
            state.socket = -1
            let calls = state.pending.sorted { $0.key < $1.key }.map(\.value)
            state.pending = [:]
            return calls
        }
        guard let calls else { return }
        let reason = failure.description
        for call in calls { call.completion(.failure(.disconnected(reason))) }
        onDisconnect(failure)
    }

    private func flush(_ state: inout State) {
        guard !state.waitsForRoom, state.socket >= 0 else { return }
        do {
            try Socket.flush(state.socket, &state.connection.output)
            state.waitsForRoom = !state.connection.output.isEmpty
        } catch {
            // The other side is gone: the loop reads what it left, sees the end and fails the calls.
        }
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 1 }
        return max(1, UInt64(min(seconds, 1 << 32)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000))
    }
}
