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

    consuming func intoProcess() -> ProcessDescriptor { process }
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
        case .creating:
            throw RuntimeError(
                .wrongState,
                step: "exec",
                subject: id,
                cause: "cannot exec in a container that is still being created"
            )
        case .paused where !options.ignorePaused:
            throw RuntimeError(
                .wrongState,
                step: "exec",
                subject: id,
                cause: "cannot exec in a paused container (use --ignore-paused to override)"
            )
        default: break
        }
        try Self.checkTerminal(process.terminal == true, options.consoleSocket, options.stdio)
        var described = process
        described.env = environment(of: process)
        return try execute(described, of: try configuration(), options: options)
    }

    /// Starts a process with the identity that `described` has, in all that `spec` gives the container's processes.
    ///
    /// - Parameter program: The file to execute, if it is not `args[0]`.
    func execute(
        _ described: RuntimeSpec.Process,
        of spec: RuntimeSpec,
        program file: String? = nil,
        options: ExecOptions
    ) throws(RuntimeError) -> ExecutedProcess {
        guard let target = try process() else {
            throw RuntimeError(.wrongState, step: "exec", subject: id, cause: "cannot exec in a stopped container")
        }
        var wanted = RuntimeSpec(ociVersion: spec.ociVersion, process: described)
        wanted.linux = spec.linux
        let host = try HostFacts.read(for: wanted)
        let namespaces = try differingNamespaces()
        let userNamespace = namespaces.contains(.user)
        var plan = try ProcessPlan(described, linux: spec.linux, host: host, userNamespace: userNamespace)
        plan.program = file
        if let profile = spec.linux?.seccomp {
            plan.seccomp = try SeccompCache.program(for: profile, directory: root.seccompCache)
        }
        let places = try cgroup.placesForExec(options.cgroups, initProcess: pid)
        let steps = Self.execSteps(
            plan,
            namespaces: namespaces,
            places: places,
            initProcess: pid,
            process: described,
            options: options
        )
        let raw = target.descriptor.raw
        let initPid = self.pid
        let child = try doing("start the process") { () throws(SysError) in
            var program = try StageProgram(
                steps,
                arguments: plan.arguments,
                environment: plan.environment,
                target: raw
            )
            var birth = StageProgram.Birth(namespaces: [])
            if userNamespace {
                // Rights over the pid namespace come with the user namespace, which nobody leaves again.
                var between = try program.goBetween(pid: initPid, namespaces)
                between.oomScore = plan.oomScore
                birth.goBetween = between
            } else if namespaces.contains(.pid) {
                birth.pidNamespace = raw
            }
            if let tree = places.first(where: { $0.hierarchy.version == 2 }) {
                birth.cgroup = try program.hold(tree.path)
            }
            return try program.spawn(birth)
        }
        // The files in /proc are the container's only if it still has the number of its process.
        if userNamespace, try self.process() == nil {
            child.abandon()
            throw RuntimeError(.wrongState, step: "exec", subject: id, cause: "cannot exec in a stopped container")
        }
        let notification = SeccompNotification(spec)
        let state = stored.described(.running, pid: self.pid)
        return try finish(child, steps: steps, plan: plan, options: options) {
            (listener: borrowing Descriptor, pid: Int32) throws(RuntimeError) in
            try notification?.send(listener, pid: pid, state: state)
        }
    }

    private static func execSteps(
        _ plan: ProcessPlan,
        namespaces: NamespaceFlags,
        places: [CgroupLayout.Tree],
        initProcess: Int32,
        process: RuntimeSpec.Process,
        options: ExecOptions
    ) -> [Step] {
        var steps: [Step] = [.newSession]
        // A cpuset that the cgroup has changes the affinity, so one is set before and one after.
        steps += plan.initialAffinity
        steps += places.filter { $0.hierarchy.version == 1 }.map { .joinCgroup($0.path) }
        steps += plan.finalAffinity
        let userNamespace = namespaces.contains(.user)
        if !userNamespace { steps += plan.procWrites }
        steps += Step.joins(pid: initProcess, namespaces)
        if userNamespace { steps.append(.rootIDs(uid: plan.uid, gid: plan.gid)) }
        steps += Step.containerRoot(pid: initProcess, namespaces)
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
        plan: ProcessPlan,
        options: ExecOptions,
        atListener: (borrowing Descriptor, Int32) throws(RuntimeError) -> Void
    ) throws(RuntimeError) -> ExecutedProcess {
        do {
            let pid = child.pid
            // The pid file first: a caller that sees the process end must be able to know which one it was.
            if let path = options.pidFile {
                try doing("write the pid file") { () throws(SysError) in
                    try Files.replaceUnsynced(path, with: Array(String(pid).utf8), mode: 0o644)
                }
            }
            var console = try Self.follow(child, steps: steps, closesOnSuccess: true) { point throws(RuntimeError) in
                if point == .attributes { try StageProgram.apply(plan.attributes, to: pid) }
            } atListener: { listener throws(RuntimeError) in
                try atListener(listener, pid)
            }
            if let path = options.consoleSocket, let master = console.take() {
                try doing("send the terminal") { () throws(SysError) in try master.send(toSocketAt: path) }
            }
            return ExecutedProcess(pid: pid, process: child.intoProcess(), console: console, warnings: plan.warnings)
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
            for (name, flag) in NamespaceFlags.files {
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
