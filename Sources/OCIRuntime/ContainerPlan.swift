package import Linux
package import OCI

/// What the plan has to know about the machine and the caller; read once, before anything is done.
package struct HostFacts: Hashable, Sendable {
    /// The caller's permitted capabilities.
    package var capabilities: CapabilitySet
    /// The kernel's last capability.
    package var lastCapability: UInt64
    /// The caller's own oom_score_adj, which it can not go below without CAP_SYS_RESOURCE.
    package var oomScoreAdj: Int
    /// The caller's hard limits.
    package var hardLimits: [HardLimit]
    /// The caller's user namespace is not the machine's.
    package var inUserNamespace = false
    package var appArmor: Bool
    package var seLinux: Bool
    /// The caller may use all ids, mount file systems and so on: it is root of its own user namespace.
    package var isPrivileged: Bool { capabilities.contains("CAP_SYS_ADMIN") && capabilities.contains("CAP_SETUID") }
    package var mounts: [MountEntry]

    package init(
        capabilities: CapabilitySet,
        lastCapability: UInt64 = 40,
        oomScoreAdj: Int = 0,
        hardLimits: [HardLimit] = [],
        appArmor: Bool = false,
        seLinux: Bool = false,
        mounts: [MountEntry] = []
    ) {
        self.capabilities = capabilities
        self.lastCapability = lastCapability
        self.oomScoreAdj = oomScoreAdj
        self.hardLimits = hardLimits
        self.appArmor = appArmor
        self.seLinux = seLinux
        self.mounts = mounts
    }

    /// How far a resource may be raised without a right; a list of these needs no search for the hash of its keys.
    package struct HardLimit: Hashable, Sendable {
        /// RLIMIT_…
        package let resource: Int32
        package let most: UInt64

        package init(resource: Int32, most: UInt64) {
            self.resource = resource
            self.most = most
        }
    }
}

/// Everything that will happen to make one container, computed from its configuration without any effect.
package struct ContainerPlan: Sendable {
    /// What the plan is made from.
    package struct Input: Sendable {
        package var id: String
        package var bundle: String
        package var spec: RuntimeSpec
        package var host: HostFacts
        package var cgroup: CgroupLayout
        package var seccomp: SeccompProgram?
        /// Numbers of the caller's descriptors; ignored with a terminal.
        package var stdio: (Int32, Int32, Int32) = (0, 1, 2)
        package var noPivot = false
        package var noNewKeyring = false
        package var preserveDescriptors = 0

        package init(
            id: String,
            bundle: String,
            spec: RuntimeSpec,
            host: HostFacts,
            cgroup: CgroupLayout,
            seccomp: SeccompProgram? = nil
        ) {
            self.id = id
            self.bundle = bundle
            self.spec = spec
            self.host = host
            self.cgroup = cgroup
            self.seccomp = seccomp
        }
    }

    package let steps: [Step]
    package let namespaces: NamespacePlan
    /// For /proc/PID/oom_score_adj, if the child cannot write it itself.
    package let oomScore: String?
    /// What the parent does at the rendezvous `.attributes`.
    package let attributes: [Step]
    /// The caller may map any ids.
    package let isPrivileged: Bool
    let notification: SeccompNotification?
    let networkDevices: NetworkDevices
    let cacheAllocation: CacheAllocation?
    package let arguments: [String]
    package let environment: [String]
    package let warnings: [String]
    package let rootfs: String

    package init(_ input: Input) throws(RuntimeError) {
        let spec = input.spec
        guard let root = spec.root else {
            throw RuntimeError(.invalid, step: "config.json", cause: "root is missing")
        }
        guard !root.path.isEmpty else {
            throw RuntimeError(.invalid, step: "config.json", subject: "root.path", cause: "it is empty")
        }
        rootfs = root.path.hasPrefix("/") ? root.path : input.bundle + "/" + root.path
        // Needed for `start` only (config.md, "Process"): without one, somebody waits who never executes anything.
        let process = spec.process ?? RuntimeSpec.Process(args: ["none"], cwd: "/")
        let linux = spec.linux ?? RuntimeSpec.Linux()
        let namespaces = try NamespacePlan(spec)
        try namespaces.check(spec)
        self.namespaces = namespaces
        isPrivileged = input.host.isPrivileged
        notification = SeccompNotification(spec)
        networkDevices = try NetworkDevices(linux.netDevices ?? [:])
        let resctrl = input.host.mounts.first { $0.type == "resctrl" }?.mountPoint
        cacheAllocation = try linux.intelRdt.map { wanted throws(RuntimeError) in
            try CacheAllocation(wanted, id: input.id, mountPoint: resctrl) { Files.exists($0) }
        }
        if !isPrivileged, !namespaces.hasUser {
            throw RuntimeError(
                .refused,
                step: "start the container",
                cause:
                    "rootless container requires user namespaces: without CAP_SYS_ADMIN making the others is not permitted",
                hint: "add a user namespace with a map of the caller's own ids, or run as root"
            )
        }
        var identity = try ProcessPlan(
            process,
            linux: linux,
            host: input.host,
            userNamespace: namespaces.hasUser,
            deniesGroups: namespaces.idMaps?.deniesGroups(privileged: isPrivileged) == true
        )
        identity.seccomp = input.seccomp
        oomScore = namespaces.needsGoBetween ? identity.oomScore : nil
        attributes = namespaces.hasUser ? identity.attributes : []

        var steps: [Step] = [.newSession]
        steps += namespaces.joins
        // Before the cgroup namespace, whose root is where its first process is at that moment.
        if input.cgroup.unit == nil {
            // Into the version 2 tree it is born.
            steps += input.cgroup.trees.filter { $0.hierarchy.version == 1 }.map { .joinCgroup($0.path) }
        } else {
            steps.append(.rendezvous(.cgroup))
        }
        steps += namespaces.unshares
        if namespaces.idMaps != nil { steps.append(.rendezvous(.idMaps)) }
        // As the caller's user, for whom alone the files of the host may be accessible.
        if let offsets = namespaces.timeOffsets { steps.append(.timeNamespace(offsets: offsets)) }
        let rootSteps =
            namespaces.hasMount ? try Self.rootSteps(input, rootfs: rootfs, linux: linux) : [.plainRoot(rootfs)]
        if namespaces.hasUser { steps += rootSteps + [.rootIDs(uid: identity.uid, gid: identity.gid)] }
        if !input.noNewKeyring { steps.append(.keyring("_ses." + input.id)) }
        if let name = spec.hostname, !name.isEmpty { steps.append(.hostname(name)) }
        if let name = spec.domainname, !name.isEmpty { steps.append(.domainname(name)) }
        if namespaces.birth.contains(.network) { steps.append(.loopbackUp) }
        if cacheAllocation != nil || !networkDevices.moves.isEmpty { steps.append(.rendezvous(.placement)) }
        if oomScore == nil { steps += identity.procWrites }
        for (name, value) in (linux.sysctl ?? [:]).sorted(by: { $0.key < $1.key }) {
            steps.append(.writeProc(path: "sys/" + SysctlRules.path(name), content: value))
        }
        if !namespaces.hasUser { steps += rootSteps }

        var mounts = MountPlan(
            bundle: input.bundle,
            cgroup: input.cgroup,
            privateCgroups: namespaces.unshared.contains(.cgroup),
            namespaces: namespaces,
            prepares: namespaces.hasUser && isPrivileged,
            label: try Self.mountLabel(linux, input.host)
        )
        try mounts.add(spec.mounts ?? [])
        try mounts.add(linux.devices ?? [])
        steps += mounts.steps + mounts.late
        steps += try Self.below("readonlyPaths", linux.readonlyPaths).map { .readOnlyPath($0) }
        steps += try Self.below("maskedPaths", linux.maskedPaths).map { .mask($0) }
        let hooks = spec.hooks
        if [hooks?.prestart, hooks?.createRuntime, hooks?.createContainer].contains(where: { $0?.isEmpty == false }) {
            steps.append(.rendezvous(.hooks))
        }
        steps.append(!namespaces.hasMount ? .changeRoot : input.noPivot ? .moveRoot : .pivot)
        if let name = linux.rootfsPropagation, let kind = MountPropagation.named(name) {
            steps.append(.rootPropagation(kind))
        }
        if root.readonly == true { steps.append(.rootReadOnly) }

        let terminal = process.terminal == true
        if terminal {
            let size = process.consoleSize
            steps.append(
                .console(
                    rows: UInt16(clamping: size?.height ?? 0),
                    columns: UInt16(clamping: size?.width ?? 0),
                    owner: identity.uid,
                    attach: true
                )
            )
            steps.append(.controllingTerminal)
        } else {
            steps.append(.stdio(input.stdio.0, input.stdio.1, input.stdio.2, owner: identity.uid))
        }
        let last = identity.steps(preserve: input.preserveDescriptors, waits: true)
        steps += spec.process == nil ? last.filter { !$0.isOfProgram } : last
        self.steps = steps
        arguments = identity.arguments
        environment = identity.environment
        warnings = identity.warnings + mounts.warnings
    }

    private static func mountLabel(_ linux: RuntimeSpec.Linux, _ host: HostFacts) throws(RuntimeError) -> String {
        guard let label = linux.mountLabel, !label.isEmpty else { return "" }
        guard host.seLinux else {
            throw RuntimeError(
                .refused,
                step: "apply the SELinux label of the mounts",
                subject: label,
                cause: "SELinux is not enabled on this host",
                hint: "remove linux.mountLabel to run without it"
            )
        }
        return label
    }

    /// Clean paths below the root: for "/" itself nothing would be covered that the container sees.
    private static func below(_ field: String, _ paths: [String]?) throws(RuntimeError) -> [String] {
        var clean: [String] = []
        // Twice the same would be two mounts on top of each other.
        for path in (paths ?? []).map({ MountPlan.clean($0) }) where !clean.contains(path) { clean.append(path) }
        if clean.contains("/") {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "linux." + field,
                cause: "\"/\" must not be among them",
                hint: "use root.readonly for a root that cannot be written"
            )
        }
        return clean
    }

    private static func rootSteps(
        _ input: Input,
        rootfs: String,
        linux: RuntimeSpec.Linux
    ) throws(RuntimeError) -> [Step] {
        guard let name = linux.rootfsPropagation, !name.isEmpty else {
            return [.propagation(path: "/", MountPropagation.slave.recursively), .root(rootfs, nil)]
        }
        guard let kind = MountPropagation.named(name) else {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "rootfsPropagation",
                cause: "\"\(name)\" is not known"
            )
        }
        // Mounts of the host shall see those of the container: its own mount points must stay members of the host's
        // peer groups, all but those around the root, for pivot_root refuses shared ones.
        guard kind.isShared else {
            let whole = kind.rawValue & MountPropagation.unbindable.rawValue != 0 ? MountPropagation.private : kind
            return [.propagation(path: "/", whole.recursively), .root(rootfs, nil)]
        }
        var steps: [Step] = []
        if let parent = MountTable.holding(rootfs, in: input.host.mounts), parent.isShared {
            steps.append(.propagation(path: parent.mountPoint, .private))
        }
        return steps + [.root(rootfs, .private)]
    }
}
