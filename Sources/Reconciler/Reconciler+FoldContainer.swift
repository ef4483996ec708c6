import Facts

extension PodRecord {
    mutating func applyContainer(_ fact: PodFact) {
        guard let ref = fact.container else { return }
        var container = container(ref)
        switch fact {
        case .containerCreated(let fact):
            guard container.accepts(attempt: fact.attempt) else { return }
            container.begin(attempt: fact.attempt, id: fact.containerID, sandbox: runtime.sandbox.attempt)
            container.image = fact.image
            if container.specImage.isEmpty { container.specImage = fact.image }
            container.imageID = fact.imageID
            container.stopSignal = fact.stopSignal
        case .containerStarted(let fact):
            guard container.accepts(attempt: fact.attempt) else { return }
            container.begin(attempt: fact.attempt, id: fact.containerID, sandbox: runtime.sandbox.attempt)
            container.run(pid: fact.pid, startedAt: fact.startedAt)
            advance(to: fact.startedAt)
        case .containerStartFailed(let fact):
            guard container.accepts(attempt: fact.attempt) else { return }
            container.failStart(fact, sandbox: runtime.sandbox.attempt)
            advance(to: fact.failedAt)
        case .containerExited(let fact):
            guard container.accepts(exitOf: fact.attempt) else { return }
            if container.state != .running {
                container.begin(attempt: fact.attempt, id: fact.containerID, sandbox: runtime.sandbox.attempt)
            }
            container.end(ContainerRuntime.Termination(fact))
            advance(to: fact.finishedAt)
        case .containerKillRequested(let fact):
            guard container.state == .running, container.attempt == fact.attempt else { return }
            container.kill = ContainerRuntime.Kill(
                signal: fact.signal,
                reason: fact.reason,
                requestedAt: fact.requestedAt,
                deadline: fact.deadline
            )
            advance(to: fact.requestedAt)
        case .containerBackedOff(let fact):
            guard container.state == .exited, container.attempt == fact.attempt else { return }
            container.backOff = ContainerRuntime.BackOff(
                attempt: fact.attempt,
                delaySeconds: fact.delaySeconds,
                until: fact.until
            )
        case .containerRemoved(let fact):
            if container.starting == fact.attempt { container.starting = nil }
            guard container.attempt == fact.attempt else { break }
            container.leftover = false
            if container.state == .created { container.state = container.termination == nil ? .waiting : .exited }
        case .probeChanged(let fact):
            guard container.state == .running, container.attempt == fact.attempt else { return }
            container.set(fact.probe, healthy: fact.healthy)
            advance(to: fact.changedAt)
        default: return
        }
        runtime.containers[ref.name] = container
        if ref.kind == .main, container.hadProcess { runtime.initializedSandbox = runtime.sandbox.attempt }
    }
}

extension ContainerRuntime {
    /// The latest attempt has or had a process.
    fileprivate var hadProcess: Bool {
        switch state {
        case .running: true
        case .exited: termination?.startFailed == false
        case .waiting, .created: false
        }
    }

    /// A fact about a start fits the attempt that is planned, or the one that is created and not started.
    fileprivate func accepts(attempt: Int) -> Bool {
        state != .running && attempt >= plannedAttempt
    }

    /// An exit fits the running attempt, or one whose start the log missed.
    fileprivate func accepts(exitOf attempt: Int) -> Bool {
        state == .running ? attempt == self.attempt : attempt >= plannedAttempt
    }

    fileprivate mutating func begin(attempt: Int, id: String, sandbox: Int?) {
        starting = nil
        guard state != .created || self.attempt != attempt else { return }
        self.attempt = attempt
        containerID = id
        sandboxAttempt = sandbox
        state = .created
        leftover = true
        pid = nil
        startedAt = nil
        kill = nil
        createError = nil
        restartForced = false
        startupHealthy = nil
        readinessHealthy = nil
        livenessHealthy = nil
        imageID = pull.imageRef
        specImage = pull.image
        if !pull.image.isEmpty { image = pull.image }
    }

    fileprivate mutating func run(pid: Int32, startedAt: Microseconds) {
        state = .running
        self.pid = pid
        self.startedAt = startedAt
        backOff = nil
        // Each start asks for the image anew.
        pull = Pull()
    }

    fileprivate mutating func failStart(_ fact: ContainerStartFailed, sandbox: Int?) {
        let nothingWasStarted = [
            "CreateContainerConfigError", "CreateContainerError", ContainerStartFailed.failedMount,
        ].contains(fact.reason)
        guard !nothingWasStarted || state == .created else {
            starting = nil
            createError = CreateError(
                reason: fact.reason,
                message: fact.message,
                failedAt: fact.failedAt,
                failures: createError.map { $0.reason == fact.reason ? $0.failures + 1 : 1 } ?? 1
            )
            return
        }
        begin(attempt: fact.attempt, id: fact.containerID, sandbox: sandbox)
        end(
            Termination(
                exitCode: 128,
                signal: nil,
                reason: "StartError",
                message: fact.message,
                startedAt: nil,
                finishedAt: fact.failedAt,
                containerID: fact.containerID,
                startFailed: true
            )
        )
    }

    mutating func end(_ termination: Termination) {
        var ended = termination
        if ended.startedAt == nil { ended.startedAt = startedAt }
        previous = self.termination
        self.termination = ended
        // The same container in another image is another container: it begins without a past.
        restartForced = kill?.reason == KillReason.definitionChanged
        if restartForced {
            runs = []
        } else {
            runs.append(Run(startedAt: ended.startedAt, finishedAt: ended.finishedAt))
            if runs.count > Self.maximumRuns { runs.removeFirst(runs.count - Self.maximumRuns) }
        }
        state = .exited
        pid = nil
        startedAt = nil
        kill = nil
        backOff = nil
        createError = nil
        startupHealthy = nil
        readinessHealthy = nil
        livenessHealthy = nil
        pull = Pull()
    }

    fileprivate mutating func set(_ probe: ProbeKind, healthy: Bool) {
        switch probe {
        case .startup: startupHealthy = healthy
        case .readiness: readinessHealthy = healthy
        case .liveness: livenessHealthy = healthy
        }
    }
}

extension ContainerRuntime.Termination {
    fileprivate init(_ fact: ContainerExited) {
        let reason =
            if let reason = fact.reason {
                reason
            } else if fact.oomKilled {
                "OOMKilled"
            } else {
                fact.exitCode == 0 ? "Completed" : "Error"
            }
        self.init(
            exitCode: fact.exitCode,
            signal: fact.signal,
            reason: reason,
            message: fact.message,
            startedAt: fact.startedAt,
            finishedAt: fact.finishedAt,
            containerID: fact.containerID,
            startFailed: false
        )
    }

    /// The end of a container that nobody saw.
    static func lost(container: ContainerRuntime, at instant: Microseconds) -> Self {
        Self(
            exitCode: 137,
            signal: nil,
            reason: "ContainerStatusUnknown",
            message: Reconciler.lostMessage,
            startedAt: container.startedAt,
            finishedAt: instant,
            containerID: container.containerID,
            startFailed: false
        )
    }
}

extension Reconciler {
    /// What the status says about a container whose end nobody saw.
    package static let lostMessage = "The container could not be located when the pod was terminated"
}
