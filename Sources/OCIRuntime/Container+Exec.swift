package import Linux
package import OCI

/// How a further process is started in a container.
package struct ExecOptions: Hashable, Sendable {
    package var stdio: Stdio
    package var consoleSocket: String?
    package var pidFile: String?
    package var preserveDescriptors = 0
    /// Start it although the container is frozen; it then waits for the thaw.
    package var ignorePaused = false
    /// Cgroups below the container's own to start in: by controller, or for "" in all hierarchies.
    package var cgroups: [String: String] = [:]

    package init(stdio: Stdio = .descriptors(input: 0, output: 1, errors: 2)) { self.stdio = stdio }
}

/// A further process of a container. The caller is its parent and reaps it.
package struct ExecutedProcess: ~Copyable, Sendable {
    package let pid: Int32
    package let process: ProcessDescriptor
    /// The master of the terminal, with `Stdio.console`.
    package var console: Descriptor?
    package let warnings: [String]
}

extension Container {
    /// Starts a further process in the container's namespaces and cgroups.
    ///
    /// Returns when the program runs.
    /// - Parameter process: All of it counts; nothing is taken from the first process but the seccomp filter of the bundle.
    /// - Throws: `.wrongState` for a stopped or paused container; the reason if the program cannot be executed.
    package func exec(_ process: RuntimeSpec.Process, options: ExecOptions = ExecOptions()) throws(RuntimeError)
        -> ExecutedProcess
    {
        switch try status() {
        case .stopped:
            throw RuntimeError(.wrongState, step: "exec", subject: id, cause: "cannot exec in a stopped container")
        case .paused where !options.ignorePaused:
            throw RuntimeError(
                .wrongState,
                step: "exec",
                subject: id,
                cause: "cannot exec in a paused container (use --ignore-paused to override)"
            )
        default: break
        }
        guard let target = try self.process() else {
            throw RuntimeError(.wrongState, step: "exec", subject: id, cause: "cannot exec in a stopped container")
        }
        try Self.checkTerminal(process.terminal == true, options.consoleSocket, options.stdio)
        let spec = try Bundle.load(bundle).spec
        var described = process
        described.env = HomeDirectory.complete(
            process.env ?? [],
            uid: process.user?.uid ?? 0,
            root: "/proc/\(pid)/root"
        )
        var host = RuntimeSpec(ociVersion: spec.ociVersion, process: described)
        host.linux = spec.linux
        var plan = try ProcessPlan(described, host: try HostFacts.read(for: host))
        if let profile = spec.linux?.seccomp {
            plan.seccomp = try SeccompCache.program(for: profile, directory: root.seccompCache)
        }
        let namespaces = try differingNamespaces()
        let places = try cgroup.placesForExec(options.cgroups, initProcess: pid)
        let steps = Self.execSteps(plan, namespaces: namespaces, places: places, process: process, options: options)
        let child = try doing("start the process") { () throws(SysError) in
            var program = try StageProgram(
                steps,
                arguments: plan.arguments,
                environment: plan.environment,
                target: target.descriptor.raw
            )
            var birth = StageProgram.Birth(namespaces: [])
            if namespaces.contains(.pid) { birth.pidNamespace = target.descriptor.raw }
            if let tree = places.first(where: { $0.hierarchy.version == 2 }) {
                birth.cgroup = try program.hold(tree.path)
            }
            return try program.spawn(birth)
        }
        return try finish(child, steps: steps, options: options, warnings: plan.warnings)
    }

    private static func execSteps(
        _ plan: ProcessPlan,
        namespaces: NamespaceFlags,
        places: [CgroupLayout.Tree],
        process: RuntimeSpec.Process,
        options: ExecOptions
    ) -> [Step] {
        var steps: [Step] = [.newSession]
        steps += places.filter { $0.hierarchy.version == 1 }.map { .joinCgroup($0.path) }
        steps += plan.procWrites
        let joined = namespaces.subtracting(.pid)
        if !joined.isEmpty { steps.append(.joinProcess(joined)) }
        steps.append(.rootHere)
        if process.terminal == true {
            let size = process.consoleSize
            steps.append(
                .console(
                    rows: UInt16(clamping: size?.height ?? 0),
                    columns: UInt16(clamping: size?.width ?? 0),
                    owner: plan.uid,
                    attach: false
                )
            )
            steps.append(.controllingTerminal)
        } else if case .descriptors(let input, let output, let errors) = options.stdio {
            steps.append(.stdio(input, output, errors, owner: plan.uid))
        }
        return steps + plan.steps(preserve: options.preserveDescriptors, waits: false)
    }

    private func finish(
        _ child: consuming StagedChild,
        steps: [Step],
        options: ExecOptions,
        warnings: [String]
    ) throws(RuntimeError) -> ExecutedProcess {
        do {
            // The pid file first: a caller that sees the process end must be able to know which one it was.
            if let path = options.pidFile {
                try doing("write the pid file") { () throws(SysError) in
                    try Files.replaceUnsynced(path, with: Array(String(child.pid).utf8), mode: 0o644)
                }
            }
            var console = try Self.follow(child, steps: steps, closesOnSuccess: true)
            if let path = options.consoleSocket, let master = console.take() {
                try doing("send the terminal") { () throws(SysError) in try master.send(toSocketAt: path) }
            }
            let pid = child.pid
            return ExecutedProcess(pid: pid, process: child.intoProcess(), console: console, warnings: warnings)
        } catch {
            child.abandon()
            throw error
        }
    }

    /// The namespaces of the container that are not the caller's own.
    func differingNamespaces() throws(RuntimeError) -> NamespaceFlags { try Self.differingNamespaces(pid) }

    static func differingNamespaces(_ pid: Int32) throws(RuntimeError) -> NamespaceFlags {
        try doing("look at the namespaces") { () throws(SysError) in
            var flags: NamespaceFlags = []
            let kinds: [(String, NamespaceFlags)] = [
                ("mnt", .mount), ("uts", .uts), ("ipc", .ipc), ("net", .network), ("pid", .pid), ("cgroup", .cgroup),
                ("user", .user), ("time", .time),
            ]
            for (name, flag) in kinds {
                do throws(SysError) {
                    let theirs = try Files.linkTarget("/proc/\(pid)/ns/\(name)")
                    if try theirs != Files.linkTarget("/proc/self/ns/\(name)") { flags.insert(flag) }
                } catch  where error.errno == .noEntry && Files.exists("/proc/\(pid)/ns/mnt") {
                    continue  // a kernel without this kind
                }
            }
            return flags
        }
    }
}
