import Linux
package import OCI

/// One value to write into one file of a container's cgroup.
package struct CgroupWrite: Hashable, Sendable {
    /// Which hierarchy of version 1, or which controller of version 2 must be enabled.
    package let controller: String
    package let file: String
    package let value: String

    package init(_ controller: String, _ file: String, _ value: String) {
        self.controller = controller
        self.file = file
        self.value = value
    }
}

/// Turns `linux.resources` into the files of either cgroup version. Zero means "not set" where it makes no sense as a limit.
package enum CgroupLimits {
    /// The writes of version 1, in an order that the kernel accepts for new cgroups.
    package static func v1(_ resources: RuntimeSpec.Resources) -> [CgroupWrite] {
        var writes: [CgroupWrite] = []
        if let cpuset = resources.cpu {
            if let cpus = cpuset.cpus, !cpus.isEmpty { writes.append(.init("cpuset", "cpuset.cpus", cpus)) }
            if let mems = cpuset.mems, !mems.isEmpty { writes.append(.init("cpuset", "cpuset.mems", mems)) }
        }
        if let memory = resources.memory {
            // memsw must not be below the limit at any moment: on a new cgroup both start unlimited, so the limit is first.
            if let limit = memory.limit, limit != 0 {
                writes.append(.init("memory", "memory.limit_in_bytes", String(limit)))
            }
            if let swap = memory.swap, swap != 0 {
                writes.append(.init("memory", "memory.memsw.limit_in_bytes", String(swap)))
            }
            if let soft = memory.reservation, soft != 0 {
                writes.append(.init("memory", "memory.soft_limit_in_bytes", String(soft)))
            }
            if let tcp = memory.kernelTCP, tcp != 0 {
                writes.append(.init("memory", "memory.kmem.tcp.limit_in_bytes", String(tcp)))
            }
            if memory.disableOOMKiller == true { writes.append(.init("memory", "memory.oom_control", "1")) }
            if let swappiness = memory.swappiness {
                writes.append(.init("memory", "memory.swappiness", String(swappiness)))
            }
        }
        if let cpu = resources.cpu {
            if let shares = cpu.shares, shares != 0 { writes.append(.init("cpu", "cpu.shares", String(shares))) }
            if let period = cpu.period, period != 0 { writes.append(.init("cpu", "cpu.cfs_period_us", String(period))) }
            if let quota = cpu.quota, quota != 0 { writes.append(.init("cpu", "cpu.cfs_quota_us", String(quota))) }
            if let burst = cpu.burst { writes.append(.init("cpu", "cpu.cfs_burst_us", String(burst))) }
            if let period = cpu.realtimePeriod, period != 0 {
                writes.append(.init("cpu", "cpu.rt_period_us", String(period)))
            }
            if let runtime = cpu.realtimeRuntime, runtime != 0 {
                writes.append(.init("cpu", "cpu.rt_runtime_us", String(runtime)))
            }
            if let idle = cpu.idle { writes.append(.init("cpu", "cpu.idle", String(idle))) }
        }
        if let limit = resources.pids?.limit, limit != 0 {
            writes.append(.init("pids", "pids.max", limit < 0 ? "max" : String(limit)))
        }
        if let block = resources.blockIO { writes += v1(block) }
        for page in resources.hugepageLimits ?? [] {
            writes.append(.init("hugetlb", "hugetlb.\(page.pageSize).limit_in_bytes", String(page.limit)))
        }
        if let identifier = resources.network?.classID, identifier != 0 {
            writes.append(.init("net_cls", "net_cls.classid", String(identifier)))
        }
        for priority in resources.network?.priorities ?? [] {
            writes.append(.init("net_prio", "net_prio.ifpriomap", "\(priority.name) \(priority.priority)"))
        }
        writes += rdma(resources)
        return writes
    }

    private static func v1(_ block: RuntimeSpec.BlockIO) -> [CgroupWrite] {
        var writes: [CgroupWrite] = []
        if let weight = block.weight, weight != 0 { writes.append(.init("blkio", "blkio.weight", String(weight))) }
        if let weight = block.leafWeight, weight != 0 {
            writes.append(.init("blkio", "blkio.leaf_weight", String(weight)))
        }
        for device in block.weightDevice ?? [] {
            let number = "\(device.major):\(device.minor)"
            if let weight = device.weight {
                writes.append(.init("blkio", "blkio.weight_device", "\(number) \(weight)"))
            }
            if let weight = device.leafWeight {
                writes.append(.init("blkio", "blkio.leaf_weight_device", "\(number) \(weight)"))
            }
        }
        let throttles: [(String, [RuntimeSpec.BlockIO.ThrottleDevice]?)] = [
            ("read_bps", block.throttleReadBpsDevice), ("write_bps", block.throttleWriteBpsDevice),
            ("read_iops", block.throttleReadIOPSDevice), ("write_iops", block.throttleWriteIOPSDevice),
        ]
        for (name, devices) in throttles {
            for device in devices ?? [] {
                let value = "\(device.major):\(device.minor) \(device.rate)"
                writes.append(.init("blkio", "blkio.throttle.\(name)_device", value))
            }
        }
        return writes
    }

    /// True if `new` (-1: no limit) does not fit below `current`.
    package static func isRising(from current: String, to new: String) -> Bool {
        guard let current = UInt64(current) else { return false }
        return new == "-1" || UInt64(new).map { $0 > current } ?? false
    }

    private static func rdma(_ resources: RuntimeSpec.Resources) -> [CgroupWrite] {
        (resources.rdma ?? [:]).sorted { $0.key < $1.key }.map { name, limit in
            var value = name
            if let handles = limit.hcaHandles { value += " hca_handle=\(handles)" }
            if let objects = limit.hcaObjects { value += " hca_object=\(objects)" }
            return CgroupWrite("rdma", "rdma.max", value)
        }
    }

    /// The writes of version 2.
    ///
    /// - Throws: `RuntimeError` for a swap limit below the memory limit and for names in `unified` that are no file names.
    package static func v2(_ resources: RuntimeSpec.Resources) throws(RuntimeError) -> [CgroupWrite] {
        var writes: [CgroupWrite] = []
        func maximum(_ value: Int64) -> String { value < 0 ? "max" : String(value) }
        if let memory = resources.memory {
            if let swap = try swap(memory) { writes.append(.init("memory", "memory.swap.max", maximum(swap))) }
            if let limit = memory.limit, limit != 0 { writes.append(.init("memory", "memory.max", maximum(limit))) }
            if let low = memory.reservation, low != 0 { writes.append(.init("memory", "memory.low", maximum(low))) }
        }
        if let cpu = resources.cpu {
            if let idle = cpu.idle { writes.append(.init("cpu", "cpu.idle", String(idle))) }
            if let shares = cpu.shares, shares != 0 {
                writes.append(.init("cpu", "cpu.weight", String(weight(shares: shares))))
            }
            if cpu.quota ?? 0 != 0 || cpu.period ?? 0 != 0 {
                let quota = cpu.quota.map { $0 > 0 ? String($0) : "max" } ?? "max"
                let period = cpu.period.flatMap { $0 == 0 ? nil : $0 } ?? 100_000
                writes.append(.init("cpu", "cpu.max", "\(quota) \(period)"))
            }
            if let burst = cpu.burst { writes.append(.init("cpu", "cpu.max.burst", String(burst))) }
            if let cpus = cpu.cpus, !cpus.isEmpty { writes.append(.init("cpuset", "cpuset.cpus", cpus)) }
            if let mems = cpu.mems, !mems.isEmpty { writes.append(.init("cpuset", "cpuset.mems", mems)) }
        }
        if let limit = resources.pids?.limit, limit != 0 { writes.append(.init("pids", "pids.max", maximum(limit))) }
        if let block = resources.blockIO { writes += v2(block) }
        for page in resources.hugepageLimits ?? [] {
            writes.append(.init("hugetlb", "hugetlb.\(page.pageSize).max", String(page.limit)))
        }
        writes += rdma(resources)
        for (file, value) in (resources.unified ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let dot = file.firstIndex(of: "."), dot != file.startIndex, !PathText.hasSlash(file) else {
                throw RuntimeError(
                    .invalid,
                    step: "set the cgroup value",
                    subject: file,
                    cause: "it is no file of a controller"
                )
            }
            writes.append(.init(String(file[..<dot]), file, value))
        }
        return writes
    }

    /// "memory and swap" of version 1 as the swap alone of version 2.
    private static func swap(_ memory: RuntimeSpec.Memory) throws(RuntimeError) -> Int64? {
        guard let total = memory.swap, total != 0 else { return nil }
        if total < 0 { return -1 }
        guard let limit = memory.limit, limit > 0 else {
            throw RuntimeError(.invalid, step: "set the swap limit", cause: "it needs a memory limit")
        }
        guard total >= limit else {
            throw RuntimeError(
                .invalid,
                step: "set the swap limit",
                cause: "memory and swap together are below the memory limit"
            )
        }
        return total - limit
    }

    /// 2...262144 of version 1 onto 1...10000 of version 2.
    package static func weight(shares: UInt64) -> UInt64 {
        let bounded = min(max(shares, 2), 262_144)
        return 1 + (bounded - 2) * 9999 / 262_142
    }

    private static func v2(_ block: RuntimeSpec.BlockIO) -> [CgroupWrite] {
        var writes: [CgroupWrite] = []
        func weight(_ old: UInt16) -> UInt64 { 1 + (UInt64(max(old, 10)) - 10) * 9999 / 990 }
        if let value = block.weight, value != 0 { writes.append(.init("io", "io.weight", "default \(weight(value))")) }
        for device in block.weightDevice ?? [] {
            guard let value = device.weight else { continue }
            writes.append(.init("io", "io.weight", "\(device.major):\(device.minor) \(weight(value))"))
        }
        let throttles: [(String, [RuntimeSpec.BlockIO.ThrottleDevice]?)] = [
            ("rbps", block.throttleReadBpsDevice), ("wbps", block.throttleWriteBpsDevice),
            ("riops", block.throttleReadIOPSDevice), ("wiops", block.throttleWriteIOPSDevice),
        ]
        for (name, devices) in throttles {
            for device in devices ?? [] {
                writes.append(.init("io", "io.max", "\(device.major):\(device.minor) \(name)=\(device.rate)"))
            }
        }
        return writes
    }
}
