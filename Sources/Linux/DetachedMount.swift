import CLinux

/// A copy of a mount that is nowhere yet: prepared with the rights of the caller, attached by another process.
package enum DetachedMount {
    /// What the copy shall be like.
    package struct Wanted: Hashable, Sendable {
        /// With the mounts below.
        package var recursive = false
        package var set: MountAttributes = []
        package var clear: MountAttributes = []
        /// For the mounts below too.
        package var setAll: MountAttributes = []
        package var clearAll: MountAttributes = []
        /// nil: it gets what is mounted on the original later, and gives nothing back.
        package var propagation: MountPropagation?
        /// A descriptor of the user namespace whose id maps it gets, or -1.
        package var userNamespace: Int32 = -1
        /// The mounts below get the id maps too.
        package var mapsAll = false

        package init() {}
    }

    /// Makes the copy: open_tree(2) with OPEN_TREE_CLONE, then mount_setattr(2).
    package static func prepare(_ path: String, _ wanted: Wanted) throws(SysError) -> Descriptor {
        let tree = swl_mount_tree(
            recursive: wanted.recursive,
            set: wanted.set.rawValue,
            clear: wanted.clear.rawValue,
            set_all: wanted.setAll.rawValue,
            clear_all: wanted.clearAll.rawValue,
            propagation: wanted.propagation?.rawValue ?? 0,
            user_namespace: wanted.userNamespace,
            idmap_all: wanted.mapsAll
        )
        return Descriptor(
            owning: try swl(wanted.userNamespace >= 0 ? "mount_setattr with id maps" : "open_tree", path) {
                unsafe withUnsafePointer(to: tree) { unsafe swl_prepare_mount(path, $0) }
            }
        )
    }
}
