import JSON
import KubernetesAPI
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Requests that are not HTTP, or not whole")
struct MalformedRequestTests {
    private static let post = "POST \(Client.pods) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

    private static func status(_ body: String) throws -> Status {
        try JSONCoding.decode(Status.self, from: Array(body.utf8))
    }

    @Test("each gets a Status with an id that says what is wrong, and the connection ends")
    func refused() async throws {
        let long = String(repeating: "x", count: 100_000)
        let cases: [(String, Int)] = [
            ("nonsense\r\n\r\n", 400), ("GET /healthz\r\n\r\n", 400), ("GET /healthz HTTP/9.1\r\nHost: x\r\n\r\n", 400),
            ("GET /healthz HTTP/1.1\r\nno colon\r\n\r\n", 400), ("GET /healthz HTTP/1.1\r\nA b: c\r\n\r\n", 400),
            ("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: \(long)\r\n\r\n", 431),
            ("GET /healthz HTTP/1.1\r\n\r\n", 400), ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("POST \(Client.pods) HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400),
            (Self.post + "Content-Length: many\r\n\r\n{}", 400),
            (Self.post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400),
            (Self.post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", 400),
            (Self.post + "Transfer-Encoding: chunked\r\n\r\n1\r\n{no end of the chunk", 400),
        ]
        try await TestServer.run { client in
            for (text, code) in cases {
                let answer = try await RawConnection.answer(to: text, at: client.socket)
                let answers = RawConnection.answers(in: answer)
                let name = "\(text.prefix(80).debugDescription): \(answer.prefix(300))"
                #expect(answers.count == 1, "\(name)")
                let first = try #require(answers.first, "\(name)")
                #expect(first.status.hasPrefix("HTTP/1.1 \(code) "), "\(name)")
                #expect(first.headers["content-type"] == "application/json", "\(name)")
                #expect(first.headers["connection"] == "close", "\(name)")
                #expect(first.headers["x-request-id"]?.count == 16, "\(name)")
                #expect(first.headers["audit-id"] == first.headers["x-request-id"], "\(name)")
                let status = try Self.status(first.body)
                #expect(status.reason == "BadRequest", "\(name)")
                #expect(status.code == Int32(code), "\(name)")
                #expect(status.message.hasPrefix("malformed HTTP request: "), "\(name)")
            }
            let metrics = try await client.get("/metrics").text
            #expect(metrics.contains("\nswiftlet_http_requests_total{code=\"400\",method=\"malformed\"} "))
            #expect(metrics.contains("\nswiftlet_http_requests_total{code=\"400\",method=\"POST\"} "))
        }
    }

    @Test("HTTP/1.0 needs no host")
    func old() async throws {
        try await TestServer.run { client in
            let answer = try await RawConnection.answer(
                to: "GET /healthz HTTP/1.0\r\nConnection: close\r\n\r\n",
                at: client.socket
            )
            #expect(answer.contains(" 200 OK\r\n") && answer.hasSuffix("ok"), "\(answer)")
        }
    }

    @Test(
        "HTTP/1.0 gets streams without chunks, up to the connection's end, and is not told to go on",
        arguments: [
            "/v1/log?limit=2", "/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1&allowWatchBookmarks=1",
        ]
    )
    func oldStreams(path: String) async throws {
        try await TestServer.run { client in
            for more in ["", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n"] {
                let text = "GET \(path) HTTP/1.0\r\n\(more)\r\n"
                let answer = try await RawConnection.answer(to: text, at: client.socket)
                #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n"), "\(answer)")
                #expect(answer.lowercased().contains("connection: close\r\n"), "\(answer)")
                #expect(!answer.lowercased().contains("transfer-encoding"), "\(answer)")
                let body = try #require(answer.firstRange(of: "\r\n\r\n"))
                let lines = answer[body.upperBound...].split(separator: "\n")
                #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") }, "\(answer)")
            }
        }
    }

    @Test("HEAD says the length of what has one, and nothing of a stream's; the connection goes on")
    func heads() async throws {
        try await TestServer.run { client in
            let streams = ["/v1/log", "/v1/log?follow=1", "\(Client.pods)?watch=1"]
            let text = (streams + ["/healthz"]).map { "HEAD \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
            let last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let all = try await RawConnection.answer(to: text + last, at: client.socket)
            let heads = all.split(separator: "\r\n\r\n")
            #expect(heads.count == 6 && heads.last == "ok", "\(all)")
            for head in heads.prefix(3) {
                let lower = head.lowercased()
                #expect(lower.hasPrefix("http/1.1 200 ok\r\n"), "\(head)")
                #expect(!lower.contains("content-length") && !lower.contains("transfer-encoding"), "\(head)")
            }
            #expect(heads.dropFirst(3).first?.contains("Content-Length: 2\r\n") == true, "\(all)")
        }
    }

    @Test("the last request by its own word ends the connection: Connection: close, or HTTP/1.0")
    func lastByItsOwnWord() async throws {
        try await TestServer.run { client in
            let last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            for text in [last, last + last, "GET /healthz HTTP/1.0\r\n\r\n"] {
                let answers = RawConnection.answers(in: try await RawConnection.answer(to: text, at: client.socket))
                #expect(answers.map(\.body) == ["ok"], "\(text.debugDescription)")
                #expect(answers.first?.headers["connection"] == "close", "\(text.debugDescription)")
            }
        }
    }

    @Test("a client that sends all of a body that is too long, and reads then, gets the answer")
    func longBody() async throws {
        try await TestServer.run { client in
            let length = 32 << 20
            let text =
                Self.post + "Connection: close\r\nContent-Length: \(length)\r\n\r\n"
                + String(repeating: "x", count: length)
            let answers = RawConnection.answers(in: try await RawConnection.answer(to: text, at: client.socket))
            #expect(answers.map { $0.status.split(separator: " ")[1] } == ["413"])
        }
    }

    @Test("one after good ones is refused after they are answered")
    func pipelined() async throws {
        try await TestServer.run { client in
            let good = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            for count in 1...3 {
                let text = String(repeating: good, count: count) + "nonsense\r\n\r\n"
                let answers = RawConnection.answers(in: try await RawConnection.answer(to: text, at: client.socket))
                #expect(
                    answers.map { $0.status.split(separator: " ")[1] } == Array(repeating: "200", count: count) + [
                        "400"
                    ]
                )
                #expect(answers.dropLast().map(\.body) == Array(repeating: "ok", count: count))
            }
        }
    }

    @Test("one whose answer does not need its body is answered once, and the connection ends")
    func ignoredBody() async throws {
        try await TestServer.run { client in
            let text = "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            let answers = RawConnection.answers(in: try await RawConnection.answer(to: text, at: client.socket))
            #expect(answers.count == 1)
        }
    }
}

@Suite("Expect: 100-continue")
struct ExpectationTests {
    private static let post = "POST \(Client.pods) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

    @Test("a client that waits is told to go on when its body is wanted")
    func goOn() async throws {
        try await TestServer.run { client in
            let pod = Client.pod("p")
            // All at once, as clients do that have waited long enough.
            let text =
                Self.post
                + "Content-Length: \(pod.utf8.count)\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n\(pod)"
            let answers = RawConnection.answers(in: try await RawConnection.answer(to: text, at: client.socket))
            #expect(answers.map { $0.status.split(separator: " ")[1] } == ["100", "201"])
            // curl waits for a while, and says so, unless it is told to go on.
            let directory = try TemporaryDirectory()
            let file = directory.path + "/big"
            try BigFile.write(file, bytes: 2 << 20)
            let reply = try await client.send(
                "POST",
                "/v1/images/import",
                ["Expect": "100-continue"],
                file: file,
                tracing: "Done waiting for 100-continue"
            )
            #expect(reply.status == 400)
        }
    }

    @Test("what the head alone is refused for is refused before the body comes")
    func refused() async throws {
        let wait = "Expect: 100-continue\r\n\r\n"
        let cases: [(String, String)] = [
            (Self.post + "Content-Length: \(APIRequest.bodyLimit + 1)\r\n" + wait, "413"),
            (
                "POST \(Client.pods) HTTP/1.1\r\nHost: x\r\nContent-Type: text/html\r\nContent-Length: 10\r\n" + wait,
                "415"
            ),
            (
                "PATCH \(Client.pods)/p HTTP/1.1\r\nHost: x\r\nContent-Type: text/html\r\nContent-Length: 10\r\n"
                    + wait, "415"
            ),
            ("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n" + wait, "404"),
            ("PUT /version HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n" + wait, "405"),
            (Self.post + "Content-Length: 10\r\nExpect: a-miracle\r\n\r\n", "417"),
        ]
        try await TestServer.run { client in
            for (text, code) in cases {
                let answers = RawConnection.answers(in: try await RawConnection.answer(to: text, at: client.socket))
                #expect(answers.map { $0.status.split(separator: " ")[1] } == [Substring(code)], "\(text)")
                #expect(answers.first?.headers["connection"] == "close", "\(text)")
                #expect(answers.first?.headers["content-type"] == "application/json", "\(text)")
            }
        }
    }
}
