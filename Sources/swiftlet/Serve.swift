import ArgumentParser
import Glibc
import HTTPAPI
import Linux
import Logging
import NodeAgent
import ServiceLifecycle
import UnixSignals

/// `swiftlet serve`: the agent.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the agent. SIGTERM ends it; containers go on and are taken over by the next one."
    )

    @Option(help: "The configuration file. Default: /etc/swiftlet/config.toml, if it is there.")
    var config: String?
    @Option(help: "Data that survives a reboot: the event log, images, volumes.")
    var root: String?
    @Option(help: "State of this boot: the sockets and bundles.")
    var state: String?
    @Option(help: "The directory of the containers' logs.")
    var logDir: String?
    @Option(help: "The node's name.")
    var nodeName: String?
    @Option(help: "Also serve plain HTTP on this loopback address: 127.0.0.1:PORT.")
    var insecureHTTP: String?
    @Option(help: "The cgroup above all pods.")
    var cgroupRoot: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    func run() async throws {
        let configuration: Configuration
        let agent: Agent
        let server: APIServer
        do {
            configuration = try self.configuration()
            let logger = try Self.logger(configuration)
            agent = try Agent(configuration: configuration, version: Version.current, logger: logger)
            server = try APIServer(agent: agent, logger: logger)
            logger.info(
                "swiftlet starts",
                metadata: [
                    "version": "\(Version.current)", "node": "\(agent.nodeName)",
                    "socket": "\(configuration.socketPath)",
                    "journal": "\(agent.journalStatus)",
                ]
            )
        } catch {
            FileErrors.print("swiftlet: cannot start: \(error)")
            throw ExitCode(1)
        }
        Self.ignoreUserSignals()
        // Started in this order, shut down in reverse: the doors close first.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: agent, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: agent.logger
            )
        )
        do {
            try await group.run()
        } catch {
            FileErrors.print("swiftlet: \(error)")
            throw ExitCode(1)
        }
    }

    /// They mean nothing to the agent, and nobody who sends one wants it to end. Children start with the defaults.
    private static func ignoreUserSignals() {
        for number in [SIGUSR1, SIGUSR2] { _ = signal(number, SIG_IGN) }
    }

    /// The file, with the command line on top of it.
    private func configuration() throws -> Configuration {
        var configuration = Configuration()
        let standard = "/etc/swiftlet/config.toml"
        if let path = config ?? (Files.exists(standard) ? standard : nil) {
            let text = String(decoding: try Files.read(path), as: UTF8.self)
            configuration = try Configuration.parse(text, path: path)
        }
        if let root { configuration.root = root }
        if let state { configuration.state = state }
        if let logDir { configuration.logDirectory = logDir }
        if let nodeName { configuration.nodeName = nodeName }
        if let insecureHTTP { configuration.insecureHTTP = insecureHTTP }
        if let cgroupRoot { configuration.cgroupRoot = cgroupRoot }
        if let logLevel { configuration.logLevel = logLevel }
        return configuration
    }

    private static func logger(_ configuration: Configuration) throws -> Logger {
        guard let level = Logger.Level(rawValue: configuration.logLevel) else {
            throw ConfigurationError(
                "log_level: \"\(configuration.logLevel)\" is not one of "
                    + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "swiftlet")
        logger.logLevel = level
        return logger
    }
}

/// Lines to standard error.
enum FileErrors {
    static func print(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(2, bytes, bytes.count)  // nothing can be done about a closed standard error
    }
}
