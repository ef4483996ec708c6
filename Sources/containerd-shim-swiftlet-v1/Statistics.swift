import Linux
import OCIRuntime
import TTRPC

/// What a container used, read from its cgroups, as containerd's metrics messages (containerd/cgroups, stats/v1 and v2).
enum Statistics {
    static func read(_ layout: CgroupLayout) -> Shim.AnyMessage {
        if layout.mode == .v2 {
            let directory = CgroupFiles(layout.unified?.path)
            return Shim.AnyMessage(typeURL: "io.containerd.cgroups.v2.Metrics", value: version2(directory))
        }
        return Shim.AnyMessage(
            typeURL: "io.containerd.cgroups.v1.Metrics",
            value: version1 { CgroupFiles(layout.tree($0)?.path) }
        )
    }

    // MARK: Version 1

    private static func version1(_ controller: (String) -> CgroupFiles) -> [UInt8] {
        var metrics = ProtobufWriter()
        let pids = controller("pids")
        metrics.bytes(2, message([(1, pids.number("pids.current")), (2, pids.number("pids.max", unlimited: 0))]))
        metrics.bytes(3, cpu1(controller("cpuacct"), controller("cpu")))
        metrics.bytes(4, memory1(controller("memory")))
        metrics.bytes(5, blockIO1(controller("blkio")))
        let control = controller("memory").table("memory.oom_control")
        metrics.bytes(
            9,
            message([(1, control["oom_kill_disable"]), (2, control["under_oom"]), (3, control["oom_kill"])])
        )
        return metrics.bytes
    }

    private static func cpu1(_ accounting: CgroupFiles, _ scheduler: CgroupFiles) -> [UInt8] {
        var usage = ProtobufWriter()
        usage.uint64(1, accounting.number("cpuacct.usage") ?? 0)
        usage.uint64(2, accounting.number("cpuacct.usage_sys") ?? 0)
        usage.uint64(3, accounting.number("cpuacct.usage_user") ?? 0)
        usage.packed(4, accounting.words("cpuacct.usage_percpu").compactMap { UInt64($0) })
        let throttling = scheduler.table("cpu.stat")
        var cpu = ProtobufWriter()
        cpu.bytes(1, usage.bytes)
        cpu.bytes(
            2,
            message([(1, throttling["nr_periods"]), (2, throttling["nr_throttled"]), (3, throttling["throttled_time"])])
        )
        return cpu.bytes
    }

    /// The names of memory.stat in the order of the message's fields, which start at 1.
    private static let memoryNames1 = [
        "cache", "rss", "rss_huge", "mapped_file", "dirty", "writeback", "pgpgin", "pgpgout", "pgfault", "pgmajfault",
        "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
    ]

    private static func memory1(_ files: CgroupFiles) -> [UInt8] {
        let table = files.table("memory.stat")
        guard !table.isEmpty else { return [] }
        var memory = ProtobufWriter()
        for (index, name) in memoryNames1.enumerated() { memory.uint64(index + 1, table[name] ?? 0) }
        memory.uint64(16, table["hierarchical_memory_limit"] ?? 0)
        memory.uint64(17, table["hierarchical_memsw_limit"] ?? 0)
        for (index, name) in memoryNames1.enumerated() { memory.uint64(index + 18, table["total_" + name] ?? 0) }
        for (field, prefix) in [(33, "memory"), (34, "memory.memsw"), (35, "memory.kmem"), (36, "memory.kmem.tcp")] {
            memory.bytes(
                field,
                message([
                    (1, files.number(prefix + ".limit_in_bytes")), (2, files.number(prefix + ".usage_in_bytes")),
                    (3, files.number(prefix + ".max_usage_in_bytes")), (4, files.number(prefix + ".failcnt")),
                ])
            )
        }
        return memory.bytes
    }

    private static func blockIO1(_ files: CgroupFiles) -> [UInt8] {
        var io = ProtobufWriter()
        for (field, name) in [(1, "io_service_bytes"), (2, "io_serviced")] {
            for line in files.lines("blkio.throttle.\(name)_recursive") {
                let words = line.split(separator: " ")
                guard words.count == 3, let value = UInt64(words[2]) else { continue }
                let numbers = words[0].split(separator: ":").compactMap { UInt64($0) }
                guard numbers.count == 2 else { continue }
                var entry = ProtobufWriter()
                entry.string(1, String(words[1]))
                entry.string(2, BlockDevice.path(String(words[0])))
                entry.uint64(3, numbers[0])
                entry.uint64(4, numbers[1])
                entry.uint64(5, value)
                io.bytes(field, entry.bytes)
            }
        }
        return io.bytes
    }

    // MARK: Version 2

    /// The names of memory.stat in the order of the message's fields, which start at 1.
    private static let memoryNames2 = [
        "anon", "file", "kernel_stack", "slab", "sock", "shmem", "file_mapped", "file_dirty", "file_writeback",
        "anon_thp", "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable", "slab_reclaimable",
        "slab_unreclaimable", "pgfault", "pgmajfault", "workingset_refault", "workingset_activate",
        "workingset_nodereclaim", "pgrefill", "pgscan", "pgsteal", "pgactivate", "pgdeactivate", "pglazyfree",
        "pglazyfreed", "thp_fault_alloc", "thp_collapse_alloc",
    ]

    static func version2(_ files: CgroupFiles) -> [UInt8] {
        var metrics = ProtobufWriter()
        metrics.bytes(1, message([(1, files.number("pids.current")), (2, files.number("pids.max", unlimited: .max))]))
        let cpu = files.table("cpu.stat")
        let cpuNames = ["usage_usec", "user_usec", "system_usec", "nr_periods", "nr_throttled", "throttled_usec"]
        metrics.bytes(2, message(cpuNames.enumerated().map { ($0.offset + 1, cpu[$0.element]) }))
        let table = files.table("memory.stat")
        var memory = memoryNames2.enumerated().map { index, name in
            // Since Linux 5.9 these are told apart by kind of page.
            (index + 1, table[name] ?? sum(table[name + "_anon"], table[name + "_file"]))
        }
        memory += [
            (32, files.number("memory.current")), (33, files.number("memory.max", unlimited: .max)),
            (34, files.number("memory.swap.current")), (35, files.number("memory.swap.max", unlimited: .max)),
            (36, files.number("memory.peak")), (37, files.number("memory.swap.peak")),
        ]
        metrics.bytes(4, message(memory))
        metrics.bytes(6, io2(files))
        let events = files.table("memory.events")
        let eventNames = ["low", "high", "max", "oom", "oom_kill"]
        metrics.bytes(8, message(eventNames.enumerated().map { ($0.offset + 1, events[$0.element]) }))
        return metrics.bytes
    }

    private static func io2(_ files: CgroupFiles) -> [UInt8] {
        var io = ProtobufWriter()
        for line in files.lines("io.stat") {
            let words = line.split(separator: " ")
            let numbers = (words.first ?? "").split(separator: ":").compactMap { UInt64($0) }
            guard numbers.count == 2 else { continue }
            let pairs = words.dropFirst().map { $0.split(separator: "=") }.filter { $0.count == 2 }
            let values = Dictionary(pairs.map { (String($0[0]), UInt64($0[1]) ?? 0) }) { first, _ in first }
            io.bytes(
                1,
                message([
                    (1, numbers[0]), (2, numbers[1]), (3, values["rbytes"]), (4, values["wbytes"]), (5, values["rios"]),
                    (6, values["wios"]),
                ])
            )
        }
        return io.bytes
    }

    private static func sum(_ first: UInt64?, _ second: UInt64?) -> UInt64? {
        first == nil && second == nil ? nil : (first ?? 0) &+ (second ?? 0)
    }

    private static func message(_ fields: [(Int, UInt64?)]) -> [UInt8] {
        var writer = ProtobufWriter()
        for (number, value) in fields { writer.uint64(number, value ?? 0) }
        return writer.bytes
    }
}

/// The files of one cgroup directory; one that does not exist is empty, because controllers differ between machines.
struct CgroupFiles {
    private let directory: String?

    init(_ directory: String?) { self.directory = directory }

    /// A file with one number; "max" is `unlimited`.
    func number(_ name: String, unlimited: UInt64? = nil) -> UInt64? {
        guard let text = text(name) else { return nil }
        return text == "max" ? unlimited : UInt64(text)
    }

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

    func words(_ name: String) -> [Substring] { (text(name) ?? "").split(separator: " ") }

    private func text(_ name: String) -> String? {
        guard let directory else { return nil }
        // Absent on this machine, or gone with the container.
        return try? Files.readText(directory + "/" + name)
    }
}

/// Names of block devices.
enum BlockDevice {
    /// The path of "8:0" below /dev, or nothing if the kernel names none.
    static func path(_ numbers: String) -> String {
        // A device that went away meanwhile has no name.
        guard let text = try? Files.readText("/sys/dev/block/\(numbers)/uevent") else { return "" }
        let name = text.split(separator: "\n").first { $0.hasPrefix("DEVNAME=") }
        return name.map { "/dev/" + $0.dropFirst("DEVNAME=".count) } ?? ""
    }
}
