import JSON
import Linux
import OCI
import OCIRuntime

/// The flags of `update`, each a field of linux.resources.
enum ResourceFlags {
    static let all: [Flag] = [
        .option(
            "resources",
            "r",
            "FILE",
            "linux.resources as JSON, or - for standard input; the others then do not count"
        ),
        .option("blkio-weight", nil, "N", "share of block I/O, 10 to 1000"),
        .option("cpu-period", nil, "MICROSECONDS", "the period that the quota is for"),
        .option("cpu-quota", nil, "MICROSECONDS", "run time in each period; -1 lifts the limit"),
        .option("cpu-burst", nil, "MICROSECONDS", "run time that may be saved up"),
        .option("cpu-share", nil, "N", "share of the processors, 2 to 262144"),
        .option("cpu-shares", nil, "N", "the same"),
        .option("cpu-rt-period", nil, "MICROSECONDS", "the period of realtime processes"),
        .option("cpu-rt-runtime", nil, "MICROSECONDS", "run time of realtime processes in each period"),
        .option("cpuset-cpus", nil, "LIST", "the processors: 0-3,7"),
        .option("cpuset-mems", nil, "LIST", "the memory nodes"),
        .option("cpu-idle", nil, "0|1", "1: run only when nothing else wants to"),
        .option("kernel-memory", nil, "BYTES", "ignored: kernels no longer limit it apart"),
        .option("kernel-memory-tcp", nil, "BYTES", "memory of TCP buffers (cgroup v1)"),
        .option("memory", nil, "BYTES", "limit; 512m, 1g; -1 lifts it"),
        .option("memory-reservation", nil, "BYTES", "soft limit"),
        .option("memory-swap", nil, "BYTES", "memory and swap together; -1 lifts the limit"),
        .option("pids-limit", nil, "N", "number of tasks; -1 lifts the limit"),
        .option("l3-cache-schema", nil, "TEXT", "Intel RDT: cache, such as L3:0=f0; refused without resctrl"),
        .option("mem-bw-schema", nil, "TEXT", "Intel RDT: bandwidth, such as MB:0=50; refused without resctrl"),
    ]

    /// What the flags for Intel RDT say; nil without them.
    static func cache(_ arguments: Arguments) -> RuntimeSpec.IntelRdt? {
        let wanted = RuntimeSpec.IntelRdt(
            l3CacheSchema: arguments.text("l3-cache-schema"),
            memBwSchema: arguments.text("mem-bw-schema")
        )
        return wanted == RuntimeSpec.IntelRdt() ? nil : wanted
    }

    static func resources(_ arguments: Arguments) throws -> RuntimeSpec.Resources {
        if let file = arguments.text("resources") {
            let bytes = file == "-" ? try StandardStreams.input() : try Files.read(file)
            do {
                return try JSONCoding.decode(RuntimeSpec.Resources.self, from: bytes)
            } catch {
                throw RuntimeError(
                    .invalid,
                    step: "parse the resources",
                    subject: file == "-" ? "of standard input" : file,
                    cause: "\(error)"
                )
            }
        }
        func number<T: FixedWidthInteger>(_ name: String, _ type: T.Type) throws -> T? {
            guard let text = arguments.text(name) else { return nil }
            guard let value = T(text) else { throw invalid(text, name) }
            return value
        }
        func bytes(_ name: String) throws -> Int64? {
            guard let text = arguments.text(name) else { return nil }
            guard let value = Self.bytes(text) else { throw invalid(text, name) }
            return value
        }
        var cpu = RuntimeSpec.CPU()
        cpu.shares = try number("cpu-share", UInt64.self) ?? number("cpu-shares", UInt64.self)
        cpu.quota = try number("cpu-quota", Int64.self)
        cpu.period = try number("cpu-period", UInt64.self)
        cpu.burst = try number("cpu-burst", UInt64.self)
        cpu.realtimePeriod = try number("cpu-rt-period", UInt64.self)
        cpu.realtimeRuntime = try number("cpu-rt-runtime", Int64.self)
        cpu.idle = try number("cpu-idle", Int64.self)
        cpu.cpus = arguments.text("cpuset-cpus")
        cpu.mems = arguments.text("cpuset-mems")
        var memory = RuntimeSpec.Memory()
        memory.limit = try bytes("memory")
        memory.reservation = try bytes("memory-reservation")
        memory.swap = try bytes("memory-swap")
        memory.kernel = try bytes("kernel-memory")
        memory.kernelTCP = try bytes("kernel-memory-tcp")
        memory.checkBeforeUpdate = memory.limit.map { $0 > 0 }
        var resources = RuntimeSpec.Resources()
        if cpu != RuntimeSpec.CPU() { resources.cpu = cpu }
        if memory != RuntimeSpec.Memory() { resources.memory = memory }
        if let limit = try number("pids-limit", Int64.self) { resources.pids = .init(limit: limit) }
        if let weight = try number("blkio-weight", UInt16.self) { resources.blockIO = .init(weight: weight) }
        return resources
    }

    private static func invalid(_ text: String, _ name: String) -> UsageError {
        UsageError(description: "invalid value \"\(text)\" for flag --\(name)")
    }

    /// "512m", "1.5g", "64KiB", "-1": multiples of 1024.
    static func bytes(_ text: String) -> Int64? {
        if text == "-1" { return -1 }
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = text.dropFirst(digits.count).lowercased()[...]
        if unit.first == " " { unit = unit.dropFirst() }
        let shift: Int
        switch unit {
        case "", "b": shift = 0
        case "k", "kb", "ki", "kib": shift = 10
        case "m", "mb", "mi", "mib": shift = 20
        case "g", "gb", "gi", "gib": shift = 30
        case "t", "tb", "ti", "tib": shift = 40
        case "p", "pb", "pi", "pib": shift = 50
        default: return nil
        }
        if let whole = Int64(digits) {
            let (value, overflow) = whole.multipliedReportingOverflow(by: 1 << Int64(shift))
            return overflow ? nil : value
        }
        guard let value = Double(digits), value >= 0 else { return nil }
        let product = value * Double(Int64(1) << Int64(shift))
        return product < 9e18 ? Int64(product) : nil
    }
}
