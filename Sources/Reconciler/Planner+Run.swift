import Facts
import KubernetesAPI

/// Towards running: sandbox, images, init containers, main containers.
extension Planner {
    /// What one container needs next.
    private enum Need {
        /// Nothing: it runs, or it is done.
        case nothing
        /// It waits: for an instant, which was noted, or for another step.
        case later
        case step(Action)
    }

    mutating func planRun() {
        planLeftovers()
        planChangedDefinitions()
        let candidates = startCandidates()
        var needs: [(definition: ContainerDefinition, need: Need)] = []
        for definition in candidates {
            needs.append((definition, need(of: definition)))
        }
        let isWanted = needs.contains { if case .nothing = $0.need { false } else { true } }
        let sandboxIsReady = isWanted && planSandbox()
        // Main containers start in their order: one that is about to start holds the later ones back, one that waits
        // for its back-off does not.
        var mainIsStarting = false
        for (definition, need) in needs {
            guard case .step(let action) = need else { continue }
            let isMain = definition.ref.kind == .main
            switch action {
            case .startContainer:
                if sandboxIsReady, !(isMain && mainIsStarting) { act(action) }
                if isMain { mainIsStarting = true }
            case .pullImage:
                act(action)
                if isMain, view.container(definition.ref).pull.failures == 0 { mainIsStarting = true }
            default:
                act(action)
            }
        }
    }

    /// The containers whose turn it is, in the order in which they start.
    private func startCandidates() -> [ContainerDefinition] {
        var candidates: [ContainerDefinition] = []
        var initialized = true
        for definition in view.inits {
            if definition.isSidecar {
                candidates.append(definition)
                if !view.isStarted(definition), !view.hasInitialized {
                    initialized = false
                    break
                }
            } else if !view.hasInitialized, !isDone(definition) {
                candidates.append(definition)
                initialized = false
                break
            }
        }
        if initialized { candidates += view.mains }
        return candidates + view.ephemerals
    }

    /// A regular init container is done when it succeeded in the present sandbox.
    private func isDone(_ definition: ContainerDefinition) -> Bool {
        let container = view.container(definition.ref)
        return container.state == .exited && container.termination?.exitCode == 0
            && container.sandboxAttempt == runtime.sandbox.attempt
            && runtime.sandbox.state == .ready
    }

    /// What has ended is removed from the runtime; its log stays. In a sandbox that is gone, that removes all at once.
    private mutating func planLeftovers() {
        guard runtime.sandbox.state == .ready else { return }
        for definition in view.all {
            let container = view.container(definition.ref)
            guard container.leftover, container.state == .exited else { continue }
            act(.remove(definition.ref, container))
        }
    }

    /// Brings the sandbox about. Returns true when it is ready.
    private mutating func planSandbox() -> Bool {
        let sandbox = runtime.sandbox
        switch sandbox.state {
        case .ready: return true
        case .absent: break
        case .failed, .lost:
            if sandbox.leftover, let id = sandbox.id {
                act(.removeSandbox(sandboxID: id))
                return false
            }
            if !isOver(since: sandbox.endedAt, lasting: sandboxDelay(sandbox) * second) { return false }
        }
        let next = Reconciler.nextSandbox(of: record)
        act(.createSandbox(sandboxID: next.id, attempt: next.attempt))
        return false
    }

    /// In seconds. A sandbox that was lost is made anew at once, but not again and again; one that could not be made
    /// waits. Both waits double with each sandbox that did not last.
    private func sandboxDelay(_ sandbox: SandboxRuntime) -> Int64 {
        let lasted = sandbox.runs.lastIndex { run in
            run.startedAt.map { run.finishedAt - $0 >= policy.syncRetry * second } ?? false
        }
        let endings = sandbox.runs.count - 1 - (lasted ?? 0)
        let waits = sandbox.state == .lost ? endings : endings + 1
        guard waits > 0 else { return 0 }
        return Policy.doubled(policy.syncRetry, times: waits - 1, cap: policy.backOffCap)
    }

    private mutating func need(of definition: ContainerDefinition) -> Need {
        let container = view.container(definition.ref)
        if container.state == .running { return .nothing }
        if container.leftover, container.state == .exited { return .later }
        if container.state == .exited {
            // An init container that succeeded runs once more in a new sandbox.
            let runsAgain = definition.ref.kind == .initContainer && container.termination?.exitCode == 0
            guard runsAgain || view.willRestart(definition) else { return .nothing }
            if let waiting = backOff(definition, container) { return waiting }
        }
        if let error = container.createError, !isOver(since: error.failedAt, lasting: retryDelay(error) * second) {
            return .later
        }
        return image(definition, container)
    }

    /// In seconds.
    private func retryDelay(_ error: ContainerRuntime.CreateError) -> Int64 {
        guard error.reason == ContainerStartFailed.failedMount else { return policy.syncRetry }
        return Policy.doubled(policy.mountBackOffBase, times: error.failures - 1, cap: policy.mountBackOffCap)
    }

    /// The delay before the next start; nil when there is none any more.
    private mutating func backOff(_ definition: ContainerDefinition, _ container: ContainerRuntime) -> Need? {
        guard let finishedAt = container.termination?.finishedAt else { return nil }
        let delay = restartDelay(container)
        let until = finishedAt + delay * second
        guard delay > 0, !hasPassed(since: finishedAt, lasting: delay * second) else { return nil }
        if container.backOff?.attempt == container.attempt {
            wake(at: until)
            return .later
        }
        return .step(
            .record(
                .containerBackedOff(
                    ContainerBackedOff(
                        container: definition.ref,
                        attempt: container.attempt ?? 0,
                        delaySeconds: delay,
                        until: until
                    )
                )
            )
        )
    }

    /// In seconds. The first restart comes at once; a run that was long enough starts the count anew.
    private func restartDelay(_ container: ContainerRuntime) -> Int64 {
        if container.restartForced { return 0 }
        let lastLong = container.runs.lastIndex { run in
            run.finishedAt - (run.startedAt ?? run.finishedAt) >= policy.backOffForget * second
        }
        let restarts = container.runs.count - 1 - (lastLong ?? 0)
        guard restarts > 0 else { return 0 }
        return Policy.doubled(policy.backOffBase, times: restarts - 1, cap: policy.backOffCap)
    }

    private mutating func image(_ definition: ContainerDefinition, _ container: ContainerRuntime) -> Need {
        let pull = container.pull
        let pullStep = Need.step(
            .pullImage(definition.ref, image: definition.image, policy: definition.imagePullPolicy)
        )
        switch pull.state {
        case .none, .pulling:
            return pullStep
        case .failed:
            // A name that cannot be read does not get better by itself; changing it starts over.
            if pull.reason == "InvalidImageName" { return .later }
            let delay = Policy.doubled(policy.pullBackOffBase, times: pull.failures - 1, cap: policy.pullBackOffCap)
            let until = pull.backedOffUntil ?? pull.failedAt + delay * second
            if hasPassed(since: pull.failedAt, lasting: until - pull.failedAt) { return pullStep }
            // An image that must never be pulled keeps its reason: it is only looked for again.
            if pull.backedOffUntil != nil || pull.reason == "ErrImageNeverPull" {
                wake(at: until)
                return .later
            }
            return .step(
                .record(
                    .imagePullBackedOff(
                        ImagePullBackedOff(
                            container: definition.ref,
                            image: definition.image,
                            until: until,
                            message: "Back-off pulling image \"\(definition.image)\": \(pull.reason): \(pull.message)"
                        )
                    )
                )
            )
        case .pulled:
            let attempt = container.plannedAttempt
            return .step(
                .startContainer(
                    definition.ref,
                    containerID: DerivedID.container(
                        podUID: record.pod.metadata.uid,
                        name: definition.ref.name,
                        attempt: attempt
                    ),
                    attempt: attempt
                )
            )
        }
    }

    /// Main containers whose image was changed, or whose liveness or startup probe failed, are stopped; what comes
    /// after is an ordinary start.
    private mutating func planChangedDefinitions() {
        for definition in view.mains + view.inits.filter(\.isSidecar) {
            let container = view.container(definition.ref)
            guard container.state == .running else { continue }
            if let kill = container.kill {
                stop(definition, reason: kill.reason, message: "", deadline: kill.deadline)
            } else if !container.specImage.isEmpty, container.specImage != definition.image {
                stop(
                    definition,
                    reason: KillReason.definitionChanged,
                    message: "Container \(definition.ref) definition changed, will be restarted",
                    deadline: now + gracePeriod * second
                )
            } else if view.probesCount, container.livenessHealthy == false || container.startupHealthy == false {
                let probe = container.startupHealthy == false ? "startup" : "liveness"
                stop(
                    definition,
                    reason: KillReason.unhealthy,
                    message: "Container \(definition.ref) failed \(probe) probe, will be restarted",
                    deadline: now + (definition.livenessGrace ?? gracePeriod) * second
                )
            }
        }
    }
}

extension Reconciler {
    /// The id and attempt that the pod's next sandbox will have. After a restart the agent looks for this one too: it
    /// may have been made and not recorded.
    package static func nextSandbox(of record: PodRecord) -> (id: String, attempt: Int) {
        let attempt = record.runtime.sandbox.attempt.map { $0 + 1 } ?? 0
        return (DerivedID.sandbox(podUID: record.pod.metadata.uid, attempt: attempt), attempt)
    }
}
