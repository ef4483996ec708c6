import Facts
import Glibc
import KubernetesAPI
import OCI
import Reconciler
import RuntimeCore

/// Performs the reconciler's actions for pods: the one place where deciding becomes doing.
///
/// Every action may be performed twice. What went wrong becomes a fact; nothing is thrown.
struct ActionExecutor: Sendable {
    let core: RuntimeCore
    let assembly: ContainerAssembly
    let directories: PodDirectories
    let clock: @Sendable () -> Microseconds
    /// Tells that a started container has to be watched for its end.
    typealias Watch =
        @Sendable (
            _ pod: Pod, _ container: ContainerRef, _ containerID: String, _ attempt: Int, _ sandboxID: String
        ) -> Void
    let watch: Watch
    let pulling: ImagePulling

    /// - Returns: The facts it brings, in order. Empty means: not done, decide again later.
    func perform(_ action: Action, _ record: PodRecord) async -> [PodFact] {
        switch action {
        case .record(let fact): [fact] + ImagePulling.news(with: fact)
        case .pullImage(let container, let image, let policy):
            await pulling.perform(container, image, policy, record.pod)
        case .createSandbox(let id, let attempt): await createSandbox(id, attempt, record.pod)
        case .startContainer(let container, let id, let attempt): await start(container, id, attempt, record)
        case .signalContainer(let kill): await signal(kill, record)
        case .removeContainer(let container, let id, let attempt): await remove(container, id, attempt, record)
        case .removeSandbox(let id): await removeSandbox(id, record.pod)
        case .removePod: await removePod(record.pod)
        }
    }

    private func createSandbox(_ id: String, _ attempt: Int, _ pod: Pod) async -> [PodFact] {
        do {
            _ = try assembly.runtime(of: pod)
            let handle = try await core.createSandbox(assembly.sandbox(id: id, pod: pod))
            return [
                .sandboxCreated(
                    SandboxCreated(
                        sandboxID: id,
                        attempt: attempt,
                        shimPID: handle.shimPID,
                        podIPs: pod.spec.hostNetwork ? assembly.hostIPs : handle.podIPs,
                        createdAt: clock(),
                        note: handle.limitation
                    )
                )
            ] + Self.limitations(handle.warnings, of: "the pod")
        } catch {
            return [
                .sandboxFailed(
                    SandboxFailed(
                        sandboxID: id,
                        attempt: attempt,
                        reason: "CreatePodSandboxError",
                        message: error is RuntimeClassError ? "\(error)" : "failed to create sandbox: \(error)",
                        failedAt: clock()
                    )
                )
            ]
        }
    }

    private func start(_ container: ContainerRef, _ id: String, _ attempt: Int, _ record: PodRecord) async -> [PodFact]
    {
        guard let sandboxID = record.runtime.sandbox.id else { return [] }
        let failed = { (reason: String, message: String) -> [PodFact] in
            [
                .containerStartFailed(
                    ContainerStartFailed(
                        container: container,
                        containerID: id,
                        attempt: attempt,
                        reason: reason,
                        message: message,
                        failedAt: clock()
                    )
                )
            ]
        }
        let prepared: ContainerAssembly.Prepared
        do {
            prepared = try await assembly.prepare(
                container,
                containerID: id,
                attempt: attempt,
                sandboxID: sandboxID,
                record: record
            )
        } catch let error as VolumeSetupError {
            return failed(ContainerStartFailed.failedMount, error.description)
        } catch let error as ContainerConfigError {
            return failed("CreateContainerConfigError", error.description)
        } catch {
            return failed("CreateContainerError", "\(error)")
        }
        let task: CreatedTask
        do {
            task = try await core.createTask(prepared.request)
        } catch {
            // Whatever came in the way, the attempt counts as used: from here on something may have been made.
            return failed("RunContainerError", "failed to create containerd task: \(error)")
        }
        let created = PodFact.containerCreated(
            ContainerCreated(
                container: container,
                containerID: id,
                attempt: attempt,
                image: prepared.imageName,
                imageID: prepared.request.image.record.repositoryDigest,
                stopSignal: prepared.request.image.config.config?.stopSignal
            )
        )
        do {
            try await core.startTask(id, sandboxID: sandboxID)
        } catch {
            // A program that cannot be run is an attempt that ended; the half-made task is removed by the next decision.
            return [created] + failed("StartError", "failed to start container \"\(id)\": \(error)")
        }
        watch(record.pod, container, id, attempt, sandboxID)
        return [
            created,
            .containerStarted(
                ContainerStarted(
                    container: container,
                    containerID: id,
                    attempt: attempt,
                    pid: task.pid,
                    startedAt: clock()
                )
            ),
        ] + Self.limitations(task.warnings, of: "container \(container.name)")
    }

    /// What the machine did not allow becomes one warning of the pod: the container runs without it.
    private static func limitations(_ warnings: [String], of subject: String) -> [PodFact] {
        guard !warnings.isEmpty else { return [] }
        let message = "\(subject) runs with less than it asked for: "
        return [.warned(PodWarned(reason: "LimitedByNode", message: message + warnings.joined(separator: "; ")))]
    }

    private func signal(_ kill: ContainerKillRequested, _ record: PodRecord) async -> [PodFact] {
        guard let sandboxID = record.runtime.sandbox.id else { return [.containerKillRequested(kill)] }
        do {
            if try await core.taskState(kill.containerID, sandboxID: sandboxID).status == .unknown {
                return [.containerKillRequested(kill), .containerExited(vanished(kill))]
            }
            try await core.signalTask(
                kill.containerID,
                sandboxID: sandboxID,
                signal: kill.signal,
                all: kill.signal == SIGKILL
            )
        } catch {
            // The shim is gone: the loss of the sandbox is a fact of its own and ends the container.
            return [
                .containerKillRequested(kill),
                .warned(PodWarned(reason: "FailedKillPod", message: "error killing container: \(error)")),
            ]
        }
        return [.containerKillRequested(kill)]
    }

    /// The end of a container of which neither the shim nor its files know anything.
    private func vanished(_ kill: ContainerKillRequested) -> ContainerExited {
        ContainerExited(
            container: kill.container,
            containerID: kill.containerID,
            attempt: kill.attempt,
            exitCode: 137,
            oomKilled: false,
            finishedAt: clock(),
            message: "The container could not be located when it was to be stopped.",
            reason: "ContainerStatusUnknown"
        )
    }

    private func remove(_ container: ContainerRef, _ id: String, _ attempt: Int, _ record: PodRecord) async -> [PodFact]
    {
        guard let sandboxID = record.runtime.sandbox.id else {
            return [.containerRemoved(ContainerRemoved(container: container, containerID: id, attempt: attempt))]
        }
        do {
            try await core.removeTask(id, sandboxID: sandboxID)
            return [.containerRemoved(ContainerRemoved(container: container, containerID: id, attempt: attempt))]
        } catch {
            return [
                .warned(PodWarned(reason: "FailedKillPod", message: "error removing container \(container): \(error)"))
            ]
        }
    }

    private func removeSandbox(_ id: String, _ pod: Pod) async -> [PodFact] {
        do {
            try await core.removeSandbox(id, cgroup: assembly.cgroupParent(of: pod))
            return [.sandboxRemoved(SandboxRemoved(sandboxID: id, removedAt: clock()))]
        } catch {
            return [.warned(PodWarned(reason: "FailedKillPod", message: "error removing the sandbox: \(error)"))]
        }
    }

    private func removePod(_ pod: Pod) async -> [PodFact] {
        do {
            try await assembly.removeFiles(of: pod)
            return [.removed(PodRemoved())]
        } catch {
            return [.warned(PodWarned(reason: "FailedKillPod", message: "error removing the pod's files: \(error)"))]
        }
    }
}
