import Glibc
import JSON
import Linux
import OCI
import OCIRuntime
import TTRPC

/// Our own runtime, in this process.
struct BuiltInEngine: ContainerEngine {
    /// Where compiled seccomp filters are kept for all shims; nil keeps them with the container.
    let seccompCache: String?

    func create(_ creation: ContainerCreation) throws(TTRPC.Status) -> CreatedProcess {
        let reference = creation.reference
        var options = CreateOptions(id: reference.id, bundle: reference.bundle, stdio: Self.stdio(creation.stdio))
        options.noPivot = creation.options.noPivotRoot
        options.noNewKeyring = creation.options.noNewKeyring
        var specification = creation.spec
        specification.process?.terminal = creation.stdio == nil
        do throws(RuntimeError) {
            var created = try OCIRuntime.Container.create(specification, options: options, root: root(reference))
            var console: Handle?
            if let master = created.console.take() { console = Handle(master) }
            return CreatedProcess(pid: created.pid, console: console, warnings: created.warnings)
        } catch {
            throw Self.status(error)
        }
    }

    func start(_ container: ContainerReference) throws(TTRPC.Status) {
        do throws(RuntimeError) { try load(container).start() } catch { throw Self.status(error) }
    }

    func kill(_ container: ContainerReference, signal: Int32, all: Bool) throws(TTRPC.Status) {
        do throws(RuntimeError) {
            try load(container).kill(signal: signal, all: all)
        } catch {
            // A container without processes is what containerd calls a process that is not found.
            if error.kind == .wrongState { throw TTRPC.Status(.notFound, "\(error): process not found") }
            throw Self.status(error)
        }
    }

    func delete(_ container: ContainerReference, force: Bool) throws(TTRPC.Status) {
        do throws(RuntimeError) {
            try OCIRuntime.Container.delete(id: container.id, force: force, root: root(container))
        } catch {
            throw Self.status(error)
        }
    }

    func processes(_ container: ContainerReference) throws(TTRPC.Status) -> [Int32] {
        do throws(RuntimeError) { return try load(container).processes() } catch { throw Self.status(error) }
    }

    func pause(_ container: ContainerReference) throws(TTRPC.Status) {
        do throws(RuntimeError) { try load(container).pause() } catch { throw Self.status(error) }
    }

    func resume(_ container: ContainerReference) throws(TTRPC.Status) {
        do throws(RuntimeError) { try load(container).resume() } catch { throw Self.status(error) }
    }

    func exec(_ execution: ContainerExecution) throws(TTRPC.Status) -> CreatedProcess {
        var process = execution.process
        process.terminal = execution.stdio == nil
        do throws(RuntimeError) {
            let options = ExecOptions(stdio: Self.stdio(execution.stdio))
            var executed = try load(execution.reference).exec(process, options: options)
            var console: Handle?
            if let master = executed.console.take() { console = Handle(master) }
            return CreatedProcess(pid: executed.pid, console: console, warnings: executed.warnings)
        } catch {
            throw Self.status(error)
        }
    }

    func update(_ container: ContainerReference, resources: [UInt8]) throws(TTRPC.Status) {
        let wanted: RuntimeSpec.Resources
        do {
            wanted = try JSONCoding.decode(RuntimeSpec.Resources.self, from: resources)
        } catch {
            throw TTRPC.Status(.invalidArgument, "resources: \(error)")
        }
        do throws(RuntimeError) {
            try load(container).update(wanted) { ShimLog.warning("update of \(container.id): \($0)") }
        } catch {
            throw Self.status(error)
        }
    }

    func statistics(_ container: ContainerReference) throws(TTRPC.Status) -> Shim.AnyMessage {
        do throws(RuntimeError) {
            return Statistics.read(try load(container).cgroup.layout)
        } catch {
            throw Self.status(error)
        }
    }

    func watchMemory(
        _ container: ContainerReference,
        on loop: EventLoop,
        onKill: @escaping () -> Void
    ) throws(TTRPC.Status) -> MemoryWatch? {
        do {
            switch try load(container).oomSource {
            case .eventControl(let directory):
                return try MemoryWatch(try OutOfMemoryEvents(eventControlOf: directory), on: loop, onKill: onKill)
            case .memoryEvents(let file):
                return try MemoryWatch(try OutOfMemoryEvents(memoryEvents: file), on: loop, onKill: onKill)
            case nil: return nil
            }
        } catch {
            throw TTRPC.Status(.internalError, "\(error)")
        }
    }

    private func root(_ container: ContainerReference) -> RuntimeRoot {
        RuntimeRoot(path: container.stateRoot, seccompCache: seccompCache)
    }

    private func load(_ container: ContainerReference) throws(RuntimeError) -> OCIRuntime.Container {
        try OCIRuntime.Container.load(id: container.id, root: root(container))
    }

    private static func stdio(_ numbers: (Int32, Int32, Int32)?) -> Stdio {
        numbers.map { .descriptors(input: $0.0, output: $0.1, errors: $0.2) } ?? .console
    }

    private static func status(_ error: RuntimeError) -> TTRPC.Status {
        let code: TTRPC.Code =
            switch error.kind {
            case .invalid: .invalidArgument
            case .notFound: .notFound
            case .exists: .alreadyExists
            case .wrongState: .failedPrecondition
            case .unsupported: .unimplemented
            case .refused, .system: .unknown
            }
        return TTRPC.Status(code, error.description)
    }
}

/// Tells of processes that the kernel killed for want of memory, while it lives.
final class MemoryWatch {
    private var events: OutOfMemoryEvents
    private let loop: EventLoop
    private let onKill: () -> Void

    init(_ events: consuming OutOfMemoryEvents, on loop: EventLoop, onKill: @escaping () -> Void) throws(SysError) {
        self.events = events
        self.loop = loop
        self.onKill = onKill
        try loop.add(self.events.raw, self.events.interest) { [weak self] _ in self?.check() }
    }

    deinit { loop.remove(events.raw) }

    /// Looks now; for the end of a container, whose last event may not have been seen yet.
    func check() { if events.hasKilled() { onKill() } }
}
