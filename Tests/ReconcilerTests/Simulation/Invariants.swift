import Facts
import KubernetesAPI
import Reconciler

/// What must hold after every single fact.
enum Invariants {
    static func check(from before: PodRecord?, to after: PodRecord?, fact: PodFact) throws {
        guard let before, let after else { return }
        let (old, new) = (before.pod.status, after.pod.status)
        if ["Succeeded", "Failed"].contains(old.phase), new.phase != old.phase {
            throw Violation("the phase goes from \(old.phase) to \(new.phase) with \(fact.typeName)")
        }
        if ["Succeeded", "Failed"].contains(new.phase), after.runtime.containers.values.contains(where: \.isLive) {
            throw Violation("the phase is \(new.phase) while a container runs")
        }
        for (past, present) in zip(statuses(old), statuses(new)) {
            if present.restartCount < past.restartCount {
                throw Violation("the restart count of \(present.name) goes down")
            }
            let states = [present.state.waiting != nil, present.state.running != nil, present.state.terminated != nil]
            if states.filter({ $0 }).count != 1 { throw Violation("\(present.name) is in no state, or in several") }
            if present.ready, past.state.running == nil, present.state.waiting != nil {
                throw Violation("\(present.name) waits and is ready")
            }
        }
        for condition in new.conditions {
            guard let past = old.conditions.first(where: { $0.type == condition.type }) else { continue }
            guard let now = condition.lastTransitionTime, let then = past.lastTransitionTime else {
                throw Violation("condition \(condition.type) has no transition time")
            }
            if now < then { throw Violation("the transition time of \(condition.type) goes back") }
            if now != then, condition.status == past.status {
                throw Violation("the transition time of \(condition.type) moves without a change")
            }
        }
        if let past = before.pod.metadata.deletionTimestamp {
            guard let present = after.pod.metadata.deletionTimestamp, present <= past else {
                throw Violation("the deletion is taken back or put off")
            }
        }
    }

    private static func statuses(_ status: PodStatus) -> [ContainerStatus] {
        status.initContainerStatuses + status.containerStatuses + status.ephemeralContainerStatuses
    }
}

/// What must hold of the history as a whole.
extension World {
    /// Init containers come one after the other, main containers after all of them.
    func checkOrder(of container: ContainerRef, sandbox attempt: Int, in sandboxID: String) throws {
        guard container.kind != .ephemeral else { return }
        for previous in scenario.pod.spec.initContainers {
            if previous.name == container.name { return }
            let started = machine.starts.contains { $0.name == previous.name && $0.sandbox == attempt }
            guard started else { throw Violation("\(container.name) starts before \(previous.name)") }
            if previous.restartPolicy == nil {
                let succeeded = log.entries.contains { entry in
                    guard case .containerExited(let fact) = entry.fact else { return false }
                    return fact.container.name == previous.name && fact.exitCode == 0
                }
                guard succeeded else { throw Violation("\(container.name) starts before \(previous.name) succeeded") }
            }
        }
    }

    /// Nothing is left to do, and the record tells of the machine as it is.
    func checkSettled() throws {
        guard isUp else { throw Violation("the agent is still down") }
        guard let record else { return }
        let decision = subject.decide(record, now)
        let isPolling = decision.wakeAt == nil
        guard decision.actions.isEmpty, isPolling else { throw Violation("it settled with \(decision)") }
        let believed = record.runtime.containers.values.filter { $0.state == .running }.map(\.containerID).sorted()
        let real = machine.running().map(\.containerID).sorted()
        guard believed == real else { throw Violation("the record believes in \(believed), the machine has \(real)") }
        if ["Succeeded", "Failed"].contains(record.pod.status.phase), !machine.isEmpty {
            throw Violation("a pod that is \(record.pod.status.phase) has left something behind")
        }
        if record.pod.spec.restartPolicy == "Always", !["Succeeded", "Failed"].contains(record.pod.status.phase) {
            guard record.pod.status.phase == "Running" else { throw Violation("it settled \(record.pod.status.phase)") }
        }
    }

    func checkGone() throws {
        guard isRemoved, record == nil else { throw Violation("the pod is not removed in the end") }
        guard machine.isEmpty else { throw Violation("something is left on the machine") }
    }

    /// Every end of a process is in the log, with its own exit code.
    func checkEndings() throws {
        for ending in machine.endings {
            let isKnown = log.entries.contains { entry in
                switch entry.fact {
                case .containerExited(let fact):
                    fact.containerID == ending.containerID
                        && fact.exitCode == ending.exitCode ?? 137
                case .containerStartFailed(let fact): fact.containerID == ending.containerID
                default: false
                }
            }
            guard isKnown else {
                let code = ending.exitCode.map(String.init) ?? "unknown"
                throw Violation("the exit of \(ending.name) #\(ending.attempt) with code \(code) is lost")
            }
        }
        let spec = scenario.pod.spec
        guard spec.restartPolicy == "Never",
            !scenario.userSteps.contains(where: { if case .replaceImage = $0.step { true } else { false } })
        else { return }
        for container in spec.containers where machine.starts.filter({ $0.name == container.name }).count > 1 {
            throw Violation("\(container.name) is restarted although its policy is Never")
        }
    }
}
