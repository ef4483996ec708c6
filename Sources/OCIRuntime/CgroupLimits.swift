import Linux
package import OCI

/// One value to write into one file of a container's cgroup.
package struct CgroupWrite: Hashable, Sendable {
    /// Another file that means the same, with the value as it wants it.
    package struct Alternative: Hashable, Sendable {
        package let file: String
        package let value: String
    }

    /// Which hierarchy of version 1, or which controller of version 2 must be enabled.
    package let controller: String
    package let file: String
    package let value: String
    /// Tried if the kernel has no `file`: which of them there is depends on the I/O scheduler.
    package let otherwise: Alternative?
    /// The value says no more than a kernel without the file does: nothing is lost.
    package let mayBeAbsent: Bool

    package init(
        _ controller: String,
        _ file: String,
        _ value: String,
        otherwise: Alternative? = nil,
        mayBeAbsent: Bool = false
    ) {
        self.controller = controller
        self.file = file
        self.value = value
        self.otherwise = otherwise
        self.mayBeAbsent = mayBeAbsent
    }
}

/// What a cgroup has now, for limits that go in pairs when only one of a pair changes.
package struct CurrentLimits: Hashable, Sendable {
    /// `memory.max`: nil for "max" or unknown.
    package var memory: Int64?
    /// The two words of `cpu.max`.
    package var cpuQuota: String?
    package var cpuPeriod: String?

    package init(memory: Int64? = nil, cpuQuota: String? = nil, cpuPeriod: String? = nil) {
        self.memory = memory
        self.cpuQuota = cpuQuota
        self.cpuPeriod = cpuPeriod
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
            } else if memory.limit == -1 {
                // "No limit" for memory alone means both, for swap could only be less.
                writes.append(.init("memory", "memory.memsw.limit_in_bytes", "-1", mayBeAbsent: true))
            }
            if let soft = memory.reservation, soft != 0 {
                writes.append(.init("memory", "memory.soft_limit_in_bytes", String(soft)))
            }
            if let tcp = memory.kernelTCP, tcp != 0 {
                writes.append(.init("memory", "memory.kmem.tcp.limit_in_bytes", String(tcp)))
            }
            if memory.disableOOMKiller == true { writes.append(.init("memory", "memory.oom_control", "1")) }
            if let swappiness = memory.swappiness, swappiness != .max {
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
            let reserved = "hugetlb.\(page.pageSize).rsvd.limit_in_bytes"
            writes.append(.init("hugetlb", reserved, String(page.limit), mayBeAbsent: true))
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
        if let weight = block.weight, weight != 0 {
            let value = String(weight)
            writes.append(
                .init("blkio", "blkio.weight", value, otherwise: .init(file: "blkio.bfq.weight", value: value))
            )
        }
        if let weight = block.leafWeight, weight != 0 {
            writes.append(.init("blkio", "blkio.leaf_weight", String(weight)))
        }
        for device in block.weightDevice ?? [] {
            let number = "\(device.major):\(device.minor)"
            if let weight = device.weight {
                let value = "\(number) \(weight)"
                let bfq = CgroupWrite.Alternative(file: "blkio.bfq.weight_device", value: value)
                writes.append(.init("blkio", "blkio.weight_device", value, otherwise: bfq))
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
    package static func v2(
        _ resources: RuntimeSpec.Resources,
        current: CurrentLimits = CurrentLimits()
    ) throws(RuntimeError) -> [CgroupWrite] {
        var writes: [CgroupWrite] = []
        func maximum(_ value: Int64) -> String { value < 0 ? "max" : String(value) }
        if let memory = resources.memory {
            if let swap = try swap(memory, current) {
                // A kernel without swap accounting cannot do otherwise.
                let plain = swap <= 0
                writes.append(.init("memory", "memory.swap.max", maximum(swap), mayBeAbsent: plain))
            }
            if let limit = memory.limit, limit != 0 { writes.append(.init("memory", "memory.max", maximum(limit))) }
            if let low = memory.reservation, low != 0 { writes.append(.init("memory", "memory.low", maximum(low))) }
        }
        if let cpu = resources.cpu {
            if let idle = cpu.idle { writes.append(.init("cpu", "cpu.idle", String(idle))) }
            if let shares = cpu.shares, shares != 0 {
                writes.append(.init("cpu", "cpu.weight", String(weight(shares: shares))))
            }
            if cpu.quota ?? 0 != 0 || cpu.period ?? 0 != 0 {
                // 0 is "not given": what the cgroup has stays.
                let given = cpu.quota.flatMap { $0 == 0 ? nil : $0 }
                let quota = given.map { $0 > 0 ? String($0) : "max" } ?? current.cpuQuota ?? "max"
                let period = cpu.period.flatMap { $0 == 0 ? nil : String($0) } ?? current.cpuPeriod ?? "100000"
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
            let reserved = "hugetlb.\(page.pageSize).rsvd.max"
            writes.append(.init("hugetlb", reserved, String(page.limit), mayBeAbsent: true))
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
    package static func swap(_ memory: RuntimeSpec.Memory, _ current: CurrentLimits) throws(RuntimeError) -> Int64? {
        guard let total = memory.swap, total != 0 else {
            // "No limit" for memory alone means both.
            return memory.limit == -1 ? -1 : nil
        }
        if total < 0 { return -1 }
        guard let limit = memory.limit.flatMap({ $0 == 0 ? nil : $0 }) ?? current.memory, limit > 0 else {
            throw RuntimeError(
                .invalid,
                step: "set the swap limit",
                cause: "unable to set swap limit without memory limit"
            )
        }
        guard total >= limit else {
            throw RuntimeError(
                .invalid,
                step: "set the swap limit",
                cause: "memory+swap limit should be >= memory limit"
            )
        }
        return total - limit
    }

    /// 2...262144 of version 1 onto 1...10000 of version 2.
    package static func weight(shares: UInt64) -> UInt64 { CPUWeight.of(shares: shares) }

    private static func v2(_ block: RuntimeSpec.BlockIO) -> [CgroupWrite] {
        var writes: [CgroupWrite] = []
        func weight(_ old: UInt16) -> UInt64 { 1 + (UInt64(max(old, 10)) - 10) * 9999 / 990 }
        // BFQ has the scale of version 1; io.weight has its own.
        func put(_ device: String, _ value: UInt16) {
            let plain = CgroupWrite.Alternative(file: "io.weight", value: "\(device) \(weight(value))")
            writes.append(.init("io", "io.bfq.weight", "\(device) \(value)", otherwise: plain))
        }
        if let value = block.weight, value != 0 { put("default", value) }
        for device in block.weightDevice ?? [] {
            if let value = device.weight { put("\(device.major):\(device.minor)", value) }
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
