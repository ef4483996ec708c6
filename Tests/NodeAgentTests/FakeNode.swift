import Facts
import Reconciler
import Synchronization

@testable import NodeAgent

/// A machine on which every action succeeds at once, unless the test holds it back.
final class FakeNode: ActionPerforming {
    struct Failure: Error {}

    private struct State {
        var performed: [String] = []
        var adoptions = 0
        /// What was performed when the last adoption was asked for.
        var performedBeforeAdoption: [String] = []
        var adoptionFailures = 0
        var adopted: [PodFact] = []
        /// Actions with such a beginning of their ids wait for `release`.
        var held: String?
        var waiting: [CheckedContinuation<Void, Never>] = []
        var performing = 0
        var mostPerforming = 0
        /// Actions with such a beginning of their ids bring only a warning.
        var stuck: String?
    }

    private let state = Mutex(State())
    private let clock: @Sendable () -> Microseconds

    init(clock: @escaping @Sendable () -> Microseconds) { self.clock = clock }

    /// The ids of the actions that were begun, in order.
    var performed: [String] { state.withLock { $0.performed } }
    /// How many actions ran beside each other at most, pulls aside.
    var mostPerforming: Int { state.withLock { $0.mostPerforming } }
    /// How many actions are going on, pulls aside.
    var performing: Int { state.withLock { $0.performing } }
    var adoptions: Int { state.withLock { $0.adoptions } }
    /// The ids of the actions that were begun before the last adoption.
    var performedBeforeAdoption: [String] { state.withLock { $0.performedBeforeAdoption } }

    func hold(_ prefix: String) { state.withLock { $0.held = prefix } }
    func stick(_ prefix: String) { state.withLock { $0.stuck = prefix } }

    func failAdoption(times: Int, then facts: [PodFact]) {
        state.withLock {
            $0.adoptionFailures = times
            $0.adopted = facts
        }
    }

    func release() {
        let waiting = state.withLock { state in
            state.held = nil
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func adopt(_ record: PodRecord) async throws -> [PodFact] {
        try state.withLock { state in
            state.adoptions += 1
            state.performedBeforeAdoption = state.performed
            if state.adoptions <= state.adoptionFailures { throw Failure() }
            return state.adopted
        }
    }

    func perform(_ action: Action, _ record: PodRecord) async -> [PodFact] {
        let isPull = action.id.hasPrefix("pull/")
        state.withLock { state in
            state.performed.append(action.id)
            guard !isPull else { return }
            state.performing += 1
            state.mostPerforming = max(state.mostPerforming, state.performing)
        }
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                guard let held = state.held, action.id.hasPrefix(held) else { return true }
                state.waiting.append(continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
        let isStuck = state.withLock { state in
            if !isPull { state.performing -= 1 }
            return state.stuck.map { action.id.hasPrefix($0) } ?? false
        }
        return isStuck ? [.warned(PodWarned(reason: "FailedKillPod", message: "stuck"))] : outcome(of: action)
    }

    private func outcome(of action: Action) -> [PodFact] {
        switch action {
        case .record(let fact): [fact]
        case .pullImage(let container, let image, _):
            [
                .imagePulled(
                    ImagePulled(
                        container: container,
                        image: image,
                        imageID: "sha256:1",
                        imageRef: "\(image)@sha256:1",
                        sizeBytes: 1,
                        alreadyPresent: true,
                        durationMicroseconds: 1
                    )
                )
            ]
        case .createSandbox(let id, let attempt):
            [
                .sandboxCreated(
                    SandboxCreated(
                        sandboxID: id,
                        attempt: attempt,
                        shimPID: 7,
                        podIPs: ["10.1.1.1"],
                        createdAt: clock()
                    )
                )
            ]
        case .startContainer(let container, let id, let attempt):
            [
                .containerCreated(
                    ContainerCreated(
                        container: container,
                        containerID: id,
                        attempt: attempt,
                        image: "bb:1",
                        imageID: "i"
                    )
                ),
                .containerStarted(
                    ContainerStarted(
                        container: container,
                        containerID: id,
                        attempt: attempt,
                        pid: 8,
                        startedAt: clock()
                    )
                ),
            ]
        case .signalContainer(let kill):
            [
                .containerKillRequested(kill),
                .containerExited(
                    ContainerExited(
                        container: kill.container,
                        containerID: kill.containerID,
                        attempt: kill.attempt,
                        exitCode: 128 + kill.signal,
                        signal: kill.signal,
                        oomKilled: false,
                        finishedAt: clock()
                    )
                ),
            ]
        case .removeContainer(let container, let id, let attempt):
            [.containerRemoved(ContainerRemoved(container: container, containerID: id, attempt: attempt))]
        case .removeSandbox(let id): [.sandboxRemoved(SandboxRemoved(sandboxID: id, removedAt: clock()))]
        case .removePod: [.removed(PodRemoved())]
        }
    }
}
