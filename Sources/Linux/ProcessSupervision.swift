import CLinux
import Glibc

/// Signals as events of a descriptor, `signalfd(2)`, for a process with one thread.
package struct SignalDescriptor: ~Copyable {
    private let descriptor: Descriptor

    /// Blocks `signals` in the calling thread and opens a descriptor that is readable while one of them is pending.
    package init(_ signals: [Int32]) throws(SysError) {
        let mask = signals.reduce(UInt64(0)) { $0 | 1 << UInt64($1 - 1) }
        descriptor = Descriptor(owning: try swl("signalfd", "") { swl_signal_descriptor(mask) })
    }

    /// The number to watch with an `EventLoop`.
    package var raw: Int32 { descriptor.raw }

    /// Takes one pending signal, or nil. Several of the same kind may have become one.
    package borrowing func next() throws(SysError) -> Int32? {
        let raw = descriptor.raw
        let number = try swl("read", "signalfd") { swl_next_signal(raw) }
        return number == 0 ? nil : number
    }
}

/// Children of this process.
package enum Children {
    /// How a child ended.
    package struct Exit: Hashable, Sendable {
        package let pid: Int32
        /// The exit code, or 128 + the signal that killed it, as shells and containerd count.
        package let status: UInt32
    }

    /// Makes orphans among our descendants our children, `prctl(2)` PR_SET_CHILD_SUBREAPER.
    package static func adoptOrphans() throws(SysError) {
        try swl("prctl(PR_SET_CHILD_SUBREAPER)", "") { swl_become_subreaper() }
    }

    /// Names the calling process for ps and top, `prctl(2)` PR_SET_NAME; bytes after the 15th are ignored.
    package static func nameCaller(_ name: String) { unsafe swl_set_thread_name(name) }

    /// Reaps one child that has ended, or returns nil if none has (or there are none).
    package static func reapNext() -> Exit? {
        var status: Int32 = 0
        while true {
            let pid = unsafe waitpid(-1, &status, WNOHANG)
            if pid > 0 { return Exit(pid: pid, status: code(status)) }
            if pid == 0 || Errno.current != .interrupted { return nil }
        }
    }

    /// Reaps one child, waiting for its end; nil if it is not our child.
    package static func reap(_ pid: Int32) -> Exit? {
        var status: Int32 = 0
        while true {
            if unsafe waitpid(pid, &status, 0) == pid { return Exit(pid: pid, status: code(status)) }
            if Errno.current != .interrupted { return nil }
        }
    }

    private static func code(_ status: Int32) -> UInt32 {
        let signal = status & 0x7F
        return UInt32(signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
    }

    /// Goes on as a daemon too: in a session of its own, with `listener` as descriptor 3 and nothing above it.
    ///
    /// It costs less than to execute the program once more. The calling process has one thread. In the daemon the caller's
    /// descriptors are closed behind the back of whoever owns them: it must not return to them, only `exit`.
    ///
    /// - Returns: The daemon's process id, or nil in the daemon itself. It is our child; a caller that ends at once leaves it
    ///   to init or a sub-reaper.
    package static func daemonize(listener: Int32) throws(SysError) -> Int32? {
        let pid = try swl("fork", "the daemon") { swl_daemonize(listener) }
        return pid == 0 ? nil : pid
    }

    /// Starts a program with exactly these descriptors; standard ones that are not among them are /dev/null.
    ///
    /// - Parameter descriptors: From the number in the child to ours; the numbers in the child follow one another.
    /// - Returns: Its process id; the caller reaps it.
    package static func start(
        _ arguments: [String],
        environment: [String],
        descriptors: [Int32: Int32]
    ) throws(SysError) -> Int32 {
        let program = arguments.first ?? ""
        let wanted = descriptors.sorted { $0.key < $1.key }
        let numbers = wanted.map(\.value)
        let first = wanted.first?.key ?? 3
        return try swl("posix_spawn", program) {
            unsafe withCStrings(arguments) { argv in
                unsafe withCStrings(environment) { envp in
                    unsafe swl_spawn_descriptors(program, argv, envp, numbers, numbers.count, first)
                }
            }
        }
    }
}
