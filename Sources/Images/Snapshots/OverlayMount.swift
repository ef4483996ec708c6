import Glibc
package import Linux

/// Mounts what a snapshotter hands out, for inspection and for tests; containers are mounted by their shims.
package enum OverlayMount {
    /// What mount(2) takes for data: a page with its zero byte.
    static let dataLimit = 4095

    /// Mounts in order at a path.
    package static func mount(_ mounts: [Mount], at path: String) throws(SysError) {
        for mount in mounts { try self.mount(mount, at: path) }
    }

    /// Unmounts what is mounted at a path, detaching it if it is busy; nothing mounted is fine.
    package static func unmount(_ path: String) throws(SysError) {
        let detach: Int32 = 2  // MNT_DETACH
        if unsafe umount2(path, detach) == 0 { return }
        let failure = Errno.current
        if failure == .invalidArgument || failure == .noEntry { return }
        throw SysError(call: "umount2", subject: path, errno: failure)
    }

    private static func mount(_ mount: Mount, at path: String) throws(SysError) {
        let (flags, data) = parse(mount.options)
        if data.utf8.count <= dataLimit {
            try sys("mount", path) { unsafe Glibc.mount(mount.source, path, mount.type, flags, data) }
        } else {
            try mountLong(mount, data: mount.options.filter { !isFlag($0) }, flags: flags, at: path)
        }
        // A bind mount takes no other flags when it is made.
        if flags & bind != 0, flags & readOnly != 0 {
            try sys("mount", path) { unsafe Glibc.mount("", path, "", flags | remount, "") }
        }
    }

    /// Too many layers for one page: names them by the number of an open directory that most of them are in.
    private static func mountLong(_ mount: Mount, data: [String], flags: UInt, at path: String) throws(SysError) {
        guard let index = data.firstIndex(where: { $0.hasPrefix("lowerdir=") }) else {
            throw SysError(call: "mount", subject: path, errno: Errno(E2BIG))
        }
        let lowers = data[index].dropFirst("lowerdir=".count).split(separator: ":")
        let parents = Set(lowers.map { $0[..<($0.lastIndex(of: "/") ?? $0.startIndex)] })
        guard parents.count == 1, let parent = parents.first, !parent.isEmpty else {
            throw SysError(call: "mount", subject: "\(path) (layers in several directories)", errno: Errno(E2BIG))
        }
        let directory = try Descriptor.open(String(parent), PathResolution.pathOnly | O_DIRECTORY)
        var short = data
        short[index] =
            "lowerdir="
            + lowers.map { "/proc/self/fd/\(directory.raw)" + $0.dropFirst(parent.count) }.joined(separator: ":")
        let text = short.joined(separator: ",")
        guard text.utf8.count <= dataLimit else {
            throw SysError(call: "mount", subject: "\(path) (\(lowers.count) layers)", errno: Errno(E2BIG))
        }
        try sys("mount", path) { unsafe Glibc.mount(mount.source, path, mount.type, flags, text) }
    }

    private static let readOnly: UInt = 1
    private static let remount: UInt = 32
    private static let bind: UInt = 4096
    private static let recursive: UInt = 16384

    private static func isFlag(_ option: String) -> Bool { ["ro", "rw", "bind", "rbind"].contains(option) }

    /// The flags and the data of mount(2).
    static func parse(_ options: [String]) -> (flags: UInt, data: String) {
        var flags: UInt = 0
        for option in options {
            switch option {
            case "ro": flags |= readOnly
            case "bind": flags |= bind
            case "rbind": flags |= bind | recursive
            default: break
            }
        }
        return (flags, options.filter { !isFlag($0) }.joined(separator: ","))
    }
}
