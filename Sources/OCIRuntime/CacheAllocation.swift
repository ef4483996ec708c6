import Linux
import OCI

/// The resctrl group of a container: cache and memory bandwidth (config-linux.md, "IntelRdt").
struct CacheAllocation: Hashable, Sendable {
    /// The group's directory in the resctrl file system.
    let directory: String
    /// It is there already, made by an administrator: it is joined, and it stays.
    let exists: Bool
    /// Lines for its `schemata`; empty: what it has.
    let schemata: String
    /// A monitoring group of the container's own, made in it.
    let monitor: String?

    /// Decides which group the container gets.
    ///
    /// - Parameters:
    ///   - mountPoint: Where resctrl is mounted, nil if it is not.
    ///   - exists: Whether a directory exists.
    init(
        _ wanted: RuntimeSpec.IntelRdt,
        id: String,
        mountPoint: String?,
        exists: (String) -> Bool
    ) throws(RuntimeError) {
        func refuse(_ kind: RuntimeError.Kind, _ cause: String, hint: String? = nil) -> RuntimeError {
            RuntimeError(kind, step: "set up Intel RDT", subject: "linux.intelRdt", cause: cause, hint: hint)
        }
        guard let mountPoint else {
            throw refuse(
                .refused,
                "the resctrl file system is not mounted: this CPU or kernel may not have it",
                hint: "mount -t resctrl resctrl /sys/fs/resctrl, or remove linux.intelRdt"
            )
        }
        let name = wanted.closID.flatMap { $0.isEmpty ? nil : $0 }
        if let name, name == "." || name == ".." || name.contains("/") {
            throw refuse(.invalid, "closID \"\(name)\" is no name of a directory")
        }
        directory = mountPoint + "/" + (name ?? id)
        self.exists = exists(directory)
        var lines = (wanted.schemata ?? [])
        if let line = wanted.l3CacheSchema, !line.isEmpty { lines.append(line) }
        if let line = wanted.memBwSchema, !line.isEmpty { lines.append(line) }
        if lines.contains(where: { $0.isEmpty }) { throw refuse(.invalid, "a schema is empty") }
        schemata = lines.map { $0.last?.isNewline == true ? $0 : $0 + "\n" }.joined()
        if name != nil, schemata.isEmpty, !self.exists {
            throw refuse(.invalid, "closID names \(directory), which does not exist, and no schema is given to make it")
        }
        let monitored = wanted.enableMonitoring == true || wanted.enableCMT == true || wanted.enableMBM == true
        monitor = monitored ? directory + "/mon_groups/" + id : nil
    }

    /// Where resctrl is mounted; nil if it is not.
    static func mountPoint() throws(RuntimeError) -> String? {
        let mounts = try doing("find the resctrl file system") { () throws(SysError) in try MountTable.current() }
        return mounts.first { $0.type == "resctrl" }?.mountPoint
    }

    /// The directories that the container's end removes, in this order.
    var owned: [String] { (monitor.map { [$0] } ?? []) + (exists ? [] : [directory]) }

    /// What `place` changes of a group that is there already; nil if nothing, or if the group goes with the container.
    func undo() throws(RuntimeError) -> CacheUndo? {
        guard exists, !schemata.isEmpty else { return nil }
        return try doing("set up Intel RDT") { () throws(SysError) in try CacheUndo(directory, isNew: false) }
    }

    /// Makes the group and moves a process into it.
    func place(_ pid: Int32) throws(RuntimeError) {
        try doing("set up Intel RDT", hint: "the kernel's reason is in /sys/fs/resctrl/info/last_cmd_status") {
            () throws(SysError) in
            if !exists { try Files.makeDirectory(directory, mode: 0o755) }
            if !schemata.isEmpty { try Files.put(schemata, to: directory + "/schemata") }
            try Files.put(String(pid), to: directory + "/tasks")
            guard let monitor else { return }
            try Files.makeDirectory(monitor, mode: 0o755)
            try Files.put(String(pid), to: monitor + "/tasks")
        }
    }

    /// Removes what `place` made; groups that are gone already are fine.
    static func remove(_ directories: [String]) throws(RuntimeError) {
        try doing("remove the resctrl group") { () throws(SysError) in
            for directory in directories {
                do throws(SysError) { try Files.removeDirectory(directory) } catch  where error.errno == .noEntry {}
            }
        }
    }
}
