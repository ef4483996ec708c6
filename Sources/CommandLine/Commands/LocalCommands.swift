import ArgumentParser
import JSON

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "About the agent's configuration.",
        subcommands: [ConfigDefaultCommand.self]
    )
}

struct ConfigDefaultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "default",
        abstract: "Print a complete configuration with comments.",
        discussion: "swiftlet config default > /etc/swiftlet/config.toml"
    )

    func run() throws {
        try reporting { console in
            let text = LocalActions.installed.defaultConfiguration()
            try console.output(Array((text.hasSuffix("\n") ? text : text + "\n").utf8))
        }
    }
}

struct DatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db",
        abstract: "About the event log's database.",
        subcommands: [DatabaseVerifyCommand.self]
    )
}

struct DatabaseVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every event, the chain of hashes and the projections. The agent may be running."
    )

    @Option(help: "The agent's data directory.")
    var root = "/var/lib/swiftlet"

    func run() throws {
        try reporting { console in
            let isSound = try LocalActions.installed.verifyDatabase(root) { line in
                // A report that cannot be written changes nothing about the verdict.
                try? console.line(Terminal.safe(line))
            }
            if !isSound { throw ExitCode(1) }
        }
    }
}

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this machine lacks to run pods, and how to mend it.",
        discussion: "The exit code is 1 if something is missing without which pods do not run."
    )

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting { console in
            do {
                let answer = try connection.client(console).bytes(
                    HTTPRequest("GET", "/v1/doctor", accept: "text/plain")
                )
                try console.output(answer)
                if let last = answer.last, last != 0x0A { try console.line("") }
                let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n")
                if lines.contains(where: { $0.hasPrefix("FAIL ") }) { throw ExitCode(1) }
            } catch let failure as ClientFailure where failure.exitCode == 3 {
                console.note(failure.text)
                guard let examine = LocalActions.installed.examineMachine else { throw ExitCode(3) }
                console.note("This machine, as seen without the agent:")
                _ = examine { line in
                    // Nobody reads any more; the exit code tells that the agent is not there.
                    try? console.line(Terminal.safe(line))
                }
                throw ExitCode(3)
            }
        }
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the versions of this program and of the agent."
    )

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Only this program's version; no agent is asked.")
    var client = false

    @Option(name: [.customShort("o"), .long], help: "json or yaml.")
    var output: OutputFormat?

    func run() throws {
        try reporting { console in
            let own = LocalActions.installed.version
            var versions: JSONValue = ["clientVersion": ["gitVersion": .string(own)]]
            if output == nil { try console.line("Client Version: \(own)") }
            if !client {
                let server = try connection.client(console).json("GET", Target(["version"]))
                versions["serverVersion"] = server
                if output == nil {
                    try console.line(
                        "Server Version: \(Terminal.safeLine(server["gitVersion"]?.stringValue ?? "unknown"))"
                    )
                }
            }
            switch output {
            case .json: try console.output(versions.bytes(pretty: true, sortedKeys: true) + [0x0A])
            case .yaml: try console.output(Array(YAMLText.encode(versions).utf8))
            default: break
            }
        }
    }
}
