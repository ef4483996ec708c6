import Glibc

/// Makes cgroup directories for others to use, and tidies up those that belong to nobody any more.
package enum EmptyCgroups {
    /// Makes a cgroup with those above it in every mounted hierarchy, so that `remove` of a neighbour, which takes
    /// empty parents away, cannot come between a runtime of others and the directories that it makes below.
    ///
    /// - Parameter path: As for `remove`. What is there is fine.
    package static func make(_ path: String) throws(SysError) {
        guard PathText.isAbsolute(path), !PathText.leadsUp(path) else {
            throw SysError(call: "mkdir", subject: "cgroup \(path)", errno: .invalidArgument)
        }
        for mount in MountTable.cgroups(in: try MountTable.current()) {
            var left = 100
            while true {
                do {
                    try Files.makeDirectories(mount.mountPoint + path)
                    break
                } catch {
                    // A parent was removed between making it and making what is below.
                    left -= 1
                    if error.errno != .noEntry || left == 0 { throw error }
                }
            }
        }
    }

    /// Removes a cgroup and, as long as they are empty, the ones above it, in every mounted hierarchy.
    ///
    /// One that still holds processes or children stays (the kernel refuses, cgroups(7)), and so does the root. A path
    /// that is not there is fine. An agent that makes a cgroup below at the same moment simply makes its parents again.
    ///
    /// - Parameter path: Relative to the root of each hierarchy: "/kubepods/burstable/podUID".
    package static func remove(_ path: String) throws(SysError) {
        guard PathText.isAbsolute(path), !PathText.leadsUp(path) else {
            throw SysError(call: "rmdir", subject: "cgroup \(path)", errno: .invalidArgument)
        }
        for mount in MountTable.cgroups(in: try MountTable.current()) {
            var parts = PathText.parts(path)
            while !parts.isEmpty {
                let directory = mount.mountPoint + "/" + parts.joined(separator: "/")
                if unsafe rmdir(directory) != 0 {
                    let failure = Errno.current
                    if failure == .noEntry {
                        parts.removeLast()
                        continue
                    }
                    guard failure == .busy || failure == .directoryNotEmpty else {
                        throw SysError(call: "rmdir", subject: directory, errno: failure)
                    }
                    break
                }
                parts.removeLast()
            }
        }
    }
}
