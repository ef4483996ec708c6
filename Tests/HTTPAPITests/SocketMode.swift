import Glibc
import Linux
import TestSupport

/// The permission bits of a file.
enum SocketMode {
    static func of(_ path: String) throws(SysError) -> mode_t {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw SysError(call: "stat", subject: path, errno: .current) }
        return status.st_mode & 0o7777
    }
}

/// A temporary directory that closures may hold.
final class StoreDirectory: Sendable {
    private let directory: TemporaryDirectory
    var path: String { directory.path }

    init() throws(SysError) { directory = try TemporaryDirectory(prefix: "swl-api") }
}
