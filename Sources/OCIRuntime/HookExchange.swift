import JSON
import Linux
import OCI

/// What one hook reads and writes: the state on its standard input, its output for the error that it may become.
///
/// Files in memory instead of pipes: neither side can block on the other.
struct HookExchange: ~Copyable {
    let input: MemoryFile
    let output: MemoryFile

    static func open(_ state: ContainerState, _ step: String) throws(RuntimeError) -> HookExchange {
        let text: [UInt8]
        do {
            text = try JSONCoding.encode(state)
        } catch {
            throw RuntimeError(.system, step: step, cause: "\(error)")
        }
        return try doing(step) { () throws(SysError) in
            HookExchange(input: try MemoryFile.holding(text, name: "hook"), output: try MemoryFile(name: "hook"))
        }
    }

    /// Refuses what the specification forbids.
    static func check(_ hook: RuntimeSpec.Hook, _ step: String) throws(RuntimeError) {
        guard hook.path.hasPrefix("/") else {
            throw hook.error(.invalid, step, "the path is not absolute")
        }
        if let timeout = hook.timeout, timeout <= 0 {
            throw hook.error(.invalid, step, "its timeout \(timeout) is not above zero")
        }
    }

    /// Waits for the hook's end, or kills it when its time is over.
    ///
    /// - Throws: `.system` with the exit status and what it wrote, unless it ended with 0.
    borrowing func judge(
        _ hook: RuntimeSpec.Hook,
        pid: Int32,
        process: consuming ProcessDescriptor,
        _ step: String
    ) throws(RuntimeError) {
        let milliseconds = hook.timeout.map { Int32(clamping: $0.multipliedReportingOverflow(by: 1000).partialValue) }
        let ended = try doing(step) { () throws(SysError) in
            let ended = try process.waitForEnd(milliseconds: milliseconds ?? -1)
            if !ended { try process.signal(9) }
            return ended
        }
        let code = try doing(step) { () throws(SysError) in try Child.wait(pid) }
        guard ended else { throw hook.error(.system, step, "it did not end within \(hook.timeout ?? 0) s") }
        guard code != 0 else { return }
        let written = (try? output.content()) ?? []  // only to explain the failure
        let words = String(decoding: written.prefix(512), as: UTF8.self)
        // 128 and more is a signal's doing, if the hook did not choose the number itself.
        let signal = code > 128 ? SignalName.text(code - 128).map { " (\($0))" } ?? "" : ""
        throw hook.error(.system, step, "exit status \(code)\(signal)" + (words.isEmpty ? "" : ": \(words)"))
    }
}

extension RuntimeSpec.Hook {
    /// With `argv[0]`.
    var arguments: [String] { args.flatMap { $0.isEmpty ? nil : $0 } ?? [path] }

    /// Callers look for "error running createRuntime hook #1:", so the path comes after the colon.
    func error(_ kind: RuntimeError.Kind, _ step: String, _ cause: String, errno: Errno? = nil) -> RuntimeError {
        RuntimeError(kind, step: step, cause: "\(OneLine.shortened(path)): \(cause)", errno: errno)
    }
}
