import Glibc
package import Linux
import Synchronization

/// The way to answer one request, now or later, from any thread.
package struct TTRPCReply: Sendable {
    fileprivate let peer: Peer
    fileprivate let stream: UInt32

    /// Sends the answer; only the first one of a request counts.
    package func send(_ response: TTRPCResponse) { peer.respond(stream, response) }

    package func send(_ message: some ProtobufMessage) { send(TTRPCResponse(payload: message.protobuf)) }

    /// False once the client is gone: an answer would reach nobody, and the reply may be forgotten.
    package var isConnected: Bool { peer.isConnected }

    package func fail(_ code: TTRPC.Code, _ message: String) {
        send(TTRPCResponse(status: TTRPC.Status(code, message)))
    }
}

/// Serves ttrpc on a listening socket, on the thread of an `EventLoop`. Everything here belongs to that thread,
/// except the replies.
package final class TTRPCServer {
    package typealias Handler = (TTRPCRequest, TTRPCReply) -> Void

    private let listener: Descriptor
    private let loop: EventLoop
    private let handler: Handler
    private var peers: [Int32: Peer] = [:]

    /// Starts to serve.
    ///
    /// - Parameters:
    ///   - listener: A listening unix socket that does not block.
    ///   - handler: Gets each request; it must not block, and answers through the reply.
    package init(listener: consuming Descriptor, loop: EventLoop, handler: @escaping Handler) throws(SysError) {
        self.listener = listener
        self.loop = loop
        self.handler = handler
        try loop.add(self.listener.raw, .readable) { [unowned self] _ in acceptAll() }
    }

    /// Stops to listen and drops all connections; answers still to be written are tried once.
    package func close() {
        loop.remove(listener.raw)
        for peer in peers.values { peer.end(loop) }
        peers = [:]
    }

    /// How many clients are connected.
    package var connectionCount: Int { peers.count }

    private func acceptAll() {
        while true {
            do {
                guard let socket = try UnixSocket.accept(listener.raw) else { return }
                // Only our own user may command a shim (containerd does the same): others are dropped without a word.
                guard try UnixSocket.peer(socket.raw).uid == geteuid() else { continue }
                let number = socket.release()
                let peer = Peer(socket: number, mailbox: loop.mailbox)
                do {
                    try loop.add(number, .readable) { [unowned self] ready in serve(number, peer, ready) }
                    peers[number] = peer
                } catch {
                    peer.end(loop)
                    throw error
                }
            } catch {
                // Out of descriptors, for example: the client waits in the queue, and the loop must not spin on it.
                pauseAccepting()
                return
            }
        }
    }

    private func pauseAccepting() {
        loop.remove(listener.raw)
        loop.after(nanoseconds: 200_000_000) { [weak self] in
            guard let self else { return }
            do {
                try loop.add(listener.raw, .readable) { [unowned self] _ in acceptAll() }
            } catch {
                pauseAccepting()
            }
        }
    }

    private func serve(_ number: Int32, _ peer: Peer, _ ready: Readiness) {
        if ready.contains(.writable) { peer.roomToWrite(loop) }
        guard !ready.isDisjoint(with: [.readable, .hungUp, .failed]) else { return }
        guard let requests = peer.receive() else {
            peers[number] = nil
            peer.end(loop)
            return
        }
        for incoming in requests { handler(incoming.request, TTRPCReply(peer: peer, stream: incoming.stream)) }
    }
}

/// One client of a server. The lock lets any thread answer; the loop's thread does the rest.
private final class Peer: Sendable {
    private struct State {
        var socket: Int32
        var connection = TTRPCServerConnection()
        var waitsForRoom = false
    }

    private let state: Mutex<State>
    private let mailbox: EventLoop.Mailbox

    init(socket: Int32, mailbox: EventLoop.Mailbox) {
        state = Mutex(State(socket: socket))
        self.mailbox = mailbox
    }

    var isConnected: Bool { state.withLock { $0.socket >= 0 } }

    func respond(_ stream: UInt32, _ response: TTRPCResponse) {
        let mustWait = state.withLock { state in
            state.connection.respond(stream: stream, response)
            return flush(&state)
        }
        if mustWait { mailbox.post { [self] loop in watch(loop) } }
    }

    /// The requests that arrived, or nil if the connection is over.
    func receive() -> [TTRPCServerConnection.Incoming]? {
        var buffer = [UInt8](repeating: 0, count: 16384)
        return state.withLock { state in
            switch Socket.read(state.socket, into: &buffer) {
            case .nothingYet: return []
            case .closed: return nil
            case .bytes(let count):
                do {
                    let requests = try state.connection.feed(buffer[..<count])
                    // Refusals were queued by the connection itself.
                    if flush(&state) { mailbox.post { [self] loop in watch(loop) } }
                    return requests
                } catch {
                    return nil
                }
            }
        }
    }

    func roomToWrite(_ loop: EventLoop) {
        let mustWait = state.withLock { state in
            state.waitsForRoom = false
            return flush(&state)
        }
        if !mustWait { watch(loop) }
    }

    func end(_ loop: EventLoop) {
        state.withLock { state in
            guard state.socket >= 0 else { return }
            loop.remove(state.socket)
            _ = Glibc.close(state.socket)
            state.socket = -1
        }
    }

    /// A client that does not read its answers is not read either, so that it cannot fill our memory.
    private func watch(_ loop: EventLoop) {
        state.withLock { state in
            guard state.socket >= 0 else { return }
            var interest: Readiness = state.waitsForRoom ? .writable : []
            if state.connection.output.count < 1 << 20 { interest.insert(.readable) }
            do {
                try loop.modify(state.socket, interest)
            } catch {
                // Only possible if the socket was never added, and then nobody waits for the answer.
            }
        }
    }

    /// Writes what the socket takes; true if the loop must now be told to watch for room.
    private func flush(_ state: inout State) -> Bool {
        guard state.socket >= 0, !state.waitsForRoom else { return false }
        do {
            try Socket.flush(state.socket, &state.connection.output)
            state.waitsForRoom = !state.connection.output.isEmpty
            return state.waitsForRoom
        } catch {
            // The client is gone: the loop sees it and drops the peer.
            return false
        }
    }
}

/// A ttrpc server for a program with many threads: it listens at a path, and its handlers run on the loop's thread.
package final class TTRPCService: Sendable {
    package typealias Handler = @Sendable (TTRPCRequest, TTRPCReply) -> Void

    /// The name of a method in `handlers`: "containerd.services.events.ttrpc.v1.Events/Forward".
    package typealias MethodName = String

    private let mailbox: EventLoop.Mailbox
    private let path: String

    /// Listens at `path` (mode 0600; peers of other users are dropped). A stale socket file there is replaced.
    ///
    /// - Parameter handlers: By "service/method". Other methods are answered with Unimplemented.
    package init(path: String, mailbox: EventLoop.Mailbox, handlers: [MethodName: Handler]) throws(SysError) {
        self.path = path
        self.mailbox = mailbox
        if unsafe unlink(path) != 0, Errno.current != .noEntry {
            throw SysError(call: "unlink", subject: path, errno: .current)
        }
        let number = try UnixSocket.listen(path, mode: 0o600).release()
        mailbox.post { loop in
            do {
                let server = try TTRPCServer(listener: Descriptor(owning: number), loop: loop) { request, reply in
                    guard let handler = handlers["\(request.service)/\(request.method)"] else {
                        reply.fail(.unimplemented, "\(request.service)/\(request.method) is not served here")
                        return
                    }
                    handler(request, reply)
                }
                loop.keep(server, as: path)
            } catch {
                fatalError("ttrpc service at \(path): \(error)")
            }
        }
    }

    /// Stops to listen, drops the connections and removes the socket file.
    package func stop() {
        _ = unsafe unlink(path)
        mailbox.post { [path] loop in
            if let server = loop.letGo(of: path) as? TTRPCServer { server.close() }
        }
    }
}
