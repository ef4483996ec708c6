package import ArgumentParser
import Glibc

/// All commands but `serve`, for the root command of the executable.
package enum ClientCommands {
    package static let all: [any ParsableCommand.Type] = [
        ApplyCommand.self, GetCommand.self, DescribeCommand.self, LogsCommand.self,
        ExecCommand.self, AttachCommand.self, EventsCommand.self, LogCommand.self,
        WhyCommand.self, TopCommand.self, DeleteCommand.self, ImageCommand.self, ContentCommand.self,
        SnapshotCommand.self, ContainerCommand.self, TaskCommand.self, SandboxCommand.self, LeaseCommand.self,
        NamespaceCommand.self, ConfigCommand.self,
        DatabaseCommand.self,
        DoctorCommand.self, VersionCommand.self,
    ]

    /// Parses the arguments, runs the command and ends the process with its exit code: 0 done, 1 the agent said no,
    /// 2 the command line makes no sense, 3 the agent cannot be reached.
    ///
    /// - Parameters:
    ///   - root: The command whose subcommands are `all` and the executable's own.
    ///   - arguments: Without the program's name.
    package static func main(_ root: any ParsableCommand.Type, arguments: [String]) async -> Never {
        do {
            var command = try root.parseAsRoot(normalised(arguments))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(0)
        } catch {
            end(root, error)
        }
    }

    /// Arguments in the forms that kubectl takes and ArgumentParser does not: `--wait=false`, `-n=ns`, `-ojson`.
    package static func normalised(_ arguments: [String]) -> [String] {
        var result: [String] = []
        for (index, argument) in arguments.enumerated() {
            if argument == "--" { return result + arguments[index...] }
            switch argument {
            case "--wait=false": result.append("--no-wait")
            case "--wait=true": result.append("--wait")
            case "-ojson", "-oyaml", "-owide", "-oname": result += ["-o", String(argument.dropFirst(2))]
            case _ where argument.hasPrefix("-ojsonpath="): result += ["-o", String(argument.dropFirst(2))]
            default:
                let isShort = argument.count > 3 && argument.first == "-" && argument.dropFirst(2).first == "="
                if isShort, argument.dropFirst().first != "-" {
                    result += [String(argument.prefix(2)), String(argument.dropFirst(3))]
                } else if let equals = argument.firstIndex(of: "="),
                    let value = booleans[argument[argument.index(after: equals)...]],
                    switches.contains(String(argument[..<equals]))
                {
                    if value { result.append(String(argument[..<equals])) }
                } else {
                    result.append(argument)
                }
            }
        }
        return result
    }

    private static let booleans: [Substring: Bool] = ["true": true, "false": false]

    /// Flags that kubectl users write with a value.
    private static let switches: Set<String> = [
        "--watch", "--all-namespaces", "--follow", "--previous", "--timestamps", "--force",
        "--all", "--stdin", "--tty",
        "--now", "--no-headers", "--show-labels", "--ignore-not-found", "--all-containers", "--client",
    ]

    private static func end(_ root: any ParsableCommand.Type, _ error: any Error) -> Never {
        let code = root.exitCode(for: error)
        let message = root.fullMessage(for: error)
        if !message.isEmpty {
            var text = Array((message + "\n").utf8)
            _ = unsafe write(code == .success ? 1 : 2, &text, text.count)
        }
        exit(code == .validationFailure ? 2 : code.rawValue)
    }
}
