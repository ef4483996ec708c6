import Glibc

/// A file system to mount, in the words of containerd, which shims take over unchanged.
package struct Mount: Hashable, Sendable {
    /// "overlay" or "bind".
    package var type: String
    /// "overlay", or the directory to bind.
    package var source: String
    /// As for mount(8): "rw", "rbind", "lowerdir=…".
    package var options: [String]

    package init(type: String, source: String, options: [String]) {
        self.type = type
        self.source = source
        self.options = options
    }
}

extension Mount {
    /// How to mount a stack of layers, by the rules of containerd's overlay snapshotter.
    ///
    /// - Parameters:
    ///   - upper: The writable directory; nil for a read-only view.
    ///   - work: The directory overlayfs needs beside `upper`.
    ///   - lowers: Read-only directories, the top one first.
    ///   - hasIndexOption: The kernel has overlayfs' `index`, which must be off: a snapshot moves between mounts.
    ///   - inUserNamespace: Only user.* attributes can be written.
    package static func stack(
        upper: String?,
        work: String?,
        lowers: [String],
        hasIndexOption: Bool,
        inUserNamespace: Bool = false
    ) -> [Mount] {
        if let upper, lowers.isEmpty { return [Mount(type: "bind", source: upper, options: ["rw", "rbind"])] }
        if upper == nil, lowers.count == 1 {
            return [Mount(type: "bind", source: lowers[0], options: ["ro", "rbind"])]
        }
        if upper == nil, lowers.isEmpty { return [] }
        var options: [String] = []
        if hasIndexOption { options.append("index=off") }
        if inUserNamespace { options.append("userxattr") }
        if let upper, let work {
            options.append("workdir=\(work)")
            options.append("upperdir=\(upper)")
        }
        options.append("lowerdir=" + lowers.joined(separator: ":"))
        return [Mount(type: "overlay", source: "overlay", options: options)]
    }
}
