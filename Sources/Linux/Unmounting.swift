import CLinux

/// Taking mounts away.
package enum Unmounting {
    /// Detaches mounts (umount2(2) with MNT_DETACH), the last of the list first; what is no mount any more is fine.
    ///
    /// They are made private before: a mount that is a copy of one of the host's must not take along what is mounted on
    /// the original.
    package static func detach(_ mountPoints: [String]) throws(SysError) {
        for point in mountPoints {
            try tolerating { () throws(SysError) in
                try swl("mount_setattr", point) {
                    unsafe swl_mount_setattr(-100, point, 0, 0, 0, MountPropagation.private.rawValue)
                }
            }
        }
        for point in mountPoints.reversed() {
            // MNT_DETACH | UMOUNT_NOFOLLOW
            try tolerating { () throws(SysError) in try swl("umount2", point) { unsafe swl_umount(point, 2 | 8) } }
        }
    }

    private static func tolerating(_ body: () throws(SysError) -> Void) throws(SysError) {
        do {
            try body()
        } catch  where error.errno == .invalidArgument || error.errno == .noEntry {}
    }
}
