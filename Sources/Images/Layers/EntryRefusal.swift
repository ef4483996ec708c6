import Glibc
import Linux

/// Why an entry of a layer can be made on no Linux machine, whatever its disk and its rights. Pure.
///
/// What is found here is the archive's fault. Each text is a sentence about the entry, without its name.
enum EntryRefusal {
    /// The largest numbers of a device that mknod(2) takes: 12 and 20 bits.
    static let majorLimit: UInt32 = 0xFFF
    static let minorLimit: UInt32 = 0xF_FFFF
    /// A name of an extended attribute may have at most this many bytes (XATTR_NAME_MAX).
    static let attributeNameLimit = 255
    /// A value of an extended attribute may have at most this many bytes (XATTR_SIZE_MAX).
    static let attributeValueLimit = 1 << 16

    /// Looks at what the headers say; nil if there is nothing to say against it.
    static func reason(_ entry: TarEntry) -> String? {
        owner(entry) ?? device(entry.kind) ?? link(entry) ?? entry.attributes.lazy.compactMap(attribute).first
    }

    /// -1 would tell chown(2) to change nothing.
    private static func owner(_ entry: TarEntry) -> String? {
        for (what, id) in [("uid", entry.uid), ("gid", entry.gid)] where uid_t(exactly: id) ?? .max == .max {
            return "has \(what) \(id), which is out of range (0 to \(uid_t.max - 1))"
        }
        return nil
    }

    private static func device(_ kind: TarEntry.Kind) -> String? {
        switch kind {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            major <= majorLimit && minor <= minorLimit
                ? nil
                : "has device number \(major):\(minor), which is out of range (at most \(majorLimit):\(minorLimit))"
        default: nil
        }
    }

    private static func link(_ entry: TarEntry) -> String? {
        guard entry.kind == .symbolicLink else { return nil }
        if entry.linkTarget.isEmpty { return "is a link to nothing" }
        return entry.linkTarget.count <= EntryPath.pathLimit
            ? nil
            : "is a link whose target has \(entry.linkTarget.count) bytes, more than Linux allows (\(EntryPath.pathLimit))"
    }

    private static func attribute(_ attribute: TarEntry.Attribute) -> String? {
        let (name, size) = (attribute.name.count, attribute.value.count)
        if name > attributeNameLimit {
            return "has an extended attribute whose name has \(name) bytes, more than Linux allows "
                + "(\(attributeNameLimit))"
        }
        if size > attributeValueLimit {
            return
                "has the extended attribute \(ByteText.text(attribute.name)) of \(size) bytes, more than Linux allows "
                + "(\(attributeValueLimit))"
        }
        return nil
    }

    /// What the kernel's refusal of an extended attribute says against the attribute itself; nil if it says something
    /// about the machine.
    ///
    /// - Parameter hasRoom: Whether the disk has room. A file system keeps fewer bytes of attributes than the kernel
    ///   allows and then says that the device is full.
    static func reason(_ attribute: TarEntry.Attribute, _ errno: Errno, hasRoom: @autoclosure () -> Bool) -> String? {
        let what = "has the extended attribute \(ByteText.text(attribute.name)) of \(attribute.value.count) bytes"
        switch errno.code {
        case EINVAL: return what + ", whose name or value Linux does not take"
        case E2BIG, ERANGE: return what + ", more than the file system keeps"
        case ENOSPC where hasRoom(): return what + ", more than the file system keeps beside its others"
        default: return nil
        }
    }

    /// What the kernel's refusal to make an entry says against the entry itself; nil if it says something about the
    /// machine.
    static func reason(_ errno: Errno) -> String? {
        switch errno.code {
        case ENAMETOOLONG: "has a name, or a way to it through links, that is longer than the file system allows"
        case EMLINK: "is one name too many of its file, or one directory too many in its directory"
        case EFBIG: "is larger than the file system allows"
        default: nil
        }
    }
}
