import ArgumentParser
import CommandLine

/// The command line's root.
struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "A container node agent: pods by HTTP/JSON, without kubelet, containerd and runc.",
        version: Version.current,
        subcommands: [Serve.self] + ClientCommands.all
    )
}
