import Facts
import Glibc
import Linux
import NIOCore

/// Who is at the other end of a connection.
struct PeerIdentity: Sendable {
    /// "unix:root" for the unix socket, from the kernel (unix(7), SO_PEERCRED); "insecure:127.0.0.1" for plain HTTP.
    let actor: String
    /// "127.0.0.1:40000", or "unix".
    let remote: String
    /// True for the unix socket, which no web page can reach.
    var isLocalSocket: Bool { remote == "unix" }
    private let credentials: Credentials?

    init(of channel: any Channel) async {
        guard case .unixDomainSocket = channel.localAddress, let provider = channel as? any SocketOptionProvider else {
            let address = channel.remoteAddress
            actor = "insecure:\(address?.ipAddress ?? "unknown")"
            remote = "\(address?.ipAddress ?? "unknown"):\(address?.port ?? 0)"
            credentials = nil
            return
        }
        remote = "unix"
        do {
            let peer: Credentials = try await provider.unsafeGetSocketOption(
                level: .init(rawValue: SOL_SOCKET),
                name: .init(rawValue: SO_PEERCRED)
            ).get()
            actor = "unix:\(Self.name(of: peer.uid))"
            credentials = peer
        } catch {
            actor = "unix:unknown"
            credentials = nil
        }
    }

    /// The process at the other end of a unix socket, for the record; nil for TCP. Reads its /proc directory.
    var process: RequestPeer? {
        guard let credentials else { return nil }
        var peer = RequestPeer(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid)
        let directory = "/proc/\(credentials.pid)"
        // A process may be gone, or of another pid namespace (pid 0): then only the kernel's word about it is known.
        func text(_ file: String) -> String? {
            (try? Files.readText("\(directory)/\(file)"))?.trimmedLine  // as said
        }
        guard credentials.pid > 0 else { return peer }
        peer.command = text("comm")
        peer.loginUID = text("loginuid").flatMap(UInt32.init).flatMap { $0 == .max ? nil : $0 }
        peer.session = text("sessionid").flatMap(UInt32.init).flatMap { $0 == .max ? nil : $0 }
        peer.unit = text("cgroup").flatMap { Self.unit(inCgroups: $0) }
        return peer
    }

    /// The unit in the text of /proc/PID/cgroup: the last part of systemd's path that names a service or scope.
    static func unit(inCgroups text: String) -> String? {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[1] == "name=systemd" || fields[0] == "0" else { continue }
            let unit = fields[2].split(separator: "/").last { $0.hasSuffix(".service") || $0.hasSuffix(".scope") }
            if let unit { return String(unit) }
        }
        return nil
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

extension String {
    /// Without the line feed at the end.
    fileprivate var trimmedLine: String { hasSuffix("\n") ? String(dropLast()) : self }
}
