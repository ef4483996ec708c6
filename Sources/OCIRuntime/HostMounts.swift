import Linux

/// The mounts of a container that has no mount namespace of its own: they are the host's, and somebody must remove them.
enum HostMounts {
    /// The mount points below a directory (without links), in the order in which they were made.
    static func below(_ rootfs: String, in mounts: [MountEntry]) -> [String] {
        mounts.map(\.mountPoint).filter { $0.hasPrefix(rootfs + "/") }
    }

    /// Removes what was mounted below the rootfs since the container was made.
    ///
    /// - Parameter kept: What was there before, and belongs to somebody else.
    static func remove(below rootfs: String, keeping kept: [String]) throws(RuntimeError) {
        try doing("remove the mounts of the container") { () throws(SysError) in
            guard Files.exists(rootfs) else { return }
            let made = below(try Files.resolved(rootfs), in: try MountTable.current()).filter { !kept.contains($0) }
            try Unmounting.detach(made)
        }
    }
}
