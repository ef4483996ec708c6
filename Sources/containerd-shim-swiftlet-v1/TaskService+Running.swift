import Glibc
import JSON
import Linux
import OCI
import TTRPC

/// What can be done with a container that runs.
extension TaskService {
    func exec(_ request: Shim.ExecProcessRequest) throws(TTRPC.Status) -> Shim.Empty {
        let container = try state.container(request.id)
        try checkID(request.execID)
        guard container.execs[request.execID] == nil else {
            throw TTRPC.Status(.alreadyExists, "exec \(request.execID) already exists in container \(request.id)")
        }
        guard container.first.end == nil, container.first.isStarted else {
            throw TTRPC.Status(.failedPrecondition, "container \(request.id) is not running")
        }
        guard let bytes = request.spec?.value else {
            throw TTRPC.Status(.invalidArgument, "exec \(request.execID): the process to run is missing")
        }
        let specification: RuntimeSpec.Process
        do {
            specification = try JSONCoding.decode(RuntimeSpec.Process.self, from: bytes)
        } catch {
            throw TTRPC.Status(.invalidArgument, "exec \(request.execID): \(error)")
        }
        let stdio = StdioRequest(
            stdin: request.stdin,
            stdout: request.stdout,
            stderr: request.stderr,
            terminal: request.terminal
        )
        let io = try ProcessIO(
            stdio,
            container: request.id,
            namespace: state.namespace,
            loop: state.loop,
            isExec: true
        )
        let process = ContainerProcess(container: request.id, execID: request.execID, io: io)
        process.specification = specification
        container.execs[request.execID] = process
        state.events.publish(
            "/tasks/exec-added",
            "TaskExecAdded",
            Shim.TaskExecAdded(containerID: request.id, execID: request.execID)
        )
        return Shim.Empty()
    }

    func resize(_ request: Shim.ResizePtyRequest) throws(TTRPC.Status) -> Shim.Empty {
        let process = try state.container(request.id).process(request.execID)
        do {
            try process.io.resize(
                width: UInt16(clamping: request.width),
                height: UInt16(clamping: request.height)
            )
        } catch {
            throw TTRPC.Status(.unknown, "\(error)")
        }
        return Shim.Empty()
    }

    func closeIO(_ request: Shim.CloseIORequest) throws(TTRPC.Status) -> Shim.Empty {
        let process = try state.container(request.id).process(request.execID)
        if request.stdin { process.io.closeInput() }
        return Shim.Empty()
    }

    func pause(_ request: Shim.PauseRequest) throws(TTRPC.Status) -> Shim.Empty {
        let container = try state.container(request.id)
        try container.engine.pause(container.reference)
        container.isPaused = true
        state.events.publish("/tasks/paused", "TaskPaused", Shim.TaskPaused(containerID: request.id))
        return Shim.Empty()
    }

    func resume(_ request: Shim.ResumeRequest) throws(TTRPC.Status) -> Shim.Empty {
        let container = try state.container(request.id)
        try container.engine.resume(container.reference)
        container.isPaused = false
        state.events.publish("/tasks/resumed", "TaskResumed", Shim.TaskResumed(containerID: request.id))
        return Shim.Empty()
    }

    func update(_ request: Shim.UpdateTaskRequest) throws(TTRPC.Status) -> Shim.Empty {
        let container = try state.container(request.id)
        guard let resources = request.resources?.value else {
            throw TTRPC.Status(.invalidArgument, "update of \(request.id): the resources are missing")
        }
        try container.engine.update(container.reference, resources: resources)
        return Shim.Empty()
    }

    func stats(_ request: Shim.StatsRequest) throws(TTRPC.Status) -> Shim.StatsResponse {
        let container = try state.container(request.id)
        return Shim.StatsResponse(stats: try container.engine.statistics(container.reference))
    }
}
