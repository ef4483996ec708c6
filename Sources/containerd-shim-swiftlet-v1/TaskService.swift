import Glibc
import JSON
import Linux
import OCI
import TTRPC

/// `containerd.task.v2` and `v3`: the life of containers.
struct TaskService {
    let state: ShimState
    /// Ends the shim after the answer was sent.
    let shutdown: () -> Void

    /// Answers one request; `Wait` may be answered later.
    func handle(_ request: TTRPCRequest, _ reply: TTRPCReply) {
        do throws(TTRPC.Status) {
            switch request.method {
            case "Create": reply.send(try create(try parse(request)))
            case "Start": reply.send(try start(try parse(request)))
            case "State": reply.send(try describe(try parse(request)))
            case "Wait": try wait(try parse(request), reply)
            case "Kill": reply.send(try kill(try parse(request)))
            case "Delete": reply.send(try delete(try parse(request)))
            case "Pids": reply.send(try pids(try parse(request)))
            case "Connect": reply.send(connect(try parse(request)))
            case "Exec": reply.send(try exec(try parse(request)))
            case "ResizePty": reply.send(try resize(try parse(request)))
            case "CloseIO": reply.send(try closeIO(try parse(request)))
            case "Pause": reply.send(try pause(try parse(request)))
            case "Resume": reply.send(try resume(try parse(request)))
            case "Update": reply.send(try update(try parse(request)))
            case "Stats": reply.send(try stats(try parse(request)))
            case "Checkpoint":
                throw TTRPC.Status(.unimplemented, "checkpoint is not supported by io.containerd.swiftlet.v1")
            case "Shutdown":
                let wanted: Shim.ShutdownRequest = try parse(request)
                if state.containers.isEmpty && state.sandbox == nil || wanted.now {
                    finish(reply)
                } else {
                    reply.send(Shim.Empty())
                }
            default:
                throw TTRPC.Status(.unimplemented, "\(request.service)/\(request.method) is not a method of shim v2")
            }
        } catch {
            reply.send(TTRPCResponse(status: error))
        }
    }

    /// Answers when the events before it have arrived, but not much later.
    private func finish(_ reply: TTRPCReply) {
        state.events.whenIdle(within: 1_000_000_000) {
            reply.send(Shim.Empty())
            shutdown()
        }
    }

    // MARK: The life of a container

    private func create(_ request: Shim.CreateTaskRequest) throws(TTRPC.Status) -> Shim.CreateTaskResponse {
        try checkID(request.id)
        guard request.bundle.hasPrefix("/") else {
            throw TTRPC.Status(.invalidArgument, "bundle \"\(request.bundle)\": the path must be absolute")
        }
        guard request.checkpoint.isEmpty else {
            throw TTRPC.Status(.unimplemented, "restoring a checkpoint is not supported by io.containerd.swiftlet.v1")
        }
        guard state.containers[request.id] == nil else {
            throw TTRPC.Status(.alreadyExists, "container \(request.id) already exists in this shim")
        }
        let reference = ContainerReference(id: request.id, bundle: request.bundle)
        let specification = try readSpecification(request.bundle)
        let options = try runcOptions(request.options)
        let engine = Engines.engine(options, seccompCache: state.seccompCache)
        let stdio = StdioRequest(
            stdin: request.stdin,
            stdout: request.stdout,
            stderr: request.stderr,
            terminal: request.terminal
        )
        let rootfs = request.bundle + "/rootfs"
        do {
            try RootfsMount.mount(request.rootfs, on: rootfs)
        } catch {
            throw TTRPC.Status(.internalError, "root file system: \(error)")
        }
        do throws(TTRPC.Status) {
            let io = try ProcessIO(stdio, container: request.id, namespace: state.namespace, loop: state.loop)
            try io.open()
            let first = ContainerProcess(container: request.id, execID: "", io: io)
            let creation = ContainerCreation(
                reference: reference,
                spec: specification,
                stdio: io.childDescriptors,
                options: options
            )
            try adopt(first, bundle: request.bundle, attempt { () throws(TTRPC.Status) in try engine.create(creation) })
            let container = Container(
                reference: reference,
                engine: engine,
                first: first,
                ownsProcesses: specification.linux?.namespaces?.contains { $0.type == .pid && $0.path == nil } ?? false
            )
            state.add(container)
            Engines.remember(options, reference)
            do {
                try Files.replaceUnsynced(request.bundle + "/init.pid", with: Array(String(first.pid).utf8))
            } catch {
                ShimLog.warning("init.pid of \(request.id): \(error)")
            }
            state.events.publish(
                "/tasks/create",
                "TaskCreate",
                Shim.TaskCreate(
                    containerID: request.id,
                    bundle: request.bundle,
                    rootfs: request.rootfs,
                    io: Shim.TaskIO(
                        stdin: request.stdin,
                        stdout: request.stdout,
                        stderr: request.stderr,
                        terminal: request.terminal
                    ),
                    pid: UInt32(first.pid)
                )
            )
            return Shim.CreateTaskResponse(pid: UInt32(first.pid))
        } catch {
            // Whatever the failure left; most often the runtime has removed it already. The first error is the one to tell.
            _ = attempt { () throws(TTRPC.Status) in try engine.delete(reference, force: true) }
            if !request.rootfs.isEmpty { RootfsMount.unmount(rootfs) }
            throw error
        }
    }

    /// Takes over a process that the runtime made, and gives it its terminal.
    private func adopt(
        _ process: ContainerProcess,
        bundle: String,
        _ result: Result<CreatedProcess, TTRPC.Status>
    ) throws(TTRPC.Status) {
        do {
            let created = try result.get()
            process.pid = created.pid
            process.io.started()
            for warning in created.warnings { ShimLog.warning("process \(process.eventID): \(warning)") }
            if process.execID.isEmpty { Warnings.record(created.warnings, bundle: bundle) }
            if let console = created.console { try process.io.attach(console: console) }
        } catch let status as TTRPC.Status {
            process.io.close()
            throw status
        } catch {
            process.io.close()
            throw TTRPC.Status(.internalError, "terminal of \(process.eventID): \(error)")
        }
    }

    private func start(_ request: Shim.StartRequest) throws(TTRPC.Status) -> Shim.StartResponse {
        let container = try state.container(request.id)
        let process = try container.process(request.execID)
        guard !process.isStarted else {
            throw TTRPC.Status(.failedPrecondition, "process \(process.eventID) was started before")
        }
        guard process.end == nil else {
            throw TTRPC.Status(.failedPrecondition, "process \(process.eventID) ended before it was started")
        }
        if let specification = process.specification {
            // Not at Exec: a client that sees its fifo taken before it knows the process cannot tell the end of its input.
            try process.io.open()
            let execution = ContainerExecution(
                reference: container.reference,
                process: specification,
                stdio: process.io.childDescriptors,
                execID: process.execID
            )
            try adopt(
                process,
                bundle: container.reference.bundle,
                attempt { () throws(TTRPC.Status) in try container.engine.exec(execution) }
            )
            state.track(process)
            process.isStarted = true
            state.events.publish(
                "/tasks/exec-started",
                "TaskExecStarted",
                Shim.TaskExecStarted(containerID: request.id, execID: request.execID, pid: UInt32(process.pid))
            )
        } else {
            watchMemory(container)
            try container.engine.start(container.reference)
            process.isStarted = true
            state.events.publish(
                "/tasks/start",
                "TaskStart",
                Shim.TaskStart(containerID: request.id, pid: UInt32(process.pid))
            )
        }
        return Shim.StartResponse(pid: UInt32(process.pid))
    }

    private func watchMemory(_ container: Container) {
        do throws(TTRPC.Status) {
            let id = container.reference.id
            container.memoryWatch = try container.engine.watchMemory(container.reference, on: state.loop) {
                [state, weak container] in
                container?.wasShortOfMemory = true
                state.events.publish("/tasks/oom", "TaskOOM", Shim.TaskOOM(containerID: id))
            }
        } catch {
            ShimLog.warning("out-of-memory events of \(container.reference.id): \(error.message)")
        }
    }

    private func kill(_ request: Shim.KillRequest) throws(TTRPC.Status) -> Shim.Empty {
        let container = try state.container(request.id)
        let process = try container.process(request.execID)
        guard process.end == nil, process.pid > 0 else {
            // Its client wants an end, and not what is left of the output.
            if request.signal == UInt32(SIGKILL), process.end != nil, !process.execID.isEmpty { process.io.giveUp() }
            throw TTRPC.Status(.notFound, "process \(process.eventID) has already finished: not found")
        }
        let signal = Int32(truncatingIfNeeded: request.signal)
        if process.execID.isEmpty {
            try container.engine.kill(container.reference, signal: signal, all: request.all)
        } else if Glibc.kill(process.pid, signal) != 0 {
            // The process is our child and not reaped: its number is still its own.
            throw TTRPC.Status(.unknown, "kill \(process.pid): \(Errno.current)")
        }
        return Shim.Empty()
    }

    private func delete(_ request: Shim.DeleteRequest) throws(TTRPC.Status) -> Shim.DeleteResponse {
        let container = try state.container(request.id)
        let process = try container.process(request.execID)
        if !process.isStarted, process.end == nil { endUnstarted(container, process) }
        guard process.isAnnounced else {
            throw TTRPC.Status(.failedPrecondition, "process \(process.eventID) is still running: kill it first")
        }
        let response = Shim.DeleteResponse(
            pid: UInt32(process.pid),
            exitStatus: process.exitStatus,
            exitedAt: process.exitedAt
        )
        guard process.execID.isEmpty else {
            container.execs[process.execID] = nil
            return response
        }
        try container.engine.delete(container.reference, force: true)
        for exec in container.execs.values {
            exec.io.close()
            state.abandon(exec)
        }
        RootfsMount.unmount(container.reference.bundle + "/rootfs")
        state.remove(container)
        for name in [ExitRecord.fileName, Warnings.fileName, "init.pid"] {
            _ = unsafe unlink(container.reference.bundle + "/" + name)
        }
        state.events.publish(
            "/tasks/delete",
            "TaskDelete",
            Shim.TaskDelete(
                containerID: request.id,
                pid: UInt32(process.pid),
                exitStatus: process.exitStatus,
                exitedAt: process.exitedAt
            )
        )
        return response
    }

    /// A process that was created and never started is deleted without a kill by the client.
    private func endUnstarted(_ container: Container, _ process: ContainerProcess) {
        guard process.pid > 0 else {
            state.abandon(process)
            return
        }
        _ = Glibc.kill(process.pid, SIGKILL)
        let status = Children.reap(process.pid)?.status ?? 137
        state.ended(process, status)
    }

    // MARK: Questions

    private func describe(_ request: Shim.StateRequest) throws(TTRPC.Status) -> Shim.StateResponse {
        let container = try state.container(request.id)
        let process = try container.process(request.execID)
        let stdio = process.io.request
        return Shim.StateResponse(
            id: request.execID.isEmpty ? request.id : request.execID,
            bundle: container.reference.bundle,
            pid: UInt32(process.pid),
            status: process.status(isPaused: container.isPaused),
            stdin: stdio.stdin,
            stdout: stdio.stdout,
            stderr: stdio.stderr,
            terminal: stdio.terminal,
            exitStatus: process.exitStatus,
            exitedAt: process.exitedAt,
            execID: request.execID
        )
    }

    private func wait(_ request: Shim.WaitRequest, _ reply: TTRPCReply) throws(TTRPC.Status) {
        let process = try state.container(request.id).process(request.execID)
        guard process.isAnnounced else {
            // An agent that comes back again and again must not leave its old calls here.
            process.waiters.removeAll { !$0.isConnected }
            process.waiters.append(reply)
            return
        }
        reply.send(Shim.WaitResponse(exitStatus: process.exitStatus, exitedAt: process.exitedAt))
    }

    private func pids(_ request: Shim.PidsRequest) throws(TTRPC.Status) -> Shim.PidsResponse {
        let container = try state.container(request.id)
        let execs = Dictionary(container.execs.values.map { ($0.pid, $0.execID) }) { first, _ in first }
        let processes = try container.engine.processes(container.reference).map { pid in
            Shim.ProcessInfo(
                pid: UInt32(pid),
                info: execs[pid].map {
                    Shim.AnyMessage("containerd.runc.v1.ProcessDetails", Shim.ProcessDetails(execID: $0))
                }
            )
        }
        return Shim.PidsResponse(processes: processes)
    }

    private func connect(_ request: Shim.ConnectRequest) -> Shim.ConnectResponse {
        Shim.ConnectResponse(
            shimPID: UInt32(getpid()),
            taskPID: UInt32(state.containers[request.id]?.first.pid ?? 0),
            version: ShimVersion.number
        )
    }
}
