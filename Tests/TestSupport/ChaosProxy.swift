import Glibc
package import Linux
import Synchronization

/// A TCP proxy on loopback that does to connections what networks do: it is slow, and it breaks off. If told so, it is
/// an HTTP proxy that is asked for a tunnel first.
package final class ChaosProxy: Sendable {
    package let port: UInt16
    private let listener: Int32
    private let target: UInt16
    /// Bytes a second towards the client; 0 is as fast as it goes.
    private let rate = Atomic(0)
    /// Connections that are cut after this many bytes, and how many bytes; counted down.
    private let cuts = Mutex<(connections: Int, bytes: Int)>((0, 0))
    /// The same for what clients send.
    private let uploadCuts = Mutex<(connections: Int, bytes: Int)>((0, 0))
    private let accepted = Atomic(0)
    private let isAskedFirst: Bool
    private let asked = Mutex<[String]>([])
    private let stopped = Semaphore()

    /// - Parameter isAskedFirst: Whether clients say CONNECT before anything else (RFC 9110 section 9.3.6).
    package init(to target: UInt16, isAskedFirst: Bool = false) throws(SysError) {
        self.isAskedFirst = isAskedFirst
        (listener, port) = try ChaosProxy.listen()
        self.target = target
        PosixThread.start(name: "chaos") { [self] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { break }
                accepted.wrappingAdd(1, ordering: .relaxed)
                PosixThread.start(name: "chaos-one") { [self] in serve(client) }
            }
            stopped.signal()
        }
    }

    package var host: String { "127.0.0.1:\(port)" }
    /// What clients that wanted a tunnel said first: "CONNECT example.com:443 HTTP/1.1".
    package var tunnels: [String] { asked.withLock { $0 } }
    package var connections: Int { accepted.load(ordering: .relaxed) }

    package func slowDown(to bytesPerSecond: Int) { rate.store(bytesPerSecond, ordering: .relaxed) }
    package func cut(connections: Int, after bytes: Int) { cuts.withLock { $0 = (connections, bytes) } }

    /// Cuts the next connections that send more than so many bytes.
    package func cutUploads(connections: Int, after bytes: Int) { uploadCuts.withLock { $0 = (connections, bytes) } }

    /// How many connections that send much are still to be cut.
    package var uploadCutsLeft: Int { uploadCuts.withLock { $0.connections } }

    package func stop() {
        _ = shutdown(listener, Int32(SHUT_RDWR))
        stopped.wait()
        _ = close(listener)
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    private static func listen() throws(SysError) -> (Int32, UInt16) {
        let listener = try sys("socket", "") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        var address = address(0)
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
        try sys("listen", "") { Glibc.listen(listener, 64) }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private func serve(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = ChaosProxy.address(target)
        let connected = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let upwards = Semaphore()
        let isOpen = connected == 0 && (!isAskedFirst || openTunnel(client))
        if isOpen {
            PosixThread.start(name: "chaos-up") { [self] in
                var sent = 0
                ChaosProxy.copy(from: client, to: server) { count in
                    sent += count
                    return uploadCuts.withLock { cuts in
                        guard cuts.connections > 0, sent > cuts.bytes else { return count }
                        cuts.connections -= 1
                        _ = shutdown(client, Int32(SHUT_RDWR))
                        return 0
                    }
                }
                _ = shutdown(server, Int32(SHUT_WR))
                upwards.signal()
            }
            let limit = cuts.withLock { cuts in
                guard cuts.connections > 0 else { return Int.max }
                cuts.connections -= 1
                return cuts.bytes
            }
            var sent = 0
            ChaosProxy.copy(from: server, to: client) { [self] count in
                let now = rate.load(ordering: .relaxed)
                if now > 0 { usleep(UInt32(count * 1_000_000 / now)) }
                let allowed = min(count, limit - sent)
                sent += allowed
                return allowed
            }
        }
        _ = shutdown(client, Int32(SHUT_RDWR))
        _ = shutdown(server, Int32(SHUT_RDWR))
        if isOpen { upwards.wait() }
        _ = close(client)
        _ = close(server)
    }

    /// Reads a CONNECT and grants it; where to is decided already.
    private func openTunnel(_ client: Int32) -> Bool {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), head.count < 8192 {
            guard unsafe read(client, &byte, 1) == 1 else { return false }
            head.append(byte)
        }
        let line = String(decoding: head.prefix { $0 != 0x0D }, as: UTF8.self)
        asked.withLock { $0.append(line) }
        // Either side may go at any time; then there is nothing more to do.
        return (try? Files.writeAll(client, Array("HTTP/1.1 200 OK\r\n\r\n".utf8), subject: "tunnel")) != nil
    }

    /// - Parameter allow: How many of some bytes go on; fewer than asked for ends the connection.
    private static func copy(from source: Int32, to sink: Int32, allow: (Int) -> Int) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe read(source, &buffer, buffer.count)
            if count <= 0 { return }
            let allowed = allow(count)
            // Either side may go at any time; then there is nothing more to do.
            guard (try? Files.writeAll(sink, Array(buffer[..<allowed]), subject: "proxy")) != nil, allowed == count
            else {
                return
            }
        }
    }
}
