import JSON
import KubernetesAPI

/// Why a command ends with an exit code other than 0.
package enum ClientFailure: Error, Hashable, Sendable {
    /// The agent understood the request and refused it.
    case refused(reason: String, message: String, code: Int)
    /// The command line, or a file named on it, makes no sense.
    case usage(String)
    case unreachable(endpoint: String, why: String)
    /// The agent is there, but this user may not talk to it.
    case notAllowed(endpoint: String)
    /// A file of this side, or an answer that makes no sense.
    case failed(String)

    package var exitCode: Int32 {
        switch self {
        case .refused, .failed: 1
        case .usage: 2
        case .unreachable, .notAllowed: 3
        }
    }

    /// For standard error, as kubectl words it.
    package var text: String {
        switch self {
        case .refused(let reason, let message, _):
            reason.isEmpty ? "Error from server: \(message)" : "Error from server (\(reason)): \(message)"
        case .usage(let message), .failed(let message): "error: \(message)"
        case .unreachable(let endpoint, let why):
            """
            error: cannot reach the agent at \(endpoint): \(why)
            Start it with: swiftlet serve   (or: systemctl start swiftlet)
            If it listens elsewhere: --socket PATH, SWIFTLET_SOCKET=PATH, or --server http://127.0.0.1:PORT
            """
        case .notAllowed(let endpoint):
            """
            error: you may not use the agent at \(endpoint): permission denied
            Run this command as root: sudo swiftlet …
            Or let a group of yours use the socket: socket_group in the section [api] of /etc/swiftlet/config.toml
            """
        }
    }

    var isNotFound: Bool {
        guard case .refused(_, _, 404) = self else { return false }
        return true
    }

    var isConflict: Bool {
        guard case .refused("Conflict", _, _) = self else { return false }
        return true
    }

    /// Reads the body of an answer that is an error.
    init(status: Int, body: [UInt8]) {
        if let answer = try? JSONCoding.decode(Status.self, from: body), !answer.message.isEmpty {  // not a Status
            self = .refused(reason: answer.reason, message: NextCommand.reworded(answer.message), code: status)
            return
        }
        let text = String(decoding: body.prefix(1000), as: UTF8.self)
        let line = text.split(separator: "\n").first.map(String.init) ?? "the answer was empty"
        self = .refused(reason: "", message: "HTTP \(status): \(line)", code: status)
    }

    /// An error inside an answer that began well: the `Status` object that a stream ends with.
    init(status: JSONValue) {
        self = .refused(
            reason: status["reason"]?.stringValue ?? "",
            message: status["message"]?.stringValue ?? status.text(),
            code: status["code"]?.int64Value.map { Int($0) } ?? 500
        )
    }
}
