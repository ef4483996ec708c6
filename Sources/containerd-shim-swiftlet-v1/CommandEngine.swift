import Glibc
import JSON
import Linux
import OCI
import TTRPC

/// Drives an OCI runtime through its command line (runc's): what containerd's option BinaryName asks for.
struct CommandEngine: ContainerEngine {
    let program: String

    func create(_ creation: ContainerCreation) throws(TTRPC.Status) -> CreatedProcess {
        guard let stdio = creation.stdio else {
            throw TTRPC.Status(.unimplemented, "a terminal needs the built-in runtime; unset the option BinaryName")
        }
        let reference = creation.reference
        let pidFile = reference.bundle + "/init.pid"
        var arguments = ["create", "--bundle", reference.bundle, "--pid-file", pidFile]
        if creation.options.noPivotRoot { arguments.append("--no-pivot") }
        if creation.options.noNewKeyring { arguments.append("--no-new-keyring") }
        try run(reference, arguments + [reference.id], stdio: stdio)
        do {
            guard let pid = Int32(try Files.readText(pidFile)) else {
                throw TTRPC.Status(.internalError, "\(program) wrote no number into \(pidFile)")
            }
            return CreatedProcess(pid: pid, console: nil, warnings: [])
        } catch let failure as TTRPC.Status {
            throw failure
        } catch {
            throw TTRPC.Status(.internalError, "\(error)")
        }
    }

    func start(_ container: ContainerReference) throws(TTRPC.Status) {
        try run(container, ["start", container.id])
    }

    func kill(_ container: ContainerReference, signal: Int32, all: Bool) throws(TTRPC.Status) {
        try run(container, ["kill"] + (all ? ["--all"] : []) + [container.id, String(signal)])
    }

    func delete(_ container: ContainerReference, force: Bool) throws(TTRPC.Status) {
        try run(container, ["delete"] + (force ? ["--force"] : []) + [container.id])
    }

    func processes(_ container: ContainerReference) throws(TTRPC.Status) -> [Int32] {
        let output = try run(container, ["ps", "--format", "json", container.id])
        // Runtimes print a plain array of numbers; anything else says that there is none.
        return ((try? JSONValue(parsing: output))?.arrayValue ?? []).compactMap {
            $0.int64Value.map(Int32.init(truncatingIfNeeded:))
        }
    }

    func pause(_ container: ContainerReference) throws(TTRPC.Status) { try run(container, ["pause", container.id]) }
    func resume(_ container: ContainerReference) throws(TTRPC.Status) { try run(container, ["resume", container.id]) }

    func exec(_ execution: ContainerExecution) throws(TTRPC.Status) -> CreatedProcess { throw unsupported("exec") }

    func update(_ container: ContainerReference, resources: [UInt8]) throws(TTRPC.Status) {
        throw unsupported("update")
    }

    func statistics(_ container: ContainerReference) throws(TTRPC.Status) -> Shim.AnyMessage {
        throw unsupported("stats")
    }

    func watchMemory(
        _ container: ContainerReference,
        on loop: EventLoop,
        onKill: @escaping () -> Void
    ) throws(TTRPC.Status) -> MemoryWatch? { nil }

    private func unsupported(_ what: String) -> TTRPC.Status {
        TTRPC.Status(.unimplemented, "\(what) needs the built-in runtime; unset the option BinaryName")
    }

    @discardableResult
    private func run(
        _ container: ContainerReference,
        _ arguments: [String],
        stdio: (Int32, Int32, Int32)? = nil
    ) throws(TTRPC.Status) -> [UInt8] {
        let log = container.bundle + "/log.json"
        let command = [program, "--root", container.stateRoot, "--log", log, "--log-format", "json"] + arguments
        do {
            let output = try Pipe()
            let null = try Descriptor.open("/dev/null", O_RDWR)
            let pid = try Children.start(
                command,
                environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                descriptors: [
                    0: stdio?.0 ?? null.raw, 1: stdio?.1 ?? output.writeNumber, 2: stdio?.2 ?? null.raw,
                ]
            )
            output.closeWriteEnd()
            let bytes = stdio == nil ? try Files.readAll(output.readEnd.raw, subject: program) : []
            let status = Children.reap(pid)?.status ?? 0
            guard status == 0 else {
                throw TTRPC.Status(
                    .unknown,
                    "\(program) \(arguments[0]): \(Self.lastMessage(log)) (exit code \(status))"
                )
            }
            return bytes
        } catch let failure as TTRPC.Status {
            throw failure
        } catch {
            throw TTRPC.Status(.internalError, "\(program) \(arguments[0]): \(error)")
        }
    }

    /// The last line that the runtime logged, which is the reason of its failure.
    private static func lastMessage(_ log: String) -> String {
        // No log is no reason; the exit code is said in any case.
        guard let bytes = try? Files.read(log), let line = bytes.split(separator: UInt8(ascii: "\n")).last,
            let value = try? JSONValue(parsing: line)
        else { return "failed" }
        return value["msg"]?.stringValue ?? "failed"
    }
}
