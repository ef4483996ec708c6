import Facts
import KubernetesAPI
import Reconciler

/// What the executor does to the machine, faults included.
extension World {
    private mutating func fails() -> Bool {
        guard scenario.faultBudget > 0, dice.chance(scenario.faultPercent) else { return false }
        scenario.faultBudget -= 1
        return true
    }

    /// Performs one action and returns the facts that it brings.
    mutating func perform(_ action: Action) throws -> [PodFact] {
        switch action {
        case .record, .pullImage:
            throw Violation("\(action) is nothing to perform")
        case .createSandbox(let id, let attempt):
            return try createSandbox(id, attempt: attempt)
        case .startContainer(let container, let id, let attempt):
            return try start(container, id: id, attempt: attempt)
        case .signalContainer(let kill):
            return try signal(kill)
        case .removeContainer(let container, let id, let attempt):
            if fails() { return retryLater() }
            for sandboxID in machine.sandboxes.keys { machine.sandboxes[sandboxID]?.containers[id] = nil }
            return [
                .containerRemoved(ContainerRemoved(container: container, containerID: id, attempt: attempt))
            ]
        case .removeSandbox(let id):
            if fails() { return retryLater() }
            machine.sandboxes[id] = nil
            return [.sandboxRemoved(SandboxRemoved(sandboxID: id, removedAt: now))]
        case .removePod:
            guard machine.isEmpty else { throw Violation("the pod is removed while something of it is left") }
            return [.removed(PodRemoved())]
        }
    }

    /// A step that failed without a fact is decided again a little later.
    private mutating func retryLater() -> [PodFact] {
        note("  it failed")
        schedule(after: 1_000_000, .wake(epoch: epoch))
        return []
    }

    private mutating func createSandbox(_ id: String, attempt: Int) throws -> [PodFact] {
        if fails() {
            // Half of the time it was made all the same.
            if dice.chance(50) { try machine.createSandbox(id, attempt: attempt) }
            return [
                .sandboxFailed(
                    SandboxFailed(
                        sandboxID: id,
                        attempt: attempt,
                        reason: "CreatePodSandboxError",
                        message: "simulated",
                        failedAt: now
                    )
                )
            ]
        }
        try machine.createSandbox(id, attempt: attempt)
        return [
            .sandboxCreated(
                SandboxCreated(
                    sandboxID: id,
                    attempt: attempt,
                    shimPID: Int32(500 + attempt),
                    podIPs: ["10.0.0.\(attempt + 1)"],
                    createdAt: now
                )
            )
        ]
    }

    private mutating func start(_ container: ContainerRef, id: String, attempt: Int) throws -> [PodFact] {
        func failure(_ reason: String) -> [PodFact] {
            [
                .containerStartFailed(
                    ContainerStartFailed(
                        container: container,
                        containerID: id,
                        attempt: attempt,
                        reason: reason,
                        message: "simulated",
                        failedAt: now
                    )
                )
            ]
        }
        let sandbox = machine.sandboxes.first { $0.value.shimIsAlive }
        guard let sandboxID = sandbox?.key else { return failure("RunContainerError") }
        if fails() {
            if dice.chance(30) { return failure("CreateContainerConfigError") }
            // Whether a process runs now is anybody's guess.
            if dice.chance(50) { try begin(container, id: id, attempt: attempt, in: sandboxID) }
            return failure("RunContainerError")
        }
        try begin(container, id: id, attempt: attempt, in: sandboxID)
        guard let process = machine.sandboxes[sandboxID]?.containers[id] else {
            throw Violation("a started container is not there")
        }
        var facts: [PodFact] = [
            .containerCreated(
                ContainerCreated(
                    container: container,
                    containerID: id,
                    attempt: attempt,
                    image: image(of: container),
                    imageID: "sha256:1"
                )
            ),
            .containerStarted(
                ContainerStarted(
                    container: container,
                    containerID: id,
                    attempt: attempt,
                    pid: 7,
                    startedAt: process.startedAt
                )
            ),
        ]
        if case .exited(let exit) = process.state { facts.append(exited(id, process, exit)) }
        return facts
    }

    private func image(of container: ContainerRef) -> String {
        record?.pod.spec.containers.first { $0.name == container.name }?.image ?? "img:\(container.name)"
    }

    private mutating func begin(_ container: ContainerRef, id: String, attempt: Int, in sandboxID: String) throws {
        let name = container.name
        guard let process = try machine.start(id, name: name, attempt: attempt, in: sandboxID, at: now) else {
            return
        }
        try checkOrder(of: container, sandbox: machine.sandboxes[sandboxID]?.attempt ?? -1, in: sandboxID)
        let index = runIndex[name, default: 0]
        runIndex[name] = index + 1
        let runs = scenario.runs[name] ?? []
        let run = index < runs.count ? runs[index] : scenario.afterwards[name] ?? Scenario.Run()
        if let duration = run.duration {
            plan(
                id,
                in: sandboxID,
                after: duration,
                code: run.exitCode,
                oomKilled: run.oomKilled,
                startedAt: process.startedAt
            )
        }
    }

    private mutating func plan(
        _ id: String,
        in sandboxID: String,
        after delay: Int64,
        code: Int32,
        signal: Int32? = nil,
        oomKilled: Bool = false,
        startedAt: Int64
    ) {
        machine.sandboxes[sandboxID]?.containers[id]?.plan += 1
        let plan = machine.sandboxes[sandboxID]?.containers[id]?.plan ?? 0
        let exit = ContainerObservation.Exit(
            pid: 7,
            exitCode: code,
            signal: signal,
            oomKilled: oomKilled,
            startedAt: startedAt,
            finishedAt: now + delay
        )
        schedule(
            after: delay,
            .processEnd(containerID: id, sandboxID: sandboxID, plan: plan, exit: exit)
        )
    }

    private mutating func signal(_ kill: ContainerKillRequested) throws -> [PodFact] {
        let request: [PodFact] = [.containerKillRequested(kill)]
        let found = machine.running().first { $0.containerID == kill.containerID }
        guard let (sandboxID, id, process) = found else { return request }
        if kill.signal == 9 {
            if let first = process.firstSignalAt, kill.requestedAt - first < 2_000_000 {
                throw Violation("\(process.name) is killed after less than two seconds")
            }
            if process.firstSignalAt == nil { throw Violation("\(process.name) is killed without a stop signal") }
        } else {
            machine.sandboxes[sandboxID]?.containers[id]?.firstSignalAt =
                process.firstSignalAt ?? kill.requestedAt
        }
        if fails() { return request }
        if kill.signal == 9 {
            plan(
                id,
                in: sandboxID,
                after: dice.span(seconds: 1),
                code: 137,
                signal: 9,
                startedAt: process.startedAt
            )
        } else if !scenario.stubborn.contains(process.name) {
            let graceful = dice.chance(40)
            plan(
                id,
                in: sandboxID,
                after: dice.span(seconds: 4),
                code: graceful ? 0 : 143,
                signal: graceful ? nil : 15,
                startedAt: process.startedAt
            )
        }
        return request
    }

    mutating func endProcess(
        _ id: String,
        _ sandboxID: String,
        _ plan: Int,
        _ exit: ContainerObservation.Exit
    ) throws {
        guard let sandbox = machine.sandboxes[sandboxID], sandbox.shimIsAlive, let process = sandbox.containers[id],
            process.plan == plan, case .running = process.state
        else { return }
        note("EXIT \(process.name) #\(process.attempt) \(exit.exitCode)")
        machine.exit(id, in: sandboxID, exit)
        if isUp { try report([exited(id, process, exit)], epoch: epoch) }
    }

    private func exited(_ id: String, _ process: Machine.Process, _ exit: ContainerObservation.Exit) -> PodFact {
        let spec = scenario.pod.spec
        let kind: ContainerKind =
            spec.initContainers.contains { $0.name == process.name }
            ? .initContainer : spec.containers.contains { $0.name == process.name } ? .main : .ephemeral
        return .containerExited(
            ContainerExited(
                container: ContainerRef(name: process.name, kind: kind),
                containerID: id,
                attempt: process.attempt,
                exitCode: exit.exitCode,
                signal: exit.signal,
                oomKilled: exit.oomKilled,
                startedAt: exit.startedAt,
                finishedAt: exit.finishedAt,
                message: exit.message
            )
        )
    }

    mutating func pullFacts(_ action: Action) -> [PodFact] {
        guard case .pullImage(let container, let image, _) = action else { return [] }
        let tries = pullsTried[image, default: 0]
        pullsTried[image] = tries + 1
        if let trouble = scenario.pullFailures[image], tries < trouble.times {
            return [
                .imagePullStarted(ImagePullStarted(container: container, image: image)),
                .imagePullFailed(
                    ImagePullFailed(
                        container: container,
                        image: image,
                        reason: trouble.reason,
                        message: "simulated",
                        failedAt: now
                    )
                ),
            ]
        }
        return [
            .imagePulled(
                ImagePulled(
                    container: container,
                    image: image,
                    imageID: "sha256:1",
                    imageRef: "repo@sha256:1",
                    sizeBytes: 1,
                    alreadyPresent: true,
                    durationMicroseconds: 5
                )
            )
        ]
    }
}
