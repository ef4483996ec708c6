import CLinux
import Glibc

/// A connected unix datagram socket on which no call ever blocks.
package struct DatagramSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor
    private let path: String

    /// Connects to the socket at a path.
    ///
    /// - Throws: ENOENT if nothing is there, ECONNREFUSED if nobody listens any more.
    package init(connectingTo path: String) throws(SysError) {
        descriptor = Descriptor(owning: try swl("connect", path) { unsafe swl_datagram_connect(path) })
        self.path = path
    }

    /// For poll(2).
    package var raw: Int32 { descriptor.raw }

    /// Sends one datagram.
    ///
    /// - Throws: EAGAIN if the receiver's queue is full, ECONNREFUSED if the receiver is gone, EMSGSIZE or ENOBUFS if
    ///   the datagram is too large for the socket.
    package borrowing func send(_ bytes: [UInt8]) throws(SysError) {
        let raw = descriptor.raw
        _ = try swl("sendmsg", path) { unsafe swl_datagram_send(raw, bytes, bytes.count, -1) }
    }

    /// Sends an empty datagram with a descriptor; the receiver gets a duplicate.
    package borrowing func send(descriptor passed: borrowing Descriptor) throws(SysError) {
        let raw = descriptor.raw
        let number = passed.raw
        _ = try swl("sendmsg", path) { swl_datagram_send(raw, nil, 0, number) }
    }

    /// Sends one datagram with a descriptor; the receiver gets a duplicate.
    package borrowing func send(_ bytes: [UInt8], with passed: borrowing Descriptor) throws(SysError) {
        let raw = descriptor.raw
        let number = passed.raw
        _ = try swl("sendmsg", path) { unsafe swl_datagram_send(raw, bytes, bytes.count, number) }
    }

    /// True if the receiver has taken every datagram sent so far, or is gone and they are lost: `send` tells which.
    package borrowing func isDrained() throws(SysError) -> Bool {
        let raw = descriptor.raw
        return try swl("ioctl(SIOCOUTQ)", path) { swl_datagram_unread(raw) } == 0
    }
}

extension Descriptor {
    /// An anonymous file with this content that nobody can change any more, memfd_create(2).
    package static func sealedMemory(_ name: String, _ bytes: [UInt8]) throws(SysError) -> Descriptor {
        Descriptor(owning: try swl("memfd_create", name) { unsafe swl_memfd_sealed(name, bytes, bytes.count) })
    }
}
