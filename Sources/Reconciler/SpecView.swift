import Facts
import KubernetesAPI

/// What the reconciler needs of a container's definition, the same for the three kinds of containers.
struct ContainerDefinition: Hashable, Sendable {
    var ref: ContainerRef
    var image: String
    var imagePullPolicy: String
    var restartPolicy: String?
    var restartRules: [ContainerRestartRule]
    var stopSignal: String?
    var hasStartupProbe: Bool
    var hasReadinessProbe: Bool
    var hasLivenessProbe: Bool
    var hasHooks: Bool
    var livenessGrace: Int64?

    /// An init container that goes on running beside the main containers.
    var isSidecar: Bool { ref.kind == .initContainer && restartPolicy == "Always" }
    var hasProbes: Bool { hasStartupProbe || hasReadinessProbe || hasLivenessProbe }

    init(_ container: Container, kind: ContainerKind) {
        ref = ContainerRef(name: container.name, kind: kind)
        image = container.image
        imagePullPolicy = container.imagePullPolicy
        restartPolicy = container.restartPolicy
        restartRules = container.restartPolicyRules
        stopSignal = container.lifecycle?.stopSignal
        hasStartupProbe = container.startupProbe != nil
        hasReadinessProbe = container.readinessProbe != nil
        hasLivenessProbe = container.livenessProbe != nil
        hasHooks = container.lifecycle?.postStart != nil || container.lifecycle?.preStop != nil
        livenessGrace = container.livenessProbe?.terminationGracePeriodSeconds
    }

    init(_ container: EphemeralContainer) {
        ref = ContainerRef(name: container.name, kind: .ephemeral)
        image = container.image
        imagePullPolicy = container.imagePullPolicy
        restartPolicy = nil
        restartRules = []
        stopSignal = nil
        hasStartupProbe = false
        hasReadinessProbe = false
        hasLivenessProbe = false
        hasHooks = false
        livenessGrace = nil
    }

    /// Whether the container is started again after it ended with this code, by its own policy and the pod's.
    func restarts(after exitCode: Int32, podPolicy: String) -> Bool {
        if ref.kind == .ephemeral { return false }
        if isSidecar { return true }
        for rule in restartRules where rule.action == "Restart" {
            guard let codes = rule.exitCodes else { continue }
            let listed = codes.values.contains(exitCode)
            if codes.operator == "In" ? listed : !listed { return true }
        }
        switch restartPolicy ?? podPolicy {
        case "Never": return false
        case "OnFailure": return exitCode != 0
        // An init container that succeeded is done, whatever the pod's policy.
        default: return ref.kind == .main || exitCode != 0
        }
    }
}

extension PodSpec {
    var initDefinitions: [ContainerDefinition] { initContainers.map { ContainerDefinition($0, kind: .initContainer) } }
    var mainDefinitions: [ContainerDefinition] { containers.map { ContainerDefinition($0, kind: .main) } }
    var ephemeralDefinitions: [ContainerDefinition] { ephemeralContainers.map { ContainerDefinition($0) } }
    /// In the order in which they start, ephemeral ones last.
    var definitions: [ContainerDefinition] { initDefinitions + mainDefinitions + ephemeralDefinitions }
}

extension PodRecord {
    /// The container's record; one to which nothing has happened when there is none.
    func container(_ ref: ContainerRef) -> ContainerRuntime {
        runtime.containers[ref.name] ?? ContainerRuntime(kind: ref.kind)
    }

    /// Nobody starts anything in this pod any more: it is being deleted or has passed its deadline.
    var isStopping: Bool { runtime.deletionDeadline != nil || runtime.deadlineExceededAt != nil }

    var isTerminal: Bool { pod.status.phase == "Succeeded" || pod.status.phase == "Failed" }

    var hasLiveContainer: Bool { pod.spec.definitions.contains { container($0.ref).isLive } }

    /// Whether the last end of the container is followed by another start, unless the pod stops.
    func willRestart(_ definition: ContainerDefinition) -> Bool {
        let container = container(definition.ref)
        guard let termination = container.termination else { return true }
        return container.restartForced
            || definition.restarts(after: termination.exitCode, podPolicy: pod.spec.restartPolicy)
    }

    /// The container ended and is not started again.
    func isFinished(_ definition: ContainerDefinition) -> Bool {
        container(definition.ref).state == .exited && !willRestart(definition)
    }

    /// True once a main container was started in the present sandbox: then initialisation is over, whatever the
    /// init containers do.
    var hasInitialized: Bool {
        runtime.initializedSandbox != nil && runtime.initializedSandbox == runtime.sandbox.attempt
    }

    /// What the containers amount to: `Succeeded` or `Failed` when nothing of the pod will be started again, nil before.
    /// Sidecars and ephemeral containers have no say.
    var outcome: String? {
        if runtime.deadlineExceededAt != nil { return "Failed" }
        if !hasInitialized, !runsMain {
            for definition in pod.spec.initDefinitions where !definition.isSidecar && isFinished(definition) {
                if container(definition.ref).termination?.exitCode != 0 { return "Failed" }
            }
        }
        let mains = pod.spec.mainDefinitions
        guard !mains.isEmpty, mains.allSatisfy(isFinished) else { return nil }
        return mains.allSatisfy { container($0.ref).termination?.exitCode == 0 } ? "Succeeded" : "Failed"
    }

    private var runsMain: Bool { pod.spec.mainDefinitions.contains { container($0.ref).isLive } }

    /// Whether probes are taken into account: the agent warned that it does not run them, or it runs them.
    var probesCount: Bool { !runtime.warnings.contains(Reconciler.probesNotRun) }

    /// Running, and its startup probe, if there is one, succeeded.
    func isStarted(_ definition: ContainerDefinition) -> Bool {
        let container = container(definition.ref)
        guard container.state == .running else { return false }
        return !probesCount || !definition.hasStartupProbe || container.startupHealthy == true
    }

    /// What the status shows as `ready`.
    func isReady(_ definition: ContainerDefinition) -> Bool {
        let container = container(definition.ref)
        if definition.ref.kind == .initContainer, !definition.isSidecar {
            return container.state == .exited && container.termination?.exitCode == 0
        }
        guard isStarted(definition) else { return false }
        return !probesCount || !definition.hasReadinessProbe || container.readinessHealthy == true
    }
}
