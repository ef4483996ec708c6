import Glibc

/// How large a file system is, and what of it an unprivileged process may still write; bytes.
struct DiskRoom: Equatable {
    var total: Int
    var free: Int

    /// The file system of a directory; one that cannot be asked has no room.
    static func of(_ directory: String) -> DiskRoom {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { return DiskRoom(total: 0, free: 0) }
        let block = Int(status.f_frsize)
        return DiskRoom(total: Int(status.f_blocks) * block, free: Int(status.f_bavail) * block)
    }

    /// Whether a store that ran out of space may take ordinary proposals again: what the options ask for, but no more
    /// than a small disk can give, and on top the ballast, so that it can be laid down again.
    func suffices(_ options: StoreOptions) -> Bool {
        let ballast = Ballast.fits(options.ballastBytes, self) ? options.ballastBytes : 0
        return free > min(options.resumeFreeBytes, total / 16) + ballast
    }
}
