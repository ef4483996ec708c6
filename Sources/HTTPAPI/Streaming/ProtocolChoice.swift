import NIOCore
import NIOHTTP1

/// Settles with the first request of a connection what the connection speaks, and goes.
///
/// NIO has a handler for this, but it loses a request whose wish to upgrade is refused, and then nobody answers it.
final class ProtocolChoice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case waitingForHead
        case deciding
        /// Leaves HTTP as soon as the request is complete.
        case decided(UpgradeAnswer)
        /// The decoder goes or is gone: what comes are bytes.
        case leaving
        case done
    }

    private let encoder: HTTPResponseEncoder
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let decide: UpgradeDecision
    private let becomeHTTP: @Sendable (any Channel) throws -> UpgradableChannel.Negotiated
    private let promise: EventLoopPromise<UpgradableChannel.Negotiated>
    private var phase = Phase.waitingForHead
    private var head: HTTPRequestHead?
    /// What came after the head and before `done`: parts of the request, then bytes.
    private var buffered: [NIOAny] = []
    private var isComplete = false
    /// The request cannot be read to its end.
    private var fault: (any Error)?
    private var isPromiseKept = false

    init(
        encoder: HTTPResponseEncoder,
        decoder: ByteToMessageHandler<HTTPRequestDecoder>,
        decide: @escaping UpgradeDecision,
        becomeHTTP: @escaping @Sendable (any Channel) throws -> UpgradableChannel.Negotiated,
        promise: EventLoopPromise<UpgradableChannel.Negotiated>
    ) {
        self.encoder = encoder
        self.decoder = decoder
        self.decide = decide
        self.becomeHTTP = becomeHTTP
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch phase {
        case .waitingForHead:
            guard case .head(let head) = unwrapInboundIn(data) else { return fail(context, ChannelError.eof) }
            self.head = head
            if head.headers.contains(name: "Upgrade") { ask(context, head) } else { settle(context) }
        case .deciding, .decided:
            buffered.append(data)
            guard case .end = unwrapInboundIn(data) else { return }
            isComplete = true
            if case .decided(let answer) = phase { leaveHTTP(context, answer) }
        case .leaving: buffered.append(data)
        case .done: context.fireChannelRead(data)
        }
    }

    private func ask(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        phase = .deciding
        let channel = context.channel
        channel.eventLoop.makeFutureWithTask { [decide] in try await decide(head, channel) }
            .assumeIsolated()
            .whenComplete { result in
                guard case .success(.some(let answer)) = result, self.fault == nil else { return self.refuse(context) }
                self.phase = .decided(answer)
                if self.isComplete { self.leaveHTTP(context, answer) }
            }
    }

    /// The request goes the way of all others, where its route says why not. The parser reads nothing after such a
    /// request, so the connection ends with it.
    private func refuse(_ context: ChannelHandlerContext) {
        head?.headers.remove(name: "Upgrade")
        head?.headers.replaceOrAdd(name: "Connection", value: "close")
        settle(context)
    }

    private func settle(_ context: ChannelHandlerContext) {
        FirstHeadTimer.remove(from: context.channel)
        do {
            keep(.success(try becomeHTTP(context.channel)))
            release(context)
        } catch {
            fail(context, error)
        }
    }

    private func leaveHTTP(_ context: ChannelHandlerContext, _ answer: UpgradeAnswer) {
        let operations = context.pipeline.syncOperations
        var response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols)
        response.headers = answer.headers
        // The request itself is answered with this; what comes from here on are bytes of the new protocol.
        phase = .leaving
        head = nil
        buffered = []
        operations.removeHandler(decoder)
            .assumeIsolated()
            .flatMap { context.writeAndFlush(self.wrapOutboundOut(.head(response))) }
            .flatMap { operations.removeHandler(self.encoder) }
            .whenComplete { result in
                do {
                    try result.get()
                    FirstHeadTimer.remove(from: context.channel)
                    let watcher = DisconnectWatcher()
                    try operations.addHandler(watcher)
                    let wrapped = try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: context.channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                    self.keep(.success(.upgraded(wrapped, answer.service, watcher)))
                    self.release(context)
                } catch {
                    self.fail(context, error)
                }
            }
    }

    private func release(_ context: ChannelHandlerContext) {
        phase = .done
        if let head { context.fireChannelRead(wrapInboundOut(.head(head))) }
        for part in buffered { context.fireChannelRead(part) }
        buffered = []
        if let fault { context.fireErrorCaught(fault) }
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func keep(_ result: Result<UpgradableChannel.Negotiated, any Error>) {
        guard !isPromiseKept else { return }
        isPromiseKept = true
        promise.completeWith(result)
    }

    private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
        keep(.failure(error))
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch phase {
        // Answered as any other request that cannot be read.
        case .waitingForHead:
            fault = error
            settle(context)
        case .deciding: fault = error
        case .decided:
            fault = error
            refuse(context)
        case .leaving, .done: context.fireErrorCaught(error)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        // Nothing was asked, or the answer can only be an end: nobody waits for one.
        case let event as ChannelEvent where event == .inputClosed:
            if case .waitingForHead = phase { return fail(context, ChannelError.inputClosed) }
        case is ChannelShouldQuiesceEvent:
            if case .waitingForHead = phase { return fail(context, ChannelError.eof) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        keep(.failure(ChannelError.eof))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { keep(.failure(ChannelError.eof)) }
}
