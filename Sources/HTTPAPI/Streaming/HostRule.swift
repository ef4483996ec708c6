import NIOCore
import NIOHTTP1

/// A request that does not say, or says twice, which host it is for.
struct HostFault: Error {
    let count: Int
}

/// Refuses such requests (RFC 9112, section 3.2): by the host, web pages are told from programs. Lets those of HTTP/1.0
/// say what their version means, which is not seen any more behind this handler: nothing comes after them. That holds for
/// their `keep-alive`, too: what has no known length ends with the connection.
final class HostRule: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        if case .head(var head) = unwrapInboundIn(data) {
            let count = head.headers["Host"].count
            // HTTP/1.0 has no Host.
            guard count == 1 || (count == 0 && head.version == .http1_0) else {
                isOver = true
                return context.fireErrorCaught(HostFault(count: count))
            }
            if !head.isKeepAlive || head.version != .http1_1 {
                head.headers.replaceOrAdd(name: "Connection", value: "close")
                return context.fireChannelRead(wrapInboundOut(.head(head)))
            }
        }
        context.fireChannelRead(data)
    }
}
