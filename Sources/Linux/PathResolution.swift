import CLinux
import Glibc

/// How the kernel may walk a path (openat2(2)). Every walk here also refuses to leave the directory it starts from.
package struct PathRules: OptionSet, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No component may be a symbolic link, the last one included.
    package static let noSymlinks = PathRules(rawValue: UInt64(SWL_RESOLVE_NO_SYMLINKS))
    /// A step that would leave the directory, by "..", an absolute path or a link, is an error (EXDEV).
    package static let beneath = PathRules(rawValue: UInt64(SWL_RESOLVE_BENEATH))
    /// The directory acts as "/": absolute paths, links and ".." stay inside, as after chroot(2).
    package static let inRoot = PathRules(rawValue: UInt64(SWL_RESOLVE_IN_ROOT))
    /// The walk may not cross a mount point.
    package static let oneFileSystem = PathRules(rawValue: UInt64(SWL_RESOLVE_NO_XDEV))
}

/// Paths of others, walked from an open directory so that they cannot lead out of it, whatever links they cross.
///
/// Paths here are bytes, as the kernel has them: a file name of an image need not be UTF-8.
package enum PathResolution {
    /// Opens a descriptor for a place in a tree, for `*at` calls and /proc/self/fd, not for reading.
    package static let pathOnly = Int32(SWL_O_PATH)

    /// Opens a path below a directory with openat2(2); O_CLOEXEC is added and magic links are never followed.
    ///
    /// - Parameters:
    ///   - directory: A descriptor that the caller keeps open.
    ///   - path: Relative. With `.inRoot` a leading "/" is allowed.
    ///   - mode: For a file that O_CREAT makes; must be 0 without O_CREAT.
    ///   - rules: Must contain `.beneath` or `.inRoot`.
    /// - Throws: ELOOP for a refused link, EXDEV for an escape.
    package static func open(
        below directory: Int32,
        _ path: [UInt8],
        _ flags: Int32,
        mode: UInt32 = 0,
        rules: PathRules
    ) throws(SysError) -> Descriptor {
        precondition(!rules.isDisjoint(with: [.beneath, .inRoot]), "a walk must be confined to its directory")
        let name = try cPath(path)
        // EAGAIN: a rename raced with the walk, and the kernel asks to try again.
        var attempts = 0
        while true {
            let result = unsafe swl_openat2(
                directory,
                name,
                UInt64(UInt32(bitPattern: flags | O_CLOEXEC)),
                UInt64(mode),
                rules.rawValue | UInt64(SWL_RESOLVE_NO_MAGICLINKS)
            )
            if result >= 0 { return Descriptor(owning: result) }
            let failure = Errno(-result)
            attempts += 1
            if failure == .interrupted || (failure == .again && attempts < 128) { continue }
            throw SysError(call: "openat2", subject: text(path), errno: failure)
        }
    }

    /// Opens a plain file of a tree for reading; nil if something else is there.
    ///
    /// It is named first and opened only then: opening a device that an image has in its place would do what the device
    /// does on opening, with the caller's rights, and a fifo would hold the caller.
    package static func openFile(
        below directory: Int32,
        _ path: [UInt8],
        rules: PathRules
    ) throws(SysError) -> Descriptor? {
        let place = try open(below: directory, path, pathOnly, rules: rules)
        guard try Files.isRegular(place.raw, subject: text(path)) else { return nil }
        return try Descriptor.open("/proc/self/fd/\(place.raw)", O_RDONLY | O_NONBLOCK)
    }

    /// A path as a C string. A path with a zero byte inside is refused with EINVAL: the kernel would see its head only.
    package static func cPath(_ path: some Collection<UInt8>) throws(SysError) -> [CChar] {
        var name: [CChar] = []
        name.reserveCapacity(path.count + 1)
        for byte in path {
            if byte == 0 { throw SysError(call: "path", subject: text(path), errno: .invalidArgument) }
            name.append(CChar(bitPattern: byte))
        }
        name.append(0)
        return name
    }

    /// A path for a message: what is not printable ASCII or UTF-8 is replaced, and long paths are cut.
    package static func text(_ path: some Collection<UInt8>) -> String {
        let cut = path.prefix(300).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
        return String(decoding: cut, as: UTF8.self) + (path.count > 300 ? "…" : "")
    }
}

/// Extended attributes by path or descriptor, with names and values as bytes.
package enum ExtendedAttributes {
    /// Sets an attribute of an open file or directory.
    package static func set(_ name: [UInt8], to value: [UInt8], of descriptor: Int32, subject: String) throws(SysError)
    {
        let key = try PathResolution.cPath(name)
        try swl("fsetxattr", "\(PathResolution.text(name)) of \(subject)") {
            unsafe swl_fsetxattr(descriptor, key, value, value.count)
        }
    }

    /// Sets an attribute of whatever a descriptor opened with `PathResolution.pathOnly` names, a symbolic link included.
    package static func set(
        _ name: [UInt8],
        to value: [UInt8],
        ofPathOnly descriptor: Int32,
        subject: String
    ) throws(SysError) {
        let key = try PathResolution.cPath(name)
        try swl("setxattr", "\(PathResolution.text(name)) of \(subject)") {
            unsafe swl_setxattr("/proc/self/fd/\(descriptor)", key, value, value.count)
        }
    }

    /// All attributes of a file or directory, in the order of the kernel. A final symbolic link is followed.
    package static func all(_ path: String) throws(SysError) -> [(name: [UInt8], value: [UInt8])] {
        var list = [UInt8](repeating: 0, count: 65536)
        let size = try swl("listxattr", path) {
            unsafe list.withUnsafeMutableBytes { buffer in
                unsafe swl_listxattr(path, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
            }
        }
        var result: [(name: [UInt8], value: [UInt8])] = []
        for name in list[..<size].split(separator: 0).map(Array.init) {
            if let value = try get(name, path) { result.append((name, value)) }
        }
        return result
    }

    /// The value of an attribute; nil if there is none. A final symbolic link is followed.
    package static func get(_ name: [UInt8], _ path: String) throws(SysError) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: 65536)
        do {
            let key = try PathResolution.cPath(name)
            let count = try swl("getxattr", "\(PathResolution.text(name)) of \(path)") {
                unsafe swl_getxattr(path, key, &value, value.count)
            }
            return Array(value[..<count])
        } catch {
            if error.errno.code == ENODATA { return nil }
            throw error
        }
    }
}

/// Writes everything of the file system that holds the descriptor to its disk (syncfs(2)).
package func syncFileSystem(_ descriptor: Int32, subject: String) throws(SysError) {
    try swl("syncfs", subject) { swl_syncfs(descriptor) }
}

/// The number of a device from its parts, as mknod(2) wants it.
package enum DeviceNumber {
    package static func make(major: UInt32, minor: UInt32) -> UInt64 { swl_makedev(major, minor) }
    package static func parts(of device: UInt64) -> (major: UInt32, minor: UInt32) {
        (swl_major(device), swl_minor(device))
    }
}
