import Glibc
import Linux
import TTRPC

/// Sends events to the agent or to containerd, in order, one at a time, and never makes anybody wait.
///
/// While the other side is away, events are kept (the newest `capacity` of them) and tried again; the exit codes among
/// them are also on disk, so nothing that matters is lost with the queue.
final class EventForwarder {
    private static let capacity = 4096
    private static let callLimit: UInt64 = 5_000_000_000
    private static let firstPause: UInt64 = 100_000_000
    private static let longestPause: UInt64 = 10_000_000_000

    private let path: String
    private let namespace: String
    private let loop: EventLoop
    private var queue: ArraySlice<Shim.Envelope> = []
    private var dropped = 0
    private var connection: (socket: Handle, state: TTRPCClientConnection)?
    /// True while the first event of the queue is on its way.
    private var underWay = false
    private var limit: EventLoop.Timer?
    private var retry: EventLoop.Timer?
    private var idleAction: (() -> Void)?
    private var pause = EventForwarder.firstPause

    /// - Parameter path: Of the unix socket; empty sends nothing.
    init(path: String, namespace: String, loop: EventLoop) {
        self.path = path
        self.namespace = namespace
        self.loop = loop
    }

    /// True when everything was acknowledged.
    var isIdle: Bool { queue.isEmpty }

    func publish(_ topic: String, _ type: String, _ event: some ProtobufMessage) {
        guard !path.isEmpty else { return }
        if queue.count >= Self.capacity {
            // Not the first: it may be on its way.
            queue.remove(at: queue.startIndex + 1)
            dropped += 1
            if dropped == 1 { ShimLog.warning("events are being dropped: \(path) has been away for too long") }
        }
        queue.append(
            Shim.Envelope(
                timestamp: Shim.Timestamp(nanosecondsSince1970: Clock.now),
                namespace: namespace,
                topic: topic,
                event: Shim.AnyMessage("containerd.events." + type, event)
            )
        )
        if retry == nil { sendNext() }
    }

    /// The other side gave a sign of life: tries at once what waits for a later attempt.
    func hurry() {
        guard let waiting = retry else { return }
        loop.cancel(waiting)
        retry = nil
        pause = Self.firstPause
        sendNext()
    }

    /// Calls `action` when everything was acknowledged, or after `limit` nanoseconds.
    func whenIdle(within limit: UInt64, _ action: @escaping () -> Void) {
        guard !isIdle else { return action() }
        idleAction = action
        loop.after(nanoseconds: limit) { [weak self] in self?.runIdleAction() }
    }

    private func runIdleAction() {
        let action = idleAction
        idleAction = nil
        action?()
    }

    private func sendNext() {
        guard !underWay, let envelope = queue.first else { return }
        do {
            if connection == nil { try connect() }
            let request = TTRPCRequest(
                service: Shim.eventsService,
                method: "Forward",
                payload: Shim.ForwardRequest(envelope: envelope).protobuf,
                timeoutNanos: Int64(Self.callLimit),
                metadata: [StringPair(key: Shim.namespaceKey, value: namespace)]
            )
            _ = try connection?.state.request(request)
            underWay = true
            limit = loop.after(nanoseconds: Self.callLimit) { [weak self] in
                self?.fail("no answer within \(Self.callLimit / 1_000_000_000) s")
            }
            try flush()
        } catch {
            fail("\(error)")
        }
    }

    private func connect() throws(SysError) {
        let socket = Handle(try UnixSocket.connect(path))
        let number = socket.raw
        try loop.add(number, .readable) { [weak self] ready in self?.handle(ready) }
        connection = (socket, TTRPCClientConnection())
    }

    private func handle(_ ready: Readiness) {
        do {
            if ready.contains(.writable) { try flush() }
            guard !ready.isDisjoint(with: [.readable, .hungUp, .failed]), connection != nil else { return }
            var buffer = [UInt8](repeating: 0, count: 4096)
            guard let number = connection?.socket.raw else { return }
            let count = unsafe recv(number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, [.again, .interrupted].contains(Errno.current) { return }
            guard count > 0 else {
                fail("the other side closed the connection")
                return
            }
            guard let answers = try connection?.state.feed(buffer[..<count]) else { return }
            for answer in answers { acknowledge(answer.result) }
        } catch {
            fail("\(error)")
        }
    }

    private func acknowledge(_ result: Result<[UInt8], TTRPCError>) {
        // A refusal is an answer too: trying again would only hold up the events behind it.
        if case .failure(let error) = result {
            ShimLog.warning("event \(queue.first?.topic ?? "") was refused: \(error)")
        }
        underWay = false
        if let limit { loop.cancel(limit) }
        pause = Self.firstPause
        queue = queue.dropFirst()
        if queue.isEmpty {
            queue = []
            runIdleAction()
        }
        sendNext()
    }

    private func flush() throws(SysError) {
        guard let number = connection?.socket.raw else { return }
        while let pending = connection?.state.output.pending, !pending.isEmpty {
            let count = unsafe pending.withUnsafeBytes {
                unsafe send(number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                let failure = Errno.current
                if failure == .interrupted { continue }
                if failure == .again {
                    try loop.modify(number, [.readable, .writable])
                    return
                }
                throw SysError(call: "send", subject: path, errno: failure)
            }
            connection?.state.output.consume(count)
        }
        try loop.modify(number, .readable)
    }

    /// Gives the connection up; the event that was under way is sent again on the next one.
    private func fail(_ reason: String) {
        if let number = connection?.socket.raw { loop.remove(number) }
        connection = nil
        underWay = false
        if let limit { loop.cancel(limit) }
        guard !queue.isEmpty, retry == nil else { return }
        if pause == Self.firstPause { ShimLog.warning("events to \(path) wait: \(reason)") }
        retry = loop.after(nanoseconds: pause) { [weak self] in
            guard let self else { return }
            retry = nil
            sendNext()
        }
        pause = min(pause * 2, Self.longestPause)
    }
}
