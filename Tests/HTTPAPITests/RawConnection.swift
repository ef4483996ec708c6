import Glibc
import Linux

/// A connection on which anything can be sent, HTTP or not.
enum RawConnection {
    /// Sends a text and returns what comes until the server closes the connection.
    static func answer(to text: String, at socket: String) async throws -> String {
        try await Task.detached {
            let connection = try UnixSocket.connect(socket)
            try connection.setBlocking()
            try Descriptor.send(connection.raw, Array(text.utf8), subject: "server")
            return String(decoding: try Files.readAll(connection.raw, subject: "server"), as: UTF8.self)
        }.value
    }

    /// Sends texts, each after what is wanted of the answer to the one before has come, and returns all that comes until
    /// the server closes the connection.
    static func exchange(_ texts: [(text: String, wanted: String)], at socket: String) async throws -> String {
        try await Task.detached {
            let connection = try UnixSocket.connect(socket)
            try connection.setBlocking()
            var answer: [UInt8] = []
            for (text, wanted) in texts {
                try Descriptor.send(connection.raw, Array(text.utf8), subject: "server")
                var piece = [UInt8](repeating: 0, count: 4096)
                while !String(decoding: answer, as: UTF8.self).contains(wanted) {
                    let size = unsafe read(connection.raw, &piece, piece.count)
                    guard size > 0 else { break }
                    answer += piece.prefix(size)
                }
            }
            _ = shutdown(connection.raw, Int32(SHUT_WR))
            answer += try Files.readAll(connection.raw, subject: "server")
            return String(decoding: answer, as: UTF8.self)
        }.value
    }

    /// Sends a text, lets `waiting` happen while nothing is read, and returns what has come until the server closed the
    /// connection, in whatever way.
    ///
    /// - Parameter readingAfterItsEnd: Nothing is read before the server has closed the connection.
    static func answer(
        to text: String,
        at socket: String,
        waiting: @Sendable () async throws -> Void,
        readingAfterItsEnd: Bool = false
    ) async throws -> String {
        let connection = try UnixSocket.connect(socket)
        try connection.setBlocking()
        try Descriptor.send(connection.raw, Array(text.utf8), subject: "server")
        try await waiting()
        for _ in 0..<1500 where readingAfterItsEnd && !hasEnded(connection.raw) {
            try await Task.sleep(for: .milliseconds(20))
        }
        return await Task.detached {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = unsafe read(connection.raw, &buffer, buffer.count)
                guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
                bytes += buffer[..<count]
            }
        }.value
    }

    private static func hasEnded(_ connection: Int32) -> Bool {
        var waiting = pollfd(fd: connection, events: 0, revents: 0)
        return unsafe poll(&waiting, 1, 0) == 1 && waiting.revents & Int16(POLLHUP) != 0
    }

    /// Sends a text, waits for the first byte of the answer, sends no more and reads until the server has noticed.
    static func leave(after text: String, at socket: String) async throws {
        try await Task.detached {
            let connection = try UnixSocket.connect(socket)
            try connection.setBlocking()
            try Descriptor.send(connection.raw, Array(text.utf8), subject: "server")
            var byte: UInt8 = 0
            _ = unsafe read(connection.raw, &byte, 1)
            // A close with bytes unread would be an error for the server; this is a plain end.
            _ = shutdown(connection.raw, Int32(SHUT_WR))
            _ = try Files.readAll(connection.raw, subject: "server")
        }.value
    }

    /// The answers in what a connection has brought, each with its head's lines and the text of its body.
    static func answers(in text: String) -> [(status: String, headers: [String: String], body: String)] {
        var answers: [(String, [String: String], String)] = []
        var rest = text[...]
        while let end = rest.firstRange(of: "\r\n\r\n") {
            let lines = rest[..<end.lowerBound].split(separator: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
            }
            rest = rest[end.upperBound...]
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            answers.append((String(lines.first ?? ""), headers, String(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        return answers
    }
}
