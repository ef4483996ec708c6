import CLinux
import Glibc

/// The caller's terminal in raw mode, joined to the master of another one.
///
/// If standard input is no terminal, only the bytes are passed on.
package struct Terminal: ~Copyable {
    private let master: Descriptor
    private let before: termios?
    private var inputOpen = true

    /// Takes over the master, makes the caller's terminal raw and copies its size.
    package init(relaying master: consuming Descriptor) throws(SysError) {
        self.master = master
        var settings = termios()
        if isatty(0) == 1, unsafe tcgetattr(0, &settings) == 0 {
            before = settings
            unsafe cfmakeraw(&settings)
            try sys("tcsetattr", "standard input") { unsafe tcsetattr(0, TCSANOW, &settings) }
        } else {
            before = nil
        }
        copySize()
    }

    /// Gives the caller's terminal its settings back.
    package borrowing func restore() {
        guard var settings = before else { return }
        _ = unsafe tcsetattr(0, TCSANOW, &settings)
    }

    /// Makes the other terminal as large as the caller's.
    package borrowing func copySize() {
        var size = winsize()
        guard unsafe ioctl(0, UInt(TIOCGWINSZ), &size) == 0 else { return }
        _ = swl_set_window_size(master.raw, size.ws_row, size.ws_col)
    }

    /// Passes bytes on in both directions until `event` is readable.
    package borrowing func pump(until event: Int32) throws(SysError) {
        var input: Int32 = 0
        var output = master.raw
        while true {
            var polls = [
                pollfd(fd: event, events: Int16(POLLIN), revents: 0),
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: input, events: Int16(POLLIN), revents: 0),
            ]
            try sys("poll", "terminal") { unsafe poll(&polls, 3, -1) }
            if polls[1].revents != 0, !Self.passOutput(of: master.raw) { output = -1 }
            if polls[2].revents != 0, !Self.pass(from: 0, to: master.raw) {
                // The end of the input is typed: ^D at the start of a line.
                _ = Self.writeAll(master.raw, [4])
                input = -1
            }
            if polls[0].revents != 0 { return }
        }
    }

    /// Passes on what the other terminal still holds.
    package borrowing func drain() throws(SysError) {
        while true {
            var poll = pollfd(fd: master.raw, events: Int16(POLLIN), revents: 0)
            let ready = try sys("poll", "terminal") { unsafe Glibc.poll(&poll, 1, 0) }
            if ready == 0 || !Self.passOutput(of: master.raw) { return }
        }
    }

    private static func pass(from: Int32, to: Int32) -> Bool {
        guard let bytes = next(from) else { return false }
        return writeAll(to, bytes)
    }

    /// What nobody takes any more is dropped: the program must not wait for ever for a reader that is gone.
    private static func passOutput(of master: Int32) -> Bool {
        guard let bytes = next(master) else { return false }
        _ = writeAll(1, bytes)
        return true
    }

    /// What can be read now; nil at the end.
    private static func next(_ descriptor: Int32) -> ArraySlice<UInt8>? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count < 0, Errno.current == .interrupted { return [] }
        return count > 0 ? buffer[..<count] : nil
    }

    private static func writeAll(_ to: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        // A terminal that hung up is the end, not an error.
        (try? Files.writeAll(to, bytes, subject: "terminal")) != nil
    }
}

/// Waiting for one descriptor.
package enum BlockingWait {
    package static func untilReadable(_ number: Int32) throws(SysError) {
        _ = try until(number, writable: false, milliseconds: -1)
    }

    /// Waits until the descriptor can be read from (or written to) without blocking, or has hung up.
    ///
    /// - Returns: false if `milliseconds` have passed before; -1 waits for ever.
    package static func until(_ number: Int32, writable: Bool, milliseconds: Int32) throws(SysError) -> Bool {
        var poll = pollfd(fd: number, events: Int16(writable ? POLLOUT : POLLIN), revents: 0)
        return try sys("poll", "descriptor \(number)") { unsafe Glibc.poll(&poll, 1, milliseconds) } > 0
    }

    /// Two descriptors to wait for; -1 for none.
    package struct Event {
        package let readable: Int32
        package let other: Int32
        /// Wait for priority events of `other`, instead of data to read.
        package let otherIsPriority: Bool

        package init(readable: Int32, other: Int32, otherIsPriority: Bool) {
            self.readable = readable
            self.other = other
            self.otherIsPriority = otherIsPriority
        }
    }

    /// Waits for either; neither is ready if `milliseconds` have passed before.
    package static func until(_ event: Event, milliseconds: Int32) throws(SysError) -> (first: Bool, other: Bool) {
        var polls = [
            pollfd(fd: event.readable, events: Int16(POLLIN), revents: 0),
            pollfd(fd: event.other, events: Int16(event.otherIsPriority ? POLLPRI : POLLIN), revents: 0),
        ]
        try sys("poll", "descriptor \(event.readable)") { unsafe poll(&polls, 2, milliseconds) }
        return (polls[0].revents != 0, polls[1].revents != 0)
    }
}
