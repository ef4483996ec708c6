import Linux

/// What a cgroup above containers allows. Nil leaves a value as it is.
package struct CgroupSettings: Hashable, Sendable {
    /// Of version 1, 2 to 262144; on version 2 it becomes a weight.
    package var cpuShares: UInt64?
    /// Microseconds of CPU time in each period.
    package var cpuQuota: Int64?
    /// In microseconds.
    package var cpuPeriod: UInt64?
    /// In bytes.
    package var memory: Int64?
    package var pids: Int64?
    /// Bytes by page size, in the kernel's words: "2MB".
    package var hugePages: [String: Int64] = [:]

    package init() {}

    /// One value for one file of a controller.
    struct Write: Hashable {
        var controller: String
        var file: String
        var value: String
    }

    /// The files of version 1 (cgroup-v1/*.rst).
    var version1: [Write] {
        var writes: [Write] = []
        if let cpuShares { writes.append(Write(controller: "cpu", file: "cpu.shares", value: "\(cpuShares)")) }
        if let cpuPeriod { writes.append(Write(controller: "cpu", file: "cpu.cfs_period_us", value: "\(cpuPeriod)")) }
        if let cpuQuota { writes.append(Write(controller: "cpu", file: "cpu.cfs_quota_us", value: "\(cpuQuota)")) }
        if let memory { writes.append(Write(controller: "memory", file: "memory.limit_in_bytes", value: "\(memory)")) }
        if let pids { writes.append(Write(controller: "pids", file: "pids.max", value: "\(pids)")) }
        for (size, bytes) in hugePages.sorted(by: { $0.key < $1.key }) {
            writes.append(Write(controller: "hugetlb", file: "hugetlb.\(size).limit_in_bytes", value: "\(bytes)"))
        }
        return writes
    }

    /// The files of version 2 (cgroup-v2.rst).
    var version2: [Write] {
        var writes: [Write] = []
        if let cpuShares {
            let weight = CPUWeight.of(shares: cpuShares)
            writes.append(Write(controller: "cpu", file: "cpu.weight", value: "\(weight)"))
        }
        if let cpuQuota {
            writes.append(Write(controller: "cpu", file: "cpu.max", value: "\(cpuQuota) \(cpuPeriod ?? 100_000)"))
        }
        if let memory { writes.append(Write(controller: "memory", file: "memory.max", value: "\(memory)")) }
        if let pids { writes.append(Write(controller: "pids", file: "pids.max", value: "\(pids)")) }
        for (size, bytes) in hugePages.sorted(by: { $0.key < $1.key }) {
            writes.append(Write(controller: "hugetlb", file: "hugetlb.\(size).max", value: "\(bytes)"))
        }
        return writes
    }
}

/// Sets what the cgroups above containers allow: those of pods and of the classes of pods.
enum ParentCgroups {
    /// Makes a cgroup with those above it and sets it. Blocks.
    ///
    /// - Parameter path: Relative to the root of each hierarchy: "/kubepods/burstable/podUID".
    /// - Returns: What this machine does not do of it, one sentence each; containers have limits of their own.
    static func set(_ path: String, _ settings: CgroupSettings, in trees: CgroupTrees = .shared) -> [String] {
        var complaints: [String] = []
        for write in trees.isUnified ? settings.version2 : settings.version1 {
            guard let top = trees.isUnified ? trees.unifiedMount : trees.controllers[write.controller] else {
                complaints.append("\(write.file) of the pod is not set: there is no \(write.controller) controller")
                continue
            }
            do {
                try make(path, below: top, controller: trees.isUnified ? write.controller : nil)
                try Files.put(write.value, to: "\(top)\(path)/\(write.file)")
            } catch {
                complaints.append("\(write.file) of the pod is not set to \(write.value): \(error)")
            }
        }
        return complaints
    }

    /// - Parameter controller: Enabled in every cgroup above, which version 2 wants.
    private static func make(_ path: String, below top: String, controller: String?) throws(SysError) {
        var directory = top
        for part in path.split(separator: "/") where part != ".." {
            if let controller {
                let file = directory + "/cgroup.subtree_control"
                if try !Files.readText(file).split(separator: " ").contains(Substring(controller)) {
                    try Files.put("+\(controller)", to: file)
                }
            }
            directory += "/" + part
            try Files.makeDirectories(directory)
        }
    }
}
