import Linux

extension Cgroup {
    /// Where the kernel says that it killed for lack of memory.
    package enum OOMSource: Hashable, Sendable {
        /// Version 1: an eventfd registered in `cgroup.event_control` for `memory.oom_control`.
        case eventControl(directory: String)
        /// Version 2: `memory.events`, watched by inotify or poll, its line "oom_kill N".
        case memoryEvents(path: String)
    }

    package var oomSource: OOMSource? {
        if layout.mode == .v2 { return layout.unified.map { .memoryEvents(path: $0.path + "/memory.events") } }
        return layout.tree("memory").map { .eventControl(directory: $0.path) }
    }

    /// How many processes the kernel has killed here for lack of memory.
    package func oomKills() -> Int {
        let path: String
        switch oomSource {
        case .eventControl(let directory): path = directory + "/memory.oom_control"
        case .memoryEvents(let events): path = events
        case nil: return 0
        }
        // Gone with the container: nothing to count.
        guard let text = try? Files.readText(path) else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
            return Int(line.dropFirst(9)) ?? 0
        }
        return 0
    }
}
