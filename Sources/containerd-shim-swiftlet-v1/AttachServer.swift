import Glibc
import Linux

/// Lets clients listen in on a container's output: a socket in the bundle, on which each client gets what is written from
/// its coming on, in frames: one byte for the stream (1 stdout, 2 stderr), four for the length, the highest first, bytes.
///
/// A slow client makes the container wait, as a slow terminal would, for as long as the client lives: it gets every byte
/// (decision 0106). After the container's end nobody waits: what is left is given to the kernel.
final class AttachServer {
    /// How much may wait for a client after the container's end, when its output is read without regard for clients. The
    /// process leaves far less; more is written by what it left running.
    private static let mostAtEnd = 4 << 20
    private static let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)

    private let loop: EventLoop
    private let listener: Handle
    private var clients: [Int32: Client] = [:]
    private var waiting: [() -> Void] = []
    private var isClosing = false

    private final class Client {
        let socket: Handle
        var pending: [UInt8] = []
        init(_ socket: Handle) { self.socket = socket }
    }

    init(path: String, on loop: EventLoop) throws(SysError) {
        self.loop = loop
        _ = unsafe unlink(path)  // of a shim that died; anything else is told by bind
        listener = Handle(try UnixSocket.listen(path, mode: 0o600, backlog: 16))
        try loop.add(listener.raw, .readable) { [weak self] _ in self?.acceptAll() }
    }

    /// True while a client has not taken what it was given.
    var isCongested: Bool { clients.values.contains { !$0.pending.isEmpty } }

    /// Calls `resume` once, when nothing is congested any more.
    func whenClear(_ resume: @escaping () -> Void) { waiting.append(resume) }

    /// Passes output on to all clients.
    func offer(_ stream: ContainerLog.Stream, _ bytes: UnsafeRawBufferPointer) {
        guard !clients.isEmpty, unsafe !bytes.isEmpty else { return }
        var frame: [UInt8] = [stream == .standardOutput ? 1 : 2]
        for shift in [24, 16, 8, 0] { frame.append(UInt8(truncatingIfNeeded: bytes.count >> shift)) }
        unsafe frame.append(contentsOf: bytes)
        for client in clients.values {
            let wasEmpty = client.pending.isEmpty
            client.pending += frame
            if wasEmpty { write(client) }
            if client.pending.count > Self.mostAtEnd {
                ShimLog.warning("attach: a client that is slow was let go after the end of the container")
                drop(client)
            }
        }
    }

    /// The container's output is over: clients get what is left, and the end.
    func close() {
        guard !isClosing else { return }
        isClosing = true
        loop.remove(listener.raw)
        for client in clients.values {
            guard !client.pending.isEmpty else {
                drop(client)
                continue
            }
            // The socket keeps what it has taken until the client reads it, also when this shim is gone.
            enlarge(client.socket, to: client.pending.count)
            write(client)
        }
        resumeIfClear()
    }

    /// Gives a socket room for so many bytes more, with what the kernel needs for each piece of them.
    private func enlarge(_ socket: Handle, to bytes: Int) {
        var size = Int32(clamping: 2 * bytes + (1 << 20))
        let length = socklen_t(MemoryLayout<Int32>.size)
        if unsafe setsockopt(socket.raw, SOL_SOCKET, SO_SNDBUFFORCE, &size, length) != 0 {
            // Without CAP_NET_ADMIN as much as is allowed; what does not fit waits here.
            _ = unsafe setsockopt(socket.raw, SOL_SOCKET, SO_SNDBUF, &size, length)
        }
    }

    private func acceptAll() {
        // An error here is the next client's: it finds nobody.
        while let socket = try? UnixSocket.accept(listener.raw) {
            let client = Client(Handle(socket))
            do {
                // Strong: the last clients are served after everything else has let go.
                try loop.add(client.socket.raw, .readable) { [self, unowned client] ready in
                    event(client, ready)
                }
                clients[client.socket.raw] = client
            } catch {
                ShimLog.warning("attach: \(error)")
            }
        }
    }

    private func event(_ client: Client, _ ready: Readiness) {
        if ready.contains(.writable) {
            write(client)
            return
        }
        // Clients have nothing to say; only their end is of interest.
        var byte: UInt8 = 0
        let count = unsafe recv(client.socket.raw, &byte, 1, Self.flags)
        if count == 0 || count < 0 && Errno.current != .again && Errno.current != .interrupted { drop(client) }
    }

    private func write(_ client: Client) {
        while !client.pending.isEmpty {
            let count = unsafe client.pending.withUnsafeBytes {
                unsafe send(client.socket.raw, $0.baseAddress, $0.count, Self.flags)
            }
            if count >= 0 {
                client.pending.removeFirst(count)
                continue
            }
            let failure = Errno.current
            if failure == .interrupted { continue }
            guard failure == .again else { return drop(client) }
            return wait(client)
        }
        settle(client)
    }

    /// Waits until the client takes more, or goes.
    private func wait(_ client: Client) {
        do {
            try loop.modify(client.socket.raw, [.readable, .writable])
        } catch {
            drop(client)
        }
    }

    /// The client has everything.
    private func settle(_ client: Client) {
        client.pending = []
        if isClosing { return drop(client) }
        try? loop.modify(client.socket.raw, .readable)  // fails only for a client that is gone
        resumeIfClear()
    }

    private func drop(_ client: Client) {
        client.pending = []
        loop.remove(client.socket.raw)
        clients[client.socket.raw] = nil
        resumeIfClear()
    }

    private func resumeIfClear() {
        guard !waiting.isEmpty, !isCongested else { return }
        let resumed = waiting
        waiting = []
        for resume in resumed { resume() }
    }
}
