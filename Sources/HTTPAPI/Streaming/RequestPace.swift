import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections whose first request does not come: its head must be complete within a time.
///
/// Stands before everything else and sees bytes; it goes when the connection's kind is settled.
final class FirstHeadTimer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: TimeAmount
    private var timer: Scheduled<Void>?

    init(limit: TimeAmount) { self.limit = limit }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        // Still no request: nobody waits for an answer.
        timer = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }

    /// Takes it away; the kind of the connection is settled.
    static func remove(from channel: any Channel) {
        let operations = channel.pipeline.syncOperations
        guard let context = try? operations.context(handlerType: Self.self) else { return }  // gone already
        operations.removeHandler(context: context, promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }
}

/// A client has sent nothing for too long in the middle of a request's body.
struct StalledBody: Error {
    let seconds: Int64
}

/// Ends connections whose client stalls: in the middle of a request's body, between requests for too long, or by reading
/// nothing of an answer.
///
/// A watch that ends so goes on from the last version that its client has read. Text may be read as slowly as one likes:
/// somebody may sit before a log, page by page.
///
/// Whoever reads the body gets a `StalledBody` and answers it; the connection ends after that, or a little later whatever
/// is answered.
///
/// Time counts only while the server wants to read: a server that is slow itself must not blame the client.
final class RequestPace: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Limits: Sendable {
        /// For the head of a connection's first request.
        var head = TimeAmount.seconds(20)
        /// Between two pieces of a body.
        var body = TimeAmount.seconds(60)
        /// Between an answer and the next request.
        var idle = TimeAmount.minutes(5)
        /// In which a client takes nothing of an answer in JSON, such as a watch.
        var reading = TimeAmount.seconds(60)
    }

    private enum Phase {
        case idle
        case body
        /// The whole request is here; its answer takes as long as it takes.
        case answering
    }

    private let limits: Limits
    private var phase = Phase.idle
    private var wantsToRead = false
    private var timer: Scheduled<Void>?
    /// The request whose body is on its way has its answer, or the beginning of it.
    private var isAnswered = false
    private var hasStalled = false
    private var mustBeRead = false
    private var readingTimer: Scheduled<Void>?

    /// How long an answer to a stalled request may take until the connection ends without it.
    private static let answerTime = TimeAmount.seconds(5)

    init(limits: Limits) { self.limits = limits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes now belongs to a request that was given up.
        guard !hasStalled else { return }
        wantsToRead = false
        switch unwrapInboundIn(data) {
        case .head:
            phase = .body
            isAnswered = false
        case .body: phase = .body
        case .end: phase = .answering
        }
        restart(context)
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        wantsToRead = true
        if timer == nil { restart(context) }
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head(let head) = unwrapOutboundIn(data), head.status.kind != .informational {
            isAnswered = true
            mustBeRead = head.headerFields[.contentType] == Answer.json
        }
        // An answer before the body's end (a refusal) does not change what is waited for.
        if case .end = unwrapOutboundIn(data), phase == .answering {
            phase = .idle
            restart(context)
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readingTimer?.cancel()
        readingTimer = nil
        if !context.channel.isWritable, mustBeRead {
            expectReading(context.channel, unread: Self.unread(context.channel))
        }
        context.fireChannelWritabilityChanged()
    }

    /// Ends the connection unless the client takes something of what waits for it; slow readers get all the time they need.
    private func expectReading(_ channel: any Channel, unread: Int) {
        readingTimer = channel.eventLoop.assumeIsolated().scheduleTask(in: limits.reading) {
            let left = Self.unread(channel)
            if left == unread { return channel.close(promise: nil) }
            self.expectReading(channel, unread: left)
        }
    }

    private static func unread(_ channel: any Channel) -> Int {
        // Every channel of a socket knows it; one that does not counts as not read.
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        readingTimer?.cancel()
        stop()
    }

    func channelInactive(context: ChannelHandlerContext) {
        readingTimer?.cancel()
        stop()
        context.fireChannelInactive()
    }

    private func stop() {
        timer?.cancel()
        timer = nil
    }

    private func restart(_ context: ChannelHandlerContext) {
        guard !hasStalled else { return }
        stop()
        let limit: TimeAmount
        switch phase {
        case .answering: return
        case .idle: limit = limits.idle
        case .body:
            guard wantsToRead else { return }
            limit = limits.body
            if !isAnswered {
                timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { self.stall(context) }
                return
            }
        }
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }

    private func stall(_ context: ChannelHandlerContext) {
        hasStalled = true
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: Self.answerTime) { channel.close(promise: nil) }
        context.fireErrorCaught(StalledBody(seconds: limits.body.nanoseconds / 1_000_000_000))
    }
}
