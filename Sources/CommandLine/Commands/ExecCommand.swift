import ArgumentParser
import Glibc
import JSON

struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a command in a container; its exit code is passed on.",
        usage: "swiftlet exec POD [-c CONTAINER] [-i] [-t] [-n NAMESPACE] -- COMMAND [ARGUMENT ...]",
        discussion: "swiftlet exec web -- ls / | swiftlet exec -it web -c sidecar -- sh"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption
    @OptionGroup var streams: StreamOptions

    @Argument(help: "The pod's name, or pod/NAME.")
    var pod: String

    @Argument(parsing: .postTerminator, help: "After --: the program and its arguments.")
    var command: [String] = []

    func run() throws {
        try reporting { console in
            guard !command.isEmpty else {
                throw ClientFailure.usage("you must specify at least one command: swiftlet exec \(pod) -- COMMAND")
            }
            let client = try connection.client(console)
            let choice = try streams.choose(pod, namespace: namespace.name, client, console)
            let usesTerminal = streams.usesTerminal(console)
            var target = choice.target("exec")
            for word in command { target = target.with(always: "command", word) }
            target = target.with("stdin", streams.stdin ? "true" : nil).with("stdout", "true")
                .with("stderr", usesTerminal ? "false" : "true").with("tty", usesTerminal ? "true" : nil)
            try streams.serve(target, endpoint: try connection.endpoint(), isTerminal: usesTerminal)
        }
    }
}

struct AttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Connect to the streams of a container that runs.",
        usage: "swiftlet attach POD [-c CONTAINER] [-i] [-t] [-n NAMESPACE]",
        discussion: "swiftlet attach web | swiftlet attach -it web -c shell"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption
    @OptionGroup var streams: StreamOptions

    @Argument(help: "The pod's name, or pod/NAME.")
    var pod: String

    func run() throws {
        try reporting { console in
            let client = try connection.client(console)
            let choice = try streams.choose(pod, namespace: namespace.name, client, console)
            guard !streams.stdin || choice.hasStdin else {
                throw ClientFailure.usage(
                    "container \(choice.container) has no standard input: its pod needs stdin: true"
                )
            }
            if streams.tty, !choice.hasTTY {
                console.note("Unable to use a TTY - container \(choice.container) did not allocate one")
            }
            let usesTerminal = choice.hasTTY && streams.usesTerminal(console)
            let target = choice.target("attach").with("stdin", streams.stdin ? "true" : nil).with("stdout", "true")
                .with("stderr", choice.hasTTY ? "false" : "true").with("tty", usesTerminal ? "true" : nil)
            try streams.serve(target, endpoint: try connection.endpoint(), isTerminal: usesTerminal)
        }
    }
}

/// What exec and attach have in common.
struct StreamOptions: ParsableArguments {
    @Flag(name: [.customShort("i"), .long], help: "Pass standard input on.")
    var stdin = false

    @Flag(name: [.customShort("t"), .long], help: "Use a terminal.")
    var tty = false

    @Option(name: [.customShort("c"), .long], help: "The container. (default: the pod's first)")
    var container: String?

    /// The container that is meant, and what its pod says of it.
    struct Choice {
        let pod: String
        let namespace: String
        let container: String
        let hasStdin: Bool
        let hasTTY: Bool

        func target(_ subresource: String) -> Target {
            ResourceKind.pods.target(namespace: namespace, name: pod, subresource: subresource)
                .with("container", container)
        }
    }

    func choose(_ word: String, namespace: String, _ client: APIClient, _ console: Console) throws -> Choice {
        var name = word
        if word.contains("/") {
            let arguments = try ResourceArguments([word])
            guard arguments.kind == .pods, let first = arguments.names.first else {
                throw ClientFailure.usage("\(word): expected a pod")
            }
            name = first
        }
        let pod = try client.json("GET", ResourceKind.pods.target(namespace: namespace, name: name))
        let choice = ContainerChoice(pod: pod)
        if container == nil, let notice = choice.notice { console.note(notice) }
        let chosen = container ?? choice.preferred ?? ""
        let all = ["containers", "initContainers", "ephemeralContainers"].flatMap { pod["spec"]?[$0]?.arrayValue ?? [] }
        let spec = all.first { $0["name"]?.stringValue == chosen }
        return Choice(
            pod: name,
            namespace: namespace,
            container: chosen,
            hasStdin: spec?["stdin"]?.boolValue ?? false,
            hasTTY: spec?["tty"]?.boolValue ?? false
        )
    }

    /// True if a terminal is wanted and there is one.
    func usesTerminal(_ console: Console) -> Bool {
        guard tty else { return false }
        if stdin, isatty(0) != 1 {
            console.note("Unable to use a TTY - input is not a terminal or the right kind of file")
            return false
        }
        return true
    }

    /// Connects, passes everything on, and ends with the other side's exit code.
    func serve(_ target: Target, endpoint: Endpoint, isTerminal: Bool) throws {
        let connection = try StreamConnection(
            endpoint,
            target: target.description,
            userAgent: "swiftlet/\(LocalActions.installed.version)"
        )
        let session = RemoteSession(connection: connection, sendsInput: stdin, isTerminal: isTerminal)
        if let code = try session.run(), code != 0 { throw ExitCode(code) }
    }
}
