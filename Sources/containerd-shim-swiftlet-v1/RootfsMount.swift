import Glibc
import Linux
import TTRPC

/// The mounts of a container's root file system, as containerd's snapshotters describe them.
enum RootfsMount {
    /// Mounts all of `mounts` on `target`, in order. On failure nothing stays mounted.
    static func mount(_ mounts: [Shim.Mount], on target: String) throws(SysError) {
        if mounts.isEmpty { return }
        try Files.makeDirectories(target, mode: 0o711)
        do {
            for mount in mounts {
                try mountOne(mount) { () throws(SysError) in
                    mount.target.isEmpty ? Place(path: target) : try Place(mount.target, inside: target)
                }
            }
        } catch {
            unmount(target)
            throw error
        }
    }

    /// Detaches whatever is mounted on `target`, layer by layer. Nothing mounted there is fine.
    static func unmount(_ target: String) {
        // Bounded: every call takes one mount away or fails.
        for _ in 0..<64 { if unsafe umount2(target, Int32(MNT_DETACH | UMOUNT_NOFOLLOW)) != 0 { return } }
    }

    /// Where something is mounted.
    private struct Place: ~Copyable {
        let path: String
        private let descriptor: Descriptor?

        init(path: String) {
            self.path = path
            descriptor = nil
        }

        /// A path of the root file system, which is an image's: its links stay inside.
        init(_ path: String, inside root: String) throws(SysError) {
            let top = try Descriptor.open(root, PathResolution.pathOnly | O_DIRECTORY)
            let place = try PathResolution.open(
                below: top.raw,
                Array(path.utf8),
                PathResolution.pathOnly,
                rules: .inRoot
            )
            self.path = "/proc/self/fd/\(place.raw)"
            descriptor = consume place
        }
    }

    /// - Parameter place: Is asked again after the mount, when it means the top of what was mounted.
    private static func mountOne(
        _ mount: Shim.Mount,
        at place: () throws(SysError) -> Place
    ) throws(SysError) {
        var options = MountOptions(mount.options)
        let isBind = options.flags & UInt(MS_BIND) != 0 || mount.type == "bind"
        if isBind { options.flags |= UInt(MS_BIND) }
        let below = try place()
        let subject = "\(mount.type) \(mount.source) on \(mount.target.isEmpty ? below.path : mount.target)"
        // Overlay options of many layers do not fit into the page that mount(2) copies: paths relative to where they
        // all are, for the moment of the call.
        let directory = options.shorten()
        if let directory { try sys("chdir", directory) { unsafe chdir(directory) } }
        defer { if directory != nil { _ = unsafe chdir("/") } }
        let first = isBind ? options.flags & UInt(MS_BIND | MS_REC) : options.flags
        let data = options.data
        try sys("mount", subject) {
            unsafe Glibc.mount(mount.source, below.path, mount.type, first, data)
        }
        // A bind mount ignores its other flags until it is remounted.
        let rest = options.flags & ~UInt(MS_REC)
        if isBind, rest != UInt(MS_BIND) {
            let top = try place()
            try sys("mount", "remount of \(subject)") {
                unsafe Glibc.mount("", top.path, "", rest | UInt(MS_REMOUNT), nil)
            }
        }
    }
}

/// Mount options as fstab writes them, taken apart.
struct MountOptions: Equatable {
    var flags: UInt = 0
    private(set) var others: [String] = []

    init(_ options: [String]) {
        for option in options {
            switch option {
            case "defaults", "rw", "": break
            case "ro": flags |= UInt(MS_RDONLY)
            case "nosuid": flags |= UInt(MS_NOSUID)
            case "nodev": flags |= UInt(MS_NODEV)
            case "noexec": flags |= UInt(MS_NOEXEC)
            case "sync": flags |= UInt(MS_SYNCHRONOUS)
            case "dirsync": flags |= UInt(MS_DIRSYNC)
            case "noatime": flags |= UInt(MS_NOATIME)
            case "nodiratime": flags |= UInt(MS_NODIRATIME)
            case "relatime": flags |= UInt(MS_RELATIME)
            case "strictatime": flags |= UInt(MS_STRICTATIME)
            case "bind": flags |= UInt(MS_BIND)
            case "rbind": flags |= UInt(MS_BIND) | UInt(MS_REC)
            default: others.append(option)
            }
        }
    }

    /// What the file system itself gets.
    var data: String { others.joined(separator: ",") }

    /// If the data is longer than a page, makes the layers' paths relative and returns the directory they are relative to.
    mutating func shorten() -> String? {
        guard data.utf8.count >= 4096, let index = others.firstIndex(where: { $0.hasPrefix("lowerdir=") }) else {
            return nil
        }
        let layers = others[index].dropFirst("lowerdir=".count).split(separator: ":").map { $0.split(separator: "/") }
        guard var common = layers.first?.dropLast() else { return nil }
        for layer in layers {
            while !layer.starts(with: common) { common = common.dropLast() }
        }
        guard !common.isEmpty else { return nil }
        let shortened = layers.map { $0.dropFirst(common.count).joined(separator: "/") }
        guard shortened.allSatisfy({ !$0.isEmpty }) else { return nil }
        others[index] = "lowerdir=" + shortened.joined(separator: ":")
        return "/" + common.joined(separator: "/")
    }
}
