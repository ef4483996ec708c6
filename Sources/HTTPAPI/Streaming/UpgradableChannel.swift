import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// What a connection speaks after it has left HTTP.
protocol UpgradedService: Sendable {
    /// Serves the connection until it is over; it is closed when this returns.
    func serve(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        allocator: ByteBufferAllocator,
        watcher: DisconnectWatcher
    ) async
}

/// How a request that asks to leave HTTP is answered: the fields of the answer 101, and what comes after it.
struct UpgradeAnswer: Sendable {
    var headers: HTTPHeaders
    var service: any UpgradedService
}

/// Says whether a request may leave HTTP, and for what.
///
/// Throws or returns nil for "no": then the request is answered as any other, which tells the client why not.
typealias UpgradeDecision = @Sendable (HTTPRequestHead, any Channel) async throws -> UpgradeAnswer?

/// A connection that speaks HTTP/1.1 and may leave it for something else, with its first request or a later one.
struct UpgradableChannel: ServerChildChannel, HTTPChannelHandler {
    enum Negotiated: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>, SocketSuccessor)
        case upgraded(NIOAsyncChannel<ByteBuffer, ByteBuffer>, any UpgradedService, DisconnectWatcher)
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let negotiation: EventLoopFuture<Negotiated>
    }

    let responder: HTTPChannelHandler.Responder
    let decide: UpgradeDecision
    let refuse: ConnectionEnd.Refusal
    let pace: RequestPace.Limits

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let operations = channel.pipeline.syncOperations
            var configuration = HTTPResponseEncoder.Configuration()
            configuration.automaticallySetFramingHeaders = false  // `AnswerFraming` does, which knows the requests
            let encoder = HTTPResponseEncoder(configuration: configuration)
            let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
            let promise = channel.eventLoop.makePromise(of: Negotiated.self)
            try operations.addHandler(FirstHeadTimer(limit: pace.head))
            try operations.addHandler(encoder)
            try operations.addHandler(decoder)
            try operations.addHandler(
                ProtocolChoice(
                    encoder: encoder,
                    decoder: decoder,
                    decide: decide,
                    becomeHTTP: { [decide, refuse, pace] channel in
                        try Self.becomeHTTP(channel, decide: decide, refuse: refuse, pace: pace, logger: logger)
                    },
                    promise: promise
                )
            )
            return Value(channel: channel, negotiation: promise.futureResult)
        }
    }

    private static func becomeHTTP(
        _ channel: any Channel,
        decide: @escaping UpgradeDecision,
        refuse: @escaping ConnectionEnd.Refusal,
        pace: RequestPace.Limits,
        logger: Logger
    ) throws -> Negotiated {
        let operations = channel.pipeline.syncOperations
        let successor = SocketSuccessor()
        try operations.addHandler(LaterUpgrade(decide: decide, successor: successor))
        try operations.addHandler(AnswerFraming())
        try operations.addHandler(HostRule())
        try operations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try operations.addHandler(ConnectionEnd(refuse: refuse))
        try operations.addHandler(DisconnectWatcher())
        try operations.addHandler(RequestPace(limits: pace))
        try operations.addHandler(HTTPConnectionStateHandler(logger: logger))
        return .http(
            try NIOAsyncChannel(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            ),
            successor
        )
    }

    func handle(value: Value, logger: Logger) async {
        let negotiated: Negotiated
        do {
            negotiated = try await value.negotiation.get()
        } catch {
            logger.debug("a connection ended before its first request", metadata: ["error": "\(error)"])
            value.channel.close(promise: nil)
            return
        }
        do {
            switch negotiated {
            case .http(let channel, let successor):
                await handleHTTP(asyncChannel: channel, logger: logger)
                try await successor.serve(on: channel.channel.eventLoop)
            case .upgraded(let channel, let service, let watcher): try await Self.serve(channel, service, watcher)
            }
        } catch {
            logger.debug("an upgraded connection ended badly", metadata: ["error": "\(error)"])
        }
    }

    static func serve(
        _ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        _ service: any UpgradedService,
        _ watcher: DisconnectWatcher
    ) async throws {
        let allocator = channel.channel.allocator
        try await channel.executeThenClose { inbound, outbound in
            await service.serve(
                inbound: inbound.makeAsyncIterator(),
                outbound: outbound,
                allocator: allocator,
                watcher: watcher
            )
        }
    }
}

/// The base64 of RFC 4648, section 4.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let group = bytes[index..<min(index + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                text.append(
                    place <= group.count ? digits[Int(value >> UInt32(18 - 6 * place)) & 63] : UInt8(ascii: "=")
                )
            }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }
}
