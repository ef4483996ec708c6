package import JSON
import Linux

extension Cgroup {
    /// What the container used, in the form of runc's `events` (its types/events.go describes the fields).
    package func statistics() -> JSONObject {
        let mode = layout.mode
        return CgroupStatistics(version2: mode == .v2) { controller, file in
            let tree = mode == .v2 ? layout.unified : layout.tree(controller)
            // Absent on this machine, or gone with the container: then there is nothing to say.
            return tree.flatMap { try? Files.readText("\($0.path)/\(file)") }
        } pages: {
            mode == .v2
                ? layout.unified.map { Self.pageSizes($0.path) } ?? []
                : layout.tree("hugetlb").map { Self.pageSizes($0.path) } ?? []
        }.record
    }

    /// The sizes of huge pages that have files in a cgroup: "2MB".
    private static func pageSizes(_ directory: String) -> [String] {
        // As above.
        let names = (try? Files.list(directory)) ?? []
        return Set(names.filter { $0.hasPrefix("hugetlb.") }.compactMap { $0.split(separator: ".").dropFirst().first })
            .map(String.init).sorted()
    }
}

/// Figures of one container, from the texts of its cgroup files.
package struct CgroupStatistics {
    private let version2: Bool
    /// The text of a controller's file, or nil.
    private let read: (String, String) -> String?
    private let pages: () -> [String]

    package init(
        version2: Bool,
        _ read: @escaping (String, String) -> String?,
        pages: @escaping () -> [String] = { [] }
    ) {
        self.version2 = version2
        self.read = read
        self.pages = pages
    }

    package var record: JSONObject {
        [
            "cpu": .object(version2 ? cpu2 : cpu1),
            "cpuset": .object(cpuset),
            "memory": .object(version2 ? memory2 : memory1),
            "pids": .object(pids),
            "blkio": .object(version2 ? io2 : io1),
            "hugetlb": .object(hugetlb),
            "intel_rdt": .object([:]),
            "network_interfaces": .null,
        ]
    }

    // MARK: Texts

    private func number(_ controller: String, _ file: String, unlimited: UInt64 = .max) -> UInt64? {
        guard let text = read(controller, file) else { return nil }
        return text == "max" ? unlimited : UInt64(text)
    }

    private func table(_ controller: String, _ file: String) -> [String: UInt64] {
        var table: [String: UInt64] = [:]
        for line in (read(controller, file) ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = UInt64(words[1]) { table[String(words[0])] = value }
        }
        return table
    }

    private static func json(_ value: UInt64) -> JSONValue { .number(JSONNumber(value)) }

    /// Without those that are 0, which the form leaves out.
    private static func nonzero(_ fields: [(String, UInt64?)]) -> JSONObject {
        var object: JSONObject = [:]
        for case (let name, let value?) in fields where value != 0 { object[name] = json(value) }
        return object
    }

    // MARK: Processors and tasks

    private var cpu1: JSONObject {
        var usage = Self.nonzero([("total", number("cpuacct", "cpuacct.usage"))])
        let each = (read("cpuacct", "cpuacct.usage_percpu") ?? "").split(separator: " ").compactMap { UInt64($0) }
        if !each.isEmpty { usage["percpu"] = .array(each.map(Self.json)) }
        // "cpu user system", then a line for each.
        let lines = (read("cpuacct", "cpuacct.usage_all") ?? "").split(separator: "\n").dropFirst().map { line in
            line.split(separator: " ").compactMap { UInt64($0) }
        }.filter { $0.count == 3 }
        if !lines.isEmpty {
            usage["percpu_kernel"] = .array(lines.map { Self.json($0[2]) })
            usage["percpu_user"] = .array(lines.map { Self.json($0[1]) })
        }
        usage["kernel"] = Self.json(number("cpuacct", "cpuacct.usage_sys") ?? 0)
        usage["user"] = Self.json(number("cpuacct", "cpuacct.usage_user") ?? 0)
        let times = table("cpu", "cpu.stat")
        let throttling = Self.nonzero([
            ("periods", times["nr_periods"]), ("throttledPeriods", times["nr_throttled"]),
            ("throttledTime", times["throttled_time"]),
        ])
        return ["usage": .object(usage), "throttling": .object(throttling)]
    }

    private var cpu2: JSONObject {
        let times = table("cpu", "cpu.stat")
        func nanoseconds(_ name: String) -> UInt64 { (times[name] ?? 0) &* 1000 }
        var usage = Self.nonzero([("total", nanoseconds("usage_usec"))])
        usage["kernel"] = Self.json(nanoseconds("system_usec"))
        usage["user"] = Self.json(nanoseconds("user_usec"))
        let throttling = Self.nonzero([
            ("periods", times["nr_periods"]), ("throttledPeriods", times["nr_throttled"]),
            ("throttledTime", nanoseconds("throttled_usec")),
        ])
        return ["usage": .object(usage), "throttling": .object(throttling)]
    }

    private var cpuset: JSONObject {
        var object: JSONObject = [:]
        for (name, file) in [("cpus", "cpuset.cpus"), ("mems", "cpuset.mems")] {
            let list = Self.numbers(read("cpuset", file) ?? "")
            if !list.isEmpty { object[name] = .array(list.map(Self.json)) }
        }
        let fields = [
            ("cpu_exclusive", "cpu_exclusive"), ("mem_hardwall", "mem_hardwall"), ("mem_exclusive", "mem_exclusive"),
            ("memory_migrate", "memory_migrate"), ("memory_spread_page", "memory_spread_page"),
            ("memory_spread_slab", "memory_spread_slab"), ("memory_pressure", "memory_pressure"),
            ("sched_load_balance", "sched_load_balance"),
        ]
        for (name, file) in fields { object[name] = Self.json(version2 ? 0 : number("cpuset", "cpuset." + file) ?? 0) }
        let level = read("cpuset", "cpuset.sched_relax_domain_level").flatMap { Int64($0) } ?? 0
        object["sched_relax_domain_level"] = .number(JSONNumber(version2 ? 0 : level))
        return object
    }

    /// "0-2,5" as 0, 1, 2, 5.
    static func numbers(_ list: String) -> [UInt64] {
        list.split(separator: ",").flatMap { part -> [UInt64] in
            let ends = part.split(separator: "-").compactMap { UInt64($0) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 65536 else { return [] }
            return Array(first...last)
        }
    }

    private var pids: JSONObject {
        Self.nonzero([
            ("current", number("pids", "pids.current")), ("limit", number("pids", "pids.max", unlimited: 0)),
        ])
    }

    // MARK: Memory

    private static func entry(_ limit: UInt64, _ usage: UInt64?, _ most: UInt64?, _ failures: UInt64) -> JSONValue {
        var object = nonzero([("usage", usage), ("max", most)])
        object["limit"] = json(limit)
        object["failcnt"] = json(failures)
        return .object(object)
    }

    private var memory1: JSONObject {
        func entry(_ prefix: String) -> JSONValue {
            Self.entry(
                number("memory", prefix + ".limit_in_bytes") ?? 0,
                number("memory", prefix + ".usage_in_bytes"),
                number("memory", prefix + ".max_usage_in_bytes"),
                number("memory", prefix + ".failcnt") ?? 0
            )
        }
        let raw = table("memory", "memory.stat")
        var object = Self.nonzero([("cache", raw["cache"])])
        object["usage"] = entry("memory")
        object["swap"] = entry("memory.memsw")
        object["kernel"] = entry("memory.kmem")
        object["kernelTCP"] = entry("memory.kmem.tcp")
        if !raw.isEmpty { object["raw"] = .object(Self.raw(raw)) }
        return object
    }

    private static func raw(_ table: [String: UInt64]) -> JSONObject {
        var object: JSONObject = [:]
        for (name, value) in table.sorted(by: { $0.key < $1.key }) { object[name] = json(value) }
        return object
    }

    private var memory2: JSONObject {
        let raw = table("memory", "memory.stat")
        let used = number("memory", "memory.current") ?? 0
        let limit = number("memory", "memory.max") ?? 0
        // "swap" is memory and swap together, as version 1 counts.
        let swap = number("memory", "memory.swap.current") ?? 0
        let swapLimit = number("memory", "memory.swap.max") ?? 0
        let both = limit == .max || swapLimit == .max ? UInt64.max : limit &+ swapLimit
        let failures = table("memory", "memory.events")["max"] ?? 0
        let nothing = Self.entry(0, nil, nil, 0)
        var object = Self.nonzero([("cache", raw["file"])])
        object["usage"] = Self.entry(limit, used, number("memory", "memory.peak"), failures)
        object["swap"] = Self.entry(both, used &+ swap, nil, 0)
        object["kernel"] = nothing
        object["kernelTCP"] = nothing
        if !raw.isEmpty { object["raw"] = .object(Self.raw(raw)) }
        return object
    }

    // MARK: Block I/O and huge pages

    private static func blockEntry(_ device: Substring, _ operation: String, _ value: UInt64) -> JSONValue? {
        let numbers = device.split(separator: ":").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return nil }
        var object = nonzero([("major", numbers[0]), ("minor", numbers[1]), ("value", value)])
        object["op"] = .string(operation)
        return .object(object)
    }

    private var io1: JSONObject {
        var object: JSONObject = [:]
        let files = [
            ("ioServiceBytesRecursive", "io_service_bytes"), ("ioServicedRecursive", "io_serviced"),
        ]
        for (name, file) in files {
            let texts = ["throttle", "bfq"].map { read("blkio", "blkio.\($0).\(file)_recursive") }
            guard let text = texts.compactMap({ $0 }).first else { continue }
            let entries = text.split(separator: "\n").compactMap { line -> JSONValue? in
                let words = line.split(separator: " ")
                guard words.count == 3, let value = UInt64(words[2]) else { return nil }
                return Self.blockEntry(words[0], String(words[1]), value)
            }
            if !entries.isEmpty { object[name] = .array(entries) }
        }
        return object
    }

    private var io2: JSONObject {
        var bytes: [JSONValue] = []
        var operations: [JSONValue] = []
        for line in (read("io", "io.stat") ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            for word in words.dropFirst() {
                let pair = word.split(separator: "=")
                guard pair.count == 2, let value = UInt64(pair[1]), let device = words.first else { continue }
                switch pair[0] {
                case "rbytes": bytes += [Self.blockEntry(device, "Read", value)].compactMap { $0 }
                case "wbytes": bytes += [Self.blockEntry(device, "Write", value)].compactMap { $0 }
                case "rios": operations += [Self.blockEntry(device, "Read", value)].compactMap { $0 }
                case "wios": operations += [Self.blockEntry(device, "Write", value)].compactMap { $0 }
                default: continue
                }
            }
        }
        var object: JSONObject = [:]
        if !bytes.isEmpty { object["ioServiceBytesRecursive"] = .array(bytes) }
        if !operations.isEmpty { object["ioServicedRecursive"] = .array(operations) }
        return object
    }

    private var hugetlb: JSONObject {
        var object: JSONObject = [:]
        for size in pages() {
            let prefix = "hugetlb." + size
            var entry: JSONObject
            if version2 {
                entry = Self.nonzero([("usage", number("hugetlb", prefix + ".current"))])
                entry["failcnt"] = Self.json(table("hugetlb", prefix + ".events")["max"] ?? 0)
            } else {
                entry = Self.nonzero([
                    ("usage", number("hugetlb", prefix + ".usage_in_bytes")),
                    ("max", number("hugetlb", prefix + ".max_usage_in_bytes")),
                ])
                entry["failcnt"] = Self.json(number("hugetlb", prefix + ".failcnt") ?? 0)
            }
            object[size] = .object(entry)
        }
        return object
    }
}
