import Glibc

/// The processes of a cgroup, in whichever hierarchies there are.
package enum CgroupMembers {
    /// Sends SIGKILL to all processes in a cgroup and below it. None, or no such cgroup, is fine.
    ///
    /// A process that is started meanwhile is met by the next round; there are a few.
    ///
    /// - Parameter path: Relative to the root of each hierarchy: "/kubepods/burstable/podUID/ID".
    package static func kill(_ path: String) throws(SysError) {
        guard PathText.isAbsolute(path), !PathText.leadsUp(path), !PathText.parts(path).isEmpty else {
            throw SysError(call: "kill", subject: "cgroup \(path)", errno: .invalidArgument)
        }
        let directories = MountTable.cgroups(in: try MountTable.current()).map { $0.mountPoint + path }
        for _ in 0..<10 {
            var members: Set<Int32> = []
            for directory in directories { members.formUnion(try processes(directory)) }
            var living = 0
            for pid in members where try kill(pid, of: directories) { living += 1 }
            if living == 0 { return }
        }
    }

    /// - Returns: False if it was gone or dead already.
    private static func kill(_ pid: Int32, of directories: [String]) throws(SysError) -> Bool {
        do {
            let process = try ProcessDescriptor(pid: pid)
            // The number may have gone to another process between the list and the descriptor.
            var isMember = false
            for directory in directories where !isMember { isMember = try processes(directory).contains(pid) }
            guard isMember, try ProcessFacts.of(pid)?.isZombie == false else { return false }
            try process.signal(SIGKILL)
            _ = try process.waitForEnd(milliseconds: 1000)
            return true
        } catch  where error.errno == .noProcess {
            return false
        }
    }

    private static func processes(_ directory: String) throws(SysError) -> Set<Int32> {
        do {
            let list = try Files.readText(directory + "/cgroup.procs").split(separator: "\n")
            var pids = Set(list.compactMap { Int32($0) })
            for entry in try Files.list(directory) where Files.isDirectory(directory + "/" + entry) {
                pids.formUnion(try processes(directory + "/" + entry))
            }
            return pids
        } catch  where error.errno == .noEntry || error.errno == Errno(ENODEV) {
            return []  // not in this hierarchy, or removed meanwhile
        }
    }
}
