import Glibc
import Linux
import OCI

/// The device nodes of the machine, which a privileged container gets (as containerd's CRI plugin does it).
enum HostDevices {
    /// What a container has of its own.
    private static let own: Set<String> = [
        "pts", "shm", "fd", "mqueue", "console", "ptmx", "core", "null", "zero", "full", "random", "urandom", "tty",
        ".lxc", ".lxd-mounts", ".udev",
    ]

    /// Walks /dev. Links, sockets and pipes are left out; what vanishes meanwhile, too.
    static func list(_ directory: String = "/dev") throws(SysError) -> [RuntimeSpec.Device] {
        var devices: [RuntimeSpec.Device] = []
        for name in try Files.list(directory).sorted() where directory != "/dev" || !own.contains(name) {
            let path = directory + "/" + name
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { continue }
            let kind: RuntimeSpec.Device.Kind
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                devices += try list(path)
                continue
            case S_IFCHR: kind = .character
            case S_IFBLK: kind = .block
            default: continue
            }
            devices.append(
                RuntimeSpec.Device(
                    type: kind,
                    path: path,
                    major: major(of: status.st_rdev),
                    minor: minor(of: status.st_rdev),
                    fileMode: status.st_mode & 0o777,
                    uid: status.st_uid,
                    gid: status.st_gid
                )
            )
        }
        return devices
    }

    // makedev(3): the kernel's encoding of both numbers in one.
    private static func major(of device: UInt) -> Int64 { Int64((device >> 8) & 0xFFF | (device >> 32) & ~0xFFF) }

    private static func minor(of device: UInt) -> Int64 { Int64(device & 0xFF | (device >> 12) & 0xFFFF_FF00) }
}
