import Linux

extension Cgroup {
    /// Stops or resumes every process, and waits until that is so.
    ///
    /// - Throws: `.system` if the kernel does not freeze them in time; they then run on.
    package func setFrozen(_ frozen: Bool) throws(RuntimeError) {
        let step = frozen ? "freeze the container" : "thaw the container"
        guard let (order, answer) = freezer(frozen) else {
            throw RuntimeError(
                .unsupported,
                step: step,
                cause: "there is no freezer",
                hint: "mount the freezer controller of cgroup v1, or use a kernel with cgroup.freeze"
            )
        }
        try doing(step) { () throws(SysError) in try Files.put(order.value, to: order.file) }
        var pause: UInt32 = 100
        while true {
            let text = try doing(step) { () throws(SysError) in try Files.readText(answer.file) }
            if text.split(separator: "\n").contains(Substring(answer.value)) { return }
            if pause > 200_000 { break }
            Pause.microseconds(pause)
            pause = pause * 3 / 2
            // Version 1 gives up on processes that were busy, and wants to be asked again.
            if layout.tree("freezer") != nil { try? Files.put(order.value, to: order.file) }  // seen by the next read
        }
        if frozen, let (undo, _) = freezer(false) {
            try? Files.put(undo.value, to: undo.file)  // the error below counts
        }
        throw RuntimeError(
            .system,
            step: step,
            subject: order.file,
            cause: "the kernel did not do it in time",
            hint: "a process may hang in the kernel (state D of ps)"
        )
    }

    struct FileValue {
        let file: String
        let value: String
    }

    /// What to write where, and what to wait for where.
    func freezer(_ frozen: Bool) -> (order: FileValue, answer: FileValue)? {
        if let tree = layout.tree("freezer") {
            let state = FileValue(file: tree.path + "/freezer.state", value: frozen ? "FROZEN" : "THAWED")
            return (state, state)
        }
        guard let path = layout.unified?.path, Files.exists(path + "/cgroup.freeze") else { return nil }
        let bit = frozen ? "1" : "0"
        return (
            FileValue(file: path + "/cgroup.freeze", value: bit),
            FileValue(file: path + "/cgroup.events", value: "frozen " + bit)
        )
    }

    /// True if the container is frozen (or on the way there).
    package func isFrozen() -> Bool {
        if let tree = layout.tree("freezer") {
            // A cgroup that is gone is not frozen.
            return (try? Files.readText(tree.path + "/freezer.state")).map { $0 != "THAWED" } ?? false
        }
        guard let tree = layout.unified else { return false }
        // As above.
        return (try? Files.readText(tree.path + "/cgroup.freeze")) == "1"
    }
}
