import CLinux
import Glibc

extension Files {
    /// True for a directory; links are not followed.
    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Why the effective user may not write to the file or directory, nil if it may (faccessat(2)).
    package static func obstacleToWriting(_ path: String) -> Errno? {
        unsafe faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? nil : Errno.current
    }

    /// Swaps two existing paths at once, `renameat2(2)` with RENAME_EXCHANGE.
    package static func exchange(_ first: String, _ second: String) throws(SysError) {
        try swl("renameat2", "\(first) <-> \(second)") { unsafe swl_exchange(first, second) }
    }

    /// rmdir(2)
    package static func removeDirectory(_ path: String) throws(SysError) {
        try sys("rmdir", path) { unsafe rmdir(path) }
    }

    /// unlink(2); a missing file is fine.
    package static func remove(_ path: String) throws(SysError) {
        do {
            try sys("unlink", path) { unsafe unlink(path) }
        } catch  where error.errno == .noEntry {}
    }

    /// mkdir(2), failing if something is there.
    package static func makeDirectory(_ path: String, mode: UInt32) throws(SysError) {
        try sys("mkdir", path) { unsafe mkdir(path, mode) }
    }

    /// mkfifo(3)
    package static func makeFIFO(_ path: String, mode: UInt32) throws(SysError) {
        try sys("mkfifo", path) { unsafe mkfifo(path, mode) }
    }

    /// Replaces a file by rename, without waiting for the disk: for state that does not outlive a reboot.
    package static func replaceUnsynced(_ path: String, with bytes: [UInt8], mode: UInt32 = 0o600) throws(SysError) {
        let temporary = path + ".tmp\(getpid())"
        do {
            let file = try newFile(temporary, mode: mode)
            try writeAll(file.raw, bytes, subject: temporary)
            try sys("rename", "\(temporary) -> \(path)") { unsafe rename(temporary, path) }
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
    }

    /// The path without links and "..", as the kernel sees it.
    package static func resolved(_ path: String) throws(SysError) -> String {
        guard let text = unsafe realpath(path, nil) else {
            throw SysError(call: "realpath", subject: path, errno: .current)
        }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// Owner and permission bits of a file that is no link.
    package static func owner(_ path: String) throws(SysError) -> (uid: UInt32, mode: UInt32) {
        var status = stat()
        try sys("lstat", path) { unsafe lstat(path, &status) }
        return (status.st_uid, UInt32(status.st_mode))
    }

    /// f_type of statfs(2).
    package static func fileSystemType(_ path: String) throws(SysError) -> Int64 {
        try swl("statfs", path) { unsafe swl_filesystem_type(path) }
    }
}

/// Short waits where the kernel offers nothing to wait on.
package enum Pause {
    package static func microseconds(_ count: UInt32) { _ = usleep(count) }
}
