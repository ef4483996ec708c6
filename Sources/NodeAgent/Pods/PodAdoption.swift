import EventLog
import Facts
import KubernetesAPI
import Reconciler
import RuntimeCore

/// After a restart of the agent: compares what the log says of a pod with what its shim says, and finds the facts that
/// happened meanwhile.
struct PodAdoption: Sendable {
    let core: RuntimeCore
    let assembly: ContainerAssembly
    let clock: @Sendable () -> Microseconds

    struct Outcome: Sendable {
        var facts: [PodFact]
        /// Containers that run and have to be watched.
        var running: [(container: ContainerRef, containerID: String, attempt: Int, sandboxID: String)]
    }

    func adopt(_ record: PodRecord) async throws -> Outcome {
        // A pod that is over and left nothing in the runtime has nothing to be found.
        let isOver = record.pod.status.phase == "Succeeded" || record.pod.status.phase == "Failed"
        guard !isOver || record.runtime.sandbox.leftover else { return Outcome(facts: [], running: []) }
        let sandboxID = Reconciler.sandboxToFind(of: record).id
        var observation = SandboxObservation(
            sandboxID: sandboxID,
            state: await core.isAlive(sandbox: sandboxID)
                ? .ready(shimPID: 0, podIPs: record.runtime.sandbox.podIPs)
                : .gone(message: "the shim of the sandbox is gone")
        )
        var running: [(container: ContainerRef, containerID: String, attempt: Int, sandboxID: String)] = []
        for reference in Self.containers(of: record.pod) {
            let container = record.runtime.containers[reference.name] ?? ContainerRuntime(kind: reference.kind)
            for (id, attempt) in candidates(reference.name, container, record) {
                let state = try await core.taskState(id, sandboxID: sandboxID)
                switch state.status {
                case .unknown: continue
                case .created: observation.containers.append(ContainerObservation(containerID: id, state: .created))
                case .running, .paused:
                    observation.containers.append(
                        ContainerObservation(containerID: id, state: .running(pid: state.pid, startedAt: nil))
                    )
                    running.append((reference, id, attempt, sandboxID))
                case .stopped:
                    guard let exit = state.exit else { continue }
                    observation.containers.append(
                        ContainerObservation(
                            containerID: id,
                            state: .exited(try await self.exit(exit, reference, attempt, record.pod))
                        )
                    )
                }
            }
        }
        return Outcome(
            facts: Reconciler.adopt(record, observed: observation, now: clock()),
            running: running
        )
    }

    private static func containers(of pod: Pod) -> [ContainerRef] {
        pod.spec.initContainers.map { ContainerRef(name: $0.name, kind: .initContainer) }
            + pod.spec.containers.map { ContainerRef(name: $0.name, kind: .main) }
            + pod.spec.ephemeralContainers.map { ContainerRef(name: $0.name, kind: .ephemeral) }
    }

    /// The attempt in the log, and the one that may have been begun without being recorded.
    private func candidates(_ name: String, _ container: ContainerRuntime, _ record: PodRecord) -> [(String, Int)] {
        var list: [(String, Int)] = []
        if let attempt = container.attempt, !container.containerID.isEmpty {
            list.append((container.containerID, attempt))
        }
        let planned = container.plannedAttempt
        if planned != container.attempt {
            let id = DerivedID.container(podUID: record.pod.metadata.uid, name: name, attempt: planned)
            list.append((id, planned))
        }
        return list
    }

    private func exit(
        _ exit: TaskExit,
        _ container: ContainerRef,
        _ attempt: Int,
        _ pod: Pod
    ) async throws -> ContainerObservation.Exit {
        ContainerObservation.Exit(
            pid: exit.pid,
            exitCode: exit.status,
            signal: exit.status > 128 && exit.status <= 128 + 64 ? exit.status - 128 : nil,
            oomKilled: exit.oomKilled,
            finishedAt: exit.exitedAt > 0 ? exit.exitedAt : clock(),
            message: try await assembly.terminationMessage(
                of: container,
                attempt: attempt,
                exitCode: exit.status,
                pod: pod
            )
        )
    }
}
