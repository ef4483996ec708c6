import Glibc
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
package import NodeAgent
import ServiceLifecycle

/// The listening sockets: the unix socket always, plain HTTP on loopback if asked for.
package struct APIServer: Service {
    private let agent: Agent
    private let logger: Logger
    private let plainHTTP: PlainHTTPAddress?
    /// How slow clients may be.
    var pace = RequestPace.Limits()

    /// - Throws: A sentence, if the configured address is not one of loopback.
    package init(agent: Agent, logger: Logger) throws {
        self.agent = agent
        self.logger = logger
        let text = agent.configuration.insecureHTTP
        plainHTTP = text.isEmpty ? nil : try PlainHTTPAddress(text)
    }

    package func run() async throws {
        let responder = Routes.responder(for: agent, logger: logger)
        let path = agent.configuration.socketPath
        let keeper = SocketKeeper(path: path, logger: logger)
        try SocketFile.prepare(path)
        keeper.prepare()
        let changes = try agent.stateChanges()
        let unix = Application(
            responder: responder,
            server: connections(responder),
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: path)),
            onServerRunning: { [agent, logger] _ in
                SocketFile.protect(path, group: agent.configuration.socketGroup, logger)
                keeper.hold()
            },
            logger: ServerLog.quiet(logger)
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await Self.run(unix, "the unix socket \(path)") }
            group.addTask { await cancelWhenGracefulShutdown { await keeper.run(changes: changes) } }
            if let plainHTTP {
                let plain = Application(
                    responder: responder,
                    server: connections(responder),
                    configuration: ApplicationConfiguration(
                        address: .hostname(plainHTTP.host, port: plainHTTP.port)
                    ),
                    onServerRunning: { [logger] _ in
                        logger.warning(
                            "serving HTTP without encryption and without identities; use it for trying things only",
                            metadata: ["address": "\(plainHTTP)"]
                        )
                    },
                    logger: ServerLog.quiet(logger)
                )
                group.addTask { try await Self.run(plain, "--insecure-http \(plainHTTP)") }
            }
            // The first door that cannot be opened closes the other one.
            while try await group.next() != nil {}
        }
    }

    private static func run(_ door: some ApplicationProtocol, _ address: String) async throws {
        do {
            try await door.run()
        } catch let error as IOError {
            throw ConfigurationError(
                "cannot serve \(address): \(String(describing: error)); is another program using it?"
            )
        }
    }

    /// HTTP/1.1 that may become WebSocket.
    private func connections(_ responder: APIResponder) -> HTTPServerBuilder {
        HTTPServerBuilder { [pace] answer in
            UpgradableChannel(
                responder: answer,
                decide: { try await responder.upgrade($0, on: $1) },
                refuse: { responder.refusal(of: $0) },
                pace: pace
            )
        }
    }
}

/// `127.0.0.1:PORT`; any other address is refused, because there is neither encryption nor identity.
struct PlainHTTPAddress: CustomStringConvertible {
    let host: String
    let port: Int

    init(_ text: String) throws(ConfigurationError) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw ConfigurationError("--insecure-http \(text): expected 127.0.0.1:PORT") }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let isLoopback = host == "localhost" || host == "::1" || (host.hasPrefix("127.") && Self.isIPv4(host))
        guard isLoopback else {
            throw ConfigurationError(
                "--insecure-http \(text): plain HTTP is served on loopback only (127.0.0.1:PORT); for other addresses "
                    + "forward a port over ssh"
            )
        }
        self.host = host == "localhost" ? "127.0.0.1" : host
        self.port = port
    }

    private static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    var description: String { "\(host):\(port)" }
}

/// The unix socket as a file.
enum SocketFile {
    /// Removes what an agent that died left behind. The lock of the event log keeps a second agent away before this.
    static func prepare(_ path: String) throws(ConfigurationError) {
        guard path.utf8.count < 108 else {
            throw ConfigurationError("the socket path \(path) is longer than 107 bytes; choose a shorter --state")
        }
        _ = unsafe unlink(path)  // binding reports what is really wrong
    }

    /// Mode 0660, owned by root and the configured group.
    static func protect(_ path: String, group: String, _ logger: Logger) {
        _ = unsafe chmod(path, 0o660)
        guard !group.isEmpty else { return }
        guard let entry = unsafe getgrnam(group) else {
            logger.error("api.socket_group: there is no such group", metadata: ["group": "\(group)"])
            return
        }
        if unsafe chown(path, 0, entry.pointee.gr_gid) != 0 {
            logger.error("the group of the socket cannot be set", metadata: ["path": "\(path)", "group": "\(group)"])
        }
    }
}
