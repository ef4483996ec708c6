import CLinux
import Glibc

/// What /proc says about one process.
package struct ProcessFacts: Hashable, Sendable {
    /// 'R', 'S', 'Z', … of proc(5).
    package let state: Character
    package let parent: Int32
    /// Clock ticks since boot; together with the pid it names one process for ever.
    package let startTime: UInt64

    package init(state: Character, parent: Int32, startTime: UInt64) {
        self.state = state
        self.parent = parent
        self.startTime = startTime
    }

    /// Dead, and only waiting to be reaped.
    package var isZombie: Bool { state == "Z" || state == "X" }

    /// Reads /proc/PID/stat.
    ///
    /// - Returns: nil if there is no such process.
    package static func of(_ pid: Int32) throws(SysError) -> ProcessFacts? {
        do {
            return parse(try Files.read("/proc/\(pid)/stat"))
        } catch  where error.errno == .noEntry || error.errno == .noProcess {
            return nil
        }
    }

    /// The pid that a process has in its own pid namespace, by "NSpid" of /proc/PID/status.
    ///
    /// - Returns: nil if there is no such process.
    package static func numberInOwnNamespace(_ pid: Int32) throws(SysError) -> Int32? {
        let text: String
        do {
            text = try Files.readText("/proc/\(pid)/status")
        } catch  where error.errno == .noEntry || error.errno == .noProcess {
            return nil
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { Int32($0) }
    }

    /// Reads the text of a stat file. The name in parentheses may contain anything, so fields count from the last ')'.
    package static func parse(_ text: [UInt8]) -> ProcessFacts? {
        guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(end + 1)...].split(whereSeparator: { $0 == 0x20 || $0 == 0x0A })
        guard fields.count > 19, let state = fields[0].first,
            let parent = Int32(String(decoding: fields[1], as: UTF8.self)),
            let start = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        return ProcessFacts(state: Character(Unicode.Scalar(state)), parent: parent, startTime: start)
    }
}

/// A process by descriptor: a signal never hits another process that got the same number.
package struct ProcessDescriptor: ~Copyable, Sendable {
    package let descriptor: Descriptor

    package init(owning descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Opens a descriptor for a pid; check the start time afterwards if the pid may be stale.
    package init(pid: Int32) throws(SysError) {
        descriptor = Descriptor(owning: try swl("pidfd_open", "\(pid)") { swl_pidfd_open(pid, 0) })
    }

    /// Sends a signal; a process that is gone is ESRCH.
    package borrowing func signal(_ number: Int32) throws(SysError) {
        let raw = descriptor.raw
        try swl("pidfd_send_signal", "signal \(number)") { swl_pidfd_send_signal(raw, number) }
    }

    /// A copy of one of its descriptors, pidfd_getfd(2); the caller needs the right to trace it.
    package borrowing func copy(ofDescriptor number: Int32) throws(SysError) -> Descriptor {
        let raw = descriptor.raw
        return Descriptor(owning: try swl("pidfd_getfd", "descriptor \(number)") { swl_pidfd_getfd(raw, number) })
    }

    /// Waits until the process has ended.
    ///
    /// - Returns: false if it still runs after `milliseconds`.
    package borrowing func waitForEnd(milliseconds: Int32) throws(SysError) -> Bool {
        var poll = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
        return try sys("poll", "pidfd") { unsafe Glibc.poll(&poll, 1, milliseconds) } > 0
    }
}

/// Waits for a child of the caller.
package enum Child {
    /// Blocks until the child has ended.
    ///
    /// - Returns: Exit code, or 128 + signal number.
    package static func wait(_ pid: Int32) throws(SysError) -> Int32 {
        var status: Int32 = 0
        try swl("wait4", "\(pid)") { unsafe swl_wait(pid, 0, &status, nil) }
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }
}
