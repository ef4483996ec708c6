package import Facts
import KubernetesAPI

extension Reconciler {
    /// One paragraph about why a pod runs or does not, what happened last, and what to try next.
    ///
    /// - Parameter recentFacts: The pod's latest facts, oldest first, with the time at which each was appended.
    package static func explain(
        _ record: PodRecord,
        recentFacts: [(time: Microseconds, fact: PodFact)],
        now: Microseconds,
        policy: Policy = .kubernetes
    ) -> String {
        var explanation = Explanation(record: record, now: now, policy: policy)
        explanation.explain()
        var lines = [explanation.sentences.joined(separator: " ")]
        if !recentFacts.isEmpty {
            lines.append("")
            lines.append("What happened last:")
            for (time, fact) in recentFacts.suffix(10) {
                let ago = Spans.wholeSeconds(max(0, (now - time) / second))
                lines.append("  \(ago) ago: \(Sentences.describe(fact, subject: explanation.subject))")
            }
        }
        if !explanation.commands.isEmpty {
            lines.append("")
            lines.append("Try next:")
            lines += explanation.commands.map { "  \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The words for one pod.
private struct Explanation {
    let record: PodRecord
    let view: PodView
    let now: Microseconds
    let policy: Policy
    var sentences: [String] = []
    var commands: [String] = []

    init(record: PodRecord, now: Microseconds, policy: Policy) {
        self.record = record
        view = PodView(record)
        self.now = now
        self.policy = policy
    }

    private var meta: ObjectMeta { record.pod.metadata }
    var subject: String { "pod \(meta.namespace)/\(meta.name)" }
    private var flags: String { meta.namespace == "default" ? "" : " -n \(meta.namespace)" }

    mutating func explain() {
        sentences.append("Pod \(meta.namespace)/\(meta.name) is \(record.pod.status.phase).")
        if let deadline = record.runtime.deletionDeadline {
            explainDeletion(deadline)
        } else if view.isTerminal {
            explainEnd()
        } else if let exceeded = record.runtime.deadlineExceededAt {
            explainDeadline(exceeded)
        } else if !view.isBound {
            let gates = record.pod.spec.schedulingGates.map(\.name).joined(separator: ", ")
            sentences.append("It waits until its scheduling gates are removed from its spec: \(gates).")
            suggest("kubectl edit pod \(meta.name)\(flags)   # remove spec.schedulingGates")
        } else {
            explainSandbox()
            for definition in view.all { explain(definition) }
        }
        let decision = Reconciler.decide(record, now: now, policy: policy)
        if let action = decision.actions.first {
            sentences.append("The next step is to \(action).")
        } else if let wake = decision.wakeAt {
            sentences.append(
                "Swiftlet looks again in \(Spans.wholeSeconds(max(0, (wake - now + second - 1) / second)))."
            )
        } else if !view.isTerminal,
            record.pod.status.conditions.first(where: { $0.type == "Ready" })?.status == "True"
        {
            sentences.append("Everything that its spec asks for is running, and there is nothing to do.")
        }
    }

    private mutating func suggest(_ command: String) {
        if !commands.contains(command) { commands.append(command) }
    }

    private mutating func explainDeletion(_ deadline: Microseconds) {
        if let running = stillRunning(until: deadline) {
            sentences.append("It is being deleted; \(running)")
            suggest("swiftlet delete pod \(meta.name)\(flags) --grace-period=1   # if you do not want to wait")
        } else if !meta.finalizers.isEmpty {
            sentences.append(
                "It is being deleted and nothing of it runs, but its finalizers keep the object: "
                    + "\(meta.finalizers.joined(separator: ", ")). It goes when they are removed from its metadata."
            )
        } else {
            sentences.append("It is being deleted; nothing of it runs any more, and what is left is being removed.")
        }
    }

    private mutating func explainDeadline(_ exceeded: Microseconds) {
        let grace = record.pod.spec.terminationGracePeriodSeconds ?? policy.defaultGrace
        let limit = record.pod.spec.activeDeadlineSeconds.map { " of \(Spans.wholeSeconds($0))" } ?? ""
        sentences.append(
            "It was active for longer than its activeDeadlineSeconds\(limit) and is being stopped; "
                + (stillRunning(until: exceeded + grace * second) ?? "nothing of it runs any more.")
        )
    }

    /// Which containers run that have to be gone at the deadline; nil if none does.
    private func stillRunning(until deadline: Microseconds) -> String? {
        let running = view.all.filter { view.container($0.ref).state == .running }.map(\.ref.name)
        guard !running.isEmpty else { return nil }
        let left = Spans.wholeSeconds(max(0, (deadline - now) / second))
        return "still running: \(running.joined(separator: ", ")). They have \(left) left before they are killed."
    }

    private mutating func explainEnd() {
        if !record.pod.status.message.isEmpty { sentences.append(record.pod.status.message + ".") }
        for definition in view.all {
            guard let end = view.container(definition.ref).termination, end.exitCode != 0 else { continue }
            sentences.append("Container \(definition.ref) \(describe(end)).")
            suggest("swiftlet logs \(meta.name)\(flags) -c \(definition.ref)")
        }
        sentences.append("Its restart policy is \(record.pod.spec.restartPolicy), so it is not started again.")
    }

    private mutating func explainSandbox() {
        let sandbox = record.runtime.sandbox
        switch sandbox.state {
        case .ready: break
        case .absent: sentences.append("Its sandbox has not been made yet.")
        case .failed:
            sentences.append("Its sandbox could not be made: \(sandbox.message).")
            suggest("swiftlet doctor")
        case .lost:
            sentences.append("Its sandbox was lost (\(sandbox.message)) and is made anew.")
            suggest("swiftlet doctor")
        }
    }

    private mutating func explain(_ definition: ContainerDefinition) {
        let container = view.container(definition.ref)
        let name = definition.ref.name
        if container.state == .running {
            if !view.isReady(definition), definition.ref.kind != .initContainer || definition.isSidecar {
                sentences.append("Container \(name) runs but is not ready.")
            } else if let end = container.termination {
                sentences.append(
                    "Container \(name) runs; it was restarted \(container.attempt ?? 0) times, "
                        + "because it \(describe(end))."
                )
                suggest("swiftlet logs \(meta.name)\(flags) -c \(name) --previous")
            }
            return
        }
        if container.pull.state == .failed {
            sentences.append(
                "Container \(name) waits for its image \(definition.image): \(container.pull.reason), "
                    + "\(container.pull.message)."
            )
            suggest("swiftlet image ls")
            suggest("swiftlet image import FILE.tar   # an archive that holds \(definition.image)")
        } else if let error = container.createError, error.reason == ContainerStartFailed.failedMount {
            sentences.append("Container \(name) waits for a volume: \(error.message).")
            suggest("swiftlet describe pod \(meta.name)\(flags)")
        } else if let error = container.createError {
            sentences.append("Container \(name) cannot be created: \(error.reason), \(error.message).")
            suggest("swiftlet describe pod \(meta.name)\(flags)")
        } else if let end = container.termination, view.willRestart(definition) {
            var text = "Container \(name) \(describe(end))"
            if let backOff = container.backOff {
                text += " and starts again in \(Spans.wholeSeconds(max(0, (backOff.until - now) / second)))"
                text += " (the delay doubles with every failure, up to \(Spans.wholeSeconds(policy.backOffCap)))"
            }
            sentences.append(text + ".")
            suggest("swiftlet logs \(meta.name)\(flags) -c \(name)" + (container.isLive ? " --previous" : ""))
        } else if container.termination == nil, container.pull.state == .pulling {
            sentences.append("Container \(name) waits while its image \(definition.image) is pulled.")
        } else if container.termination == nil {
            sentences.append("Container \(name) has not been started yet.")
        }
    }

    private func describe(_ end: ContainerRuntime.Termination) -> String {
        if end.startFailed { return "could not be started: \(end.message ?? "no reason was given")" }
        var text = "ended with exit code \(end.exitCode) (\(end.reason))"
        if end.reason == "OOMKilled" { text += ": it used more memory than its limit allows" }
        return text
    }
}
