import Facts
import KubernetesAPI
import Reconciler
import Testing

/// Reconcilers that are broken on purpose: the simulation must find each of them out, or it proves nothing.
struct MutationTests {
    struct Mutant: Sendable, CustomTestStringConvertible {
        var name: String
        var subject: Subject
        /// What the violation must be about.
        var finding: String

        var testDescription: String { name }
    }

    static let mutants: [Mutant] = [
        Mutant(name: "every start is attempt 0", subject: forgettingAttempts, finding: "started twice"),
        Mutant(name: "exits during an absence are dropped", subject: droppingExits, finding: "exit"),
        Mutant(name: "the fold loses an exit", subject: losingExitsInTheFold, finding: ""),
        Mutant(name: "the fold depends on how often it is called", subject: impureFold(), finding: "replaying"),
        Mutant(name: "the sandbox is never removed", subject: leavingSandboxes, finding: "left"),
        Mutant(name: "main containers do not wait for init containers", subject: impatient, finding: "before"),
        Mutant(name: "containers that ended are not removed first", subject: notRemoving, finding: ""),
        Mutant(name: "the stop signal is SIGKILL", subject: killing, finding: "without a stop signal"),
    ]

    @Test("a broken reconciler is found out", arguments: mutants)
    func isFoundOut(mutant: Mutant) {
        for seed in 0..<400 {
            guard let violation = SimulationTests.run(mutant.subject, seed: UInt64(seed)).violation else { continue }
            if mutant.finding.isEmpty || violation.contains(mutant.finding) { return }
        }
        Issue.record("400 histories did not find it")
    }

    private static let forgettingAttempts = Subject(decide: { record, now in
        changingActions(record, now) { action in
            guard case .startContainer(let container, _, _) = action else { return action }
            let id = DerivedID.container(podUID: record.pod.metadata.uid, name: container.name, attempt: 0)
            return .startContainer(container, containerID: id, attempt: 0)
        }
    })

    private static let droppingExits = Subject(adopt: { record, observed, now in
        Reconciler.adopt(record, observed: observed, now: now).filter {
            if case .containerExited = $0 { false } else { true }
        }
    })

    private static let losingExitsInTheFold = Subject(fold: { record, fact, object in
        if case .containerExited(let exit) = fact, exit.attempt == 1 { return record }
        return Reconciler.fold(record, fact, object: object)
    })

    /// Its status tells how many facts were folded, which a replay counts anew.
    private static func impureFold() -> Subject {
        let calls = Counter()
        return Subject(fold: { record, fact, object in
            var next = Reconciler.fold(record, fact, object: object)
            next?.pod.status.message = "\(calls.next())"
            return next
        })
    }

    private static let leavingSandboxes = Subject(decide: { record, now in
        guard record.runtime.deletionDeadline != nil else { return Reconciler.decide(record, now: now) }
        return changingActions(record, now) { action in
            if case .removeSandbox = action { .removePod } else { action }
        }
    })

    private static let impatient = Subject(decide: { record, now in
        var record = record
        record.pod.spec.initContainers = []
        return Reconciler.decide(record, now: now)
    })

    private static let notRemoving = Subject(fold: { record, fact, object in
        var next = Reconciler.fold(record, fact, object: object)
        for name in next?.runtime.containers.keys.sorted() ?? [] { next?.runtime.containers[name]?.leftover = false }
        return next
    })

    private static let killing = Subject(decide: { record, now in
        changingActions(record, now) { action in
            guard case .signalContainer(var kill) = action else { return action }
            kill.signal = 9
            return .signalContainer(kill)
        }
    })

    private static func changingActions(
        _ record: PodRecord,
        _ now: Microseconds,
        _ change: (Action) -> Action
    ) -> Decision {
        var decision = Reconciler.decide(record, now: now)
        decision.actions = decision.actions.map(change)
        return decision
    }
}
