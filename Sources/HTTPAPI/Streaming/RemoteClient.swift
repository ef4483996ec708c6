import JSON
import KubernetesAPI

/// The streams between a client and a process: Kubernetes' numbers for them.
enum RemoteChannel: UInt8, Sendable {
    case stdin = 0
    case stdout = 1
    case stderr = 2
    /// One Status at the end.
    case error = 3
    /// Sizes of the client's terminal.
    case resize = 4
}

/// What a client sends while it is connected to a process.
enum RemoteEvent: Hashable, Sendable {
    case stdin([UInt8])
    case stdinClosed
    case resize(width: UInt16, height: UInt16)
}

/// The other end of exec and attach, over whatever transport.
protocol RemoteClient: Sendable {
    /// The next event; nil when the client has gone or said goodbye. One task only.
    func next() async throws -> RemoteEvent?
    /// Sends bytes; waits while the client is slow. Throws when it has gone.
    func send(_ channel: RemoteChannel, _ bytes: [UInt8]) async throws
    /// Sends the last word and ends the connection in good order.
    func finish(_ status: RemoteStatus) async
    /// Returns when the connection is gone, also while nobody reads from it.
    func waitForDisconnect() async
}

/// How a command ended, in Kubernetes' form (k8s.io/apimachinery `remotecommand`, since v4).
enum RemoteStatus: Hashable, Sendable {
    case success
    case exitCode(Int32)
    case failure(String)

    var json: [UInt8] {
        switch self {
        case .success, .exitCode(0):
            return JSONValue.object(["metadata": .object([:]), "status": "Success"]).bytes()
        case .exitCode(let code):
            return JSONValue.object([
                "metadata": .object([:]), "status": "Failure",
                "message": .string("command terminated with exit code \(code)"), "reason": "NonZeroExitCode",
                "details": .object([
                    "causes": .array([.object(["reason": "ExitCode", "message": .string(String(code))])])
                ]),
            ]).bytes()
        case .failure(let message):
            return JSONValue.object([
                "metadata": .object([:]), "status": "Failure", "message": .string(message),
                "reason": "InternalError",
                "details": .object(["causes": .array([.object(["message": .string(message)])])]), "code": 500,
            ]).bytes()
        }
    }
}

/// `{"Width":80,"Height":24}` of the resize channel.
enum TerminalSizeText {
    static func parse(_ text: [UInt8]) -> RemoteEvent? {
        guard let value = try? JSONValue(parsing: text),  // a size that makes no sense is none
            let width = (value["Width"] ?? value["width"])?.int64Value,
            let height = (value["Height"] ?? value["height"])?.int64Value
        else { return nil }
        return .resize(width: UInt16(clamping: width), height: UInt16(clamping: height))
    }
}
