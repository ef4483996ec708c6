package import Facts
import KubernetesAPI

extension Reconciler {
    /// What the log lacks: facts that follow from what the machine shows and that nobody recorded, because the agent
    /// was not there.
    ///
    /// Called once for every pod after a restart of the agent, before the first decision, and whenever a shim is found
    /// dead. Look for `sandboxToFind`. What is left of a dead sandbox that the log does not know is to be removed before:
    /// no fact tells of it. A container that runs goes on running; one that ended while nobody looked ends
    /// with its own exit code; one of which nothing is left ends as `ContainerStatusUnknown`.
    ///
    /// - Returns: The facts in the order in which they are to be appended and folded.
    package static func adopt(
        _ record: PodRecord,
        observed: SandboxObservation,
        now: Microseconds
    ) -> [PodFact] {
        var adoption = Adoption(record: record)
        adoption.adopt(observed, now: now)
        return adoption.facts
    }

    /// The sandbox that the machine should be searched for: the present one, or else the next, which may have been made
    /// without being recorded.
    package static func sandboxToFind(of record: PodRecord) -> (id: String, attempt: Int) {
        if record.runtime.sandbox.leftover, let id = record.runtime.sandbox.id {
            return (id, record.runtime.sandbox.attempt ?? 0)
        }
        return nextSandbox(of: record)
    }
}

/// One adoption in the making. Each fact is folded at once, so that the next one is judged by what came before.
private struct Adoption {
    var record: PodRecord
    var facts: [PodFact] = []

    mutating func adopt(_ observed: SandboxObservation, now: Microseconds) {
        adoptSandbox(observed, now: now)
        guard observed.sandboxID == record.runtime.sandbox.id else { return }
        for definition in PodView(record).all {
            adoptContainer(definition, observed, now: now)
        }
        guard case .gone(let message) = observed.state else { return }
        add(.sandboxLost(SandboxLost(sandboxID: observed.sandboxID, message: message, lostAt: now)))
    }

    private mutating func add(_ fact: PodFact) {
        guard let next = Reconciler.fold(record, fact), next != record else { return }
        record = next
        facts.append(fact)
    }

    /// A sandbox that was made and not recorded.
    private mutating func adoptSandbox(_ observed: SandboxObservation, now: Microseconds) {
        let next = Reconciler.nextSandbox(of: record)
        guard observed.sandboxID == next.id, case .ready(let shimPID, let podIPs) = observed.state else { return }
        add(
            .sandboxCreated(
                SandboxCreated(
                    sandboxID: next.id,
                    attempt: next.attempt,
                    shimPID: shimPID,
                    podIPs: podIPs,
                    createdAt: now
                )
            )
        )
    }

    private mutating func adoptContainer(
        _ definition: ContainerDefinition,
        _ observed: SandboxObservation,
        now: Microseconds
    ) {
        let known = record.container(definition.ref)
        let attempt = known.state == .running ? known.attempt ?? 0 : known.plannedAttempt
        let id = DerivedID.container(
            podUID: record.pod.metadata.uid,
            name: definition.ref.name,
            attempt: attempt
        )
        guard let found = observed.containers.first(where: { $0.containerID == id }) else {
            if known.state == .running { addLostExit(definition, now: now) }
            return
        }
        switch found.state {
        case .created:
            if known.state == .running { addLostExit(definition, now: now) }
        case .running(let pid, let startedAt):
            addStart(definition, known, attempt: attempt, id: id, pid: pid, startedAt: startedAt ?? now)
            // It was running when the shim died; nobody will ever know how it ended.
            if case .ready = observed.state { return }
            addLostExit(definition, now: now)
        case .exited(let exit):
            addStart(
                definition,
                known,
                attempt: attempt,
                id: id,
                pid: exit.pid,
                startedAt: exit.startedAt ?? exit.finishedAt
            )
            add(
                .containerExited(
                    ContainerExited(
                        container: definition.ref,
                        containerID: id,
                        attempt: attempt,
                        exitCode: exit.exitCode,
                        signal: exit.signal,
                        oomKilled: exit.oomKilled,
                        startedAt: exit.startedAt,
                        finishedAt: exit.finishedAt,
                        message: exit.message
                    )
                )
            )
        }
    }

    /// A start that was not recorded, with the creation before it when that is missing too.
    private mutating func addStart(
        _ definition: ContainerDefinition,
        _ known: ContainerRuntime,
        attempt: Int,
        id: String,
        pid: Int32,
        startedAt: Microseconds
    ) {
        guard known.state != .running else { return }
        if known.state != .created {
            add(
                .containerCreated(
                    ContainerCreated(
                        container: definition.ref,
                        containerID: id,
                        attempt: attempt,
                        image: known.pull.image.isEmpty ? definition.image : known.pull.image,
                        imageID: known.pull.imageRef
                    )
                )
            )
        }
        add(
            .containerStarted(
                ContainerStarted(
                    container: definition.ref,
                    containerID: id,
                    attempt: attempt,
                    pid: pid,
                    startedAt: startedAt
                )
            )
        )
    }

    private mutating func addLostExit(_ definition: ContainerDefinition, now: Microseconds) {
        let known = record.container(definition.ref)
        add(
            .containerExited(
                ContainerExited(
                    container: definition.ref,
                    containerID: known.containerID,
                    attempt: known.attempt ?? 0,
                    exitCode: 137,
                    oomKilled: false,
                    startedAt: known.startedAt,
                    finishedAt: now,
                    message: Reconciler.lostMessage,
                    reason: "ContainerStatusUnknown"
                )
            )
        )
    }
}
