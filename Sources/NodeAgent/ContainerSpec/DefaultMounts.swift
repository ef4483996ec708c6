import OCI

/// The file systems every container has, and what of /proc and /sys is hidden (runtime-spec config-linux.md "Default
/// Filesystems"; the lists are those of Docker and containerd).
enum DefaultMounts {
    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ]

    static let readOnlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]

    static func of(privileged: Bool, hostIPC: Bool, hostNetwork: Bool) -> [RuntimeSpec.Mount] {
        let access = privileged ? "rw" : "ro"
        var mounts = [
            RuntimeSpec.Mount(
                destination: "/proc",
                type: "proc",
                source: "proc",
                options: ["nosuid", "noexec", "nodev"]
            ),
            RuntimeSpec.Mount(
                destination: "/dev",
                type: "tmpfs",
                source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]
            ),
            RuntimeSpec.Mount(
                destination: "/dev/pts",
                type: "devpts",
                source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
            ),
            RuntimeSpec.Mount(
                destination: "/dev/mqueue",
                type: "mqueue",
                source: "mqueue",
                options: ["nosuid", "noexec", "nodev"]
            ),
            RuntimeSpec.Mount(
                destination: "/sys",
                type: "sysfs",
                source: "sysfs",
                options: ["nosuid", "noexec", "nodev", access]
            ),
            RuntimeSpec.Mount(
                destination: "/sys/fs/cgroup",
                type: "cgroup",
                source: "cgroup",
                options: ["nosuid", "noexec", "nodev", "relatime", access]
            ),
        ]
        if hostIPC {
            mounts.append(
                RuntimeSpec.Mount(destination: "/dev/shm", type: "bind", source: "/dev/shm", options: ["rbind", "rw"])
            )
        } else {
            mounts.append(
                RuntimeSpec.Mount(
                    destination: "/dev/shm",
                    type: "tmpfs",
                    source: "shm",
                    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]
                )
            )
        }
        return mounts
    }
}
