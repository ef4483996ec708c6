import Glibc
import NIOCore

/// Who is at the other end of a connection.
enum PeerIdentity {
    /// "unix:root" for the unix socket, from the kernel (unix(7), SO_PEERCRED); "insecure:127.0.0.1" for plain HTTP.
    static func actor(of channel: any Channel) async -> String {
        guard case .unixDomainSocket = channel.localAddress, let provider = channel as? any SocketOptionProvider else {
            return "insecure:\(channel.remoteAddress?.ipAddress ?? "unknown")"
        }
        do {
            let peer: Credentials = try await provider.unsafeGetSocketOption(
                level: .init(rawValue: SOL_SOCKET),
                name: .init(rawValue: SO_PEERCRED)
            ).get()
            return "unix:\(name(of: peer.uid))"
        } catch {
            return "unix:unknown"
        }
    }

    /// `struct ucred` of <sys/socket.h>, which Swift does not import.
    private struct Credentials: Sendable {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    private static func name(of uid: UInt32) -> String {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard unsafe getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
            let text = unsafe entry.pw_name
        else { return String(uid) }
        return unsafe String(cString: text)
    }
}
