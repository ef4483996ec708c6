import Glibc
import Linux
import Synchronization

/// An HTTP server on loopback that does what a test tells it to, misbehaviour included. One thread per connection.
final class TinyServer: Sendable {
    struct Request: Sendable {
        var method = ""
        var target = ""
        var headers: [String: String] = [:]
        var path: String { String(target.prefix { $0 != "?" }) }
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [String] = []
        var body: [UInt8] = []
        /// Sends this many bytes of the body and then closes the connection.
        var cutAfter: Int?
        /// After what is sent, says nothing more and keeps the connection until the client has enough.
        var stalls = false
    }

    let port: UInt16
    private let listener: Int32
    private let requests = Mutex<[Request]>([])
    private let stopped = Semaphore()

    /// - Parameter handler: Called on the thread of the connection, with the number of requests for this target before.
    init(_ handler: @escaping @Sendable (Request, Int) -> Answer) throws {
        let listener = try sys("socket", "") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try sys("bind", "loopback") {
            unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(listener, $0, length) }
            }
        }
        try sys("getsockname", "") {
            unsafe withUnsafeMutablePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe getsockname(listener, $0, &length)
                }
            }
        }
        try sys("listen", "") { listen(listener, 64) }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        PosixThread.start(name: "tiny-server") { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { break }
                PosixThread.start(name: "tiny-connection") { [self] in
                    serve(connection, handler)
                    _ = close(connection)
                }
            }
            stopped.signal()
        }
    }

    /// To be called at the end of a test: the server has a thread of its own.
    func stop() {
        _ = shutdown(listener, Int32(SHUT_RDWR))
        stopped.wait()
        _ = close(listener)
    }

    var host: String { "127.0.0.1:\(port)" }
    var seen: [Request] { requests.withLock { $0 } }
    func count(_ path: String) -> Int { seen.count { $0.path == path } }

    private func serve(_ connection: Int32, _ handler: (Request, Int) -> Answer) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 16, !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let count = unsafe read(connection, &buffer, 1)
            if count <= 0 { return }
            bytes.append(buffer[0])
            if bytes == [0x16] {
                // A TLS greeting, answered as servers of plain text answer it; the client may have gone.
                try? Files.writeAll(connection, Array("HTTP/1.0 400 Bad Request\r\n\r\n".utf8), subject: "connection")
                return
            }
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").map(String.init)
        guard let first = lines.first?.split(separator: " "), first.count >= 2 else { return }
        var request = Request(method: String(first[0]), target: String(first[1]))
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { request.headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        let before = requests.withLock { all in
            defer { all.append(request) }
            return all.count { $0.path == request.path }
        }
        let answer = handler(request, before)
        var head = "HTTP/1.1 \(answer.status) X\r\nConnection: close\r\n"
        if !answer.headers.contains(where: { $0.lowercased().hasPrefix("content-length:") }) {
            head += "Content-Length: \(answer.body.count)\r\n"
        }
        for header in answer.headers { head += header + "\r\n" }
        let body = request.method == "HEAD" ? [] : answer.cutAfter.map { Array(answer.body.prefix($0)) } ?? answer.body
        // The client may have gone; what it makes of that is what is tested.
        try? Files.writeAll(connection, Array((head + "\r\n").utf8) + body, subject: "connection")
        if !answer.stalls { _ = shutdown(connection, Int32(SHUT_WR)) }
        while unsafe read(connection, &buffer, buffer.count) > 0 {}
    }
}
