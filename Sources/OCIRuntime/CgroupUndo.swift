import Linux

/// What an update has changed so far, to bring it back when a later value is refused.
struct CgroupUndo {
    private struct Change {
        let path: String
        /// What is written to bring the earlier value back, one write each; nil if that is not known.
        let writes: [String]?
    }

    private var changes: [Change] = []

    /// Remembers what a file says before `value` is written to it.
    mutating func remember(_ path: String, before value: String) {
        // What cannot be read has no value that could be brought back: a file that is an order.
        guard let text = try? Files.readText(path) else { return }
        let file = path.split(separator: "/").last.map(String.init) ?? path
        changes.append(Change(path: path, writes: Self.restoring(text, file: file, after: value).map { [$0] }))
    }

    /// Remembers the device rules of version 1 in a cgroup.
    mutating func rememberDevices(_ directory: String) {
        guard let text = try? Files.readText(directory + "/devices.list") else { return }  // as above
        if text == "a *:* rwm" {
            changes.append(Change(path: directory + "/devices.allow", writes: ["a"]))
        } else {
            // In reverse: first nothing, then what was allowed.
            let allowed = text.split(separator: "\n").map(String.init)
            changes.append(Change(path: directory + "/devices.allow", writes: allowed))
            changes.append(Change(path: directory + "/devices.deny", writes: ["a"]))
        }
    }

    /// Brings everything back, last change first.
    ///
    /// - Returns: The files for which that did not work.
    func restore() -> [String] {
        var lost: [String] = []
        var refused: [Change] = []
        for change in changes.reversed() where !write(change) { refused.append(change) }
        // Some values are only taken when others are back, as when they were set.
        for change in refused where !write(change) { lost.append(change.path) }
        return lost
    }

    private func write(_ change: Change) -> Bool {
        guard let writes = change.writes else { return false }
        do {
            for text in writes { try Files.put(text, to: change.path) }
            return true
        } catch {
            return false
        }
    }

    /// The error of an update that was taken back.
    func explained(_ error: RuntimeError) -> RuntimeError {
        if changes.isEmpty { return error }
        let lost = restore()
        let outcome =
            lost.isEmpty
            ? "; no limit was changed"
            : "; the earlier value could not be brought back: " + lost.joined(separator: ", ")
        return RuntimeError(
            error.kind,
            step: error.step,
            subject: error.subject,
            cause: error.cause + outcome,
            errno: error.errno,
            hint: error.hint
        )
    }

    /// The text that makes a file say again what it said before `value` was written to it.
    ///
    /// - Returns: nil if there is none that is known.
    static func restoring(_ before: String, file: String, after value: String) -> String? {
        if file == "memory.oom_control" {
            let fields = before.split(separator: "\n").map { $0.split(separator: " ") }
            return fields.first { $0.first == "oom_kill_disable" && $0.count == 2 }.map { String($0[1]) }
        }
        let words = value.split(separator: " ")
        let lines = before.split(separator: "\n")
        // A line for each device or interface, of which one write sets one.
        if file != "cpu.max", words.count > 1, let key = words.first {
            if let line = lines.first(where: { $0.split(separator: " ").first == key }) { return String(line) }
            return unset(file, key: key, parameters: words.dropFirst())
        }
        guard lines.count <= 1 else { return nil }
        // An empty list is set by an empty line.
        return before.isEmpty ? "\n" : before
    }

    /// How a device is made to have no line again.
    private static func unset(_ file: String, key: Substring, parameters: ArraySlice<Substring>) -> String? {
        switch file {
        case "io.max", "rdma.max":
            let names = parameters.map { $0.prefix { $0 != "=" } }
            return ([String(key)] + names.map { "\($0)=max" }).joined(separator: " ")
        case "io.weight", "io.bfq.weight": return "\(key) default"
        case _ where file.hasPrefix("blkio."): return "\(key) 0"
        default: return nil
        }
    }
}
