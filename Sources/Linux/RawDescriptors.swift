import CLinux
import Glibc

/// For modules that hold bare numbers because C gave or takes them, and that do not import Glibc.
extension Descriptor {
    package static let readOnly: Int32 = O_RDONLY
    package static let writeOnly: Int32 = O_WRONLY
    package static let readWrite: Int32 = O_RDWR
    package static let nonBlocking: Int32 = O_NONBLOCK

    /// Closes a number that has no owner any more.
    package static func close(_ number: Int32) { _ = Glibc.close(number) }

    /// True for an open descriptor that whoever started this program left to it: all of ours are close-on-exec.
    package static func isInherited(_ number: Int32) -> Bool {
        let flags = fcntl(number, F_GETFD)
        return flags >= 0 && flags & FD_CLOEXEC == 0
    }

    /// Sends one message on a connected socket; a peer that is gone is EPIPE, not a signal.
    package static func send(_ socket: Int32, _ bytes: [UInt8], subject: String) throws(SysError) {
        try sys("send", subject) { unsafe Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Sends as much as fits into the socket's buffer; EAGAIN if nothing does.
    package static func sendSome(_ socket: Int32, _ bytes: [UInt8], subject: String) throws(SysError) -> Int {
        try sys("send", subject) { unsafe Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Receives what is there, at most `limit` bytes; empty at the end, EAGAIN if nothing is there yet.
    package static func receiveSome(_ socket: Int32, limit: Int, subject: String) throws(SysError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = try sys("recv", subject) { unsafe Glibc.recv(socket, &buffer, limit, 0) }
        return Array(buffer[..<count])
    }

    /// Clears O_NONBLOCK.
    package borrowing func setBlocking() throws(SysError) {
        let number = raw
        let flags = try sys("fcntl(F_GETFL)", "descriptor \(number)") { fcntl(number, F_GETFL) }
        try sys("fcntl(F_SETFL)", "descriptor \(number)") { fcntl(number, F_SETFL, flags & ~O_NONBLOCK) }
    }

    /// Connects to a unix socket and hands it this descriptor.
    ///
    /// - Parameter text: What the message says; runc sends the name of the terminal, whose master it hands over.
    package borrowing func send(toSocketAt path: String, text: String = "/dev/pts/console") throws(SysError) {
        var address = sockaddr_un()
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SysError(call: "connect", subject: path, errno: Errno(ENAMETOOLONG))
        }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let socket = Descriptor(
            owning: try sys("socket", path) {
                Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            }
        )
        let (connection, number) = (socket.raw, raw)
        try sys("connect", path) {
            unsafe withUnsafePointer(to: address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        try swl("sendmsg", path) { unsafe swl_send_descriptor(connection, number, text) }
    }
}
