import Facts
import KubernetesAPI

/// Towards the end: containers, sandbox, pod.
extension Planner {
    /// The pod's own grace period, in seconds.
    var gracePeriod: Int64 { spec.terminationGracePeriodSeconds ?? policy.defaultGrace }

    mutating func planStop() {
        if planStopContainers() { return }
        planRemoval()
    }

    /// Stops what runs: first everything but the sidecars, in parallel; then the sidecars, the last one first.
    /// Returns true while something runs.
    private mutating func planStopContainers() -> Bool {
        let (reason, deadline) = stopReason
        let sidecars = view.inits.filter(\.isSidecar)
        let running = view.all.filter { view.container($0.ref).state == .running }
        let first = running.filter { !$0.isSidecar }
        let next = first.isEmpty ? Array(sidecars.reversed().filter { running.contains($0) }.prefix(1)) : first
        for definition in next {
            stop(definition, reason: reason, message: "Stopping container \(definition.ref)", deadline: deadline)
        }
        return !running.isEmpty
    }

    /// Why the pod stops, and when its containers have to be gone.
    private var stopReason: (reason: String, deadline: Microseconds) {
        // Never later than a whole grace period from now: a clock that was set back lengthens nothing.
        if let deadline = runtime.deletionDeadline {
            let grace = record.pod.metadata.deletionGracePeriodSeconds ?? gracePeriod
            return (KillReason.podDeleted, min(deadline, now + grace * second))
        }
        if let exceeded = runtime.deadlineExceededAt {
            return (KillReason.deadlineExceeded, min(exceeded, now) + gracePeriod * second)
        }
        return (KillReason.podFinished, now + gracePeriod * second)
    }

    /// Takes one running container a step further towards its end: the stop signal, then SIGKILL at the deadline, then
    /// SIGKILL again from time to time.
    mutating func stop(_ definition: ContainerDefinition, reason: String, message: String, deadline: Microseconds) {
        let container = view.container(definition.ref)
        guard let kill = container.kill else {
            let end = max(deadline, now + policy.minimumGrace * second)
            let name = definition.stopSignal ?? container.stopSignal
            signal(
                definition,
                container,
                number: name.flatMap { StopSignal.number(of: $0) } ?? StopSignal.terminate,
                reason: reason,
                message: message,
                grace: (end - now + second - 1) / second,
                deadline: end
            )
            return
        }
        // The deadline may have been brought forward since, but every container gets a minimum.
        var end = kill.deadline
        if kill.signal != StopSignal.kill {
            end = min(end, max(deadline, kill.requestedAt + policy.minimumGrace * second))
        }
        guard isOver(since: kill.requestedAt, lasting: end - kill.requestedAt) else { return }
        signal(
            definition,
            container,
            number: StopSignal.kill,
            reason: kill.reason,
            message: message.isEmpty ? "Stopping container \(definition.ref)" : message,
            grace: 0,
            deadline: now + policy.killRetry * second
        )
    }

    private mutating func signal(
        _ definition: ContainerDefinition,
        _ container: ContainerRuntime,
        number: Int32,
        reason: String,
        message: String,
        grace: Int64,
        deadline: Microseconds
    ) {
        act(
            .signalContainer(
                ContainerKillRequested(
                    container: definition.ref,
                    containerID: container.containerID,
                    attempt: container.attempt ?? 0,
                    signal: number,
                    reason: reason,
                    message: message,
                    gracePeriodSeconds: grace,
                    requestedAt: now,
                    deadline: deadline
                )
            )
        )
    }

    /// Nothing runs any more: containers, then the sandbox, then (when it was asked for) the pod.
    private mutating func planRemoval() {
        let sandbox = runtime.sandbox
        if sandbox.state == .ready {
            for definition in view.all {
                let container = view.container(definition.ref)
                if container.leftover { act(.remove(definition.ref, container)) }
                // A start whose outcome a crash has swallowed.
                guard let attempt = container.starting, !container.leftover || attempt != container.attempt else {
                    continue
                }
                let uid = record.pod.metadata.uid
                let id = DerivedID.container(podUID: uid, name: definition.ref.name, attempt: attempt)
                act(.removeContainer(definition.ref, containerID: id, attempt: attempt))
            }
            guard decision.actions.isEmpty else { return }
        }
        if sandbox.leftover, let id = sandbox.id {
            act(.removeSandbox(sandboxID: id))
            return
        }
        if runtime.deletionDeadline != nil, record.pod.metadata.finalizers.isEmpty { act(.removePod) }
    }
}

extension Action {
    static func remove(_ ref: ContainerRef, _ container: ContainerRuntime) -> Action {
        .removeContainer(ref, containerID: container.containerID, attempt: container.attempt ?? 0)
    }
}

/// Signals by name. The numbers are those of Linux on x86 and ARM.
enum StopSignal {
    static let terminate: Int32 = 15
    static let kill: Int32 = 9

    private static let numbers: [String: Int32] = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7, "FPE": 8, "KILL": 9,
        "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CLD": 17,
        "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26,
        "PROF": 27, "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31, "RTMIN": 34, "RTMAX": 64,
    ]

    /// `SIGTERM`, `term`, `15`, `SIGRTMIN+3` or `RTMAX-2`; nil for what is no signal.
    static func number(of text: String) -> Int32? {
        if let number = Int32(text) { return (1...64).contains(number) ? number : nil }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name = String(name.dropFirst(3)) }
        if let number = numbers[name] { return number }
        for (base, sign) in [("RTMIN+", Int32(1)), ("RTMAX-", Int32(-1))] where name.hasPrefix(base) {
            guard let offset = Int32(name.dropFirst(base.count)), let start = numbers[String(base.dropLast())] else {
                return nil
            }
            let number = start + sign * offset
            return (34...64).contains(number) && offset >= 0 ? number : nil
        }
        return nil
    }
}
