import Glibc
import Linux

/// Lets clients listen in on a container's output: a socket in the bundle, on which each client gets what is written from
/// its coming on, in frames: one byte for the stream (1 stdout, 2 stderr), four for the length, the highest first, bytes.
///
/// A slow client makes the container wait, as a slow terminal would. One that takes nothing for ten seconds is let go:
/// a client that hangs must not hang a container.
final class AttachServer {
    private static let patience: UInt64 = 10_000_000_000
    private static let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)

    private let loop: EventLoop
    private let listener: Handle
    private var clients: [Int32: Client] = [:]
    private var waiting: [() -> Void] = []
    private var isClosing = false

    private final class Client {
        let socket: Handle
        var pending: [UInt8] = []
        var timer: EventLoop.Timer?
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
        }
    }

    /// The container's output is over: clients get what is left, and the end.
    func close() {
        guard !isClosing else { return }
        isClosing = true
        loop.remove(listener.raw)
        for client in clients.values where client.pending.isEmpty { drop(client) }
        resumeIfClear()
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
        var progress = false
        while !client.pending.isEmpty {
            let count = unsafe client.pending.withUnsafeBytes {
                unsafe send(client.socket.raw, $0.baseAddress, $0.count, Self.flags)
            }
            if count >= 0 {
                client.pending.removeFirst(count)
                progress = true
                continue
            }
            let failure = Errno.current
            if failure == .interrupted { continue }
            guard failure == .again else { return drop(client) }
            wait(client, anew: progress)
            return
        }
        settle(client)
    }

    /// Waits until the client takes more, but not for ever.
    private func wait(_ client: Client, anew: Bool) {
        do {
            try loop.modify(client.socket.raw, [.readable, .writable])
        } catch {
            return drop(client)
        }
        if anew, let timer = client.timer {
            loop.cancel(timer)
            client.timer = nil
        }
        guard client.timer == nil else { return }
        client.timer = loop.after(nanoseconds: Self.patience) { [self, weak client] in
            guard let client else { return }
            ShimLog.warning("attach: a client took nothing for 10 s and was let go")
            drop(client)
        }
    }

    /// The client has everything.
    private func settle(_ client: Client) {
        client.pending = []
        if let timer = client.timer { loop.cancel(timer) }
        client.timer = nil
        if isClosing { return drop(client) }
        try? loop.modify(client.socket.raw, .readable)  // fails only for a client that is gone
        resumeIfClear()
    }

    private func drop(_ client: Client) {
        if let timer = client.timer { loop.cancel(timer) }
        client.timer = nil
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
