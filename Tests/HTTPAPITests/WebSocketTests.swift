import HTTPTypes
import KubernetesAPI
import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPAPI

@Suite("WebSocket, from the side of the server")
struct WebSocketTests {
    /// A client's frame, masked.
    private static func frame(_ first: UInt8, _ payload: [UInt8], mask: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
        var bytes: [UInt8] = [first]
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ...0xFFFF: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(0x80 | 127)
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(payload.count >> shift & 0xFF)) }
        }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    /// The events of bytes that come in pieces of a size, with neighbouring pieces of a message put together.
    private static func events(_ bytes: [UInt8], pieces size: Int) throws -> [WebSocketDecoder.Event] {
        var decoder = WebSocketDecoder()
        var events: [WebSocketDecoder.Event] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])
            for event in try decoder.feed(piece) {
                if case .data(let more, false, let isLast) = event,
                    case .data(let begun, let isFirst, false)? = events.last
                {
                    events[events.count - 1] = .data(begun + more, isFirst: isFirst, isLast: isLast)
                } else {
                    events.append(event)
                }
            }
        }
        return events
    }

    @Test(
        "messages, pings between their parts and the end are understood in pieces of any size",
        arguments: [1, 2, 7, 1 << 20]
    )
    func pieces(size: Int) throws {
        let long = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) }
        let bytes =
            Self.frame(0x82, [0, 1, 2]) + Self.frame(0x02, [9]) + Self.frame(0x89, [7, 7]) + Self.frame(0x80, [8])
            + Self.frame(0x82, long) + Self.frame(0x82, []) + Self.frame(0x8A, []) + Self.frame(0x88, [3, 232])
        let events = try Self.events(bytes, pieces: size)
        #expect(
            events == [
                .data([0, 1, 2], isFirst: true, isLast: true), .data([9], isFirst: true, isLast: false), .ping([7, 7]),
                .data([8], isFirst: false, isLast: true), .data(long, isFirst: true, isLast: true),
                .data([], isFirst: true, isLast: true), .pong, .close,
            ]
        )
    }

    @Test(
        "what breaks the protocol is refused",
        arguments: [
            [0x82, 0x01, 0x41],  // not masked
            [0xC2, 0x80, 0, 0, 0, 0],  // a reserved bit
            [0x83, 0x80, 0, 0, 0, 0],  // an opcode that nobody knows
            [0x80, 0x80, 0, 0, 0, 0],  // goes on without a beginning
            [0x09, 0x80, 0, 0, 0, 0],  // a ping in parts
            [0x89, 0xFE, 0, 126, 0, 0, 0, 0],  // a ping that is too long
        ] as [[UInt8]]
    )
    func broken(bytes: [UInt8]) {
        #expect(throws: WebSocketError.self) { try Self.events(bytes, pieces: 100) }
    }

    @Test("the handshake is answered as RFC 6455 has it, and only for subprotocols that are spoken")
    func handshake() {
        #expect(WebSocketUpgrade.answer(to: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let request: HTTPHeaders = [
            "Host": "127.0.0.1:1", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        ]
        #expect(WebSocketUpgrade.headers(for: request)?["Sec-WebSocket-Protocol"] == [])
        var several = request
        several.add(name: "Sec-WebSocket-Protocol", value: "v4.channel.k8s.io, v5.channel.k8s.io")
        #expect(WebSocketUpgrade.headers(for: several)?["Sec-WebSocket-Protocol"] == ["v5.channel.k8s.io"])
        var unknown = request
        unknown.add(name: "Sec-WebSocket-Protocol", value: "chat")
        #expect(WebSocketUpgrade.headers(for: unknown) == nil)
        var foreign = request
        foreign.add(name: "Origin", value: "http://evil.example")
        #expect(WebSocketUpgrade.headers(for: foreign) == nil)
        foreign.replaceOrAdd(name: "Origin", value: "http://127.0.0.1:1")
        #expect(WebSocketUpgrade.headers(for: foreign) != nil)
        var old = request
        old.replaceOrAdd(name: "Sec-WebSocket-Version", value: "8")
        #expect(WebSocketUpgrade.headers(for: old) == nil)
    }

    @Test("whoever asks for subprotocols that nobody here speaks is told so")
    func unknownSubprotocol() throws {
        let name = try #require(HTTPField.Name("Sec-WebSocket-Protocol"))
        for (asked, isUnknown) in [
            ("chat", true), ("base64.channel.k8s.io, v9", true), ("v9, v4.channel.k8s.io", false),
        ] {
            let request = Make.request("/x", headers: [name: asked])
            let message = ExecHandlers.upgradeRequired(request, "hint").status.message
            #expect(message.contains("ask for WebSocket with the subprotocol v5.channel.k8s.io or v4.channel.k8s.io"))
            #expect(message.contains("the subprotocol \"\(asked)\" is not spoken here; hint") == isUnknown)
        }
    }

    @Test("attaching to no stream at all is refused, as running something without one")
    func noStream() async throws {
        try await TestServer.run { client in
            _ = try await client.send("POST", Client.pods, body: Client.pod("p"))
            for path in ["attach?stdout=0&stderr=0", "exec?command=id&stdout=0&stderr=false"] {
                for method in ["GET", "POST"] {
                    let reply = try await client.send(method, "\(Client.pods)/p/\(path)")
                    #expect(reply.status == 400)
                    #expect(reply.text.contains("you must specify at least one of stdin, stdout, stderr"))
                }
            }
        }
    }

    @Test("the last word says how the command ended, in Kubernetes' form")
    func status() {
        #expect(String(decoding: RemoteStatus.success.json, as: UTF8.self) == #"{"metadata":{},"status":"Success"}"#)
        #expect(RemoteStatus.exitCode(0).json == RemoteStatus.success.json)
        #expect(
            String(decoding: RemoteStatus.exitCode(3).json, as: UTF8.self)
                == #"{"metadata":{},"status":"Failure","message":"command terminated with exit code 3","#
                + #""reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}"#
        )
    }

    @Test("sizes of terminals are read; what is none is none")
    func sizes() {
        #expect(TerminalSizeText.parse(Array(#"{"Width":133,"Height":40}"#.utf8)) == .resize(width: 133, height: 40))
        #expect(TerminalSizeText.parse(Array(#"{"Width":99999,"Height":-1}"#.utf8)) == .resize(width: 65535, height: 0))
        #expect(TerminalSizeText.parse(Array("no".utf8)) == nil)
    }
}
