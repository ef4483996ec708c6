import Linux
package import OCI

/// The id maps of a user namespace (user_namespaces(7)).
package struct IDMaps: Hashable, Sendable {
    package var uid: [RuntimeSpec.IDMapping]
    package var gid: [RuntimeSpec.IDMapping]

    /// The kernel's limit of lines of one map.
    private static let most = 340

    /// Checks what the kernel would refuse with a bare EINVAL.
    ///
    /// - Parameter subject: What the maps belong to, for the error.
    package init(
        uid: [RuntimeSpec.IDMapping],
        gid: [RuntimeSpec.IDMapping],
        subject: String
    ) throws(RuntimeError) {
        self.uid = uid
        self.gid = gid
        for (name, list) in [("uidMappings", uid), ("gidMappings", gid)] {
            func refuse(_ cause: String) -> RuntimeError {
                RuntimeError(.invalid, step: "config.json", subject: "\(subject).\(name)", cause: cause)
            }
            if list.isEmpty { throw refuse("it is empty, and a user namespace needs it") }
            if list.count > Self.most {
                throw refuse("\(list.count) ranges are too many, the kernel takes \(Self.most)")
            }
            for (index, range) in list.enumerated() {
                if range.size == 0 { throw refuse("range #\(index) is empty") }
                // The all-ones id is none, so the last one of a range is at most one below.
                if UInt64(range.containerID) + UInt64(range.size) > 0xFFFF_FFFF
                    || UInt64(range.hostID) + UInt64(range.size) > 0xFFFF_FFFF
                {
                    throw refuse("range #\(index) ends above the largest id")
                }
                for other in list[..<index]
                where Self.overlap(range.containerID, other.containerID, range.size, other.size)
                    || Self.overlap(range.hostID, other.hostID, range.size, other.size)
                {
                    throw refuse("range #\(index) overlaps another one")
                }
            }
        }
    }

    private static func overlap(_ first: UInt32, _ second: UInt32, _ size: UInt32, _ otherSize: UInt32) -> Bool {
        UInt64(first) < UInt64(second) + UInt64(otherSize) && UInt64(second) < UInt64(first) + UInt64(size)
    }

    /// The lines of /proc/PID/uid_map and gid_map.
    static func text(_ list: [RuntimeSpec.IDMapping]) -> String {
        list.map { "\($0.containerID) \($0.hostID) \($0.size)\n" }.joined()
    }

    /// The id outside of one inside, or nil.
    static func outside(_ id: UInt32, _ list: [RuntimeSpec.IDMapping]) -> UInt32? {
        for range in list where id >= range.containerID && id - range.containerID < range.size {
            return range.hostID + (id - range.containerID)
        }
        return nil
    }

    /// Writes the maps of a process that is alone in its new user namespace, once.
    ///
    /// Without the right to map any ids it maps the caller's own single id, or asks newuidmap(1) and newgidmap(1).
    func write(pid: Int32, privileged: Bool) throws(RuntimeError) {
        if privileged {
            try put(Self.text(uid), pid, "uid_map")
            try put(Self.text(gid), pid, "gid_map")
            return
        }
        if isOwnID(gid, Privileges.groupID) {
            // Else a process could leave a group that denies it something (user_namespaces(7)).
            try put("deny", pid, "setgroups")
            try put(Self.text(gid), pid, "gid_map")
        } else {
            try ask("newgidmap", pid, gid)
        }
        if isOwnID(uid, Privileges.userID) {
            try put(Self.text(uid), pid, "uid_map")
        } else {
            try ask("newuidmap", pid, uid)
        }
    }

    /// With such a map setgroups(2) is denied.
    func deniesGroups(privileged: Bool) -> Bool { !privileged && isOwnID(gid, Privileges.groupID) }

    private func isOwnID(_ list: [RuntimeSpec.IDMapping], _ own: UInt32) -> Bool {
        list.count == 1 && list[0].size == 1 && list[0].hostID == own
    }

    private func put(_ text: String, _ pid: Int32, _ file: String) throws(RuntimeError) {
        try doing("write the id maps", hint: "the caller must be allowed to use these ids") { () throws(SysError) in
            try Files.put(text, to: "/proc/\(pid)/\(file)")
        }
    }

    private func ask(_ program: String, _ pid: Int32, _ list: [RuntimeSpec.IDMapping]) throws(RuntimeError) {
        guard let path = ["/usr/bin/", "/bin/", "/usr/local/bin/"].map({ $0 + program }).first(where: Files.exists)
        else {
            throw RuntimeError(
                .refused,
                step: "write the id maps",
                subject: program,
                cause: "without root only the caller's own id can be mapped, and \(program) is not installed",
                hint: "install the package uidmap and list the ids in /etc/subuid and /etc/subgid"
            )
        }
        let words = list.flatMap { [String($0.containerID), String($0.hostID), String($0.size)] }
        let outcome = try doing("write the id maps") { () throws(SysError) in
            try Spawn.run([path, String(pid)] + words, environment: [])
        }
        if outcome.code != 0 {
            let words = String(decoding: outcome.errors.prefix(256), as: UTF8.self)
            throw RuntimeError(
                .refused,
                step: "write the id maps",
                subject: program,
                cause: "exit status \(outcome.code): \(words)"
            )
        }
    }
}

/// A user namespace without a process of interest, for the id maps of a mount.
enum UserNamespace {
    /// Makes one with these maps and opens it; its only process ends at once.
    static func make(_ maps: IDMaps) throws(SysError) -> Descriptor {
        var program = try StageProgram([.rendezvous(.idMaps)], arguments: [], environment: [])
        let child = try program.spawn(StageProgram.Birth(namespaces: .user))
        do {
            _ = try child.nextReport()
            let process = "/proc/\(child.pid)"
            try Files.put(IDMaps.text(maps.uid), to: process + "/uid_map")
            try Files.put(IDMaps.text(maps.gid), to: process + "/gid_map")
            let namespace = try Descriptor.open(process + "/ns/user", Descriptor.readOnly)
            child.abandon()
            return namespace
        } catch {
            child.abandon()
            throw error
        }
    }
}
