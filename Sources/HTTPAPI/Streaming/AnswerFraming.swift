import NIOCore
import NIOHTTP1

/// Lets each answer say where it ends, in a way that its request's version and method allow (RFC 9112, section 6.3): by
/// its length if that is known, else by chunks, or for HTTP/1.0 by the end of the connection.
///
/// An answer to HEAD has no body whose end could be told: it says the length of the answer to GET, if that is known.
final class AnswerFraming: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Asked {
        var isHead: Bool
        /// HTTP/1.0, which knows neither chunks nor `Expect`.
        var isOld: Bool
    }

    /// The requests whose answer is not complete.
    private var asked: CircularBuffer<Asked> = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let isOld = head.version != .http1_1
        asked.append(Asked(isHead: head.method == .HEAD, isOld: isOld))
        if isOld { head.headers.remove(name: "Expect") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            Self.frame(&head, for: asked.first ?? Asked(isHead: false, isOld: false))
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            _ = asked.popFirst()
            context.write(data, promise: promise)
        }
    }

    private static func frame(_ head: inout HTTPResponseHead, for asked: Asked) {
        if asked.isOld { head.version = .http1_0 }
        head.headers.remove(name: "Transfer-Encoding")
        guard head.status.mayHaveResponseBody else { return head.headers.remove(name: "Content-Length") }
        let needsChunks = !head.headers.contains(name: "Content-Length") && !asked.isHead && !asked.isOld
        if needsChunks { head.headers.add(name: "Transfer-Encoding", value: "chunked") }
    }
}
