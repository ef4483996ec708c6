import Glibc
import Linux

/// The permission bits of a file.
enum FileMode {
    static func of(_ path: String) throws(SysError) -> mode_t {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw SysError(call: "stat", subject: path, errno: .current) }
        return status.st_mode & 0o7777
    }
}
