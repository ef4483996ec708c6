/// Attributes of one mount (mount_setattr(2)), as opposed to options of its file system.
package struct MountAttributes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Written out: the standard library's is generic, and finds out about this type when it runs.
    package init(arrayLiteral elements: MountAttributes...) {
        rawValue = elements.reduce(0) { $0 | $1.rawValue }
    }

    package static let readOnly = MountAttributes(rawValue: 0x1)
    package static let noSetuid = MountAttributes(rawValue: 0x2)
    package static let noDevices = MountAttributes(rawValue: 0x4)
    package static let noExecute = MountAttributes(rawValue: 0x8)
    package static let noAccessTime = MountAttributes(rawValue: 0x10)
    package static let strictAccessTime = MountAttributes(rawValue: 0x20)
    /// The three bits that select how access times are kept; a change of them clears all first.
    package static let accessTimeMask = MountAttributes(rawValue: 0x70)
    package static let noDirectoryAccessTime = MountAttributes(rawValue: 0x80)
    package static let noSymlinkFollow = MountAttributes(rawValue: 0x20_0000)
}

/// How mounts made below a mount are passed on (mount_namespaces(7)).
package struct MountPropagation: Hashable, Sendable {
    /// MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, with MS_REC for the whole tree.
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let recursive: UInt64 = 0x4000
    package static let unbindable = MountPropagation(rawValue: 1 << 17)
    package static let `private` = MountPropagation(rawValue: 1 << 18)
    package static let slave = MountPropagation(rawValue: 1 << 19)
    package static let shared = MountPropagation(rawValue: 1 << 20)

    package var recursively: MountPropagation { MountPropagation(rawValue: rawValue | Self.recursive) }
    package var isRecursive: Bool { rawValue & Self.recursive != 0 }
    package var isShared: Bool { rawValue & Self.shared.rawValue != 0 }

    /// "shared", "rslave", …
    package static func named(_ name: String) -> MountPropagation? {
        switch name {
        case "shared": .shared
        case "slave": .slave
        case "private": .private
        case "unbindable": .unbindable
        case "rshared": shared.recursively
        case "rslave": slave.recursively
        case "rprivate": `private`.recursively
        case "runbindable": unbindable.recursively
        default: nil
        }
    }
}
