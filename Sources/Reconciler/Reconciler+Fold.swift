package import Facts
package import KubernetesAPI

extension Reconciler {
    /// The reason of the warning that a pod's probes are not run. While it stands, probes do not count.
    package static let probesNotRun = "ProbesNotRun"
    /// The reason of the warning that a pod's lifecycle hooks are not run.
    package static let hooksNotRun = "LifecycleHooksNotRun"

    /// Takes one more fact into a pod's record, the complete status included.
    ///
    /// - Parameters:
    ///   - record: What the facts before amount to; nil before `created`.
    ///   - fact: The next fact of the pod, in the order of the log.
    ///   - object: For `created`, `replaced` and `patched`, the pod that the client's request made of it, or (when the
    ///     log is replayed) the event's after-image. Unused for every other fact.
    /// - Returns: The new record, whose `pod` is the event's after-image; nil when the pod is gone. A fact that does not
    ///   fit (it tells of an attempt that is over, or for the second time) leaves the record as it is.
    package static func fold(_ record: PodRecord?, _ fact: PodFact, object: Pod? = nil) -> PodRecord? {
        if case .created = fact {
            guard let object else { return record }
            return PodRecord(pod: object).afterCreation()
        }
        guard var next = record else { return nil }
        switch fact {
        case .removed: return nil
        case .replaced(let fact): next.update(to: object, at: fact.changedAt)
        case .patched(let fact): next.update(to: object, at: fact.changedAt)
        default:
            next.apply(fact)
            // The status follows from the object and the runtime; where neither moved, it is what it was.
            if next.runtime == record?.runtime { return next }
        }
        next.refreshStatus()
        return next
    }

    /// Whether the fact would change the record. A fact that a crash or a late report brings for the second time would
    /// not, and need not be appended.
    package static func isNews(_ fact: PodFact, for record: PodRecord) -> Bool {
        switch fact {
        case .created, .replaced, .patched, .stepPlanned, .warned, .removed: return true
        default:
            var next = record
            next.apply(fact)
            return next.runtime != record.runtime
        }
    }
}

extension PodRecord {
    fileprivate func afterCreation() -> PodRecord {
        var record = self
        record.runtime.latest = pod.metadata.creationTimestamp?.microsecondsSince1970 ?? 0
        record.refreshStatus()
        return record
    }

    /// A client changed the object: its metadata, its spec, or conditions that are not ours.
    fileprivate mutating func update(to object: Pod?, at instant: Microseconds) {
        guard let object else { return }
        advance(to: instant)
        let old = pod
        pod.spec = object.spec
        pod.metadata = object.metadata
        pod.metadata.uid = old.metadata.uid
        pod.metadata.creationTimestamp = old.metadata.creationTimestamp
        pod.metadata.deletionTimestamp = old.metadata.deletionTimestamp
        pod.metadata.deletionGracePeriodSeconds = old.metadata.deletionGracePeriodSeconds
        pod.metadata.generation = old.metadata.generation + (old.spec == object.spec ? 0 : 1)
        if old.spec.nodeName.isEmpty, !pod.spec.nodeName.isEmpty { takeBinding(of: object) }
        pod.status.conditions =
            old.status.conditions.filter { StatusConditions.isOurs($0.type) }
            + object.status.conditions.filter { !StatusConditions.isOurs($0.type) }
        // Another image starts over with its pulls.
        for definition in PodView(self).all {
            guard var container = runtime.containers[definition.ref.name] else { continue }
            if !container.pull.image.isEmpty, container.pull.image != definition.image {
                container.pull = ContainerRuntime.Pull()
                runtime.containers[definition.ref.name] = container
            }
        }
    }

    /// The last gate is gone: from here on the pod is the node's, or the node refuses it.
    private mutating func takeBinding(of object: Pod) {
        pod.status.hostIP = object.status.hostIP
        pod.status.hostIPs = object.status.hostIPs
        pod.status.startTime = object.status.startTime
        pod.status.phase = object.status.phase
        pod.status.reason = object.status.reason
        pod.status.message = object.status.message
    }

    mutating func advance(to instant: Microseconds) {
        runtime.latest = max(runtime.latest, instant)
    }

    fileprivate mutating func apply(_ fact: PodFact) {
        switch fact {
        case .deletionRequested(let fact): requestDeletion(fact)
        case .deadlineExceeded(let fact):
            guard runtime.deadlineExceededAt == nil, !isTerminal else { return }
            runtime.deadlineExceededAt = fact.exceededAt
            advance(to: fact.exceededAt)
        case .warned(let fact):
            if !runtime.warnings.contains(fact.reason) { runtime.warnings.append(fact.reason) }
        case .imagePullStarted, .imagePulled, .imagePullFailed, .imagePullBackedOff:
            applyPull(fact)
        case .sandboxCreated, .sandboxFailed, .sandboxLost, .sandboxRemoved:
            applySandbox(fact)
        case .containerCreated, .containerStarted, .containerStartFailed, .containerExited, .containerKillRequested,
            .containerBackedOff, .containerRemoved, .probeChanged:
            applyContainer(fact)
        case .stepPlanned(let fact): plan(fact)
        // What clients do with a running container changes nothing of what is wanted or known.
        case .created, .replaced, .patched, .removed, .execStarted, .execFinished, .attached: break
        }
    }

    private mutating func requestDeletion(_ fact: PodDeletionRequested) {
        // A later request may shorten the grace period, never lengthen it.
        if let deadline = runtime.deletionDeadline, deadline <= fact.deletionTimestamp { return }
        runtime.deletionDeadline = fact.deletionTimestamp
        pod.metadata.deletionTimestamp = Time(microsecondsSince1970: fact.deletionTimestamp)
        pod.metadata.deletionGracePeriodSeconds = fact.gracePeriodSeconds
        advance(to: fact.deletionTimestamp - fact.gracePeriodSeconds * second)
    }

    /// From the intent on, a process may run. So the pod is not done before the outcome is known.
    private mutating func plan(_ fact: ReconcileStepPlanned) {
        guard fact.action == Action.startStep, let ref = fact.container else { return }
        var container = container(ref)
        guard container.state != .running, fact.attempt == container.plannedAttempt else { return }
        container.starting = fact.attempt
        runtime.containers[ref.name] = container
    }

    private mutating func applyPull(_ fact: PodFact) {
        guard let ref = fact.container else { return }
        var container = container(ref)
        // A container that runs has its image; the next start asks anew.
        guard container.state != .running else { return }
        switch fact {
        case .imagePullStarted(let fact):
            guard container.pull.state != .pulled else { return }
            container.pull.state = .pulling
            container.pull.image = fact.image
            container.pull.backedOffUntil = nil
        case .imagePulled(let fact):
            container.pull = ContainerRuntime.Pull()
            container.pull.state = .pulled
            container.pull.image = fact.image
            container.pull.imageRef = fact.imageRef
        case .imagePullFailed(let fact):
            container.pull.state = .failed
            container.pull.image = fact.image
            container.pull.reason = fact.reason
            container.pull.message = fact.message
            container.pull.failures += 1
            container.pull.failedAt = fact.failedAt
            container.pull.backedOffUntil = nil
            advance(to: fact.failedAt)
        case .imagePullBackedOff(let fact):
            guard container.pull.state == .failed else { return }
            container.pull.backedOffUntil = fact.until
            container.pull.message = fact.message
        default: return
        }
        runtime.containers[ref.name] = container
    }

    private mutating func applySandbox(_ fact: PodFact) {
        switch fact {
        // Attempts are used once: what is reported of one that has failed or was lost comes too late.
        case .sandboxCreated(let fact):
            guard fact.attempt > runtime.sandbox.attempt ?? -1 else { return }
            var sandbox = SandboxRuntime()
            sandbox.state = .ready
            sandbox.id = fact.sandboxID
            sandbox.attempt = fact.attempt
            sandbox.leftover = true
            sandbox.podIPs = fact.podIPs
            sandbox.createdAt = fact.createdAt
            sandbox.runs = runtime.sandbox.runs
            runtime.sandbox = sandbox
            advance(to: fact.createdAt)
        case .sandboxFailed(let fact):
            guard fact.attempt > runtime.sandbox.attempt ?? -1 else { return }
            runtime.sandbox.state = .failed
            runtime.sandbox.id = fact.sandboxID
            runtime.sandbox.attempt = fact.attempt
            runtime.sandbox.leftover = true
            runtime.sandbox.end(startedAt: nil, at: fact.failedAt, message: fact.message)
            advance(to: fact.failedAt)
        case .sandboxLost(let fact):
            guard fact.sandboxID == runtime.sandbox.id, runtime.sandbox.state == .ready else { return }
            runtime.sandbox.state = .lost
            runtime.sandbox.end(startedAt: runtime.sandbox.createdAt, at: fact.lostAt, message: fact.message)
            advance(to: fact.lostAt)
            endContainersWithSandbox(at: fact.lostAt)
        case .sandboxRemoved(let fact):
            guard fact.sandboxID == runtime.sandbox.id else { return }
            // A sandbox that failed or was lost keeps the time of that, for the delay before the next one.
            if runtime.sandbox.state == .ready { runtime.sandbox.state = .absent }
            runtime.sandbox.leftover = false
            advance(to: fact.removedAt)
            endContainersWithSandbox(at: fact.removedAt)
            for name in runtime.containers.keys { runtime.containers[name]?.leftover = false }
        default: return
        }
    }

    /// Nothing runs in a sandbox that is gone. Exits that were not reported before are unknown ones.
    private mutating func endContainersWithSandbox(at instant: Microseconds) {
        for (name, container) in runtime.containers {
            runtime.containers[name]?.starting = nil
            switch container.state {
            case .running:
                runtime.containers[name]?.end(
                    ContainerRuntime.Termination.lost(container: container, at: instant)
                )
            case .created:
                runtime.containers[name]?.state = container.termination == nil ? .waiting : .exited
            case .waiting, .exited:
                break
            }
        }
    }
}
