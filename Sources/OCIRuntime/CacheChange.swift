import Linux
import OCI

/// New cache and bandwidth schemas for a container that exists (config-linux.md, "IntelRdt").
struct CacheChange: Hashable, Sendable {
    let directory: String
    /// The container has no group yet.
    let makesGroup: Bool
    let schemata: String

    /// Decides, and refuses what this machine does not have, in runc's words.
    ///
    /// - Parameters:
    ///   - group: The container's group, if it has one.
    ///   - mountPoint: Where resctrl is mounted, nil if it is not.
    init(_ wanted: RuntimeSpec.IntelRdt, id: String, group: String?, mountPoint: String?) throws(RuntimeError) {
        func has(_ names: String...) -> Bool {
            mountPoint.map { place in names.contains { Files.isDirectory("\(place)/info/\($0)") } } ?? false
        }
        func refuse(_ cause: String) -> RuntimeError {
            RuntimeError(
                .refused,
                step: "update",
                subject: id,
                cause: cause,
                hint: "this CPU or kernel may not have it; mount -t resctrl resctrl /sys/fs/resctrl"
            )
        }
        var lines: [String] = []
        if let schema = wanted.l3CacheSchema {
            guard has("L3", "L3CODE") else { throw refuse("Intel RDT/CAT: l3 cache schema is not enabled") }
            lines.append(schema)
        }
        if let schema = wanted.memBwSchema {
            guard has("MB") else { throw refuse("Intel RDT/MBA: memory bandwidth schema is not enabled") }
            lines.append(schema)
        }
        schemata = lines.map { $0.last?.isNewline == true ? $0 : $0 + "\n" }.joined()
        makesGroup = group == nil
        directory = group ?? "\(mountPoint ?? "")/\(id)"
    }

    /// Sets the schemas, and moves the processes into a group that it made. Everything or nothing.
    ///
    /// - Returns: How to take it back.
    func apply(to processes: [Int32]) throws(RuntimeError) -> CacheUndo {
        let step = "set up Intel RDT"
        let hint = "the kernel's reason is in /sys/fs/resctrl/info/last_cmd_status"
        let undo = try doing(step) { () throws(SysError) in try CacheUndo(directory, isNew: makesGroup) }
        do throws(SysError) {
            if makesGroup { try Files.makeDirectories(directory) }
            try Files.put(schemata, to: directory + "/schemata")
            guard makesGroup else { return undo }
            // A task is a thread; what they start from here on is in the group as they are.
            for process in processes {
                for thread in (try? Files.list("/proc/\(process)/task")) ?? [] {  // ended meanwhile
                    do throws(SysError) {
                        try Files.put(thread, to: directory + "/tasks")
                    } catch {
                        if error.errno != .noProcess { throw error }
                    }
                }
            }
            return undo
        } catch {
            // The kernel takes a list of schemas line by line: the first ones may be set.
            throw undo.explained(RuntimeError(error, step: step, hint: hint))
        }
    }
}
