import JSON
import Linux
import OCI

/// Runs the hooks of a container (runtime-spec, "POSIX-platform Hooks").
struct HookRunner {
    enum Point: String {
        case prestart, createRuntime, createContainer, startContainer, poststart, poststop

        /// Hooks that run inside the container's namespaces.
        var isInside: Bool { self == .createContainer || self == .startContainer }
    }

    /// What the hooks read on their standard input.
    let state: ContainerState
    /// The init process, for hooks inside its namespaces.
    let target: Int32
    let rootfs: String

    /// Runs a list in order and stops at the first that fails.
    ///
    /// - Throws: `.system` with the exit status and what the hook wrote.
    func run(_ hooks: [RuntimeSpec.Hook]?, _ point: Point, namespaces: NamespaceFlags = []) throws(RuntimeError) {
        for (index, hook) in (hooks ?? []).enumerated() {
            try run(hook, point, "error running \(point.rawValue) hook #\(index)", point.isInside ? namespaces : [])
        }
    }

    /// Runs a list whose failures do not stop the container's life, and says what failed.
    func runAll(_ hooks: [RuntimeSpec.Hook]?, _ point: Point, warn: (String) -> Void) {
        for (index, hook) in (hooks ?? []).enumerated() {
            do throws(RuntimeError) {
                try run(hook, point, "error running \(point.rawValue) hook #\(index)", [])
            } catch {
                warn(error.description)
            }
        }
    }

    private func run(
        _ hook: RuntimeSpec.Hook,
        _ point: Point,
        _ step: String,
        _ namespaces: NamespaceFlags
    ) throws(RuntimeError) {
        guard hook.path.hasPrefix("/") else {
            throw RuntimeError(.invalid, step: step, subject: hook.path, cause: "the path is not absolute")
        }
        if let timeout = hook.timeout, timeout <= 0 {
            throw RuntimeError(
                .invalid,
                step: step,
                subject: hook.path,
                cause: "its timeout \(timeout) is not above zero"
            )
        }
        let initPid = Int32(clamping: state.pid ?? 0)
        let text: [UInt8]
        do {
            text = try JSONCoding.encode(try seen(from: namespaces, step))
        } catch let error as RuntimeError {
            throw error
        } catch {
            throw RuntimeError(.system, step: step, cause: "\(error)")
        }
        let arguments = hook.args.flatMap { $0.isEmpty ? nil : $0 } ?? [hook.path]
        // Files in memory instead of pipes: neither side can block on the other.
        let input = try doing(step) { () throws(SysError) in try MemoryFile.holding(text, name: "hook") }
        let output = try doing(step) { () throws(SysError) in try MemoryFile(name: "hook") }
        let number = output.descriptor.raw
        var steps: [Step] = [.newSession]
        // With a user namespace the process that gives birth joins it and the pid namespace.
        let userNamespace = namespaces.contains(.user)
        steps += Step.joins(pid: initPid, namespaces)
        if userNamespace { steps.append(.rootIDs(uid: 0, gid: 0)) }
        steps += point == .startContainer ? Step.containerRoot(pid: initPid, namespaces) : [.rootHere]
        steps += [
            .stdio(input.descriptor.raw, number, number, owner: 0), .umask(0o022),
            .workingDirectory(workingDirectory(of: point), lenient: point.isInside),
            .findExecutable([hook.path], name: hook.path),
            .closeDescriptors(preserve: 0),
            .execute,
        ]
        let child = try doing(step) { () throws(SysError) in
            var program = try StageProgram(steps, arguments: arguments, environment: hook.env ?? [], target: target)
            var birth = StageProgram.Birth(namespaces: [])
            if userNamespace {
                birth.goBetween = try program.goBetween(pid: initPid, namespaces)
            } else if namespaces.contains(.pid) {
                birth.pidNamespace = target
            }
            return try program.spawn(birth)
        }
        let code = try end(of: child, steps: steps, timeout: hook.timeout, step: step, path: hook.path)
        guard code != 0 else { return }
        let written = (try? output.content()) ?? []  // only to explain the failure
        let words = String(decoding: written.prefix(512), as: UTF8.self)
        throw RuntimeError(
            .system,
            step: step,
            subject: hook.path,
            cause: "exit status \(code)" + (words.isEmpty ? "" : ": \(words)")
        )
    }

    /// As runc has it; the specification is silent. A bundle may be gone when its container is deleted.
    private func workingDirectory(of point: Point) -> String {
        switch point {
        case .createContainer: rootfs
        case .startContainer: "/"
        case .prestart, .createRuntime, .poststart, .poststop: Files.isDirectory(state.bundle) ? state.bundle : "/"
        }
    }

    /// The state with the pid that a hook in these namespaces finds the container's process by (runtime.md, "State").
    private func seen(from namespaces: NamespaceFlags, _ step: String) throws(RuntimeError) -> ContainerState {
        guard let pid = state.pid, namespaces.contains(.pid) else { return state }
        var inside = state
        inside.pid = try doing(step) { () throws(SysError) in
            try ProcessFacts.numberInOwnNamespace(Int32(clamping: pid)).map { Int($0) }
        }
        return inside
    }

    private func end(
        of child: consuming StagedChild,
        steps: [Step],
        timeout: Int?,
        step: String,
        path: String
    ) throws(RuntimeError) -> Int32 {
        do throws(RuntimeError) {
            _ = try Container.follow(child, steps: steps, closesOnSuccess: true)
            let milliseconds = timeout.map {
                $0 > 0 ? Int32(clamping: $0.multipliedReportingOverflow(by: 1000).partialValue) : -1
            }
            let ended = try doing(step) { () throws(SysError) in
                try child.process.waitForEnd(milliseconds: milliseconds ?? -1)
            }
            if !ended {
                throw RuntimeError(.system, step: step, subject: path, cause: "it did not end within \(timeout ?? 0) s")
            }
        } catch {
            child.abandon()
            throw RuntimeError(error.kind, step: step, subject: path, cause: error.cause, errno: error.errno)
        }
        let pid = child.pid
        return try doing(step) { () throws(SysError) in try Child.wait(pid) }
    }
}
