import EventLog
import Glibc
import Linux

/// One thing that the agent needs of the machine.
package struct DoctorFinding: Codable, Hashable, Sendable {
    package var name: String
    package var isFine: Bool
    /// Pods run without it.
    package var isOptional = false
    /// What is there, or what is missing and how to mend it.
    package var detail: String

    /// For people.
    package var line: String { "\(isFine ? "ok  " : isOptional ? "warn" : "FAIL") \(name): \(detail)" }
}

extension Agent {
    /// Looks at what containers need of this machine.
    package func examine() -> [DoctorFinding] {
        let fileSystems = (try? Files.readText("/proc/filesystems")) ?? ""  // unreadable: things are missing
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
            CgroupFinding.of(mounts: (try? Files.readText("/proc/self/mounts")) ?? ""),  // as above
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
            DirectoryFinding.of(DirectoryCheck.all(configuration).compactMap(\.failure)),
            DoctorFinding(name: "journal", isFine: isJournalConnected, isOptional: true, detail: journalStatus),
            ShimFinding.of(Result { try Self.shim(configuration) }),
        ]
    }
}

/// Whether the program is there that holds a pod's containers: the agent starts it anew for each pod.
enum ShimFinding {
    /// - Parameter path: Where it should be, or what is said if it is not there.
    static func of(_ path: Result<String, any Error>) -> DoctorFinding {
        switch path {
        case .success(let path):
            let mayRun = unsafe access(path, X_OK) == 0
            return DoctorFinding(
                name: "shim",
                isFine: mayRun,
                detail: mayRun ? path : "\(path) cannot be executed: make it so with `chmod 755 \(path)`"
            )
        case .failure(let error): return DoctorFinding(name: "shim", isFine: false, detail: "\(error)")
        }
    }
}

/// Whether the agent's directories can be written to.
enum DirectoryFinding {
    static func of(_ failures: [String]) -> DoctorFinding {
        DoctorFinding(
            name: "directories",
            isFine: failures.isEmpty,
            detail: failures.isEmpty ? "can be written to" : failures.joined(separator: "; ")
        )
    }
}

/// Which hierarchies of control groups there are.
enum CgroupFinding {
    /// - Parameter mounts: The text of /proc/self/mounts: source, place, type, options.
    static func of(mounts: String) -> DoctorFinding {
        let lines = mounts.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count > 3 }
        if lines.contains(where: { $0[1] == "/sys/fs/cgroup" && $0[2] == "cgroup2" }) {
            return DoctorFinding(name: "cgroups", isFine: true, detail: "v2")
        }
        let controllers = Set(lines.filter { $0[2] == "cgroup" }.flatMap { $0[3].split(separator: ",") })
        let missing = ["memory", "pids", "cpu"].filter { !controllers.contains(Substring($0)) }
        return DoctorFinding(
            name: "cgroups",
            isFine: missing.isEmpty,
            detail: missing.isEmpty
                ? "v1 or hybrid, with cpu, memory and pids"
                : "no hierarchy for \(missing.joined(separator: ", ")): limits of that kind cannot be applied"
        )
    }
}
