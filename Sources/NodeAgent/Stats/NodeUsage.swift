import Glibc
import Linux

/// What the whole machine uses, from /proc. A field that is not there is 0.
struct NodeUsage: Hashable, Sendable {
    var cpuNanoseconds: UInt64 = 0
    var memoryTotal: UInt64 = 0
    var memoryFree: UInt64 = 0
    var memoryAvailable: UInt64 = 0
    var uptimeSeconds: Double = 0
    var processes: Int64 = 0
    var maximumPID: Int64 = 0

    static func read() -> NodeUsage {
        let text = { (path: String) in (try? Files.readText(path)) ?? "" }  // as the type says
        return parse(
            stat: text("/proc/stat"),
            memory: text("/proc/meminfo"),
            uptime: text("/proc/uptime"),
            load: text("/proc/loadavg"),
            maximumPID: text("/proc/sys/kernel/pid_max"),
            ticksPerSecond: UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        )
    }

    static func parse(
        stat: String,
        memory: String,
        uptime: String,
        load: String,
        maximumPID: String,
        ticksPerSecond: UInt64
    ) -> NodeUsage {
        var usage = NodeUsage()
        // "cpu user nice system idle iowait irq softirq steal guest …"; guest time is part of user time.
        let ticks = (stat.split(separator: "\n").first ?? "").split(separator: " ").dropFirst().map { UInt64($0) ?? 0 }
        let busy = ticks.enumerated().filter { $0.offset < 8 && $0.offset != 3 && $0.offset != 4 }.map(\.element)
        usage.cpuNanoseconds = busy.reduce(0, +) * (1_000_000_000 / ticksPerSecond)
        for line in memory.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, let value = UInt64(words[1]) else { continue }
            switch words[0] {
            case "MemTotal:": usage.memoryTotal = value * 1024
            case "MemFree:": usage.memoryFree = value * 1024
            case "MemAvailable:": usage.memoryAvailable = value * 1024
            default: break
            }
        }
        usage.uptimeSeconds = uptime.split(separator: " ").first.flatMap { Double($0) } ?? 0
        let counts = load.split(separator: " ").dropFirst(3).first?.split(separator: "/").last
        usage.processes = counts.flatMap { Int64($0) } ?? 0
        usage.maximumPID = Int64(maximumPID) ?? 0
        return usage
    }
}

/// The file system that holds a path, statvfs(3).
struct FileSystemSpace: Hashable, Sendable {
    var capacity: UInt64
    var available: UInt64
    var used: UInt64
    var inodes: UInt64
    var inodesFree: UInt64
    var inodesUsed: UInt64 { inodes - min(inodes, inodesFree) }

    /// Nil if there is no such path.
    static func read(_ path: String) -> FileSystemSpace? {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        let size = UInt64(status.f_frsize)
        return FileSystemSpace(
            capacity: UInt64(status.f_blocks) * size,
            available: UInt64(status.f_bavail) * size,
            used: UInt64(status.f_blocks - status.f_bfree) * size,
            inodes: UInt64(status.f_files),
            inodesFree: UInt64(status.f_ffree)
        )
    }
}
