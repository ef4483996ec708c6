import Glibc
import Linux

/// Shims of this state directory whose bundle is gone: somebody has removed files beneath them. Nobody can find them by
/// their files any more, and what they hold would run for ever beside what takes its place.
struct StrayShims {
    let configuration: CoreConfiguration
    let namespace: String

    /// Kills them with all that they hold, and removes their containers' cgroups. Blocks.
    ///
    /// - Parameter wanted: Only the shim of this sandbox or container, whatever of its bundle is left; nil for all whose
    ///   bundle is gone.
    /// - Returns: The ids of their sandboxes.
    @discardableResult
    func end(_ wanted: String? = nil) throws(SysError) -> [String] {
        var strays: [Int32: String] = [:]
        for pid in try Self.pids() {
            guard let id = try sandbox(ofProcess: pid) else { continue }
            let isStray = wanted.map { $0 == id } ?? !Files.exists(configuration.bundle(namespace: namespace, id: id))
            if isStray { strays[pid] = id }
        }
        if strays.isEmpty { return [] }
        let processes = try Self.processes()
        for shim in strays.keys { try end(shim, processes) }
        try removeDeadSockets()
        return strays.values.sorted()
    }

    /// A killed shim leaves its socket, whose name only the shim knows.
    private func removeDeadSockets() throws(SysError) {
        for name in try Files.list(configuration.shimSockets) {
            let path = configuration.shimSockets + "/" + name
            do {
                _ = try UnixSocket.connect(path)
            } catch {
                if error.errno.code == ECONNREFUSED { _ = unsafe unlink(path) }  // most often it is gone then
            }
        }
    }

    /// The id that a process was started with as a shim of this state directory; nil for any other process.
    private func sandbox(ofProcess pid: Int32) throws(SysError) -> String? {
        guard let text = try Self.file("cmdline", of: pid) else { return nil }
        let words = text.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        guard let program = words.first?.split(separator: "/").last, program.hasPrefix("containerd-shim-"),
            Self.value(of: "-address", words) == configuration.address,
            Self.value(of: "-namespace", words) == namespace, words.last != "delete"
        else { return nil }
        return Self.value(of: "-id", words)
    }

    private static func value(of flag: String, _ words: [String]) -> String? {
        guard let at = words.firstIndex(of: flag), at + 1 < words.count else { return nil }
        return words[at + 1]
    }

    private func end(_ shim: Int32, _ processes: [Int32: ProcessFacts]) throws(SysError) {
        // The shim first, so that it starts nothing more.
        var family = [shim]
        var next = 0
        while next < family.count {
            let parent = family[next]
            family += processes.filter { $0.value.parent == parent }.map(\.key)
            next += 1
        }
        var cgroups: Set<String> = []
        for pid in family.dropFirst() { cgroups.formUnion(try Self.cgroups(of: pid)) }
        for pid in family {
            do {
                let process = try ProcessDescriptor(pid: pid)
                // Another process may have got the number since.
                guard try ProcessFacts.of(pid)?.startTime == processes[pid]?.startTime else { continue }
                try process.signal(SIGKILL)
                _ = try process.waitForEnd(milliseconds: 2000)
            } catch  where error.errno == .noProcess {}
        }
        for cgroup in cgroups { try EmptyCgroups.remove(cgroup) }
    }

    private static func pids() throws(SysError) -> [Int32] { try Files.list("/proc").compactMap { Int32($0) } }

    private static func processes() throws(SysError) -> [Int32: ProcessFacts] {
        var found: [Int32: ProcessFacts] = [:]
        for pid in try pids() { found[pid] = try ProcessFacts.of(pid) }
        return found
    }

    /// Where a process is in each hierarchy, cgroups(7): lines like "4:memory:/kubepods/podUID/ID".
    private static func cgroups(of pid: Int32) throws(SysError) -> Set<String> {
        let text = String(decoding: try file("cgroup", of: pid) ?? [], as: UTF8.self)
        return Set(
            text.split(separator: "\n").compactMap { line in
                line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).first
            }.map(String.init)
        )
    }

    /// - Returns: nil if there is no such process any more.
    private static func file(_ name: String, of pid: Int32) throws(SysError) -> [UInt8]? {
        do {
            return try Files.read("/proc/\(pid)/\(name)")
        } catch  where error.errno == .noEntry || error.errno == .noProcess {
            return nil
        }
    }
}
