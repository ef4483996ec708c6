import Glibc
import Linux
import Testing

/// A listening unix socket that takes one descriptor from one connection.
final class UnixListener {
    private let socket: Descriptor

    init(_ path: String) throws {
        socket = Descriptor(owning: try sys("socket", path) { Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let number = socket.raw
        try sys("bind", path) {
            unsafe withUnsafePointer(to: address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        try sys("listen", path) { listen(number, 1) }
    }

    /// Takes one connection, and the descriptor and the text of its first message.
    func receive() throws -> (descriptor: Int32, text: [UInt8]) {
        let number = socket.raw
        let connection = Descriptor(owning: try sys("accept", "") { accept(number, nil, nil) })
        var text = [UInt8](repeating: 0, count: 65536)
        var length = 0
        // Space for one header and one number, aligned as the kernel wants it.
        var control = [UInt64](repeating: 0, count: 3)
        let received: Int32 = try unsafe text.withUnsafeMutableBytes { text in
            try unsafe control.withUnsafeMutableBytes { control in
                var vector = unsafe iovec(iov_base: text.baseAddress, iov_len: text.count)
                return try unsafe withUnsafeMutablePointer(to: &vector) { vector in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = vector
                    unsafe message.msg_iovlen = 1
                    unsafe message.msg_control = control.baseAddress
                    unsafe message.msg_controllen = control.count
                    length = try sys("recvmsg", "console socket") { unsafe recvmsg(connection.raw, &message, 0) }
                    // struct cmsghdr is 16 bytes; its data follows.
                    return unsafe control.load(fromByteOffset: 16, as: Int32.self)
                }
            }
        }
        try #require(received > 0)
        return (received, Array(text[..<length]))
    }

    func receiveDescriptor() throws -> Descriptor { Descriptor(owning: try receive().descriptor) }
}
