import CLinux
import Glibc

/// Stream sockets in the file system, `unix(7)`. All descriptors made here are close-on-exec and do not block.
package enum UnixSocket {
    /// Who is on the other side, as the kernel says.
    package struct Peer: Hashable, Sendable {
        package let pid: Int32
        package let uid: UInt32
        package let gid: UInt32
    }

    /// Listens at `path`; the socket file gets `mode`. The directory must exist, the path must be free.
    ///
    /// Any length of path works: one longer than `sun_path` is reached through a descriptor of its directory.
    package static func listen(_ path: String, mode: UInt32, backlog: Int32 = 128) throws(SysError) -> Descriptor {
        let socket = try make(path)
        let number = socket.raw
        // bind(2) makes the file with the mode of the socket: it holds from the first moment, without touching umask.
        try sys("fchmod", path) { fchmod(number, mode) }
        try unsafe withAddress(path) { (address, length) throws(SysError) in
            try sys("bind", path) { unsafe bind(number, address, length) }
        }
        try sys("listen", path) { Glibc.listen(number, backlog) }
        return socket
    }

    /// Makes a socket at `path` that receives datagrams, as `listen` does for connections.
    package static func receiveDatagrams(_ path: String, mode: UInt32) throws(SysError) -> Descriptor {
        let socket = try make(path, SOCK_DGRAM)
        let number = socket.raw
        try sys("fchmod", path) { fchmod(number, mode) }
        try unsafe withAddress(path) { (address, length) throws(SysError) in
            try sys("bind", path) { unsafe bind(number, address, length) }
        }
        return socket
    }

    /// Connects to a listening socket.
    ///
    /// - Throws: `SysError`: ENOENT or ECONNREFUSED when nobody listens, EAGAIN when the other side's queue is full.
    package static func connect(_ path: String) throws(SysError) -> Descriptor {
        let socket = try make(path)
        let number = socket.raw
        try unsafe withAddress(path) { (address, length) throws(SysError) in
            try sys("connect", path) { unsafe Glibc.connect(number, address, length) }
        }
        return socket
    }

    /// Takes the next waiting connection, or nil if there is none.
    package static func accept(_ listener: Int32) throws(SysError) -> Descriptor? {
        while true {
            let number = swl_accept(listener)
            if number >= 0 { return Descriptor(owning: number) }
            switch -number {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: return nil
            default: throw SysError(call: "accept4", subject: "descriptor \(listener)", errno: Errno(-number))
            }
        }
    }

    /// The peer's identity at the time it connected (SO_PEERCRED).
    package static func peer(_ connection: Int32) throws(SysError) -> Peer {
        var (pid, uid, gid): (Int32, UInt32, UInt32) = (0, 0, 0)
        try swl("getsockopt(SO_PEERCRED)", "descriptor \(connection)") {
            unsafe swl_peer(connection, &pid, &uid, &gid)
        }
        return Peer(pid: pid, uid: uid, gid: gid)
    }

    /// A connected pair, for tests and for parent and child.
    package static func pair() throws(SysError) -> (Int32, Int32) {
        var numbers: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        try sys("socketpair", "") { unsafe socketpair(AF_UNIX, type, 0, &numbers) }
        return (numbers[0], numbers[1])
    }

    private static func make(_ path: String, _ kind: __socket_type = SOCK_STREAM) throws(SysError) -> Descriptor {
        let type = Int32(kind.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return Descriptor(owning: try sys("socket", path) { socket(AF_UNIX, type, 0) })
    }

    private static func withAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SysError) -> Void
    ) throws(SysError) {
        var address = sockaddr_un()
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        var name = Array(path.utf8)
        var directory: Int32 = -1
        defer { if directory >= 0 { _ = close(directory) } }
        if name.count >= capacity {
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            let parent = String(path[..<slash])
            directory = try sys("open", parent) { unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            name = Array("/proc/self/fd/\(directory)\(path[slash...])".utf8)
        }
        guard name.count < capacity, !name.contains(0) else {
            throw SysError(call: "sockaddr_un", subject: path, errno: Errno(ENAMETOOLONG))
        }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        // Rethrown by hand: withUnsafePointer does not carry typed errors through rebinding.
        let result: Result<Void, SysError> = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                do throws(SysError) {
                    return .success(try unsafe body(pointer, length))
                } catch {
                    return .failure(error)
                }
            }
        }
        try result.get()
    }
}
