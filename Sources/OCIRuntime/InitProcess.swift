import Linux

/// The init process: `<root>/<id>/init`, one line "pid start-time", written as soon as it exists.
struct InitProcess: Hashable, Sendable {
    static let fileName = "init"

    let pid: Int32
    /// By it a later process of the same number is told apart (proc(5), "starttime").
    let startTime: UInt64

    /// - Returns: nil if no process was started yet.
    static func read(_ directory: String) throws(RuntimeError) -> InitProcess? {
        let text: String
        do {
            text = try Files.readText(directory + "/" + fileName)
        } catch  where error.errno == .noEntry {
            return nil
        } catch {
            throw RuntimeError(error, step: "read the state")
        }
        let fields = text.split(separator: " ")
        guard fields.count == 2, let pid = Int32(fields[0]), pid > 0, let start = UInt64(fields[1]) else { return nil }
        return InitProcess(pid: pid, startTime: start)
    }

    func write(_ directory: String) throws(RuntimeError) {
        try doing("write the state") { () throws(SysError) in
            try Files.replaceUnsynced(directory + "/" + Self.fileName, with: Array("\(pid) \(startTime)\n".utf8))
        }
    }

    func isAlive() throws(RuntimeError) -> Bool {
        let facts = try doing("look at the init process") { () throws(SysError) in try ProcessFacts.of(pid) }
        guard let facts else { return false }
        return !facts.isZombie && facts.startTime == startTime
    }

    /// The process by descriptor; nil if it has ended.
    func open() throws(RuntimeError) -> ProcessDescriptor? {
        let process: ProcessDescriptor
        do {
            process = try ProcessDescriptor(pid: pid)
        } catch  where error.errno == .noProcess {
            return nil
        } catch {
            throw RuntimeError(error, step: "open the init process")
        }
        // Opened first and compared then: the number cannot pass to another process in between.
        guard try isAlive() else { return nil }
        return process
    }

    /// Kills it, thaws it so that it can die, and waits until it has.
    func end(in cgroup: Cgroup, of id: String) throws(RuntimeError) {
        guard let process = try open() else { return }
        try doing("kill the init process") { () throws(SysError) in
            do throws(SysError) { try process.signal(9) } catch  where error.errno == .noProcess {}
        }
        if cgroup.isFrozen() { try cgroup.setFrozen(false) }
        let ended = try doing("wait for the init process") { () throws(SysError) in
            try process.waitForEnd(milliseconds: 10_000)
        }
        if !ended {
            throw RuntimeError(
                .system,
                step: "delete",
                subject: id,
                cause: "the init process \(pid) does not end although it was killed",
                hint: "it may hang in the kernel; try again later"
            )
        }
    }
}
