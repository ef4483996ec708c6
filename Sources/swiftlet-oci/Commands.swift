import JSON
import Linux
import OCI
import OCIRuntime

/// The commands, with runc's names and flags.
enum Commands {
    /// Runs the command line.
    ///
    /// - Returns: The exit code.
    static func run(_ arguments: Arguments, _ log: ErrorLog) throws -> Int32 {
        if arguments.has("version") {
            let seccomp = SeccompCompiler.version
            StandardStreams.output(
                "\(Help.program) version \(Version.text)\nspec: \(Version.specification)\nlibseccomp: \(seccomp)\n"
            )
            return 0
        }
        guard let name = arguments.rest.first, !arguments.has("help") else {
            StandardStreams.output(Help.text)
            return 0
        }
        let words = arguments.rest.dropFirst()
        if name == "help" || name == "h" { return try help(words.first) }
        guard let command = CommandTable.named(name) else {
            throw UsageError(description: "No help topic for '\(name)': there is no such command")
        }
        let given = try command.parse(words)
        var log = log
        log.errorsAreTheContainers = name == "create" || (name == "run" || name == "exec") && given.has("detach")
        let globals = try Globals(arguments, log)
        if given.has("help") { return try help(name) }
        try given.check(command)
        log.note("\(Help.program) \(name): root \(globals.root.path), cgroups by \(globals.driver.rawValue)")
        return try run(name, given, globals)
    }

    private static func help(_ name: String?) throws(UsageError) -> Int32 {
        guard let name else {
            StandardStreams.output(Help.text)
            return 0
        }
        guard let command = CommandTable.named(name) else {
            throw UsageError(description: "No help topic for '\(name)': there is no such command")
        }
        StandardStreams.output(Help.text(of: command))
        return 0
    }

    private static func run(_ name: String, _ arguments: Arguments, _ globals: Globals) throws -> Int32 {
        let root = globals.root
        func container() throws -> Container { try Container.load(id: arguments.id, root: root) }
        switch name {
        case "create": try create(arguments, globals)
        case "run": return try Foreground.run(arguments, globals)
        case "exec": return try ExecCommand.run(arguments, globals)
        case "start": try start(try container(), globals)
        case "state": StandardStreams.output(try Listing.stateText(try container()) + "\n")
        case "kill":
            let container = try container()
            let signal = try Signals.number(arguments.words.dropFirst().first { !$0.isEmpty } ?? "SIGTERM")
            let all = arguments.has("all")
            do {
                try container.kill(signal: signal, all: all)
            } catch {
                // Nobody is left: "all of them" have the signal, as with runc.
                if !all || error.kind != .wrongState { throw error }
            }
        case "delete":
            try Container.delete(id: arguments.id, force: arguments.has("force"), root: root) { globals.log.warn($0) }
        case "pause": try container().pause()
        case "resume": try container().resume()
        case "events": return try Events.run(arguments, try container())
        case "update":
            let resources = try ResourceFlags.resources(arguments)
            try container().update(resources, cache: ResourceFlags.cache(arguments)) { globals.log.warn($0) }
        case "list": try Listing.list(arguments, globals)
        case "ps": try Listing.processes(arguments, try container())
        case "features": StandardStreams.output(try Features.text())
        case "spec": try Template.write(arguments)
        default:
            throw UsageError(description: "\(name) is not supported: this runtime makes no checkpoints")
        }
        return 0
    }

    private static func start(_ container: Container, _ globals: Globals) throws {
        // Any other state is an error, which `start` has the words for.
        let isNew = try container.state().status == .created
        let notify = isNew ? try NotifySocket.of(container, mainPid: container.pid) : nil
        try container.start()
        try notify?.waitUntilReady(container)
    }

    private static func create(_ arguments: Arguments, _ globals: Globals) throws {
        try seal()
        let (spec, options) = try prepare(arguments, globals)
        let created = try Container.create(spec, options: options, root: globals.root)
        for warning in created.warnings { globals.log.warn(warning) }
        try send(created.process, to: arguments.text("pidfd-socket"))
    }

    /// Hands a descriptor of the process to whoever listens.
    static func send(_ process: borrowing ProcessDescriptor, to path: String?) throws {
        if let path { try process.descriptor.send(toSocketAt: path) }
    }

    /// Executes this program again from a place that no container can write to, unless it is there already.
    static func seal() throws {
        if try !SealedExecutable.isSealed() { try SealedExecutable.execute() }
    }

    /// The configuration and options of create and run.
    static func prepare(_ arguments: Arguments, _ globals: Globals) throws -> (RuntimeSpec, CreateOptions) {
        try ContainerID.check(arguments.id)
        let config = arguments.text("config") ?? globals.config
        let bundle = try Bundle.load(arguments.text("bundle") ?? ".", config: config)
        var options = CreateOptions(id: arguments.id, bundle: bundle.path)
        options.isForeignConfiguration = config != nil
        options.consoleSocket = arguments.text("console-socket")
        options.pidFile = arguments.text("pid-file")
        options.noPivot = arguments.has("no-pivot")
        options.noNewKeyring = arguments.has("no-new-keyring")
        options.preserveDescriptors = try arguments.number("preserve-fds") ?? 0
        options.cgroupDriver = globals.driver
        options.notifies = NotifySocket.managerPath != nil
        var spec = bundle.spec
        let listening = SocketActivation.count
        if listening > 0 {
            options.preserveDescriptors += listening
            // The first process of the container takes our place.
            let given = spec.process?.env ?? []
            spec.process?.env = given + ["LISTEN_FDS=\(listening)", "LISTEN_PID=1"]
        }
        return (spec, options)
    }
}

/// Sockets that a service manager has opened for the container (sd_listen_fds(3)).
enum SocketActivation {
    /// How many there are, from descriptor 3; 0 if they are meant for another process.
    static var count: Int {
        guard let text = ProcessEnvironment.value("LISTEN_FDS"), let count = Int(text), (1...1024).contains(count),
            ProcessEnvironment.value("LISTEN_PID") == String(Program.id)
        else { return 0 }
        return count
    }
}

/// What `--version` says.
enum Version {
    static let text = "0.1.0"
    static let specification = RuntimeFeatures.ours.ociVersionMax
}
