import EventLog
import Facts
import KubernetesAPI
import Logging
import Reconciler

/// The one owner of a pod: folds its facts, writes them to the log, decides and has the decisions performed.
///
/// Everything that concerns the pod comes through its mailbox: commands of the API, facts from the runtime, timers. So
/// the order of the pod's events in the log is the order in which they were folded.
final class PodWorker: Sendable {
    enum Message: Sendable {
        /// Facts that happened; each is appended, whatever it takes.
        case facts([PodFact])
        /// An action is over and brought these facts.
        case finished(actionID: String, [PodFact])
        /// A change that the API asks for; it is appended or refused as a whole.
        case command(PodCommand)
        /// It is as late as a timer was set to.
        case tick(Microseconds)
        /// A shim is gone; it may be this pod's.
        case shimLost(sandboxID: String)
        /// An intent did not reach the log, and with it perhaps an image of the pod.
        case intentLost
        /// The log may take again what it has refused.
        case writeAgain
    }

    let uid: UID
    private let reference: StreamRef
    private let first: PodRecord
    private let adopts: Bool
    private let cause: Seq
    private let environment: PodWorkerEnvironment
    private let mailbox: AsyncStream<Message>
    private let sender: AsyncStream<Message>.Continuation

    /// - Parameters:
    ///   - cause: The pod's last event: what the worker does first follows from it.
    ///   - adopts: The pod is older than this process: its shim is asked what happened before anything is decided.
    init(uid: UID, record: PodRecord, cause: Seq, adopts: Bool, environment: PodWorkerEnvironment) {
        self.uid = uid
        self.adopts = adopts
        self.cause = cause
        reference = PodStream.reference(namespace: record.pod.metadata.namespace, name: record.pod.metadata.name)
        first = record
        self.environment = environment
        (mailbox, sender) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .unbounded)
    }

    func send(_ message: Message) {
        guard case .terminated = sender.yield(message), case .command(let command) = message else { return }
        refuse(command, isRemoved: true)
    }

    private func refuse(_ command: PodCommand, isRemoved: Bool) {
        command.answer(
            .failure(
                isRemoved
                    ? .notFound(resource: "pods", name: reference.name)
                    : .serviceUnavailable("the agent is stopping", retryAfter: 5)
            )
        )
    }

    /// Owns the pod until it is removed or the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            var state = State(record: first, inLog: first.pod, lastSeq: cause, mustAdopt: adopts)
            reconcile(&state, &group)
            for await message in mailbox {
                await take(message, &state, &group)
                guard !state.isOver, state.record != nil || !state.unwritten.isEmpty else { break }
                writeAgainLater(&state, &group)
                reconcile(&state, &group)
            }
            sender.finish()
            group.cancelAll()
            // Whoever asked too late gets an answer too.
            for await message in mailbox {
                if case .command(let command) = message { refuse(command, isRemoved: state.record == nil) }
            }
        }
        environment.ended(uid, reference.namespace)
    }

    /// What only this worker's loop touches.
    private struct State {
        /// Nil once the pod is removed.
        var record: PodRecord?
        /// The log does not take facts of this pod any more: going on would do things that are never written down.
        var isOver = false
        /// The pod as the log has it; nil if that is not certain, so that the next fact carries it again.
        var inLog: Pod?
        /// The pod's newest event, which causes what comes next.
        var lastSeq: Seq
        /// Actions that were begun and are not over.
        var inFlight: Set<String> = []
        /// What was begun and is not written yet.
        var intents: [NewFact] = []
        /// Actions that brought nothing: they are tried again, later each time.
        var retries: [String: Retry] = [:]
        /// The next sandbox's shim died before the sandbox was recorded.
        var lostSandbox: String?
        /// When the earliest timer goes off.
        var timer: Microseconds?
        /// The machine has to be compared with the log before anything else is decided.
        var mustAdopt: Bool
        /// What happened and the log did not take yet, oldest first.
        var unwritten: [Unwritten] = []
        /// Why it did not.
        var refusal = AppendError.closed
        /// How long the log is left alone; nil while nobody waits for it.
        var writeDelay = PodWorker.firstWriteDelay
        var isWaitingForLog = false
        /// The log has no pod any more, because it was deleted by force: what is left of it is cleaned up all the same.
        var isOrphan = false
    }

    /// Facts that were folded together.
    private struct Unwritten {
        var facts: [NewFact]
        /// With them the pod is over or gone.
        var settles: Bool
    }

    private static let firstWriteDelay = Duration.milliseconds(50)

    private struct Retry {
        var failures: Int
        var at: Microseconds
    }

    private func take(_ message: Message, _ state: inout State, _ group: inout DiscardingTaskGroup) async {
        switch message {
        case .facts(let facts): await append(facts, &state, &group)
        case .finished(let id, let facts):
            // What fails while the agent stops says nothing about the pod; the next agent looks what was done.
            guard !Task.isCancelled else { return }
            state.inFlight.remove(id)
            noteOutcome(of: id, facts, &state)
            await append(facts, &state, &group)
            if let lost = state.lostSandbox, state.record?.runtime.sandbox.id == lost {
                state.lostSandbox = nil
                state.mustAdopt = true
            }
        case .command(let command): await carryOut(command, &state)
        case .tick(let instant):
            // A later timer may have been overtaken by an earlier one; it must not make a third.
            if state.timer == instant { state.timer = nil }
        case .shimLost(let sandboxID):
            guard let record = state.record else { return }
            if record.runtime.sandbox.id == sandboxID {
                state.mustAdopt = true
            } else if Reconciler.nextSandbox(of: record).id == sandboxID {
                state.lostSandbox = sandboxID
            }
        case .intentLost: state.inLog = nil
        case .writeAgain:
            state.isWaitingForLog = false
            await write(&state)
        }
    }

    /// An action that changed nothing would be decided again at once: a lasting failure must not fill the log.
    private func noteOutcome(of id: String, _ facts: [PodFact], _ state: inout State) {
        let changedNothing = facts.allSatisfy { if case .warned = $0 { true } else { false } }
        guard changedNothing, id != Self.adoption, !id.hasPrefix("record/") else {
            state.retries[id] = nil
            return
        }
        let failures = (state.retries[id]?.failures ?? 0) + 1
        let delay = min(30, 1 << min(failures - 1, 5)) * 1_000_000
        if failures == 1 {
            environment.logger.warning(
                "a step of a pod failed, trying again",
                metadata: ["pod": "\(reference)", "step": "\(id)", "error": "\(Self.words(facts))"]
            )
        }
        state.retries[id] = Retry(failures: failures, at: environment.clock() + Int64(delay))
    }

    private static func words(_ facts: [PodFact]) -> String {
        facts.compactMap { if case .warned(let warning) = $0 { warning.message } else { nil } }.joined(separator: "; ")
    }

    /// Folds facts and appends them. What happened cannot be refused: what the log does not take now it is given later, in
    /// the same order.
    ///
    /// While the facts are on their way to the disk, steps that only add something are begun already; not when the log
    /// has refused before.
    private func append(_ facts: [PodFact], _ state: inout State, _ group: inout DiscardingTaskGroup) async {
        guard !facts.isEmpty, var record = state.record else { return }
        var after: PodRecord? = record
        var new: [NewFact] = []
        do {
            var before = state.inLog
            for fact in facts where Reconciler.isNews(fact, for: record) {
                after = Reconciler.fold(record, fact)
                new.append(try environment.stream.newFact(fact, before: before, after: (after ?? record).pod))
                guard let next = after else { break }
                record = next
                before = next.pod
            }
        } catch {
            environment.logger.critical(
                "a fact cannot be encoded",
                metadata: ["pod": "\(reference)", "error": "\(error)"]
            )
            return
        }
        guard !new.isEmpty else { return }
        state.record = after
        state.inLog = record.pod
        let next = Unwritten(facts: new, settles: after?.isOver ?? true)
        if state.isOrphan {
            if next.settles { environment.settled(uid) }
            return
        }
        let keepsUp = state.unwritten.isEmpty
        state.unwritten.append(next)
        guard keepsUp else { return await write(&state) }
        async let written = submit(next, cause: state.lastSeq)
        reconcile(&state, &group, aheadOfLog: true)
        note(await written, of: next, &state)
    }

    /// Gives the log what it has not got yet, until it refuses.
    private func write(_ state: inout State) async {
        while let next = state.unwritten.first {
            guard note(await submit(next, cause: state.lastSeq), of: next, &state) else { return }
        }
    }

    private func submit(_ next: Unwritten, cause: Seq) async -> Result<Seq, AppendError> {
        let proposal = Proposal(
            stream: reference,
            expected: .uid(uid),
            facts: next.facts,
            actor: environment.actor,
            cause: cause,
            priority: .runtime
        )
        do {
            return .success(try await environment.stream.store.append(proposal).last)
        } catch {
            return .failure(error)
        }
    }

    /// Takes note of how the oldest unwritten facts fared. Returns whether they are in the log.
    @discardableResult
    private func note(_ result: Result<Seq, AppendError>, of next: Unwritten, _ state: inout State) -> Bool {
        switch result {
        case .success(let last):
            state.lastSeq = last
            state.unwritten.removeFirst()
            state.writeDelay = Self.firstWriteDelay
            if next.settles { environment.settled(uid) }
            return true
        case .failure(let error):
            refuse(error, &state)
            return false
        }
    }

    private func refuse(_ error: AppendError, _ state: inout State) {
        state.refusal = error
        // What was begun meanwhile would come before the facts that it follows from. Its outcome carries the pod again.
        if !state.intents.isEmpty {
            state.intents = []
            state.inLog = nil
        }
        switch error {
        case .overloaded, .readOnly, .outcomeUnknown:
            environment.logger.warning(
                "the log does not take facts of a pod, trying again",
                metadata: ["pod": "\(reference)", "error": "\(error)"]
            )
        case .closed: state.isOver = true
        case .conflict, .alreadyExists, .notFound, .uidMismatch, .idempotencyMismatch, .tooLarge, .invalid:
            environment.logger.error(
                "the log refuses facts of a pod",
                metadata: ["pod": "\(reference)", "error": "\(error)"]
            )
            state.isOver = true
        }
    }

    private func writeAgainLater(_ state: inout State, _ group: inout DiscardingTaskGroup) {
        guard !state.unwritten.isEmpty, !state.isWaitingForLog else { return }
        state.isWaitingForLog = true
        let delay = state.writeDelay
        state.writeDelay = min(delay * 2, .seconds(2))
        group.addTask { [self] in
            try? await Task.sleep(for: delay)  // cancelled with the worker
            send(.writeAgain)
        }
    }

    private func carryOut(_ command: PodCommand, _ state: inout State) async {
        guard let record = state.record, !state.isOrphan else {
            command.answer(.failure(.notFound(resource: "pods", name: reference.name)))
            return
        }
        await write(&state)
        guard state.unwritten.isEmpty else {
            command.answer(.failure(APIError(state.refusal, resource: "pods", name: reference.name)))
            return
        }
        do {
            guard let change = try command.change(record.pod) else {
                command.answer(.success(nil))
                return
            }
            let after = Reconciler.fold(record, change.fact, object: change.object)
            let pod = (after ?? record).pod
            var facts = [try environment.stream.newFact(change.fact, before: state.inLog, after: pod)]
            let isForced = change.isForced && pod.metadata.finalizers.isEmpty
            if isForced {
                let removed = PodFact.removed(PodRemoved(message: "deleted by force; what is left of it is cleaned up"))
                facts.append(try environment.stream.newFact(removed, before: pod, after: pod))
            }
            let appended = try await environment.stream.store.append(
                Proposal(
                    stream: reference,
                    expected: .uid(uid),
                    facts: facts,
                    actor: command.origin.actor,
                    request: command.origin.request,
                    priority: change.isDeletion ? .runtime : .normal
                )
            )
            state.record = after
            state.inLog = pod
            state.lastSeq = appended.last
            state.isOrphan = isForced
            if isForced { environment.orphaned(uid) }
            command.answer(.success(appended.first))
        } catch let error as APIError {
            command.answer(.failure(error))
        } catch let error as AppendError {
            command.answer(.failure(APIError(error, resource: "pods", name: reference.name)))
        } catch {
            command.answer(.failure(.internalError("\(error)")))
        }
    }

    /// Begins what the reconciler asks for: pulls beside each other, everything else one after the other.
    ///
    /// - Parameter aheadOfLog: The newest facts are not in the log yet. Only what may be done without them is begun; its
    ///   intents are written when the facts are.
    private func reconcile(_ state: inout State, _ group: inout DiscardingTaskGroup, aheadOfLog: Bool = false) {
        defer { if !aheadOfLog { writeIntents(&state) } }
        guard let record = state.record else { return }
        guard !state.inFlight.contains(Self.adoption) else { return }
        if aheadOfLog, state.mustAdopt || state.lostSandbox != nil { return }
        if state.mustAdopt {
            guard state.inFlight.isEmpty else { return }
            state.mustAdopt = false
            state.inFlight.insert(Self.adoption)
            group.addTask { [self] in send(.finished(actionID: Self.adoption, await adopt(record))) }
            return
        }
        let isOurs = !record.isBound || record.pod.spec.nodeName == environment.nodeName
        guard isOurs || record.runtime.deletionDeadline != nil else { return }
        let now = environment.clock()
        let decision = Reconciler.decide(record, now: now, policy: environment.policy)
        var wakeAt = decision.wakeAt
        for action in decision.actions where !state.inFlight.contains(action.id) {
            guard mayBegin(action, state, aheadOfLog: aheadOfLog) else { continue }
            if let retry = state.retries[action.id], retry.at > now {
                wakeAt = min(wakeAt ?? retry.at, retry.at)
                continue
            }
            let isPull = if case .pullImage = action { true } else { false }
            guard isPull || !state.inFlight.contains(where: { !$0.hasPrefix("pull/") }) else { continue }
            state.inFlight.insert(action.id)
            if aheadOfLog || state.unwritten.isEmpty { intend(action, &state) }
            let actions = environment.actions
            group.addTask { [self] in
                send(.finished(actionID: action.id, await actions.perform(action, record)))
            }
        }
        if let wakeAt, !aheadOfLog, state.timer.map({ wakeAt < $0 }) ?? true {
            state.timer = wakeAt
            group.addTask { [self] in
                try? await Task.sleep(for: .microseconds(max(1000, wakeAt - now)))  // cancelled with the worker
                send(.tick(wakeAt))
            }
        }
    }

    /// What is done without being on record must not be lost by a crash. What only adds something is found again by its
    /// id; the end of a container is on the disk. Everything else waits until the log has what it follows from.
    private func mayBegin(_ action: Action, _ state: State, aheadOfLog: Bool) -> Bool {
        if aheadOfLog { return action.onlyAdds }
        return state.unwritten.isEmpty || action.isSafeWithoutLog
    }

    /// Folds what is about to be done and prepares it for the log.
    private func intend(_ action: Action, _ state: inout State) {
        guard let intent = action.plannedFact, let record = state.record,
            let next = Reconciler.fold(record, intent),
            let fact = try? environment.stream.newFact(intent, before: state.inLog, after: next.pod)
        else { return }  // an intent that cannot be encoded is not worth a pod
        state.record = next
        guard !state.isOrphan else { return }
        state.inLog = next.pod
        state.intents.append(fact)
    }

    /// Writes what was begun. Nobody waits for the disk: the intents stand before the outcomes in the log all the same.
    private func writeIntents(_ state: inout State) {
        guard !state.intents.isEmpty else { return }
        let proposal = Proposal(
            stream: reference,
            expected: .uid(uid),
            facts: state.intents,
            actor: environment.actor,
            cause: state.lastSeq,
            priority: .runtime,
            durability: .ridealong
        )
        state.intents = []
        environment.stream.store.submit(proposal) { [self] result in
            if case .failure = result { send(.intentLost) }
        }
    }

    /// Stands in `inFlight` while the machine is compared with the log.
    private static let adoption = "adopt"

    /// Tries until it is known what the machine has: without that nothing may be decided.
    private func adopt(_ record: PodRecord) async -> [PodFact] {
        while !Task.isCancelled {
            do {
                return try await environment.actions.adopt(record)
            } catch {
                environment.logger.error(
                    "the state of a pod's containers cannot be found out, trying again",
                    metadata: ["pod": "\(reference)", "error": "\(error)"]
                )
            }
            try? await Task.sleep(for: .seconds(1))  // a cancelled sleep ends the loop
        }
        return []
    }
}

/// What all workers share.
struct PodWorkerEnvironment: Sendable {
    let stream: PodStream
    let actions: any ActionPerforming
    let policy: Policy
    let clock: @Sendable () -> Microseconds
    let logger: Logger
    /// The actor of what the agent itself does.
    let actor: String
    /// Pods of other nodes are only removed, never run.
    let nodeName: String
    /// Called when the pod will never run again: what it asked for is free.
    let settled: @Sendable (_ uid: UID) -> Void
    /// Called when the log does not have the pod any more, before the client is told: the worker alone cleans up.
    let orphaned: @Sendable (_ uid: UID) -> Void
    /// Called when a worker has nothing to own any more.
    let ended: @Sendable (_ uid: UID, _ namespace: String) -> Void
}

/// A change of a pod that a client asks for.
struct PodCommand: Sendable {
    struct Change: Sendable {
        var fact: PodFact
        /// The pod as the client wants it; nil for facts that carry no object.
        var object: Pod?
        var isDeletion = false
        /// A deletion that takes the pod out of the log at once, unless it has finalizers.
        var isForced = false
    }

    /// Looks at the pod as it is and says what to append; nil for no change. Throws what is wrong with the request.
    let change: @Sendable (Pod) throws -> Change?
    let origin: RequestOrigin
    /// Called once, with the seq of the event or nil for no change.
    let answer: @Sendable (Result<Seq?, APIError>) -> Void
}

/// Who asked for something.
package struct RequestOrigin: Hashable, Sendable {
    /// "unix:alice", "token:ci", "system:reconciler".
    package var actor: String
    /// The request's id, which is also in its answer.
    package var request: String?

    package init(actor: String, request: String? = nil) {
        self.actor = actor
        self.request = request
    }
}
