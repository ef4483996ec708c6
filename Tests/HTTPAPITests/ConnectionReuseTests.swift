import Hummingbird
import HummingbirdCore
import Linux
import Logging
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import HTTPAPI

/// Serialized: reads that block in several cases at once would take all threads of the server.
@Suite("Connections that are used again", .serialized)
struct ConnectionReuseTests {
    private static let host = "Host: s\r\n"
    private static let last = "GET /healthz HTTP/1.1\r\n\(host)Connection: close\r\n\r\n"

    @Test(
        "after a stream that has ended, the next request is answered",
        arguments: ["/v1/log?after=0", "/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1"]
    )
    func afterStream(path: String) async throws {
        try await TestServer.run { client in
            let both = "GET \(path) HTTP/1.1\r\n\(Self.host)\r\n" + Self.last
            let text = try await RawConnection.answer(to: both, at: client.socket)
            #expect(text.components(of: "HTTP/1.1 200 OK") == 2, "\(text.prefix(300))")
            #expect(text.hasSuffix("\r\n\r\nok"))
        }
    }

    @Test("HEAD has the fields of GET and no body, also where GET is a stream")
    func head() async throws {
        try await TestServer.run { client in
            for path in ["/healthz", Client.pods, "\(Client.pods)?watch=1", "/v1/log?follow=1", "/nothing"] {
                let both = "HEAD \(path) HTTP/1.1\r\n\(Self.host)\r\n" + Self.last
                let text = try await RawConnection.answer(to: both, at: client.socket)
                let parts = text.split(separator: "\r\n\r\n", omittingEmptySubsequences: false)
                #expect(parts.count == 3, "\(path): \(text)")
                #expect(parts.dropFirst().first?.hasPrefix("HTTP/1.1 200 OK") == true, "\(path)")
                #expect(parts.last == "ok", "\(path)")
            }
            let length = try await client.send("HEAD", "/healthz").headers["content-length"]
            #expect(length == "2")
        }
    }

    @Test("a later request that asks for another protocol in vain is the last one, and is answered")
    func refusedUpgrade() async throws {
        try await TestServer.run { client in
            for upgrade in ["h2c", "websocket", "SPDY/3.1"] {
                let text = try await RawConnection.answer(
                    to: "GET /healthz HTTP/1.1\r\n\(Self.host)\r\nGET /healthz HTTP/1.1\r\n\(Self.host)"
                        + "Connection: Upgrade\r\nUpgrade: \(upgrade)\r\n\r\n" + Self.last,
                    at: client.socket
                )
                #expect(text.components(of: "HTTP/1.1 200 OK") == 2, "\(upgrade): \(text)")
                #expect(text.components(of: "Connection: close") == 1, "\(upgrade): \(text)")
            }
        }
    }

    /// Sends back what it gets until the client sends no more.
    private struct Echo: UpgradedService {
        func serve(
            inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
            allocator: ByteBufferAllocator,
            watcher: DisconnectWatcher
        ) async {
            // SAFETY: only this function reads, and it waits for each part.
            nonisolated(unsafe) var inbound = inbound
            do {
                while let bytes = try await unsafe inbound.next() { try await outbound.write(bytes) }
            } catch {
                Issue.record("\(error)")
            }
            outbound.finish()
        }
    }

    @Test("a connection leaves HTTP with its first request and with a later one", arguments: [0, 1, 3])
    func laterUpgrade(before count: Int) async throws {
        let directory = try TemporaryDirectory(prefix: "swl-later")
        let path = directory.path + "/s"
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = HTTPServerBuilder { answer in
            UpgradableChannel(
                responder: answer,
                decide: { head, _ in
                    guard head.uri == "/echo" else { return nil }
                    return UpgradeAnswer(headers: ["X-Echo": "yes"], service: Echo())
                },
                refuse: { _ in [] },
                pace: RequestPace.Limits()
            )
        }
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { _, _ in
                Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "plain")))
            },
            server: server,
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: path)),
            logger: logger
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await application.run() }
            // The file is there a moment before anybody listens.
            while (try? UnixSocket.connect(path)) == nil { try await Task.sleep(for: .milliseconds(20)) }
            let plain = "GET / HTTP/1.1\r\n\(Self.host)\r\n"
            let upgrade = "GET /echo HTTP/1.1\r\n\(Self.host)Connection: Upgrade\r\nUpgrade: echo\r\n\r\n"
            let text = try await RawConnection.exchange(
                [(String(repeating: plain, count: count) + upgrade, "HTTP/1.1 101"), ("one ", "one "), ("two", "two")],
                at: path
            )
            #expect(text.components(of: "plain") == count, "\(text)")
            #expect(text.contains("HTTP/1.1 101 Switching Protocols\r\nX-Echo: yes\r\n"), "\(text)")
            #expect(text.hasSuffix("one two"), "\(text)")
            group.cancelAll()
        }
    }
}

extension String {
    /// How often a text is in it.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
