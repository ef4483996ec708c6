import Facts
import KubernetesAPI
import Reconciler

/// The words of one history.
final class Trace {
    var lines: [String] = []
}

/// One history: a machine, an agent that crashes, a user, and a clock that jumps from event to event.
struct World {
    enum Event {
        case user(Scenario.UserStep)
        case shimDeath
        case processEnd(containerID: String, sandboxID: String, plan: Int, exit: ContainerObservation.Exit)
        case pullDone(epoch: Int, action: Action)
        case effect(epoch: Int, action: Action)
        case report(epoch: Int, facts: [PodFact])
        case restart
        case wake(epoch: Int)
    }

    let subject: Subject
    var scenario: Scenario
    var dice: Dice
    var now = Scenario.start
    var events: [(time: Int64, order: Int, event: Event)] = []
    var order = 0
    var machine = Machine()
    var log = FakeLog()
    var runIndex: [String: Int] = [:]
    var pullsTried: [String: Int] = [:]

    // The agent's memory, lost in a crash.
    var record: PodRecord?
    var isUp = true
    var epoch = 0
    var isBusy = false
    var pulls: Set<String> = []
    var wakeAt: Int64?
    var boundaries = 0
    var isRemoved = false
    /// What happened, in words, when somebody wants to read it.
    var trace: Trace?

    init(subject: Subject, scenario: Scenario, dice: Dice) {
        self.subject = subject
        self.scenario = scenario
        self.dice = dice
    }

    mutating func schedule(after delay: Int64, _ event: Event) {
        order += 1
        events.append((now + max(0, delay), order, event))
    }

    func note(_ text: @autoclosure () -> String) {
        if let trace { trace.lines.append("\(Spans.short(now - Scenario.start)) \(text())") }
    }

    /// Lets the history run until nothing is left to happen.
    mutating func run(deletingAtTheEnd: Bool = true) throws {
        let node = NodeContext(name: "n1", hostIPs: ["192.0.2.1"])
        let pod = Reconciler.admit(scenario.pod, node: node, uid: "uid-1", now: now)
        try append(.created(PodCreated(nodeName: node.name)), object: pod)
        for step in scenario.userSteps { schedule(after: step.time, .user(step.step)) }
        for time in scenario.shimDeaths { schedule(after: time, .shimDeath) }
        try step()
        try drain()
        try checkSettled()
        if deletingAtTheEnd, !isRemoved {
            schedule(after: 1_000_000, .user(.delete(grace: Int64(dice.upTo(30)))))
            try drain()
        }
        if isRemoved || deletingAtTheEnd { try checkGone() }
        try checkEndings()
        // A replay costs as much as the history itself.
        if dice.chance(30) { _ = try log.replay(with: subject) }
    }

    private mutating func drain() throws {
        var rounds = 0
        while let index = events.indices.min(by: { earlier(events[$0], events[$1]) }) {
            rounds += 1
            guard rounds < 1500 else { throw Violation("the history does not converge") }
            let next = events.remove(at: index)
            now = next.time
            try handle(next.event)
            if isUp, !isBusy { try step() }
        }
    }

    private func earlier(
        _ left: (time: Int64, order: Int, event: Event),
        _ right: (time: Int64, order: Int, event: Event)
    ) -> Bool {
        (left.time, left.order) < (right.time, right.order)
    }

    private mutating func handle(_ event: Event) throws {
        switch event {
        case .user(let step): try perform(step, or: event)
        case .shimDeath: try killShim(or: event)
        case .processEnd(let id, let sandboxID, let plan, let exit): try endProcess(id, sandboxID, plan, exit)
        case .pullDone(let epoch, let action):
            guard epoch == self.epoch, isUp else { return }
            pulls.remove(action.id)
            try report(pullFacts(action), epoch: epoch)
        case .effect(let epoch, let action):
            guard epoch == self.epoch, isUp else { return }
            if crashesHere() { return }
            let facts = try perform(action)
            if crashesHere() { return }
            schedule(after: dice.chance(70) ? 0 : dice.span(seconds: 2), .report(epoch: epoch, facts: facts))
        case .report(let epoch, let facts):
            guard epoch == self.epoch, isUp else { return }
            isBusy = false
            try report(facts, epoch: epoch)
            if self.epoch == epoch { try adoptLostSandbox() }
            if self.epoch == epoch { _ = crashesHere() }
        case .restart: try restart()
        case .wake(let epoch):
            if epoch == self.epoch { wakeAt = nil }
        }
    }

    // MARK: - the agent

    /// The worker's loop: decide, and begin what is decided.
    private mutating func step() throws {
        var rounds = 0
        while isUp, !isBusy, let record {
            rounds += 1
            guard rounds < 100 else { throw Violation("decide goes on recording without end") }
            let decision = subject.decide(record, now)
            guard order % 8 != 0 || decision == subject.decide(record, now) else {
                throw Violation("decide is not a function")
            }
            if let wake = decision.wakeAt {
                guard wake > now else { throw Violation("decide wants to wake at an instant that has passed") }
                if wakeAt.map({ wake < $0 }) ?? true {
                    wakeAt = wake
                    schedule(after: wake - now, .wake(epoch: epoch))
                }
            }
            var recorded = false
            for action in decision.actions {
                if case .record(let fact) = action {
                    guard Reconciler.isNews(fact, for: record) else {
                        throw Violation("decide records \(fact.typeName), which changes nothing")
                    }
                    try append(fact)
                    recorded = true
                    break
                }
                if case .pullImage = action {
                    if pulls.insert(action.id).inserted {
                        note("begin \(action)")
                        schedule(after: dice.span(seconds: 20), .pullDone(epoch: epoch, action: action))
                    }
                } else if !isBusy {
                    note("begin \(action)")
                    isBusy = true
                    if let plan = action.plannedFact { try append(plan) }
                    schedule(after: dice.chance(80) ? 0 : dice.span(seconds: 3), .effect(epoch: epoch, action: action))
                }
            }
            if !recorded { return }
        }
    }

    mutating func report(_ facts: [PodFact], epoch: Int) throws {
        for fact in facts {
            guard let record, Reconciler.isNews(fact, for: record) else { continue }
            try append(fact)
            if facts.count > 1, crashesHere() { return }
        }
    }

    mutating func append(_ fact: PodFact, object: Pod? = nil) throws {
        let before = record
        record = subject.fold(record, fact, object)
        note("  fact \(Sentences.describe(fact, subject: "p")) -> \(record?.pod.status.phase ?? "gone")")
        let image = object == nil ? nil : record?.pod
        log.entries.append(FakeLog.Entry(time: now, fact: fact, object: image, after: record))
        if case .removed = fact { isRemoved = true }
        try Invariants.check(from: before, to: record, fact: fact)
    }

    /// Counts one more boundary of an action; true when the agent dies there.
    mutating func crashesHere() -> Bool {
        boundaries += 1
        guard scenario.crashes.contains(boundaries) else { return false }
        note("CRASH at boundary \(boundaries)")
        isUp = false
        isBusy = false
        epoch += 1
        record = nil
        pulls = []
        wakeAt = nil
        // Intents are not waited for, so the last ones may be missing from the disk.
        let lostIntents = dice.upTo(1)
        if lostIntents > 0, case .stepPlanned = log.entries.last?.fact { log.entries.removeLast() }
        schedule(after: dice.span(seconds: 60), .restart)
        return true
    }

    private mutating func restart() throws {
        note("RESTART")
        isUp = true
        isBusy = false
        // The replay of the whole log is checked against every record at the end of the history.
        record = log.entries.last?.after
        guard let record else { return }
        let sandboxID = Reconciler.sandboxToFind(of: record).id
        // What no log knows and nobody serves is swept away first.
        if sandboxID != record.runtime.sandbox.id, machine.sandboxes[sandboxID]?.shimIsAlive == false {
            machine.sandboxes[sandboxID] = nil
        }
        let facts = subject.adopt(record, machine.observe(sandboxID), now)
        for fact in facts {
            try append(fact)
            if crashesHere() { return }
        }
    }

    // MARK: - the user and the shim

    private mutating func perform(_ step: Scenario.UserStep, or event: Event) throws {
        guard isUp else {
            schedule(after: 1_000_000, event)
            return
        }
        guard let record else { return }
        note("USER \(step)")
        switch step {
        case .delete(let grace):
            let fact = PodFact.deletionRequested(
                PodDeletionRequested(gracePeriodSeconds: grace, deletionTimestamp: now + grace * 1_000_000)
            )
            if Reconciler.isNews(fact, for: record) { try append(fact) }
        case .replaceImage(let name, let image):
            var pod = record.pod
            for index in pod.spec.containers.indices where pod.spec.containers[index].name == name {
                pod.spec.containers[index].image = image
            }
            try append(.replaced(PodReplaced(changedAt: now)), object: pod)
        case .label:
            var pod = record.pod
            pod.metadata.labels["a"] = "b"
            try append(.patched(PodPatched(patchType: "application/merge-patch+json", changedAt: now)), object: pod)
        }
    }

    private mutating func killShim(or event: Event) throws {
        guard let (id, _) = machine.sandboxes.first(where: { $0.value.shimIsAlive }) else { return }
        note("SHIM DIES")
        machine.killShim(id)
        if isUp { try adoptLostSandbox() }
    }

    /// The agent hears of the death of a shim at once, or as soon as its sandbox is recorded.
    private mutating func adoptLostSandbox() throws {
        guard let record, record.runtime.sandbox.state == .ready, let id = record.runtime.sandbox.id,
            machine.sandboxes[id]?.shimIsAlive == false
        else { return }
        try report(subject.adopt(record, machine.observe(id), now), epoch: epoch)
    }
}
