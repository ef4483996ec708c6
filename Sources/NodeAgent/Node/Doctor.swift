import EventLog
import Glibc
import Linux

/// One thing that the agent needs of the machine.
package struct DoctorFinding: Codable, Hashable, Sendable {
    package var name: String
    package var isFine: Bool
    /// What is there, or what is missing and how to mend it.
    package var detail: String

    /// For people.
    package var line: String { "\(isFine ? "ok  " : "FAIL") \(name): \(detail)" }
}

extension Agent {
    /// Looks at what containers need of this machine.
    package func examine() -> [DoctorFinding] {
        let fileSystems = (try? Files.readText("/proc/filesystems")) ?? ""  // an unreadable /proc shows as missing things
        let seccomp = (try? Files.readText("/proc/sys/kernel/seccomp/actions_avail")) ?? ""
        return [
            DoctorFinding(
                name: "root",
                isFine: geteuid() == 0,
                detail: geteuid() == 0 ? "the agent runs as root" : "containers need root: start the agent as root"
            ),
            DoctorFinding(
                name: "overlayfs",
                isFine: fileSystems.contains("overlay"),
                detail: fileSystems.contains("overlay")
                    ? "the kernel has it" : "not in /proc/filesystems: load it with `modprobe overlay`"
            ),
            cgroups,
            DoctorFinding(
                name: "seccomp",
                isFine: seccomp.contains("errno"),
                detail: seccomp.isEmpty ? "the kernel has no seccomp filters: containers would run unconfined" : seccomp
            ),
            DoctorFinding(
                name: "event log",
                isFine: store.isReadOnly == nil,
                detail: store.isReadOnly?.description ?? "takes changes; head \(store.head), floor \(store.floor)"
            ),
            DoctorFinding(name: "journal", isFine: journalStatus.contains("connected"), detail: journalStatus),
            DoctorFinding(name: "shim", isFine: true, detail: configuration.binaryDirectory.isEmpty ? "beside the agent" : configuration.binaryDirectory),
        ]
    }

    private var cgroups: DoctorFinding {
        let mounts = (try? Files.readText("/proc/self/mounts")) ?? ""  // as above
        let lines = mounts.split(separator: "\n").map { $0.split(separator: " ") }
        let unified = lines.contains { $0.count > 2 && $0[1] == "/sys/fs/cgroup" && $0[2] == "cgroup2" }
        let legacy = lines.filter { $0.count > 2 && $0[2] == "cgroup" }.map { $0[1].split(separator: "/").last ?? "" }
        if unified { return DoctorFinding(name: "cgroups", isFine: true, detail: "v2") }
        let missing = ["memory", "pids", "cpu"].filter { name in !legacy.contains { $0.contains(name) } }
        return DoctorFinding(
            name: "cgroups",
            isFine: missing.isEmpty,
            detail: missing.isEmpty
                ? "v1 or hybrid: \(legacy.joined(separator: " "))"
                : "no hierarchy for \(missing.joined(separator: ", ")): limits of that kind cannot be applied"
        )
    }
}
