import CLinux
import Glibc

/// Notices that the kernel killed in a cgroup for want of memory. Watch `raw` for `interest` with an `EventLoop`.
package struct OutOfMemoryEvents: ~Copyable {
    private let descriptor: Descriptor
    /// The version 1 directory, or the version 2 file.
    private let path: String
    private let isVersion1: Bool
    private var seen = 0

    /// Version 1: an eventfd registered for `memory.oom_control` (cgroup-v1/memory.rst, section 10).
    package init(eventControlOf directory: String) throws(SysError) {
        let number = try swl("eventfd", directory) { swl_eventfd() }
        let events = Descriptor(owning: number)
        let control = try Descriptor.open(directory + "/memory.oom_control", O_RDONLY)
        try Files.put("\(number) \(control.raw)", to: directory + "/cgroup.event_control")
        descriptor = events
        path = directory
        isVersion1 = true
    }

    /// Version 2: the file `memory.events`, whose changes poll(2) reports as priority events.
    package init(memoryEvents file: String) throws(SysError) {
        descriptor = try Descriptor.open(file, O_RDONLY)
        path = file
        isVersion1 = false
        seen = Self.kills(descriptor.raw)
    }

    package var raw: Int32 { descriptor.raw }

    package var interest: Readiness { isVersion1 ? .readable : .priority }

    /// True if the kernel killed since the last call. Call it whenever `raw` is ready, and once after the last process ended.
    package mutating func hasKilled() -> Bool {
        guard isVersion1 else {
            let now = Self.kills(descriptor.raw)
            defer { seen = now }
            return now > seen
        }
        guard swl_eventfd_take(descriptor.raw) > 0 else { return false }
        // The removal of the cgroup is reported in the same way.
        return Files.exists(path + "/cgroup.event_control")
    }

    private static func kills(_ file: Int32) -> Int {
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = unsafe pread(file, &buffer, buffer.count, 0)
        guard count > 0 else { return 0 }
        for line in String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "oom_kill" { return Int(words[1]) ?? 0 }
        }
        return 0
    }
}
