import Glibc
import Linux

/// A logging program of containerd's kind (`binary://`): descriptor 3 is the container's stdout, 4 its stderr, and it
/// closes 5 when it is ready. It ends by itself when both streams end.
final class BinaryLogger {
    /// How long a logger may take to be ready, in milliseconds.
    private static let startLimit: Int32 = 10_000

    /// The write ends, for the process.
    private(set) var output: Handle?
    private(set) var errors: Handle?
    private let process: Int32

    init(_ path: String, arguments: [String], container: String, namespace: String) throws(SysError) {
        let (out, err, ready) = (try Pipe(), try Pipe(), try Pipe())
        output = Handle(try Descriptor.duplicate(of: out.writeNumber))
        errors = Handle(try Descriptor.duplicate(of: err.writeNumber))
        process = try Children.start(
            [path] + arguments,
            environment: ["CONTAINER_ID=\(container)", "CONTAINER_NAMESPACE=\(namespace)"],
            descriptors: [3: out.readEnd.raw, 4: err.readEnd.raw, 5: ready.writeNumber]
        )
        ready.closeWriteEnd()
        var waiting = pollfd(fd: ready.readEnd.raw, events: Int16(POLLIN), revents: 0)
        let limit = Self.startLimit
        let count = try sys("poll", path) { unsafe poll(&waiting, 1, limit) }
        guard count > 0 else {
            _ = kill(process, SIGKILL)
            throw SysError(call: "start of the logging program", subject: path, errno: Errno(ETIMEDOUT))
        }
    }

    /// Lets go of our ends; the program ends when the container's processes have closed theirs.
    func close() {
        output = nil
        errors = nil
    }
}
