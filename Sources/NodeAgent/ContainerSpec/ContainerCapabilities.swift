import KubernetesAPI
import OCI

/// Which capabilities a container has.
enum ContainerCapabilities {
    /// What containers have unless they ask for more or less: Docker's and containerd's default set.
    static let standard = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    /// Every capability of capabilities(7) up to Linux 6.x. The runtime cuts what the node itself does not hold.
    static let all = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// Adds to and drops from the standard set. Names come with or without "CAP_"; "ALL" means all.
    ///
    /// A process that is not root keeps the bounding set only, as with containerd: an exec of its own cannot gain them
    /// but through file capabilities. Inheritable and ambient stay empty (CVE-2022-29162).
    static func resolve(_ asked: Capabilities?, privileged: Bool, isRoot: Bool) -> RuntimeSpec.Capabilities {
        var chosen = privileged ? all : standard
        let drop = (asked?.drop ?? []).map(normalise)
        let add = (asked?.add ?? []).map(normalise)
        if !privileged {
            if add.contains("CAP_ALL") { chosen = all }
            if drop.contains("CAP_ALL") { chosen = [] }
            chosen += add.filter { $0 != "CAP_ALL" && !chosen.contains($0) }
            chosen.removeAll { drop.contains($0) }
        }
        let active = isRoot ? chosen : []
        return RuntimeSpec.Capabilities(bounding: chosen, effective: active, permitted: active)
    }

    private static func normalise(_ name: String) -> String {
        let upper = name.uppercased()
        return upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
    }
}
