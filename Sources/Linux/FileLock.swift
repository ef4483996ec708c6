import Glibc

extension Descriptor {
    /// Locks the open file, flock(2). The lock ends when the last copy of this descriptor is closed, in any process.
    ///
    /// - Parameters:
    ///   - shared: Others may have it too, if they share it.
    ///   - waits: Until whoever has it lets go; otherwise false says that somebody has it.
    package borrowing func lock(shared: Bool = false, waits: Bool) throws(SysError) -> Bool {
        let number = raw
        do {
            try sys("flock", "descriptor \(number)") {
                flock(number, (shared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB))
            }
            return true
        } catch  where error.errno == Errno(EWOULDBLOCK) {
            return false
        }
    }

    /// Opens a directory, which may not be a symbolic link.
    package static func openDirectory(_ path: String) throws(SysError) -> Descriptor {
        try open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }
}

extension Files {
    /// True if the path still leads to the open file.
    package static func isSame(_ raw: Int32, _ path: String) -> Bool {
        var (opened, named) = (stat(), stat())
        guard unsafe fstat(raw, &opened) == 0, unsafe lstat(path, &named) == 0 else { return false }
        return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }
}
