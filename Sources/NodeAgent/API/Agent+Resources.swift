import EventLog
import Facts
package import KubernetesAPI
import OCI
import RuntimeCore

/// What clients change about containers that run: their limits, and whether they go on.
extension Agent {
    /// Changes the CPU and memory of a pod's containers in place (`pods/NAME/resize`): the log first, then the cgroups.
    ///
    /// A limit that the kernel refuses is a warning event of the pod; its spec keeps what was asked for.
    package func resizePod(
        namespace: String,
        name: String,
        patchType: String?,
        origin: RequestOrigin,
        dryRun: Bool,
        change: @escaping @Sendable (Pod) throws(APIError) -> Pod
    ) async throws(APIError) -> [UInt8] {
        let stored = try await updatePod(
            namespace: namespace,
            name: name,
            patchType: patchType,
            origin: origin,
            dryRun: dryRun,
            validate: PodValidation.validateResize,
            change: change
        )
        if !dryRun { await applyResources(of: try decode(Pod.self, stored)) }
        return stored
    }

    private func applyResources(of pod: Pod) async {
        for status in pod.status.containerStatuses where status.state.running != nil {
            guard let container = pod.spec.containers.first(where: { $0.name == status.name }),
                let running = runningTask(status, of: pod)
            else { continue }
            var resources = ContainerResources.of(container, privileged: false, podPidsLimit: nil)
            // What a container may open does not change with its size.
            resources.devices = nil
            do {
                try await core.updateTask(running.id, sandboxID: running.sandboxID, resources: resources)
            } catch {
                warn(pod, "ResizeError", "error resizing container \(status.name): \(error)")
            }
        }
    }

    /// Holds all containers of a pod where they are, or lets them go on. It is in the log, with who wanted it.
    package func setPaused(
        _ paused: Bool,
        namespace: String,
        name: String,
        origin: RequestOrigin
    ) async throws(APIError) {
        try await requireReady()
        guard let object = store.object(PodStream.reference(namespace: namespace, name: name)) else {
            throw .notFound(resource: "pods", name: name)
        }
        let pod = try decode(Pod.self, object.bytes)
        let running = pod.status.containerStatuses.filter { $0.state.running != nil }
        guard !running.isEmpty else {
            throw APIError(.conflict, "pod \(name) has no running container to \(paused ? "pause" : "resume")")
        }
        for status in running {
            guard let task = runningTask(status, of: pod) else { continue }
            do {
                if paused {
                    try await core.pauseTask(task.id, sandboxID: task.sandboxID)
                } else {
                    try await core.resumeTask(task.id, sandboxID: task.sandboxID)
                }
            } catch {
                throw .internalError("container \(status.name) of pod \(name): \(error)")
            }
        }
        let word = paused ? "Paused" : "Resumed"
        let message = "\(word) \(running.map(\.name).joined(separator: ", ")), as \(origin.actor) asked for"
        tell(pod, PodWarned(reason: word, message: message, isNormal: true))
    }

    private func runningTask(_ status: ContainerStatus, of pod: Pod) -> (id: String, sandboxID: String)? {
        guard let separator = status.containerID.firstRange(of: "://") else { return nil }
        let id = String(status.containerID[separator.upperBound...])
        // The container's bundle says which sandbox it belongs to; one that is gone has none.
        guard let sandbox = core.sandbox(ofTask: id) else { return nil }
        return (id, sandbox)
    }

    private func warn(_ pod: Pod, _ reason: String, _ message: String) {
        tell(pod, PodWarned(reason: reason, message: message))
    }

    /// Writes news into the pod's history.
    func tell(_ pod: Pod, _ news: PodWarned) {
        guard let uid = UID(pod.metadata.uid) else { return }
        table.worker(uid)?.send(.facts([.warned(news)]))
    }
}
