import Linux

/// How a resctrl group was before it was changed, to bring that back when a later step is refused.
struct CacheUndo: Hashable, Sendable {
    let directory: String
    /// nil for a group that was made: it goes, and the kernel gives its threads back to the group above it.
    let schemata: String?

    /// - Parameter isNew: The group is about to be made.
    init(_ directory: String, isNew: Bool) throws(SysError) {
        self.directory = directory
        schemata = isNew ? nil : try Files.readText(directory + "/schemata")
    }

    /// Brings the earlier schemas back, or removes the group.
    func restore() throws(SysError) {
        if let schemata {
            try Files.put(schemata + "\n", to: directory + "/schemata")
        } else {
            do throws(SysError) {
                try Files.removeDirectory(directory)
            } catch {
                if error.errno != .noEntry { throw error }
            }
        }
    }

    /// The error after which everything was brought back; if that did not work it says so.
    func explained(_ error: RuntimeError) -> RuntimeError {
        do {
            try restore()
            return error
        } catch let lost {
            return RuntimeError(
                error.kind,
                step: error.step,
                subject: error.subject,
                cause: error.cause + "; the earlier schemas of \(directory) could not be brought back: \(lost.errno)",
                errno: error.errno,
                hint: error.hint
            )
        }
    }
}
