import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Lets a connection leave HTTP with a later request than its first: clients that keep connections ask for WebSocket on
/// one that they have.
///
/// Hummingbird keeps the channel of a connection until it is closed, and there can be no second reader on it. So the
/// socket goes to a channel of its own, and the one that spoke HTTP is closed.
final class LaterUpgrade: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case http
        /// A request wants to leave; those before it are answered first.
        case waiting
        case deciding
        /// The decoder goes or is gone: what comes are bytes.
        case leaving
    }

    private let decide: UpgradeDecision
    private let successor: SocketSuccessor
    private var phase = Phase.http
    /// Requests whose head went on and whose answer is not complete.
    private var unanswered = 0
    private var head: HTTPRequestHead?
    private var rest: [HTTPServerRequestPart] = []
    private var answer: UpgradeAnswer?
    private var early = ByteBuffer()

    init(decide: @escaping UpgradeDecision, successor: SocketSuccessor) {
        self.decide = decide
        self.successor = successor
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .leaving = phase {
            var bytes = LeftOver.bytes(data)
            early.writeBuffer(&bytes)
            return
        }
        let part = unwrapInboundIn(data)
        guard case .http = phase else {
            rest.append(part)
            return leaveIfComplete(context)
        }
        if case .head(let head) = part {
            if head.headers.contains(name: "Upgrade") {
                self.head = head
                phase = .waiting
                return askIfAnswered(context)
            }
            unanswered += 1
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        guard case .end = unwrapOutboundIn(data) else { return }
        unanswered = max(0, unanswered - 1)
        askIfAnswered(context)
    }

    private func askIfAnswered(_ context: ChannelHandlerContext) {
        guard case .waiting = phase, unanswered == 0, let head else { return }
        phase = .deciding
        let channel = context.channel
        channel.eventLoop.makeFutureWithTask { [decide] in try await decide(head, channel) }
            .assumeIsolated()
            .whenComplete { result in
                guard case .success(.some(let answer)) = result else { return self.refuse(context) }
                self.answer = answer
                self.leaveIfComplete(context)
            }
    }

    /// The request goes the way of all others, where its route says why not. The parser reads nothing after such a
    /// request, so the connection ends with it.
    private func refuse(_ context: ChannelHandlerContext) {
        guard var head else { return }
        head.headers.remove(name: "Upgrade")
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        phase = .http
        unanswered += 1
        context.fireChannelRead(wrapInboundOut(.head(head)))
        for part in rest { context.fireChannelRead(wrapInboundOut(part)) }
        rest = []
        context.fireChannelReadComplete()
    }

    private func leaveIfComplete(_ context: ChannelHandlerContext) {
        guard case .deciding = phase, let answer, case .end? = rest.last else { return }
        phase = .leaving
        var response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols)
        response.headers = answer.headers
        let channel = context.channel
        removeDecoder(channel)
            .assumeIsolated()
            .flatMap { context.writeAndFlush(self.wrapOutboundOut(.head(response))) }
            .whenComplete { result in
                if case .success = result { self.successor.take(channel, early: self.early, service: answer.service) }
                channel.close(promise: nil)
            }
    }

    private func removeDecoder(_ channel: any Channel) -> EventLoopFuture<Void> {
        let operations = channel.pipeline.syncOperations
        do {
            let decoder = try operations.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
            return operations.removeHandler(context: decoder)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }
}

/// Sees bytes where another handler sees parts of requests.
private final class LeftOver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    static func bytes(_ data: NIOAny) -> ByteBuffer { LeftOver().unwrapInboundIn(data) }
}

/// Holds the socket of a connection that has left HTTP between the channel that it had and the one that it gets.
final class SocketSuccessor: Sendable {
    private struct Kept {
        var descriptor: Int32
        var early: ByteBuffer
        var service: any UpgradedService
    }

    private let kept = Mutex<Kept?>(nil)

    /// Takes the socket of a channel, on its event loop, before the channel is closed.
    fileprivate func take(_ channel: any Channel, early: ByteBuffer, service: any UpgradedService) {
        // A channel without a socket, or no descriptor left: the connection ends with the old channel.
        let descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable {
            (socket: NIOBSDSocket.Handle) in fcntl(socket, F_DUPFD_CLOEXEC, 0)
        }
        guard let descriptor, descriptor >= 0 else { return }
        kept.withLock { $0 = Kept(descriptor: descriptor, early: early, service: service) }
    }

    /// Serves the connection on a new channel, if there is one to serve.
    func serve(on loop: any EventLoop) async throws {
        let taken = kept.withLock { kept in
            defer { kept = nil }
            return kept
        }
        guard let kept = taken else { return }
        let watcher = DisconnectWatcher()
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .withConnectedSocket(kept.descriptor) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(watcher)
                    let wrapped = try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                    if kept.early.readableBytes > 0 { channel.pipeline.fireChannelRead(kept.early) }
                    return wrapped
                }
            }
        try await UpgradableChannel.serve(channel, kept.service, watcher)
    }
}
