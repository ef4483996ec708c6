import Glibc
import Linux

/// Wakes the one thread that waits on it; waking never blocks and may come from any thread.
final class WakePipe: Sendable {
    private let readEnd: Descriptor
    private let writeEnd: Descriptor

    init() throws(SysError) {
        let pipe = try Pipe()
        readEnd = try pipe.readEnd.duplicate()
        let number = pipe.writeNumber
        writeEnd = Descriptor(owning: try sys("fcntl(F_DUPFD_CLOEXEC)", "") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
        for end in [readEnd.raw, writeEnd.raw] { try sys("fcntl(O_NONBLOCK)", "") { fcntl(end, F_SETFL, O_NONBLOCK) } }
    }

    func wake() {
        // A full pipe is fine: the thread has not yet heard earlier calls.
        var byte: UInt8 = 1
        _ = unsafe write(writeEnd.raw, &byte, 1)
    }

    /// Waits until somebody wakes this thread, until `socket` (if not negative) can take data, or until time is over.
    ///
    /// - Parameter milliseconds: -1 is no limit.
    /// - Returns: True if somebody called `wake`.
    func wait(milliseconds: Int, orWritable socket: Int32 = -1) -> Bool {
        var waiting = [
            pollfd(fd: readEnd.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: Int16(POLLOUT), revents: 0),
        ]
        _ = unsafe poll(&waiting, 2, Int32(clamping: milliseconds))
        guard waiting[0].revents != 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe read(readEnd.raw, &bytes, bytes.count) > 0 {}
        return true
    }
}
