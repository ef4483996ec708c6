import CLinux
import Glibc

/// Walks of trees that others made: however deep, never through a symbolic link, never onto another file system.
///
/// One descriptor is open at a time, and no path is longer than one name, so neither the limit of descriptors nor
/// PATH_MAX stops a walk. The tree must be private: nobody may move its directories during the walk.
package enum TreeWalk {
    /// What a tree occupies.
    package struct Usage: Hashable, Sendable {
        /// Bytes on the disk. A file with several names counts once.
        package var bytes: Int64 = 0
        package var inodes: Int64 = 0

        package init() {}
    }

    /// Removes a tree, or a single file; a missing path is fine.
    ///
    /// - Throws: EBUSY if something is mounted below; what was removed before stays removed.
    package static func remove(_ path: String) throws(SysError) {
        guard Files.exists(path) else { return }
        let (above, name) = split(path)
        let parent = try Descriptor.open(above, O_RDONLY | O_DIRECTORY)
        try remove(name, below: parent.raw, subject: path)
    }

    /// Removes a tree, or a single file, by its name in an open directory; a missing name is fine.
    package static func remove(_ name: [UInt8], below directory: Int32, subject: String) throws(SysError) {
        let key = try PathResolution.cPath(name)
        if unsafe unlinkat(directory, key, 0) == 0 { return }
        let failure = Errno.current
        if failure == .noEntry { return }
        // unlink(2) of a directory fails with EISDIR.
        if failure.code != EISDIR { throw SysError(call: "unlink", subject: subject, errno: failure) }
        try walk(name, below: directory, subject: subject) { parent, name, status throws(SysError) in
            try sys("unlink", subject) {
                unsafe unlinkat(parent, name, status.st_mode & S_IFMT == S_IFDIR ? AT_REMOVEDIR : 0)
            }
        }
    }

    /// Measures a tree.
    package static func usage(_ path: String) throws(SysError) -> Usage {
        let (above, name) = split(path)
        let parent = try Descriptor.open(above, O_RDONLY | O_DIRECTORY)
        var usage = Usage()
        var seen: Set<UInt64> = []
        try walk(name, below: parent.raw, subject: path) { _, _, status throws(SysError) in
            let isDirectory = status.st_mode & S_IFMT == S_IFDIR
            if !isDirectory, status.st_nlink > 1, !seen.insert(UInt64(status.st_ino)).inserted { return }
            usage.bytes += Int64(status.st_blocks) * 512
            usage.inodes += 1
        }
        return usage
    }

    /// The names in an open directory, without "." and "..", in no particular order.
    package static func names(in directory: Int32, subject: String) throws(SysError) -> [[UInt8]] {
        let duplicate = try sys("open", subject) { unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = unsafe fdopendir(duplicate) else {
            let failure = Errno.current
            _ = close(duplicate)
            throw SysError(call: "fdopendir", subject: subject, errno: failure)
        }
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                let failure = Errno.current
                if failure.code != 0 { throw SysError(call: "readdir", subject: subject, errno: failure) }
                return names
            }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
    }

    // MARK: The walk

    /// The directory that holds a path, and the name in it.
    private static func split(_ path: String) -> (parent: String, name: [UInt8]) {
        let bytes = Array(path.utf8)
        guard let slash = bytes.lastIndex(of: 0x2F) else { return (".", bytes) }
        return (String(decoding: bytes[...slash], as: UTF8.self), Array(bytes[(slash + 1)...]))
    }

    /// One directory on the way down.
    private struct Level {
        let name: [CChar]
        let status: stat
        var pending: [[UInt8]]
    }

    /// Visits everything below a name and then the name itself; children before their directory.
    private static func walk(
        _ name: [UInt8],
        below directory: Int32,
        subject: String,
        _ visit: (_ parent: Int32, _ name: [CChar], _ status: stat) throws(SysError) -> Void
    ) throws(SysError) {
        var current = try sys("open", subject) { unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { _ = close(current) }
        var levels: [Level] = []
        var next: [UInt8]? = name
        var device: dev_t?
        while true {
            if let found = next {
                let key = try PathResolution.cPath(found)
                var status = stat()
                try sys("fstatat", subject) { unsafe fstatat(current, key, &status, AT_SYMLINK_NOFOLLOW) }
                if status.st_mode & S_IFMT == S_IFDIR {
                    guard status.st_dev == device ?? status.st_dev else {
                        throw SysError(call: "walk", subject: "\(subject) (a mount lies below it)", errno: .busy)
                    }
                    device = status.st_dev
                    let below = try sys("open", subject) {
                        unsafe openat(current, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                    }
                    _ = close(current)
                    current = below
                    levels.append(Level(name: key, status: status, pending: try names(in: current, subject: subject)))
                } else {
                    try visit(current, key, status)
                }
            }
            guard let last = levels.indices.last else { return }
            next = levels[last].pending.popLast()
            if next == nil {
                let above: Int32
                let level = levels.removeLast()
                if levels.isEmpty {
                    above = try sys("open", subject) {
                        unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    }
                } else {
                    above = try sys("open", subject) {
                        unsafe openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    }
                }
                _ = close(current)
                current = above
                try visit(current, level.name, level.status)
                if levels.isEmpty { return }
            }
        }
    }
}
