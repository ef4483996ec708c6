import JSON
import OCI
import TTRPC

/// What can be done with a task that runs.
extension TaskService {
    /// Holds all processes of a container where they are. One that is paused already is fine.
    func pause(_ id: String, sandboxID: String) async throws {
        let shim = try await shim(of: id, sandboxID: sandboxID)
        if try await state(id, sandboxID: sandboxID).status == .paused { return }
        let _: Shim.Empty = try await shim.call(shim.taskService, "Pause", Shim.PauseRequest(id: id))
    }

    /// Lets the processes of a paused container go on. One that runs is fine.
    func resume(_ id: String, sandboxID: String) async throws {
        let shim = try await shim(of: id, sandboxID: sandboxID)
        if try await state(id, sandboxID: sandboxID).status == .running { return }
        let _: Shim.Empty = try await shim.call(shim.taskService, "Resume", Shim.ResumeRequest(id: id))
    }

    /// Changes the limits of a running container; what is not named stays.
    func update(_ id: String, sandboxID: String, resources: RuntimeSpec.Resources) async throws {
        let shim = try await shim(of: id, sandboxID: sandboxID)
        let request = Shim.UpdateTaskRequest(
            id: id,
            resources: Shim.AnyMessage(
                typeURL: "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources",
                value: try JSONCoding.encode(resources)
            )
        )
        let _: Shim.Empty = try await shim.call(shim.taskService, "Update", request)
    }
}
