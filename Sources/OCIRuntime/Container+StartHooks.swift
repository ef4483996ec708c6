import JSON
import Linux
package import OCI

extension Container {
    /// The configuration as it was at `create`: kept only if it is needed later and the bundle may not have it then.
    static let keptConfiguration = "config.json"

    /// Keeps the configuration if it is not the bundle's, or if `start` will need it: by then that may have changed.
    static func keep(_ spec: RuntimeSpec, _ options: CreateOptions, in directory: String) throws(RuntimeError) {
        guard options.isForeignConfiguration || spec.hooks?.startContainer?.isEmpty == false else { return }
        let bytes: [UInt8]
        do {
            bytes = try JSONCoding.encode(spec)
        } catch {
            throw RuntimeError(.system, step: "keep the configuration", cause: "\(error)")
        }
        try doing("keep the configuration") { () throws(SysError) in
            try Files.replaceUnsynced("\(directory)/\(keptConfiguration)", with: bytes)
        }
    }

    /// Hooks that run right before the container's program; a failing one ends the container.
    ///
    /// Their programs are the image's, so they get what the container's own program gets and no more: its user,
    /// capabilities, filter, cgroups, working directory, and its environment if they name none.
    func runStartHooks() throws(RuntimeError) {
        guard let hooks = stored.hooks?.startContainer, !hooks.isEmpty, let process = try process() else { return }
        do throws(RuntimeError) {
            let spec = try keptSpec()
            let namespaces = try differingNamespaces()
            var state = stored.described(.created, pid: pid)
            if namespaces.contains(.pid) {
                state.pid = try doing("start") { () throws(SysError) in
                    try ProcessFacts.numberInOwnNamespace(pid).map { Int($0) }
                }
            }
            for (index, hook) in hooks.enumerated() {
                try run(hook, spec, state, "error running startContainer hook #\(index)")
            }
        } catch {
            // It ends by itself at the latest; the hook's failure is what must be told.
            try? process.signal(9)
            throw error
        }
    }

    private func run(
        _ hook: RuntimeSpec.Hook,
        _ spec: RuntimeSpec,
        _ state: ContainerState,
        _ step: String
    ) throws(RuntimeError) {
        try HookExchange.check(hook, step)
        let exchange = try HookExchange.open(state, step)
        let output = exchange.output.descriptor.raw
        var process = spec.process ?? RuntimeSpec.Process(args: nil, cwd: "/")
        process.args = hook.arguments
        process.terminal = false
        process.env = hook.env ?? environment(of: process)
        let stdio = Stdio.descriptors(input: exchange.input.descriptor.raw, output: output, errors: output)
        let started: ExecutedProcess
        do {
            started = try execute(process, of: spec, program: hook.path, options: ExecOptions(stdio: stdio))
        } catch {
            throw hook.error(error.kind, step, error.cause, errno: error.errno)
        }
        let pid = started.pid
        try exchange.judge(hook, pid: pid, process: started.intoProcess(), step)
    }

    /// The environment of a process, with HOME as it will have it.
    func environment(of process: RuntimeSpec.Process) -> [String] {
        HomeDirectory.complete(process.env ?? [], uid: process.user?.uid ?? 0, root: "/proc/\(pid)/root")
    }

    /// The configuration that the container was made from: what was kept of it, or the bundle's.
    package func configuration() throws(RuntimeError) -> RuntimeSpec {
        if Files.exists("\(directory)/\(Self.keptConfiguration)") { return try keptSpec() }
        return try Bundle.load(bundle).spec
    }

    private func keptSpec() throws(RuntimeError) -> RuntimeSpec {
        let path = "\(directory)/\(Self.keptConfiguration)"
        let bytes = try doing("read the kept configuration") { () throws(SysError) in try Files.read(path) }
        do {
            return try JSONCoding.decode(RuntimeSpec.self, from: bytes)
        } catch {
            throw RuntimeError(.system, step: "read the kept configuration", subject: path, cause: "\(error)")
        }
    }
}
