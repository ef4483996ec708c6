import Glibc
import TTRPC

/// Where a stream of a process comes from or goes to, as the URI of shim v2 says it.
enum StdioTarget: Equatable {
    /// Empty: /dev/null.
    case none
    /// A plain path or `fifo://`: a named pipe that the client made and holds the other end of. With `fifo://` the process
    /// itself shall have it, whatever it is.
    case fifo(String, isDirect: Bool)
    /// `file://`: the process appends to it by itself.
    case file(String)
    /// `binary://`: a program that gets both streams, as containerd's logging plug-ins.
    case binary(String, arguments: [String])
    /// `cri://`: the shim writes log lines of the kubelet's format and rotates the file.
    case cri(String, LogLimits)

    init(_ uri: String) throws(TTRPC.Status) {
        guard let separator = Self.separator(in: uri) else {
            self = uri.isEmpty ? .none : .fifo(try Self.absolute(uri, uri), isDirect: false)
            return
        }
        let scheme = uri[..<separator.start]
        guard ["fifo", "file", "binary", "cri"].contains(scheme) else {
            throw TTRPC.Status(
                .invalidArgument,
                "unknown STDIO scheme \(scheme) of \"\(uri)\"; use a fifo's path, file, binary or cri"
            )
        }
        let rest = uri[separator.end...]
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = try Self.absolute(Self.decoded(parts[0]), uri)
        let query = try Self.query(parts.count == 2 ? parts[1] : "", uri)
        switch scheme {
        case "fifo": self = .fifo(path, isDirect: true)
        case "file": self = .file(path)
        case "binary":
            self = .binary(path, arguments: query.flatMap { $0.value.isEmpty ? [$0.key] : [$0.key, $0.value] })
        default:
            var limits = LogLimits()
            for (key, value) in query {
                if key == "attach" {
                    limits.attachSocket = try Self.absolute(value, uri)
                    continue
                }
                guard let number = Int64(value), number >= 0 else {
                    throw TTRPC.Status(.invalidArgument, "\(uri): \(key) must be a number, not \"\(value)\"")
                }
                switch key {
                case "max-size": limits.maximumSize = number
                case "max-files": limits.maximumFiles = Int(clamping: number)
                default: throw TTRPC.Status(.invalidArgument, "\(uri): unknown parameter \(key)")
                }
            }
            self = .cri(path, limits)
        }
    }

    private static func separator(in uri: String) -> (start: String.Index, end: String.Index)? {
        guard let colon = uri.firstIndex(of: ":"), uri[colon...].hasPrefix("://") else { return nil }
        return (colon, uri.index(colon, offsetBy: 3))
    }

    private static func absolute(_ path: String, _ uri: String) throws(TTRPC.Status) -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw TTRPC.Status(.invalidArgument, "stdio \"\(uri)\": the path must be absolute")
        }
        return path
    }

    private static func query(_ text: Substring, _ uri: String) throws(TTRPC.Status) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        for part in text.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            pairs.append((try decoded(pair[0]), pair.count == 2 ? try decoded(pair[1]) : ""))
        }
        return pairs
    }

    /// Undoes %XX.
    private static func decoded(_ text: Substring) throws(TTRPC.Status) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                throw TTRPC.Status(.invalidArgument, "stdio \"\(text)\": % must be followed by two hexadecimal digits")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// When a log file is rotated.
struct LogLimits: Equatable {
    /// In bytes; 0 never rotates.
    var maximumSize: Int64 = 10 << 20
    /// With the one being written.
    var maximumFiles = 5
    /// Where clients can listen in on the container's output; nil for nowhere.
    var attachSocket: String?
}
