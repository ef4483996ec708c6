import Glibc
import Linux

/// A connection to the agent that leaves HTTP for WebSocket: libcurl of Debian 12 does not speak it.
///
/// The socket does not block: what is to be sent waits in `outgoing` until the agent takes it.
final class StreamConnection {
    let socket: Descriptor
    private(set) var outgoing: [UInt8] = []
    private(set) var isEnded = false
    private var decoder = ServerFrames()

    /// Connects and does the handshake.
    ///
    /// - Throws: `ClientFailure`: `.unreachable`, or what the agent said instead of 101.
    init(_ endpoint: Endpoint, target: String, userAgent: String) throws {
        let host: String
        switch endpoint {
        case .unixSocket(let path):
            host = "swiftlet"
            do {
                socket = try UnixSocket.connect(path)
            } catch {
                throw ClientFailure.unreachable(endpoint: "\(endpoint)", why: "\(error.errno)")
            }
        case .server(let url):
            host = try Self.host(of: url)
            socket = try Self.connect(host, endpoint)
        }
        try shake(target, host: host, userAgent: userAgent, endpoint)
    }

    private static func host(of url: String) throws -> String {
        let prefix = "http://"
        guard url.hasPrefix(prefix) else {
            throw ClientFailure.usage("\(url): streams need http:// or the unix socket")
        }
        return String(url.dropFirst(prefix.count).prefix { $0 != "/" })
    }

    private static func connect(_ host: String, _ endpoint: Endpoint) throws -> Descriptor {
        var name = host[...]
        var port = "80"
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            name = host[..<colon]
            port = String(host[host.index(after: colon)...])
        }
        if name.hasPrefix("[") { name = name.dropFirst().dropLast() }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = unsafe getaddrinfo(String(name), port, &hints, &list)
        guard failure == 0 else {
            let why = unsafe String(cString: gai_strerror(failure))
            throw ClientFailure.unreachable(endpoint: "\(endpoint)", why: why)
        }
        defer { unsafe freeaddrinfo(list) }
        var why = "no address"
        var next = unsafe list
        while let address = unsafe next {
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let number = unsafe Glibc.socket(address.pointee.ai_family, kind, 0)
            if number >= 0 {
                let made = Descriptor(owning: number)
                if unsafe Glibc.connect(number, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 {
                    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
                    return made
                }
            }
            why = "\(Errno.current)"
            unsafe next = address.pointee.ai_next
        }
        throw ClientFailure.unreachable(endpoint: "\(endpoint)", why: why)
    }

    private func shake(_ target: String, host: String, userAgent: String, _ endpoint: Endpoint) throws {
        let key = Base64.encode((0..<16).map { _ in UInt8.random(in: .min ... .max) })
        let request =
            "GET \(target) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: \(userAgent)\r\nAccept: application/json\r\n"
            + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n"
            + "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n"
        outgoing = Array(request.utf8)
        while !outgoing.isEmpty {
            try wait(for: POLLOUT)
            try flush()
        }
        var answer: [UInt8] = []
        while true {
            if let end = Self.headEnd(answer) {
                let lines = String(decoding: answer[..<end], as: UTF8.self).split(separator: "\r\n")
                let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
                let rest = Array(answer[end...])
                guard status == 101 else {
                    throw ClientFailure(status: status, body: try readBody(rest, lines))
                }
                try early(rest)
                return
            }
            guard let bytes = try readSome() else {
                throw ClientFailure.unreachable(endpoint: "\(endpoint)", why: "it closed the connection")
            }
            answer += bytes
        }
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        return bytes.indices.first { bytes[$0...].starts(with: mark) }.map { $0 + mark.count }
    }

    private func readBody(_ begun: [UInt8], _ head: [Substring]) throws -> [UInt8] {
        var body = begun
        let length = head.first { $0.lowercased().hasPrefix("content-length:") }.flatMap {
            Int($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " })
        }
        while body.count < length ?? .max, let bytes = try readSome() { body += bytes }
        return body
    }

    private var waiting: [ServerFrames.Event] = []

    private func early(_ bytes: [UInt8]) throws { waiting += decoder.feed(bytes) }

    /// Waits until the socket is ready.
    private func wait(for events: Int32) throws {
        var entry = pollfd(fd: socket.raw, events: Int16(events), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
    }

    private func readSome() throws -> [UInt8]? {
        while true {
            try wait(for: POLLIN)
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = unsafe read(socket.raw, &buffer, buffer.count)
            if count > 0 { return Array(buffer[..<count]) }
            if count == 0 { return nil }
            let failure = Errno.current
            guard failure == .again || failure == .interrupted else { return nil }
        }
    }

    // MARK: After the handshake

    /// What has come; empty if nothing has. Sets `isEnded` at the end.
    func receive() -> [ServerFrames.Event] {
        defer { waiting = [] }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = unsafe read(socket.raw, &buffer, buffer.count)
        if count > 0 { return waiting + decoder.feed(buffer[..<count]) }
        let failure = Errno.current
        if count < 0, failure == .again || failure == .interrupted { return waiting }
        isEnded = true
        return waiting
    }

    /// Queues a message on a channel.
    func send(_ channel: UInt8, _ bytes: some Collection<UInt8>) {
        ClientFrames.append(0x82, [channel] + bytes, to: &outgoing)
    }

    /// Answers a ping.
    func pong(_ payload: [UInt8]) { ClientFrames.append(0x8A, payload, to: &outgoing) }

    /// Sends what the agent takes now.
    func flush() throws {
        while !outgoing.isEmpty {
            let count = unsafe outgoing.withUnsafeBytes {
                unsafe Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                outgoing.removeFirst(count)
                continue
            }
            let failure = Errno.current
            if failure == .interrupted { continue }
            // The agent's last words may still be read.
            if failure != .again { outgoing = [] }
            return
        }
    }
}

/// A server's frames (RFC 6455, section 5.2), as a client reads them.
struct ServerFrames {
    enum Event: Hashable {
        case message([UInt8])
        case ping([UInt8])
        case close
    }

    private var buffer: [UInt8] = []
    private var message: [UInt8] = []

    mutating func feed(_ bytes: some Collection<UInt8>) -> [Event] {
        buffer += bytes
        var events: [Event] = []
        var start = 0
        while true {
            let rest = buffer[start...]
            guard rest.count >= 2 else { break }
            var length = Int(rest[start + 1] & 0x7F)
            var head = 2
            if length >= 126 {
                let extra = length == 126 ? 2 : 8
                guard rest.count >= 2 + extra else { break }
                length = rest[(start + 2)..<(start + 2 + extra)].reduce(0) { $0 << 8 | Int($1) }
                head += extra
            }
            guard rest.count >= head + length else { break }
            let payload = rest[(start + head)..<(start + head + length)]
            switch rest[start] & 0x0F {
            case 8: events.append(.close)
            case 9: events.append(.ping(Array(payload)))
            case 10: break
            default:
                message += payload
                if rest[start] & 0x80 != 0 {
                    events.append(.message(message))
                    message = []
                }
            }
            start += head + length
        }
        buffer.removeFirst(start)
        return events
    }
}

/// A client's frames, masked as the RFC wants it. The mask protects proxies, of which there are none here: it is zero.
enum ClientFrames {
    static func append(_ first: UInt8, _ payload: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(first)
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ...0xFFFF: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(0x80 | 127)
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(payload.count >> shift & 0xFF)) }
        }
        bytes += [0, 0, 0, 0]
        bytes += payload
    }
}

/// The base64 of RFC 4648, section 4.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                text.append(
                    place <= group.count ? digits[Int(value >> UInt32(18 - 6 * place)) & 63] : UInt8(ascii: "=")
                )
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
