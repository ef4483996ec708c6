import JSON
import Linux
import OCI
import OCIRuntime

/// `exec`: a further process in a container, described by a file or by flags.
enum ExecCommand {
    static func run(_ arguments: Arguments, _ globals: Globals) throws -> Int32 {
        let log = globals.log
        try Commands.seal()
        let container = try Container.load(id: arguments.id, root: globals.root)
        let process: RuntimeSpec.Process
        do {
            process = try describe(arguments, command: Array(arguments.words.dropFirst()), container)
        } catch let error as UsageError {
            // Whatever is wrong but the flags themselves is a failed exec to callers, not a result of the program.
            throw RuntimeError(.invalid, step: "exec", cause: error.description)
        }
        var options = ExecOptions()
        options.consoleSocket = arguments.text("console-socket")
        options.pidFile = arguments.text("pid-file")
        options.preserveDescriptors = try arguments.number("preserve-fds") ?? 0
        options.ignorePaused = arguments.has("ignore-paused")
        options.cgroups = try cgroups(arguments.all("cgroup"))
        let detach = arguments.has("detach")
        if process.terminal == true, !detach, options.consoleSocket == nil { options.stdio = .console }

        if !detach && !arguments.has("no-subreaper") { try Children.adoptOrphans() }
        let signals = detach ? nil : try SignalDescriptor(Relay.taken)
        var started = try container.exec(process, options: options)
        for warning in started.warnings { log.warn(warning) }
        try Commands.send(started.process, to: arguments.text("pidfd-socket"))
        guard let signals else { return 0 }
        let console = started.console.take()
        return try Relay.untilEnd(started.pid, started.process, signals: signals, console: console)
    }

    /// "PATH" for all hierarchies, or "CONTROLLER[,CONTROLLER]:PATH".
    private static func cgroups(_ texts: [String]) throws(UsageError) -> [String: String] {
        var places: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 1 {
                guard texts.count == 1 else {
                    throw UsageError(description: "invalid --cgroup argument \"\(text)\": missing controller")
                }
                places[""] = text
                continue
            }
            for controller in parts[0].split(separator: ",") { places[String(controller)] = parts[1] }
        }
        return places
    }

    private static func describe(
        _ arguments: Arguments,
        command: [String],
        _ container: Container
    ) throws -> RuntimeSpec.Process {
        if let file = arguments.value("process") {
            let bytes = file == "-" ? try StandardStreams.input() : try Files.read(file)
            var process: RuntimeSpec.Process
            do {
                process = try JSONCoding.decode(RuntimeSpec.Process.self, from: bytes)
            } catch {
                throw RuntimeError(.invalid, step: "parse", subject: file, cause: "\(error)")
            }
            try ZeroBytes.refuse(in: bytes, of: file)
            if arguments.has("tty") { process.terminal = true }
            return process
        }
        guard !command.isEmpty else { throw UsageError(description: "process args cannot be empty") }
        guard var process = try container.configuration().process else {
            throw UsageError(description: "the container's configuration has no process")
        }
        process.args = command
        process.terminal = arguments.has("tty")
        if let directory = arguments.text("cwd") { process.cwd = directory }
        process.env = (process.env ?? []) + arguments.all("env")
        if let user = arguments.value("user") { process.user = try UserArgument.parse(user, process.user) }
        let groups = try arguments.all("additional-gids").map { try UserArgument.identifier($0, "group") }
        if !groups.isEmpty {
            var user = process.user ?? RuntimeSpec.User(uid: 0, gid: 0)
            user.additionalGids = (user.additionalGids ?? []) + groups
            process.user = user
        }
        if arguments.has("no-new-privs") { process.noNewPrivileges = true }
        if let profile = arguments.text("apparmor") { process.apparmorProfile = profile }
        if let label = arguments.text("process-label") { process.selinuxLabel = label }
        let added = arguments.all("cap")
        if !added.isEmpty {
            var sets = process.capabilities ?? RuntimeSpec.Capabilities()
            sets.bounding = (sets.bounding ?? []) + added
            sets.effective = (sets.effective ?? []) + added
            sets.permitted = (sets.permitted ?? []) + added
            // Ambient ones must be inheritable too, which --cap does not make them.
            if sets.inheritable?.isEmpty == false { sets.ambient = (sets.ambient ?? []) + added }
            process.capabilities = sets
        }
        return process
    }
}
