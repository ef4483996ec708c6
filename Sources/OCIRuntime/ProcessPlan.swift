import Linux
import OCI

/// The steps that give a process its identity, limits and program; for a container's first process and for further ones.
struct ProcessPlan {
    let arguments: [String]
    let environment: [String]
    let uid: UInt32
    /// Written early, while the host's /proc is there.
    private(set) var oomScore: String?
    /// On which CPUs the process enters its cgroups, and which it has there; for `exec` alone.
    private(set) var initialAffinity: [Step] = []
    private(set) var finalAffinity: [Step] = []
    var warnings: [String] = []
    var seccomp: SeccompProgram?
    /// The file to execute, if it is not the first argument.
    var program: String?
    private let process: RuntimeSpec.Process
    private let userNamespace: Bool
    let gid: UInt32
    private let groups: [UInt32]
    private let umask: UInt32
    private var limits: [Step] = []
    private var placement: [Step] = []
    private var scheduling: [Step] = []
    private var labels: [Step] = []
    private var sets = Sets()
    private let lastCapability: UInt64
    /// What the runtime itself holds.
    private let held: CapabilitySet

    private struct Sets {
        var bounding = CapabilitySet()
        var effective = CapabilitySet()
        var permitted = CapabilitySet()
        var inheritable = CapabilitySet()
        var ambient = CapabilitySet()
    }

    /// What execve(2) takes: one text at most 128 KiB with its end.
    private static let longestText = 131_072
    /// And all of them with their pointers at most 6 MiB, however large the stack may be.
    private static let longestTotal = 6 << 20

    /// - Parameters:
    ///   - userNamespace: The process has, or gets, another user namespace than the runtime.
    ///   - deniesGroups: That denies setgroups(2).
    init(
        _ process: RuntimeSpec.Process,
        linux: RuntimeSpec.Linux? = nil,
        host: HostFacts,
        userNamespace: Bool = false,
        deniesGroups: Bool = false
    ) throws(RuntimeError) {
        self.process = process
        self.userNamespace = userNamespace
        guard let arguments = process.args, let program = arguments.first else {
            throw RuntimeError(.invalid, step: "config.json", subject: "process.args", cause: "it is empty")
        }
        guard !program.isEmpty else {
            throw RuntimeError(.invalid, step: "config.json", subject: "process.args[0]", cause: "it is empty")
        }
        guard process.cwd.hasPrefix("/") else {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "process.cwd",
                cause: "Cwd must be an absolute path"
            )
        }
        self.arguments = arguments
        environment = EnvironmentList.effective(process.env ?? [])
        let user = process.user ?? RuntimeSpec.User(uid: 0, gid: 0)
        // The all-ones id means "leave as it is" to the kernel.
        if user.uid == .max || user.gid == .max || user.additionalGids?.contains(.max) == true {
            throw RuntimeError(.invalid, step: "config.json", subject: "process.user", cause: "4294967295 is no id")
        }
        uid = user.uid
        gid = user.gid
        groups = user.additionalGids ?? []
        umask = user.umask ?? 0o022
        lastCapability = host.lastCapability
        // Its first process holds every capability of a user namespace.
        held = userNamespace ? CapabilitySet(bits: (2 << host.lastCapability) - 1) : host.capabilities
        if deniesGroups, !groups.isEmpty {
            throw RuntimeError(
                .refused,
                step: "set the additional groups",
                cause: "a user namespace that maps only the caller's own group denies it",
                hint: "remove process.user.additionalGids, or map more groups with newgidmap"
            )
        }
        try checkSizes()
        try addCapabilities()
        try addLimits(host)
        try addScheduling()
        try addPlacement(linux)
        try addOOMScore(host)
        try addLabels(host)
    }

    /// Everything from the working directory to execve, in the order that keeps each step possible.
    ///
    /// Bounding set, groups and ids need capabilities that the process loses; the filter is loaded as late as the rights
    /// to load it allow, so that a strict one has few calls of ours to forbid.
    ///
    /// - Parameter waits: It is a container's first process: it waits for its start, and its working directory is made.
    func steps(preserve: Int, waits: Bool) -> [Step] {
        var steps: [Step] = [.workingDirectory(process.cwd, lenient: true, makes: waits)]
        // Only rights over the whole machine raise a limit or a priority: with a user namespace the parent has them.
        if !userNamespace {
            steps += attributes
        } else if !attributes.isEmpty {
            steps.append(.rendezvous(.attributes))
        }
        steps += placement
        steps.append(.umask(umask))
        steps.append(.boundingSet(sets.bounding, last: lastCapability))
        let noNewPrivileges = process.noNewPrivileges == true
        let loading = CapabilitySet.parse(["CAP_SYS_ADMIN", "CAP_SETPCAP"]).set.intersection(held)
        let keep = CapabilitySet(bits: sets.permitted.bits | loading.bits)
        steps.append(.keepCapabilities(true))
        steps.append(.groups(groups, lenient: userNamespace))
        steps.append(.gid(gid))
        steps.append(.uid(uid))
        steps.append(.keepCapabilities(false))
        steps += labels
        if let seccomp, !noNewPrivileges {
            // Without no_new_privs the filter needs CAP_SYS_ADMIN, so it comes before the last reduction.
            if uid != 0 { steps.append(.capabilities(effective: keep, permitted: keep, inheritable: sets.inheritable)) }
            steps.append(.findExecutable(candidates, name: program ?? arguments[0]))
            steps.append(.workingDirectory(process.cwd, lenient: false, makes: waits))
            steps.append(.closeDescriptors(preserve: preserve))
            steps.append(.seccomp(seccomp))
            steps += reduction
        } else {
            steps += reduction
            if noNewPrivileges { steps.append(.noNewPrivileges) }
            steps.append(.workingDirectory(process.cwd, lenient: false, makes: waits))
            steps.append(.findExecutable(candidates, name: program ?? arguments[0]))
            steps.append(.closeDescriptors(preserve: preserve))
        }
        // A listener must get its descriptor while somebody is there to send it.
        let late = noNewPrivileges && seccomp?.listens == false
        if let seccomp, noNewPrivileges, !late { steps.append(.seccomp(seccomp)) }
        if waits { steps += [.ready, .awaitStart] }
        if let seccomp, late { steps.append(.seccomp(seccomp)) }
        steps.append(.execute)
        return steps
    }

    /// Limits and scheduling; the parent sets them at the rendezvous `.attributes`, if the steps have it.
    var attributes: [Step] { limits + scheduling }

    private var reduction: [Step] {
        [
            .capabilities(effective: sets.effective, permitted: sets.permitted, inheritable: sets.inheritable),
            .ambient(sets.ambient),
        ]
    }

    /// Where the program may be, in the order of the container's PATH.
    private var candidates: [String] {
        if let program { return [program] }
        let program = arguments[0]
        if program.contains("/") { return [program] }
        let path = environment.last { $0.hasPrefix("PATH=") }.map { $0.dropFirst(5) } ?? "/usr/bin:/bin"
        // An element that is not absolute would look into the working directory.
        return path.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(program)" }
    }

    private func checkSizes() throws(RuntimeError) {
        var total = 0
        for (name, texts) in [("process.args", arguments), ("process.env", environment)] {
            for (index, text) in texts.enumerated() {
                let size = text.utf8.count + 1
                total += size + 8
                if size > Self.longestText {
                    throw RuntimeError(
                        .invalid,
                        step: "config.json",
                        subject: "\(name)[\(index)]",
                        cause: "\(size - 1) bytes is too long for execve, which takes \(Self.longestText - 1)"
                    )
                }
                if text.utf8.contains(0) {
                    throw RuntimeError(
                        .invalid,
                        step: "config.json",
                        subject: "\(name)[\(index)]",
                        cause: "it contains a zero byte"
                    )
                }
            }
        }
        if total > Self.longestTotal {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "process.args and process.env",
                cause: "\(total) bytes are too many for execve, which takes \(Self.longestTotal)"
            )
        }
    }

    private mutating func addCapabilities() throws(RuntimeError) {
        let held = held
        guard let wanted = process.capabilities else { return }
        var unknown: Set<String> = []
        var missing = CapabilitySet()
        func set(_ list: [String]?) -> CapabilitySet {
            let parsed = CapabilitySet.parse(list ?? [])
            unknown.formUnion(parsed.unknown)
            missing.bits |= parsed.set.subtracting(held).bits
            return parsed.set.intersection(held)
        }
        sets.bounding = set(wanted.bounding)
        sets.permitted = set(wanted.permitted)
        sets.effective = set(wanted.effective).intersection(sets.permitted)
        sets.inheritable = set(wanted.inheritable)
        // The kernel refuses an ambient capability that is not permitted and inheritable.
        let ambient = set(wanted.ambient)
        sets.ambient = ambient.intersection(sets.permitted).intersection(sets.inheritable)
        // Not if none is inheritable: templates name ambient ones all the same, and have never had them.
        if !sets.inheritable.isEmpty {
            for name in ambient.subtracting(sets.ambient).list {
                warnings.append("can't raise ambient capability \(name): it is not both permitted and inheritable")
            }
        }
        for name in unknown.sorted() { warnings.append("unknown capability \"\(name)\" is ignored") }
        for name in missing.list { warnings.append("\(name) is dropped: the runtime itself does not hold it") }
    }

    private mutating func addLimits(_ host: HostFacts) throws(RuntimeError) {
        var seen: [Int32] = []
        for limit in process.rlimits ?? [] {
            guard let number = ResourceLimits.number(limit.type) else {
                throw RuntimeError(
                    .invalid,
                    step: "set the rlimit",
                    subject: limit.type,
                    cause: "there is no such rlimit"
                )
            }
            if seen.contains(number) {
                throw RuntimeError(.invalid, step: "set the rlimit", subject: limit.type, cause: "it is listed twice")
            }
            seen.append(number)
            guard limit.soft <= limit.hard else {
                throw RuntimeError(.invalid, step: "set the rlimit", subject: limit.type, cause: "soft is above hard")
            }
            var (soft, hard) = (limit.soft, limit.hard)
            let allowed = host.hardLimits.first { $0.resource == number }
            if let most = allowed?.most, hard > most, !host.capabilities.contains("CAP_SYS_RESOURCE") {
                warnings.append("\(limit.type) is lowered from \(hard) to \(most): raising it needs CAP_SYS_RESOURCE")
                (soft, hard) = (min(soft, most), most)
            }
            limits.append(.resourceLimit(name: limit.type, number: number, soft: soft, hard: hard))
        }
    }

    private mutating func addOOMScore(_ host: HostFacts) throws(RuntimeError) {
        guard var score = process.oomScoreAdj else { return }
        guard (-1000...1000).contains(score) else {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "process.oomScoreAdj",
                cause: "\(score) is not in -1000 to 1000"
            )
        }
        if score < host.oomScoreAdj, !host.capabilities.contains("CAP_SYS_RESOURCE") {
            warnings.append(
                "oom_score_adj is \(host.oomScoreAdj) instead of \(score): lowering it needs CAP_SYS_RESOURCE"
            )
            score = host.oomScoreAdj
        }
        oomScore = String(score)
    }

    var procWrites: [Step] { oomScore.map { [.writeProc(path: "self/oom_score_adj", content: $0)] } ?? [] }

    private mutating func addPlacement(_ linux: RuntimeSpec.Linux?) throws(RuntimeError) {
        if let affinity = process.execCPUAffinity {
            if let list = affinity.initial, !list.isEmpty {
                initialAffinity = [.affinity(try NumberList.mask(list, subject: "process.execCPUAffinity.initial"))]
            }
            if let list = affinity.final, !list.isEmpty {
                finalAffinity = [.affinity(try NumberList.mask(list, subject: "process.execCPUAffinity.final"))]
            }
        }
        if let personality = linux?.personality { placement.append(.personality(try Self.value(of: personality))) }
        if let policy = linux?.memoryPolicy { placement += try Step.memoryPolicy(policy).map { [$0] } ?? [] }
    }

    /// personality(2)
    private static func value(of personality: RuntimeSpec.Personality) throws(RuntimeError) -> UInt64 {
        if let flag = personality.flags?.first {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "linux.personality.flags",
                cause: "\"\(flag)\" is not known: the specification defines no flags"
            )
        }
        switch personality.domain {
        case "LINUX": return 0
        case "LINUX32": return 8
        case let other:
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "linux.personality.domain",
                cause: "\"\(other)\" is not known: LINUX and LINUX32 are"
            )
        }
    }

    private mutating func addScheduling() throws(RuntimeError) {
        if let priority = process.ioPriority {
            let kind =
                switch priority.class {
                case .realtime: 1
                case .bestEffort: 2
                case .idle: 3
                }
            let level = priority.priority ?? 0
            guard (0...7).contains(level) else {
                throw RuntimeError(
                    .invalid,
                    step: "config.json",
                    subject: "process.ioPriority",
                    cause: "priority must be 0 to 7"
                )
            }
            scheduling.append(.ioPriority(kind << 13 | level))
        }
        if let scheduler = process.scheduler { scheduling.append(.scheduler(try SchedulerValues(scheduler))) }
    }

    private mutating func addLabels(_ host: HostFacts) throws(RuntimeError) {
        if let profile = process.apparmorProfile, !profile.isEmpty {
            guard host.appArmor else {
                throw RuntimeError(
                    .refused,
                    step: "apply the AppArmor profile",
                    subject: profile,
                    cause: "AppArmor is not enabled on this host",
                    hint: "remove process.apparmorProfile to run without it"
                )
            }
            labels.append(.writeProc(path: "self/attr/apparmor/exec", content: "exec " + profile))
        }
        if let label = process.selinuxLabel, !label.isEmpty {
            guard host.seLinux else {
                throw RuntimeError(
                    .refused,
                    step: "apply the SELinux label",
                    subject: label,
                    cause: "SELinux is not enabled on this host",
                    hint: "remove process.selinuxLabel to run without it"
                )
            }
            labels.append(.writeProc(path: "self/attr/exec", content: label))
        }
    }
}

/// Names and numbers of rlimits (getrlimit(2), x86 and arm).
enum ResourceLimits {
    private static let names = [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC",
        "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE",
        "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ]

    static func number(_ name: String) -> Int32? { names.firstIndex(of: name).map { Int32($0) } }
}

extension SchedulerValues {
    init(_ scheduler: RuntimeSpec.Scheduler) throws(RuntimeError) {
        policy =
            switch scheduler.policy {
            case .other: 0
            case .fifo: 1
            case .roundRobin: 2
            case .batch: 3
            case .iso: 4
            case .idle: 5
            case .deadline: 6
            }
        let known: [String: UInt64] = [
            "SCHED_FLAG_RESET_ON_FORK": 1, "SCHED_FLAG_RECLAIM": 2, "SCHED_FLAG_DL_OVERRUN": 4,
            "SCHED_FLAG_KEEP_POLICY": 8, "SCHED_FLAG_KEEP_PARAMS": 16, "SCHED_FLAG_UTIL_CLAMP_MIN": 32,
            "SCHED_FLAG_UTIL_CLAMP_MAX": 64,
        ]
        flags = 0
        for name in scheduler.flags ?? [] {
            guard let bit = known[name] else {
                throw RuntimeError(
                    .invalid,
                    step: "config.json",
                    subject: "process.scheduler",
                    cause: "\"\(name)\" is not known"
                )
            }
            flags |= bit
        }
        nice = scheduler.nice ?? 0
        guard (-20...19).contains(nice) else {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "process.scheduler.nice",
                cause: "\(nice) is not in -20 to 19"
            )
        }
        priority = UInt32(clamping: scheduler.priority ?? 0)
        runtime = scheduler.runtime ?? 0
        deadline = scheduler.deadline ?? 0
        period = scheduler.period ?? 0
    }
}
