package import Linux
package import OCI

/// What `Container.create` gives back. The caller is the parent of the init process and reaps it.
package struct CreatedContainer: ~Copyable, Sendable {
    package let container: Container
    package let pid: Int32
    package let process: ProcessDescriptor
    /// The master of the terminal, with `Stdio.console`.
    package var console: Descriptor?
    /// What the caller's rights did not allow: clamped limits, capabilities not held.
    package let warnings: [String]
    /// With `startsAtOnce`: the child as it waits for its start.
    var waiting: StagedChild?

    /// Starts a container that was created with `startsAtOnce`; see `Container.start`.
    package mutating func start() throws(RuntimeError) {
        guard let child = waiting.take() else {
            try container.start()
            return
        }
        try container.start { () throws(SysError) in
            try child.proceed()
            switch try child.nextReport() {
            case .failed(_, let errno, let note): return (errno, note)
            default: return nil
            }
        }
    }
}

extension Container {
    /// Makes a container up to the point where its init waits for `start`.
    ///
    /// Everything that was made is taken back if it fails. Opens no other process's descriptors and starts no threads;
    /// call it from one thread at a time for one id.
    package static func create(
        _ spec: RuntimeSpec,
        options: CreateOptions,
        root: RuntimeRoot
    ) throws(RuntimeError) -> CreatedContainer {
        try ContainerID.check(options.id)
        try root.prepare()
        let directory = root.directory(options.id)
        let plan = try makePlan(spec, options: options, root: root)
        let claim = try CreateClaim(directory, id: options.id) { () throws(RuntimeError) in
            try clearInterrupted(options.id, root)
        }
        defer { withExtendedLifetime(claim) {} }
        let cgroup = Cgroup(plan.cgroup)
        do {
            if plan.cgroup.unit == nil { try cgroup.checkUnused() }
        } catch {
            try? Files.removeDirectory(directory)  // empty so far; the next create would clear it too
            throw error
        }
        do {
            let state = state(spec, plan: plan, options: options)
            try state.write(directory)
            try keep(spec, options, in: directory)
            if options.notifies {
                try doing("make the notification directory") { () throws(SysError) in
                    try Files.makeDirectory("\(directory)/\(NotifyPlace.directory)", mode: 0o755)
                }
            }
            // systemd makes them around the first process, later.
            if plan.cgroup.unit == nil { try cgroup.create(plan.resources) }
            return try launch(plan, state: state, options: options, root: root, directory: directory)
        } catch {
            // As below.
            if let before = plan.mountsBefore { try? HostMounts.remove(below: plan.plan.rootfs, keeping: before) }
            if let made = plan.plan.cacheAllocation { try? CacheAllocation.remove(made.owned) }  // as below
            // The first failure is the one to report; what cannot be removed now, `delete --force` removes.
            if let hooks = spec.hooks?.poststop {
                let gone = ContainerState(
                    ociVersion: spec.ociVersion,
                    id: options.id,
                    status: .stopped,
                    bundle: options.bundle
                )
                let runner = HookRunner(state: gone, target: -1, rootfs: plan.plan.rootfs)
                runner.runAll(hooks, .poststop) { _ in }
            }
            try? cgroup.destroy()
            try? Files.removeTree(directory)  // as above
            throw error
        }
    }

    private struct Preparation {
        var plan: ContainerPlan
        var cgroup: CgroupLayout
        var resources: RuntimeSpec.Resources
        var warnings: [String]
        /// Only in the host's mount namespace.
        var mountsBefore: [String]?
    }

    private static func makePlan(
        _ spec: RuntimeSpec,
        options: CreateOptions,
        root: RuntimeRoot
    ) throws(RuntimeError) -> Preparation {
        try checkTerminal(spec.process?.terminal == true, options.consoleSocket, options.stdio)
        for number in 0..<max(0, options.preserveDescriptors) where !Descriptor.isInherited(Int32(3 + number)) {
            throw RuntimeError(
                .invalid,
                step: "preserve descriptors",
                subject: "preserved-fd \(number)",
                cause: "descriptor \(3 + number) is not open in the caller"
            )
        }
        let host = try HostFacts.read(for: spec)
        var layout = try options.cgroupDriver.layout(
            spec,
            id: options.id,
            mounts: host.mounts,
            user: Privileges.userID != 0
        )
        var resources = spec.linux?.resources ?? RuntimeSpec.Resources()
        var warnings: [String] = []
        try CgroupLimits.check(resources, mode: layout.mode)
        if layout.unit == nil, !host.isPrivileged || host.inUserNamespace {
            let delegated = try layout.delegated(cgroupsPath: spec.linux?.cgroupsPath, resources: resources)
            (layout, resources, warnings) = (delegated.layout, delegated.resources, delegated.warnings)
        }
        var seccomp: SeccompProgram?
        if let profile = spec.linux?.seccomp {
            seccomp = try SeccompCache.program(for: profile, directory: root.seccompCache)
        }
        var completed = spec
        if let process = spec.process, let rootfs = spec.root?.path {
            completed.process?.env = HomeDirectory.complete(
                process.env ?? [],
                uid: process.user?.uid ?? 0,
                root: rootfs.hasPrefix("/") ? rootfs : options.bundle + "/" + rootfs
            )
        }
        if options.notifies { NotifyPlace.add(to: &completed, stateDirectory: root.directory(options.id)) }
        var input = ContainerPlan.Input(
            id: options.id,
            bundle: options.bundle,
            spec: completed,
            host: host,
            cgroup: layout,
            seccomp: seccomp
        )
        if case .descriptors(let input0, let output, let errors) = options.stdio {
            input.stdio = (input0, output, errors)
        }
        input.noPivot = options.noPivot
        input.noNewKeyring = options.noNewKeyring
        input.preserveDescriptors = options.preserveDescriptors
        let plan = try ContainerPlan(input)
        // Missing: said below.
        let resolved = (try? Files.resolved(plan.rootfs)) ?? plan.rootfs
        guard Files.isDirectory(resolved) else {
            let cause = Files.exists(resolved) ? "it is no directory" : "no such file or directory"
            throw RuntimeError(.invalid, step: "rootfs", subject: plan.rootfs, cause: cause)
        }
        var preparation = Preparation(
            plan: plan,
            cgroup: layout,
            resources: resources,
            warnings: warnings + plan.warnings
        )
        if !plan.namespaces.hasMount {
            guard resolved != "/" else {
                throw RuntimeError(
                    .refused,
                    step: "rootfs",
                    subject: plan.rootfs,
                    cause: "the host's own root needs a mount namespace, or its mounts would be covered"
                )
            }
            preparation.mountsBefore = HostMounts.below(resolved, in: host.mounts)
        }
        return preparation
    }

    static func checkTerminal(_ terminal: Bool, _ socket: String?, _ stdio: Stdio) throws(RuntimeError) {
        if terminal, socket == nil, stdio != .console {
            throw RuntimeError(
                .invalid,
                step: "terminal",
                cause: "cannot allocate tty if the runtime will detach without setting console socket"
            )
        }
        if !terminal, socket != nil {
            throw RuntimeError(
                .invalid,
                step: "terminal",
                cause: "cannot use console socket if the runtime will not detach or allocate tty"
            )
        }
    }

    private static func state(_ spec: RuntimeSpec, plan: Preparation, options: CreateOptions) -> StoredState {
        var state = StoredState(
            ociVersion: spec.ociVersion,
            id: options.id,
            bundle: options.bundle,
            rootfs: plan.plan.rootfs,
            annotations: spec.annotations,
            created: WallClock.now(),
            owner: Privileges.userID,
            ownPidNamespace: plan.plan.namespaces.birth.contains(.pid),
            cgroupMode: "",
            cgroups: [],
            hooks: spec.hooks
        )
        state.setLayout(plan.cgroup)
        if spec.process == nil { state.withoutProcess = true }
        state.mountsBefore = plan.mountsBefore
        state.resctrlGroup = plan.plan.cacheAllocation?.directory
        state.resctrlGroups = plan.plan.cacheAllocation?.owned
        return state
    }

    private static func launch(
        _ preparation: Preparation,
        state: StoredState,
        options: CreateOptions,
        root: RuntimeRoot,
        directory: String
    ) throws(RuntimeError) -> CreatedContainer {
        let plan = preparation.plan
        // They stay open until the child has its copies.
        let pipes = options.startsAtOnce ? StartPipes() : try StartPipes(in: directory)
        let cgroup = Cgroup(preparation.cgroup)
        let layout = preparation.cgroup
        let resources = preparation.resources
        let child = try doing("start the init process") { () throws(SysError) in
            var program = try StageProgram(plan.steps, arguments: plan.arguments, environment: plan.environment)
            var birth = try program.birth(plan)
            birth.start = pipes.start
            birth.result = pipes.result
            if let tree = layout.unified, layout.unit == nil { birth.cgroup = try program.hold(tree.path) }
            return try program.spawn(birth)
        }
        withExtendedLifetime(pipes) {}
        var cacheBefore: CacheUndo?
        do {
            // Before it is ready: if this process dies from here on, `delete` finds what it has to take away.
            let initProcess = InitProcess(pid: child.pid, startTime: try startTime(of: child.pid))
            try initProcess.write(directory)
            let hooks = state.hooks
            let pending = state.described(.creating, pid: child.pid)
            let target = child.process.descriptor.raw
            let initPid = child.pid
            let notification = plan.notification
            var console = try follow(child, steps: plan.steps) { point throws(RuntimeError) in
                switch point {
                case .cgroup:
                    guard let unit = layout.unit else { return }
                    let mode = layout.mode
                    try SystemdUnits.start(unit, id: options.id, process: initPid, resources: resources, mode: mode)
                    try cgroup.create(resources)
                    try cgroup.take(initPid)
                case .idMaps: try plan.namespaces.idMaps?.write(pid: initPid, privileged: plan.isPrivileged)
                case .placement:
                    try plan.networkDevices.move(to: initPid)
                    cacheBefore = try plan.cacheAllocation?.undo()
                    try plan.cacheAllocation?.place(initPid)
                case .attributes: try StageProgram.apply(plan.attributes, to: initPid)
                case .hooks:
                    var runner = HookRunner(state: pending, target: target, rootfs: plan.rootfs)
                    try runner.run(hooks?.prestart, .prestart)
                    try runner.run(hooks?.createRuntime, .createRuntime)
                    guard hooks?.createContainer?.isEmpty == false else { return }
                    let namespaces = try differingNamespaces(initPid)
                    runner.environment = plan.environment
                    try runner.run(hooks?.createContainer, .createContainer, namespaces: namespaces)
                }
            } atListener: { listener throws(RuntimeError) in
                try notification?.send(listener, pid: initPid, state: pending)
            }
            if let path = options.consoleSocket, let master = console.take() {
                try doing("send the terminal") { () throws(SysError) in try master.send(toSocketAt: path) }
            }
            if let path = options.pidFile {
                try doing("write the pid file") { () throws(SysError) in
                    try Files.replaceUnsynced(path, with: Array(String(child.pid).utf8), mode: 0o644)
                }
            }
            let pid = child.pid
            let waiting =
                options.startsAtOnce ? try doing("keep the child") { () throws(SysError) in try child.second() } : nil
            return CreatedContainer(
                container: Container(stored: state, initProcess: initProcess, root: root),
                pid: pid,
                process: child.intoProcess(),
                console: console,
                warnings: preparation.warnings + CgroupLimits.warnings(resources, mode: layout.mode),
                waiting: waiting
            )
        } catch {
            child.abandon()
            throw cacheBefore?.explained(error) ?? error
        }
    }

    /// Listens to the child until everything before the start is done, or (`closesOnSuccess`) its program runs.
    ///
    /// - Parameters:
    ///   - atRendezvous: What the parent does while the child waits.
    ///   - atListener: Gets a copy of the child's seccomp notification descriptor.
    static func follow(
        _ child: borrowing StagedChild,
        steps: [Step],
        closesOnSuccess: Bool = false,
        atRendezvous: (Step.Rendezvous) throws(RuntimeError) -> Void = { _ in },
        atListener: (borrowing Descriptor) throws(RuntimeError) -> Void = { _ in }
    ) throws(RuntimeError) -> Descriptor? {
        var console: Descriptor?
        while true {
            let report = try doing("start the process") { () throws(SysError) in try child.nextReport() }
            switch consume report {
            case .ready: return console
            case .console(let master): console = consume master
            case .waits(let point):
                try atRendezvous(point)
                try doing("start the process") { () throws(SysError) in try child.proceed() }
            case .listener(let number):
                let listener = try doing("take the seccomp notification descriptor") { () throws(SysError) in
                    try child.process.copy(ofDescriptor: number)
                }
                try atListener(listener)
                try doing("start the process") { () throws(SysError) in try child.proceed() }
            case .failed(let step, let errno, let note):
                throw StagedChild.error(steps, step: step, errno: errno, note: note)
            case .closed:
                if closesOnSuccess { return console }
                throw RuntimeError(
                    .system,
                    step: "start the process",
                    cause: "it died without a word",
                    hint: "its cgroup may have too little memory or too few pids, or seccomp forbids what a start needs"
                )
            }
        }
    }

    /// The pipes by which another process starts the container later.
    private final class StartPipes {
        /// Numbers that stay open as long as this lives; -1 without pipes.
        let start: Int32
        let result: Int32

        init() { (start, result) = (-1, -1) }

        init(in directory: String) throws(RuntimeError) {
            let first = try Container.fifo(directory + "/" + startFIFO)
            result = try Container.fifo(directory + "/" + resultFIFO).release()
            start = first.release()
        }

        deinit {
            for number in [start, result] where number >= 0 { Descriptor.close(number) }
        }
    }

    private static func fifo(_ path: String) throws(RuntimeError) -> Descriptor {
        try doing("make the start pipe") { () throws(SysError) in
            try Files.makeFIFO(path, mode: 0o600)
            // Both ways, so that neither opening nor waiting depends on the other side being there.
            return try Descriptor.open(path, Descriptor.readWrite)
        }
    }

    private static func startTime(of pid: Int32) throws(RuntimeError) -> UInt64 {
        let facts = try doing("look at the init process") { () throws(SysError) in try ProcessFacts.of(pid) }
        guard let facts else {
            throw RuntimeError(.system, step: "look at the init process", subject: "\(pid)", cause: "it is gone")
        }
        return facts.startTime
    }
}
