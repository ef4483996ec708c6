import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Ends connections in good order: each request gets one answer, also one that is not HTTP, and the connection ends
/// after an answer that says `Connection: close`, which is said of the answer to each request that said so.
///
/// A request that turns out malformed in its body is answered by whoever reads the body. One that is malformed in its
/// head reaches nobody: it is answered here, after those before it.
final class ConnectionEnd: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The whole answer to what cannot be read.
    typealias Refusal = @Sendable (any Error) -> [HTTPResponsePart]

    /// How long the other side may take to read the last answer and go. Closing at once could reset the connection while
    /// that answer is on its way (RFC 9112, section 9.6).
    private static let patience = TimeAmount.seconds(2)

    private let refuse: Refusal
    /// Requests whose head is here and whose answer is not complete.
    private var unanswered = 0
    private var isInsideRequest = false
    /// What is wrong with the request after the unanswered ones.
    private var fault: (any Error)?
    /// The last request broke off, and those who answer it know.
    private var isBroken = false
    private var answerIsLast = false
    /// A request was the last by its own word; what comes after it is none.
    private var requestIsLast = false
    private var isEnding = false
    private var timer: Scheduled<Void>?
    private var stallTimer: Scheduled<Void>?

    init(refuse: @escaping Refusal) { self.refuse = refuse }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes after the last answer is read, so that the other side gets to that answer, and dropped.
        guard !isEnding, fault == nil else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if requestIsLast { return }
            requestIsLast = head.headerFields[.connection]?.lowercased() == "close"
            unanswered += 1
            isInsideRequest = true
        case .body: break
        case .end: isInsideRequest = false
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isEnding, fault == nil, !isBroken else { return }
        guard error is HTTPParserError || error is HTTP1TypeConversionError || error is HostFault else {
            return context.fireErrorCaught(error)
        }
        guard isInsideRequest else {
            fault = error
            if unanswered == 0 { answerFault(context, error) }
            return
        }
        // Answered already, such as a body that is too long: nobody reads the rest.
        if unanswered == 0 { return end(context) }
        isBroken = true
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isEnding else {
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            guard head.status.kind != .informational else { return context.write(data, promise: promise) }
            if requestIsLast, unanswered == 1 { head.headerFields[.connection] = "close" }
            answerIsLast = head.headerFields[.connection]?.lowercased() == "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            unanswered = max(0, unanswered - 1)
            let isLast = answerIsLast || (isBroken && unanswered == 0)
            guard isLast || (fault != nil && unanswered == 0) else { return context.write(data, promise: promise) }
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenComplete { _ in
                if !isLast, let fault = self.fault { self.answerFault(context, fault) } else { self.end(context) }
            }
            context.writeAndFlush(data, promise: written)
        }
    }

    private func answerFault(_ context: ChannelHandlerContext, _ fault: any Error) {
        guard !isEnding else { return }
        var parts = refuse(fault)[...]
        let last = parts.popLast()
        for part in parts { context.write(wrapOutboundOut(part), promise: nil) }
        isEnding = true
        guard let last else { return end(context) }
        context.writeAndFlush(wrapOutboundOut(last)).assumeIsolated().whenComplete { _ in self.end(context) }
    }

    /// Says that there is no more to come, and closes when the other side has gone, or after a while.
    private func end(_ context: ChannelHandlerContext) {
        isEnding = true
        guard timer == nil else { return }
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        context.close(mode: .output, promise: nil)
    }

    /// A stopping server answers what it has begun; a client that takes nothing of its answer does not keep it from stopping.
    private func endIfStalled(_ channel: any Channel) {
        stallTimer = channel.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) {
            if channel.isWritable { self.endIfStalled(channel) } else { channel.close(promise: nil) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, stallTimer == nil { endIfStalled(context.channel) }
        if isEnding, let event = event as? ChannelEvent, event == .inputClosed { context.channel.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        stallTimer?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        stallTimer?.cancel()
    }
}
