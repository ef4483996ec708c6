import Linux
import OCI

/// Makes a config.json fit for a runtime of somebody else on this machine.
///
/// Our own runtime takes what the machine does not allow for what it is and says so; others fail on it.
enum ForeignSpec {
    /// What the caller may do, as far as it matters here.
    struct Rights: Hashable, Sendable {
        /// Capabilities that the agent holds, one bit each.
        var capabilities: UInt64
        /// The agent's own oom_score_adj.
        var oomScoreAdj: Int
        /// The hard limits that cannot be raised, by name; nil values are not looked at.
        var hardLimits: [String: UInt64]

        private static let resourceBit: UInt64 = 24  // CAP_SYS_RESOURCE
        var mayRaiseLimits: Bool { capabilities >> Self.resourceBit & 1 == 1 }
    }

    /// - Returns: The spec, and what had to be left out, as sentences for people.
    static func fit(
        _ spec: RuntimeSpec,
        rights: Rights,
        systemdCgroups: Bool
    ) -> (spec: RuntimeSpec, warnings: [String]) {
        var spec = spec
        var warnings: [String] = []
        if var process = spec.process {
            let lost = restrict(&process.capabilities, to: rights.capabilities)
            if !lost.isEmpty {
                warnings.append("the agent does not hold \(lost.joined(separator: ", ")): left out")
            }
            if !rights.mayRaiseLimits {
                if let wanted = process.oomScoreAdj, wanted < rights.oomScoreAdj {
                    process.oomScoreAdj = rights.oomScoreAdj
                    warnings.append(
                        "oom_score_adj \(wanted) needs CAP_SYS_RESOURCE, which the agent lacks: "
                            + "\(rights.oomScoreAdj) is used"
                    )
                }
                for index in process.rlimits?.indices ?? 0..<0 {
                    guard var limit = process.rlimits?[index], let most = rights.hardLimits[limit.type],
                        limit.hard > most
                    else { continue }
                    warnings.append("\(limit.type) \(limit.hard) needs CAP_SYS_RESOURCE: \(most) is used")
                    limit.hard = most
                    limit.soft = min(limit.soft, most)
                    process.rlimits?[index] = limit
                }
            }
            spec.process = process
        }
        if systemdCgroups, let path = spec.linux?.cgroupsPath { spec.linux?.cgroupsPath = systemdPath(path) }
        return (spec, warnings)
    }

    /// "slice:prefix:name" for a path below the pods' cgroup, as runc's systemd driver reads it.
    static func systemdPath(_ path: String) -> String {
        var parts = path.split(separator: "/").map(String.init)
        guard let name = parts.popLast() else { return path }
        // systemd nests slices by dashes, so a part must not bring its own.
        let slice = parts.map { $0.replacing("-", with: "_") }.joined(separator: "-")
        return "\(slice.isEmpty ? "system" : slice).slice:cri-containerd:\(name)"
    }

    private static func restrict(_ capabilities: inout RuntimeSpec.Capabilities?, to held: UInt64) -> [String] {
        guard var sets = capabilities else { return [] }
        var lost: Set<String> = []
        let keep = { (names: [String]?) -> [String]? in
            names?.filter { name in
                guard let bit = CapabilityNumbers.byName[name] else { return true }
                if held >> bit & 1 == 1 { return true }
                lost.insert(name)
                return false
            }
        }
        sets.bounding = keep(sets.bounding)
        sets.effective = keep(sets.effective)
        sets.permitted = keep(sets.permitted)
        sets.inheritable = keep(sets.inheritable)
        sets.ambient = keep(sets.ambient)
        capabilities = sets
        return lost.sorted()
    }

    /// What this process may do.
    static func rights() throws(SysError) -> Rights {
        var limits: [String: UInt64] = [:]
        for (name, number) in resourceNumbers { limits[name] = try Privileges.limit(number).hard }
        return Rights(
            capabilities: try Privileges.capabilities().permitted,
            oomScoreAdj: Int(try Files.readText("/proc/self/oom_score_adj")) ?? 0,
            hardLimits: limits
        )
    }

    /// The resources of setrlimit(2), by their numbers in <asm-generic/resource.h>.
    private static let resourceNumbers: [String: Int32] = [
        "RLIMIT_CPU": 0, "RLIMIT_FSIZE": 1, "RLIMIT_DATA": 2, "RLIMIT_STACK": 3, "RLIMIT_CORE": 4, "RLIMIT_RSS": 5,
        "RLIMIT_NPROC": 6, "RLIMIT_NOFILE": 7, "RLIMIT_MEMLOCK": 8, "RLIMIT_AS": 9, "RLIMIT_LOCKS": 10,
        "RLIMIT_SIGPENDING": 11, "RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13, "RLIMIT_RTPRIO": 14, "RLIMIT_RTTIME": 15,
    ]
}

/// The bits of capabilities, <linux/capability.h>.
private enum CapabilityNumbers {
    static let byName = Dictionary(
        uniqueKeysWithValues: [
            "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
            "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
            "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
            "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
            "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
            "CHECKPOINT_RESTORE",
        ].enumerated().map { ("CAP_" + $0.element, UInt64($0.offset)) }
    )
}
