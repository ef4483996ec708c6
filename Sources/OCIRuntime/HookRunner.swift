import Linux
import OCI

/// Runs the hooks of a container (runtime-spec, "POSIX-platform Hooks"), all but those of `startContainer`, which are
/// processes of the container (Container+StartHooks.swift).
struct HookRunner {
    enum Point: String {
        case prestart, createRuntime, createContainer, poststart, poststop
    }

    /// What the hooks read on their standard input.
    let state: ContainerState
    /// The init process, for hooks in its namespaces.
    let target: Int32
    let rootfs: String
    /// What a hook gets that names no variables itself (`env` is absent, not empty).
    var environment = ProcessEnvironment.all

    /// Runs a list in order and stops at the first that fails.
    ///
    /// - Throws: `.system` with the exit status and what the hook wrote.
    func run(_ hooks: [RuntimeSpec.Hook]?, _ point: Point, namespaces: NamespaceFlags = []) throws(RuntimeError) {
        for (index, hook) in (hooks ?? []).enumerated() {
            try run(hook, point, "error running \(point.rawValue) hook #\(index)", namespaces)
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
        try HookExchange.check(hook, step)
        let initPid = Int32(clamping: state.pid ?? 0)
        let exchange = try HookExchange.open(try seen(from: namespaces, step), step)
        let output = exchange.output.descriptor.raw
        var steps: [Step] = [.newSession]
        // With a user namespace the process that gives birth joins it and the pid namespace.
        let userNamespace = namespaces.contains(.user)
        steps += Step.joins(pid: initPid, namespaces)
        if userNamespace { steps.append(.rootIDs(uid: 0, gid: 0)) }
        steps += [
            .rootHere, .stdio(exchange.input.descriptor.raw, output, output, owner: 0), .umask(0o022),
            .workingDirectory(workingDirectory(of: point), lenient: point == .createContainer),
            .findExecutable([hook.path], name: hook.path),
            .closeDescriptors(preserve: 0),
            .execute,
        ]
        let child = try doing(step) { () throws(SysError) in
            var program = try StageProgram(
                steps,
                arguments: hook.arguments,
                environment: hook.env ?? environment,
                target: target
            )
            var birth = StageProgram.Birth(namespaces: [])
            if userNamespace {
                birth.goBetween = try program.goBetween(pid: initPid, namespaces)
            } else if namespaces.contains(.pid) {
                birth.pidNamespace = target
            }
            return try program.spawn(birth)
        }
        do throws(RuntimeError) {
            _ = try Container.follow(child, steps: steps, closesOnSuccess: true)
        } catch {
            child.abandon()
            throw hook.error(error.kind, step, error.cause, errno: error.errno)
        }
        let pid = child.pid
        try exchange.judge(hook, pid: pid, process: child.intoProcess(), step)
    }

    /// As runc has it; the specification is silent. A bundle may be gone when its container is deleted.
    private func workingDirectory(of point: Point) -> String {
        switch point {
        case .createContainer: rootfs
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
}
