/// Directories of one name in every cgroup hierarchy of the machine.
package enum CgroupDirectories {
    /// Removes a cgroup in every hierarchy, with empty cgroups below it.
    ///
    /// What is in use stays and is no error: a cgroup that holds processes is not ours to end. A missing one is fine.
    ///
    /// - Parameter path: From the root of each hierarchy: "/kubepods/besteffort/podUID".
    /// - Returns: The directories that are still there.
    /// - Throws: `SysError` if the mounts cannot be read, or for a failure that is not about being in use.
    @discardableResult
    package static func removeUnused(_ path: String) throws(SysError) -> [String] {
        var left: [String] = []
        for entry in try MountTable.current() where entry.type == "cgroup" || entry.type == "cgroup2" {
            let directory = entry.mountPoint + path
            if try !remove(directory) { left.append(directory) }
        }
        return left
    }

    /// - Returns: false if the directory is still there because it is in use.
    private static func remove(_ directory: String) throws(SysError) -> Bool {
        guard Files.isDirectory(directory) else { return true }
        for name in try names(in: directory) where Files.isDirectory(directory + "/" + name) {
            if try !remove(directory + "/" + name) { return false }
        }
        do {
            try Files.removeDirectory(directory)
            return true
        } catch  where error.errno == .noEntry {
            return true
        } catch  where error.errno == .busy {
            return false
        }
    }

    private static func names(in directory: String) throws(SysError) -> [String] {
        do {
            return try Files.list(directory)
        } catch  where error.errno == .noEntry {
            return []
        }
    }
}
