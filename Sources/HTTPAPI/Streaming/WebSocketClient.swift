import NIOCore
import ServiceLifecycle

/// Exec and attach over WebSocket: binary messages whose first byte is the channel (`v4.channel.k8s.io`), and with
/// `v5.channel.k8s.io` the message 255 CHANNEL, which closes one.
final class WebSocketClient: RemoteClient {
    /// In the order of preference.
    static let protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
    private static let closeChannel: UInt8 = 255

    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let allocator: ByteBufferAllocator
    private let watcher: DisconnectWatcher
    // SAFETY: `next` is called by one task only, which waits for each call.
    private nonisolated(unsafe) var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private nonisolated(unsafe) var decoder = WebSocketDecoder()
    private nonisolated(unsafe) var waiting: [RemoteEvent] = []
    /// Of the message under way; nil before its first byte.
    private nonisolated(unsafe) var channel: UInt8?
    private nonisolated(unsafe) var text: [UInt8] = []
    private nonisolated(unsafe) var isOver = false

    init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        allocator: ByteBufferAllocator,
        watcher: DisconnectWatcher
    ) {
        unsafe self.inbound = inbound
        self.outbound = outbound
        self.allocator = allocator
        self.watcher = watcher
    }

    func next() async throws -> RemoteEvent? {
        while true {
            if let event = unsafe waiting.first {
                unsafe waiting.removeFirst()
                return event
            }
            if unsafe isOver { return nil }
            guard let buffer = try await unsafe inbound.next() else { return nil }
            do throws(WebSocketError) {
                for event in try unsafe decoder.feed(buffer) { await take(event) }
            } catch {
                await close(error.code, error.description)
                unsafe isOver = true
            }
        }
    }

    private func take(_ event: WebSocketDecoder.Event) async {
        switch event {
        case .ping(let payload):
            // A client that has gone is noticed by whoever reads or writes next.
            try? await outbound.write(WebSocketFrames.pong(payload, to: allocator))
        case .pong: break
        case .close: unsafe isOver = true
        case .data(let bytes, let isFirst, let isLast):
            if isFirst {
                unsafe channel = nil
                unsafe text = []
            }
            add(bytes[...])
            if isLast { endMessage() }
        }
    }

    private func add(_ bytes: ArraySlice<UInt8>) {
        var bytes = bytes
        if unsafe channel == nil { unsafe channel = bytes.popFirst() }
        guard !bytes.isEmpty else { return }
        switch unsafe channel {
        case RemoteChannel.stdin.rawValue: unsafe waiting.append(.stdin(Array(bytes)))
        case RemoteChannel.resize.rawValue, Self.closeChannel:
            // Short by nature; a longer one means nothing.
            if unsafe text.count + bytes.count <= 1024 { unsafe text += bytes }
        default: break
        }
    }

    private func endMessage() {
        switch unsafe channel {
        case RemoteChannel.resize.rawValue:
            if let event = unsafe TerminalSizeText.parse(text) { unsafe waiting.append(event) }
        case Self.closeChannel:
            if unsafe text.first == RemoteChannel.stdin.rawValue { unsafe waiting.append(.stdinClosed) }
        default: break
        }
    }

    func send(_ channel: RemoteChannel, _ bytes: [UInt8]) async throws {
        try await outbound.write(WebSocketFrames.binary([channel.rawValue], bytes, to: allocator))
    }

    /// Keeps a client from giving up while its own bytes are waited with: it takes any pong for a sign of life. And a
    /// client that has gone is noticed by it, while nobody reads from the connection.
    func keepAlive() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(5))
                try await outbound.write(WebSocketFrames.pong([], to: allocator))
            } catch {
                return
            }
        }
    }

    func finish(_ status: RemoteStatus) async {
        // Also a task that was cancelled, because the agent stops, says goodbye; but then not for long.
        await Task {
            await withTaskGroup { group in
                group.addTask {
                    // Whoever has gone meanwhile does not want to know.
                    try? await self.send(.error, status.json)
                    await self.close(1000, "")
                }
                group.addTask {
                    // Throws only when the goodbye was said before.
                    try? await gracefulShutdown()
                    try? await Task.sleep(for: .seconds(1))
                }
                await group.next()
                group.cancelAll()
            }
        }.value
    }

    /// Returns when the client has read everything and gone: closing the connection before would throw away what it has
    /// not read yet. A stopping agent does not wait.
    func leave() async {
        outbound.finish()
        await cancelWhenGracefulShutdown { await self.watcher.wait() }
    }

    private func close(_ code: UInt16, _ reason: String) async {
        try? await outbound.write(WebSocketFrames.close(code, reason, to: allocator))  // as above
        outbound.finish()
    }

    func waitForDisconnect() async { await watcher.wait() }
}
