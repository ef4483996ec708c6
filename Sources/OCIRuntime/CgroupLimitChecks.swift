package import OCI

extension CgroupLimits {
    /// Refuses what no kernel takes, before anything is made.
    ///
    /// - Throws: `.invalid` for values out of range, `.unsupported` for what this version of cgroups does not have.
    package static func check(_ resources: RuntimeSpec.Resources, mode: CgroupMode) throws(RuntimeError) {
        if let memory = resources.memory { try check(memory) }
        if let shares = resources.cpu?.shares, shares != 0, mode != .v2 {
            if shares < 2 { throw invalid("cpu shares", "\(shares)", "the minimum allowed cpu-shares is 2") }
            if shares > 262_144 {
                throw invalid("cpu shares", "\(shares)", "the maximum allowed cpu-shares is 262144")
            }
        }
        let weights =
            [resources.blockIO?.weight, resources.blockIO?.leafWeight]
            + (resources.blockIO?.weightDevice ?? []).flatMap { [$0.weight, $0.leafWeight] }
        for case let weight? in weights where weight != 0 && !(10...1000).contains(weight) {
            throw invalid("block I/O weight", "\(weight)", "it must be from 10 to 1000")
        }
        for page in resources.hugepageLimits ?? [] where page.pageSize.isEmpty || page.pageSize.contains("/") {
            throw invalid("huge page limit", page.pageSize, "it is no page size")
        }
        guard mode == .v2 else { return }
        let cpu = resources.cpu
        if cpu?.realtimePeriod ?? 0 != 0 || cpu?.realtimeRuntime ?? 0 != 0 {
            throw RuntimeError(
                .unsupported,
                step: "set the realtime limits",
                cause: "cgroup v2 has none",
                hint: "remove realtimePeriod and realtimeRuntime"
            )
        }
        if resources.network?.classID ?? 0 != 0 || resources.network?.priorities?.isEmpty == false {
            throw RuntimeError(
                .unsupported,
                step: "set the network limits",
                cause: "network limits are not supported on cgroup v2",
                hint: "remove linux.resources.network"
            )
        }
    }

    private static func check(_ memory: RuntimeSpec.Memory) throws(RuntimeError) {
        if let swappiness = memory.swappiness, swappiness > 100, swappiness != .max {
            throw invalid("memory swappiness", "\(swappiness)", "the valid range is 0-100")
        }
        for (name, value) in [("memory limit", memory.limit), ("swap limit", memory.swap)] {
            if let value, value < -1 { throw invalid(name, "\(value)", "it must be -1 (no limit) or more") }
        }
        if let limit = memory.limit, limit > 0, let swap = memory.swap, swap > 0, swap < limit {
            throw invalid("swap limit", "\(swap)", "memory+swap limit should be >= memory limit")
        }
    }

    private static func invalid(_ what: String, _ value: String, _ cause: String) -> RuntimeError {
        RuntimeError(.invalid, step: what, subject: value, cause: cause)
    }

    /// What is asked for and has no counterpart on this machine; the container runs without it.
    package static func warnings(_ resources: RuntimeSpec.Resources, mode: CgroupMode) -> [String] {
        guard let memory = resources.memory else { return [] }
        var warnings: [String] = []
        if memory.kernel ?? 0 != 0 {
            warnings.append("linux.resources.memory.kernel is ignored: kernels no longer limit kernel memory apart")
        }
        guard mode == .v2 else { return warnings }
        func ignored(_ name: String, _ given: Bool) {
            if given { warnings.append("linux.resources.memory.\(name) is ignored: cgroup v2 has no such setting") }
        }
        ignored("kernelTCP", memory.kernelTCP ?? 0 != 0)
        ignored("swappiness", memory.swappiness.map { $0 != .max } ?? false)
        ignored("disableOOMKiller", memory.disableOOMKiller == true)
        return warnings
    }
}
