package import Facts
import KubernetesAPI

extension Reconciler {
    /// What to do now for a pod, and when to look again.
    ///
    /// The same record and time always give the same decision. An action that is decided again although it was
    /// performed (its outcome was lost in a crash) meets what is there and brings the missing facts.
    package static func decide(_ record: PodRecord, now: Microseconds, policy: Policy = .kubernetes) -> Decision {
        var planner = Planner(record: record, now: now, policy: policy)
        planner.plan()
        return planner.decision
    }
}

/// One decision in the making.
struct Planner {
    let record: PodRecord
    let view: PodView
    let now: Microseconds
    let policy: Policy
    var decision = Decision()

    init(record: PodRecord, now: Microseconds, policy: Policy) {
        self.record = record
        view = PodView(record)
        self.now = now
        self.policy = policy
    }

    var spec: PodSpec { record.pod.spec }
    var runtime: PodRuntime { record.runtime }

    mutating func plan() {
        if view.isStopping || view.isTerminal || view.outcome != nil {
            planStop()
            return
        }
        guard view.isBound else { return }
        planWarnings()
        guard decision.actions.isEmpty, !planDeadline() else { return }
        planRun()
    }

    mutating func act(_ action: Action) {
        decision.actions.append(action)
    }

    mutating func wake(at instant: Microseconds) {
        decision.wakeAt = min(decision.wakeAt ?? instant, instant)
    }

    /// True when the instant has come; otherwise the decision is made again then.
    mutating func isDue(_ instant: Microseconds) -> Bool {
        if instant <= now { return true }
        wake(at: instant)
        return false
    }

    /// True when a wait is over; otherwise the decision is made again at its end.
    ///
    /// One that seems to begin later than it lasts tells of a clock that was set back. How much of it is left nobody knows,
    /// and a pod must not stand still until the clock has caught up: it is over.
    mutating func isOver(since start: Microseconds, lasting length: Microseconds) -> Bool {
        if hasPassed(since: start, lasting: length) { return true }
        wake(at: start + length)
        return false
    }

    /// As `isOver`, for a step that is taken while the wait goes on.
    func hasPassed(since start: Microseconds, lasting length: Microseconds) -> Bool {
        start - now > length || start + length <= now
    }

    private mutating func planWarnings() {
        let definitions = view.all
        if definitions.contains(where: \.hasProbes), !runtime.warnings.contains(Reconciler.probesNotRun) {
            warn(
                Reconciler.probesNotRun,
                "Probes are not run by this version: containers count as ready while they run"
            )
        }
        if definitions.contains(where: \.hasHooks), !runtime.warnings.contains(Reconciler.hooksNotRun) {
            warn(Reconciler.hooksNotRun, "Lifecycle hooks are not run by this version")
        }
    }

    private mutating func warn(_ reason: String, _ message: String) {
        act(.record(.warned(PodWarned(reason: reason, message: message))))
    }

    /// Returns true when the pod has just passed its deadline: that is recorded before anything else is done.
    private mutating func planDeadline() -> Bool {
        guard let limit = spec.activeDeadlineSeconds, let start = record.pod.status.startTime else { return false }
        guard isDue(start.microsecondsSince1970 + limit * second) else { return false }
        act(.record(.deadlineExceeded(PodDeadlineExceeded(activeDeadlineSeconds: limit, exceededAt: now))))
        return true
    }
}
