import CommandLine
import Glibc
import JSON
import Linux
import Synchronization

/// An HTTP server on a unix socket that answers as a test says; one connection, one request.
final class FakeAgent: Sendable {
    struct Request: Sendable {
        let method: String
        /// Path and query as sent.
        let target: String
        /// Names in lower case.
        let headers: [String: String]
        let body: [UInt8]

        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }  // a test looks at what is not JSON as bytes
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [String] = []
        /// Sent one after the other, each when the client has taken the one before.
        var parts: [String]

        static func json(_ value: JSONValue, status: Int = 200, headers: [String] = []) -> Answer {
            Answer(status: status, headers: headers + ["Content-Type: application/json"], parts: [value.text()])
        }

        static func text(_ parts: String...) -> Answer { Answer(parts: parts) }

        static func failure(_ code: Int, _ reason: String, _ message: String) -> Answer {
            .json(
                ["kind": "Status", "status": "Failure", "reason": .string(reason), "message": .string(message)],
                status: code
            )
        }

        static let notFound = failure(404, "NotFound", "pods \"x\" not found")
    }

    let path: String
    private let listener: Descriptor
    private let log = Mutex<[Request]>([])
    private let answer: @Sendable (Request) -> Answer
    private let ended = Semaphore()

    init(path: String, answer: @escaping @Sendable (Request) -> Answer) throws {
        self.path = path
        self.answer = answer
        listener = try UnixSocket.listen(path, mode: 0o600)
        let (number, ended) = (listener.raw, ended)
        PosixThread.start(name: "fake-agent") { [weak self] in
            while true {
                var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
                _ = unsafe poll(&waiting, 1, -1)
                // What cannot be accepted is the client's failure to report.
                guard let connection = try? UnixSocket.accept(number) else { break }
                guard let self else { break }
                self.serve(connection)
            }
            ended.signal()
        }
    }

    /// Ends the thread; the socket's file goes with the test's directory.
    func stop() {
        shutdown(listener.raw, Int32(SHUT_RDWR))
        ended.wait()
    }

    var requests: [Request] { log.withLock { $0 } }

    /// "GET /api/v1/pods"
    var lines: [String] { requests.map { "\($0.method) \($0.target)" } }

    private func serve(_ connection: consuming Descriptor) {
        let number = connection.raw
        _ = fcntl(number, F_SETFL, 0)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        func more() -> Bool {
            let count = unsafe read(number, &buffer, buffer.count)
            if count > 0 { bytes += buffer[..<count] }
            return count > 0
        }
        var headEnd: Int?
        while headEnd == nil {
            guard more() else { return }
            headEnd = bytes.indices.dropLast(3).first { Array(bytes[$0..<($0 + 4)]) == [13, 10, 13, 10] }
        }
        guard let headEnd else { return }
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        var body: [UInt8] = []
        if let length = headers["content-length"].flatMap(Int.init) {
            while bytes.count < headEnd + 4 + length { guard more() else { return } }
            body = Array(bytes[(headEnd + 4)...])
        } else if headers["transfer-encoding"] == "chunked" {
            let end: [UInt8] = Array("0\r\n\r\n".utf8)
            while Array(bytes.suffix(5)) != end { guard more() else { return } }
            body = FakeAgent.joinChunks(bytes[(headEnd + 4)...])
        }
        let request = Request(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
        log.withLock { $0.append(request) }
        send(answer(request), to: number)
    }

    private func send(_ answer: Answer, to number: Int32) {
        let head = ["HTTP/1.1 \(answer.status) x", "Connection: close", "Transfer-Encoding: chunked"] + answer.headers
        var pieces = [head.joined(separator: "\r\n") + "\r\n\r\n"]
        pieces += answer.parts.filter { !$0.isEmpty }.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }
        pieces.append("0\r\n\r\n")
        // A client may have seen enough and be gone.
        for piece in pieces {
            let bytes = Array(piece.utf8)
            guard unsafe Glibc.send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
                return
            }
        }
    }

    private static func joinChunks(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var rest = bytes
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: 13),
            let count = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16),
            count > 0
        {
            let start = end + 2
            body += rest[start..<(start + count)]
            rest = rest[(start + count + 2)...]
        }
        return body
    }
}

/// What a command wrote.
final class Capture {
    private(set) var output = ""
    private(set) var errors = ""
    private(set) lazy var console = Console(showsProgress: showsProgress) { [unowned self] bytes, isError in
        let text = String(decoding: bytes, as: UTF8.self)
        if isError { self.errors += text } else { self.output += text }
    }
    private let showsProgress: Bool

    init(showsProgress: Bool = false) { self.showsProgress = showsProgress }
}
