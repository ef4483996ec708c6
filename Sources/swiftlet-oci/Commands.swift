import JSON
import Linux
import OCI
import OCIRuntime

/// The commands, with runc's names and flags.
enum Commands {
    static let globalGrammar = Arguments.Grammar(
        switches: ["debug", "systemd-cgroup", "version", "help"],
        options: ["root", "log", "log-format", "rootless", "cgroup-manager", "config", "criu"],
        short: ["v": "version", "h": "help"],
        stopsAtOperand: true
    )

    private static let createGrammar = Arguments.Grammar(
        switches: ["no-pivot", "no-new-keyring", "detach", "keep", "no-subreaper"],
        options: ["bundle", "pid-file", "console-socket", "preserve-fds", "pidfd-socket", "config"],
        short: ["b": "bundle", "d": "detach", "f": "config"]
    )

    /// Runs the command line.
    ///
    /// - Returns: The exit code.
    static func run(_ globals: Arguments) throws -> Int32 {
        if globals.has("version") {
            StandardStreams.output(
                "swiftlet-oci version \(Version.text)\nspec: \(Version.specification)\nlibseccomp: \(SeccompCompiler.version)\n"
            )
            return 0
        }
        guard let command = globals.rest.first, !globals.has("help") else {
            StandardStreams.output(Help.text)
            return globals.has("help") ? 0 : 1
        }
        if globals.has("systemd-cgroup") || globals.value("cgroup-manager") == "systemd" {
            throw UsageError(description: "the systemd cgroup driver is not supported; run without --systemd-cgroup")
        }
        let rest = globals.rest.dropFirst()
        let root = RuntimeRoot(path: globals.value("root") ?? "/run/swiftlet-oci")
        switch command {
        case "create": return try create(rest, root, ErrorLog(globals))
        case "run": return try Foreground.run(try Arguments(rest, createGrammar), root, ErrorLog(globals))
        case "exec": return try ExecCommand.run(rest, root, ErrorLog(globals))
        case "start":
            return try simple(rest, "start") { id in
                let log = try ErrorLog(globals)
                try Container.load(id: id, root: root).start { log.warn($0) }
            }
        case "state": return try state(rest, root)
        case "kill": return try kill(rest, root)
        case "delete": return try delete(rest, root, ErrorLog(globals))
        case "pause": return try simple(rest, "pause") { try Container.load(id: $0, root: root).pause() }
        case "resume": return try simple(rest, "resume") { try Container.load(id: $0, root: root).resume() }
        case "list": return try Listing.list(rest, root)
        case "ps": return try Listing.processes(rest, root)
        case "features":
            StandardStreams.output(try Features.text())
            return 0
        case "spec": return try Template.write(rest)
        case "checkpoint", "restore":
            throw UsageError(description: "\(command) is not supported")
        case "help":
            StandardStreams.output(Help.text)
            return 0
        default: throw UsageError(description: "No help topic for '\(command)': there is no such command")
        }
    }

    private static func simple(_ words: ArraySlice<String>, _ command: String, _ body: (String) throws -> Void) throws
        -> Int32
    {
        try body(try Arguments(words, Arguments.Grammar()).onlyID(command))
        return 0
    }

    private static func create(_ words: ArraySlice<String>, _ root: RuntimeRoot, _ log: ErrorLog) throws -> Int32 {
        let arguments = try Arguments(words, createGrammar)
        try seal()
        let (bundle, options) = try prepare(arguments, "create")
        let created = try Container.create(bundle.spec, options: options, root: root)
        for warning in created.warnings { log.warn(warning) }
        return 0
    }

    /// Executes this program again from a place that no container can write to, unless it is there already.
    static func seal() throws {
        if try !SealedExecutable.isSealed() { try SealedExecutable.execute() }
    }

    /// The bundle and options of create and run.
    static func prepare(_ arguments: Arguments, _ command: String) throws -> (Bundle, CreateOptions) {
        let id = try arguments.onlyID(command)
        try ContainerID.check(id)
        let bundle = try Bundle.load(arguments.value("bundle") ?? ".")
        var options = CreateOptions(id: id, bundle: bundle.path)
        options.consoleSocket = arguments.value("console-socket").flatMap { $0.isEmpty ? nil : $0 }
        options.pidFile = arguments.value("pid-file").flatMap { $0.isEmpty ? nil : $0 }
        options.noPivot = arguments.has("no-pivot")
        options.noNewKeyring = arguments.has("no-new-keyring")
        options.preserveDescriptors = try arguments.number("preserve-fds") ?? 0
        return (bundle, options)
    }

    private static func state(_ words: ArraySlice<String>, _ root: RuntimeRoot) throws -> Int32 {
        let id = try Arguments(words, Arguments.Grammar()).onlyID("state")
        StandardStreams.output(try Listing.stateText(try Container.load(id: id, root: root)) + "\n")
        return 0
    }

    private static func kill(_ words: ArraySlice<String>, _ root: RuntimeRoot) throws -> Int32 {
        let arguments = try Arguments(words, Arguments.Grammar(switches: ["all"], short: ["a": "all"]))
        guard let id = arguments.operands.first, arguments.operands.count <= 2 else {
            throw UsageError(description: "\"kill\" requires a container id and at most one signal")
        }
        let signal = try Signals.number(arguments.operands.count > 1 ? arguments.operands[1] : "SIGTERM")
        try Container.load(id: id, root: root).kill(signal: signal, all: arguments.has("all"))
        return 0
    }

    private static func delete(_ words: ArraySlice<String>, _ root: RuntimeRoot, _ log: ErrorLog) throws -> Int32 {
        let arguments = try Arguments(words, Arguments.Grammar(switches: ["force"], short: ["f": "force"]))
        let id = try arguments.onlyID("delete")
        try Container.delete(id: id, force: arguments.has("force"), root: root) { log.warn($0) }
        return 0
    }
}

/// What `--version` says.
enum Version {
    static let text = "0.1.0"
    static let specification = "1.2.0"
}
