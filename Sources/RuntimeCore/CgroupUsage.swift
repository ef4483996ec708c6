import Linux

/// What the processes of a cgroup used, read from the kernel: of a container, or of a whole pod.
///
/// Numbers that this machine does not count are nil (a controller that is not mounted, a file that the kernel lacks).
package struct CgroupUsage: Hashable, Sendable {
    /// CPU time since the cgroup was made, in nanoseconds.
    package var cpuNanoseconds: UInt64?
    /// How long it was held back by its CPU limit, in nanoseconds.
    package var throttledNanoseconds: UInt64?
    /// With page cache, in bytes.
    package var memoryBytes: UInt64?
    /// Without the page cache that can be dropped at once: what kubelet compares with limits.
    package var workingSetBytes: UInt64?
    /// Anonymous memory.
    package var rssBytes: UInt64?
    /// Nil also if there is none.
    package var memoryLimitBytes: UInt64?
    package var pageFaults: UInt64?
    package var majorPageFaults: UInt64?
    package var swapBytes: UInt64?
    package var processes: UInt64?
    package var readBytes: UInt64?
    package var writtenBytes: UInt64?
    /// How many processes the kernel killed for want of memory.
    package var outOfMemoryKills: UInt64?

    /// Without any numbers.
    package init() {}

    /// Reads a cgroup in all hierarchies. One that is not there has no numbers at all. Blocks, briefly.
    ///
    /// - Parameter path: Relative to the root of each hierarchy: "/kubepods/burstable/podUID".
    package static func read(_ path: String) -> CgroupUsage {
        let trees = CgroupTrees.shared
        if let unified = trees.unified(path), unified.exists("memory.current") || trees.controllers.isEmpty {
            return version2(unified)
        }
        return version1(trees, path)
    }

    /// How many processes of a cgroup the kernel killed for want of memory, as far as it says so.
    static func outOfMemoryKills(_ path: String) -> UInt64 { read(path).outOfMemoryKills ?? 0 }

    private static func version2(_ files: CgroupDirectory) -> CgroupUsage {
        var usage = CgroupUsage()
        let cpu = files.table("cpu.stat")
        usage.cpuNanoseconds = cpu["usage_usec"].map { $0 * 1000 }
        usage.throttledNanoseconds = cpu["throttled_usec"].map { $0 * 1000 }
        let memory = files.table("memory.stat")
        usage.memoryBytes = files.number("memory.current")
        usage.workingSetBytes = usage.memoryBytes.map { Self.subtract($0, memory["inactive_file"]) }
        usage.rssBytes = memory["anon"]
        usage.memoryLimitBytes = files.number("memory.max")
        usage.pageFaults = memory["pgfault"]
        usage.majorPageFaults = memory["pgmajfault"]
        usage.swapBytes = files.number("memory.swap.current")
        usage.processes = files.number("pids.current")
        usage.outOfMemoryKills = files.table("memory.events")["oom_kill"]
        for line in files.lines("io.stat") {
            for word in line.split(separator: " ").dropFirst() {
                let pair = word.split(separator: "=")
                guard pair.count == 2, let value = UInt64(pair[1]) else { continue }
                if pair[0] == "rbytes" { usage.readBytes = (usage.readBytes ?? 0) + value }
                if pair[0] == "wbytes" { usage.writtenBytes = (usage.writtenBytes ?? 0) + value }
            }
        }
        return usage
    }

    /// Above this a limit of version 1 means that there is none.
    private static let unlimited: UInt64 = 1 << 62

    private static func version1(_ trees: CgroupTrees, _ path: String) -> CgroupUsage {
        var usage = CgroupUsage()
        usage.cpuNanoseconds = trees.directory("cpuacct", path)?.number("cpuacct.usage")
        usage.throttledNanoseconds = trees.directory("cpu", path)?.table("cpu.stat")["throttled_time"]
        if let files = trees.directory("memory", path) {
            let memory = files.table("memory.stat")
            usage.memoryBytes = files.number("memory.usage_in_bytes")
            usage.workingSetBytes = usage.memoryBytes.map { Self.subtract($0, memory["total_inactive_file"]) }
            usage.rssBytes = memory["total_rss"]
            usage.memoryLimitBytes = files.number("memory.limit_in_bytes").flatMap { $0 < unlimited ? $0 : nil }
            usage.pageFaults = memory["total_pgfault"]
            usage.majorPageFaults = memory["total_pgmajfault"]
            usage.swapBytes = memory["total_swap"]
            usage.outOfMemoryKills = files.table("memory.oom_control")["oom_kill"]
        }
        usage.processes = trees.directory("pids", path)?.number("pids.current")
        for line in trees.directory("blkio", path)?.lines("blkio.throttle.io_service_bytes_recursive") ?? [] {
            let words = line.split(separator: " ")
            guard words.count == 3, let value = UInt64(words[2]) else { continue }
            if words[1] == "Read" { usage.readBytes = (usage.readBytes ?? 0) + value }
            if words[1] == "Write" { usage.writtenBytes = (usage.writtenBytes ?? 0) + value }
        }
        return usage
    }

    private static func subtract(_ value: UInt64, _ part: UInt64?) -> UInt64 {
        let part = part ?? 0
        return value > part ? value - part : 0
    }
}

/// Where this machine has its cgroup hierarchies; they are not mounted anew while the agent runs.
struct CgroupTrees: Sendable {
    /// By controller: the mount point of its version 1 hierarchy.
    let controllers: [String: String]
    /// The mount point of the version 1 hierarchy of cpusets.
    let cpuset: String?
    /// The mount point of version 2.
    let unifiedMount: String?
    /// There is no hierarchy of version 1, not even one without a controller.
    let isUnified: Bool

    static let shared = CgroupTrees((try? MountTable.current()) ?? [])  // no /proc: nothing can be counted

    init(_ mounts: [MountEntry]) {
        var controllers: [String: String] = [:]
        let hierarchies = MountTable.cgroups(in: mounts)
        for mount in hierarchies where mount.type == "cgroup" {
            for option in mount.superOptions where controllers[option] == nil { controllers[option] = mount.mountPoint }
        }
        cpuset = controllers["cpuset"]
        self.controllers = controllers.filter {
            ["cpu", "cpuacct", "memory", "pids", "blkio", "freezer", "hugetlb"].contains($0.key)
        }
        isUnified = !hierarchies.contains { $0.type == "cgroup" }
        unifiedMount = hierarchies.first { $0.type == "cgroup2" }?.mountPoint
    }

    func unified(_ path: String) -> CgroupDirectory? { unifiedMount.map { CgroupDirectory(path: $0 + path) } }

    func directory(_ controller: String, _ path: String) -> CgroupDirectory? {
        controllers[controller].map { CgroupDirectory(path: $0 + path) }
    }
}

/// The files of one cgroup. What is not there is nil or empty: the cgroup may go at any moment.
struct CgroupDirectory {
    let path: String

    func exists(_ name: String) -> Bool { Files.exists(path + "/" + name) }

    func number(_ name: String) -> UInt64? { text(name).flatMap { UInt64($0) } }

    /// A file with a name and a number in each line.
    func table(_ name: String) -> [String: UInt64] {
        var table: [String: UInt64] = [:]
        for line in lines(name) {
            let words = line.split(separator: " ")
            if words.count == 2, let value = UInt64(words[1]) { table[String(words[0])] = value }
        }
        return table
    }

    func lines(_ name: String) -> [Substring] { (text(name) ?? "").split(separator: "\n") }

    private func text(_ name: String) -> String? { try? Files.readText(path + "/" + name) }  // as the type says
}
