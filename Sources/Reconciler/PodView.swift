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

/// A pod's record with the definitions of its containers at hand, worked out once for many questions.
struct PodView {
    let record: PodRecord
    let inits: [ContainerDefinition]
    let mains: [ContainerDefinition]
    let ephemerals: [ContainerDefinition]

    init(_ record: PodRecord) {
        self.record = record
        let spec = record.pod.spec
        inits = spec.initContainers.map { ContainerDefinition($0, kind: .initContainer) }
        mains = spec.containers.map { ContainerDefinition($0, kind: .main) }
        ephemerals = spec.ephemeralContainers.map { ContainerDefinition($0) }
    }

    var pod: Pod { record.pod }
    var runtime: PodRuntime { record.runtime }
    /// In the order in which they start, ephemeral ones last.
    var all: [ContainerDefinition] { inits + mains + ephemerals }

    /// The container's record; one to which nothing has happened when there is none.
    func container(_ ref: ContainerRef) -> ContainerRuntime { record.container(ref) }

    /// A node has taken the pod: no scheduling gate holds it back any more.
    var isBound: Bool { record.isBound }
    var isTerminal: Bool { record.isTerminal }
    var isStopping: Bool { record.isStopping }

    var hasLiveContainer: Bool { record.runtime.containers.values.contains(where: \.isLive) }

    /// Whether the last end of the container is followed by another start, unless the pod stops.
    func willRestart(_ definition: ContainerDefinition) -> Bool {
        let container = container(definition.ref)
        guard let termination = container.termination else { return true }
        return container.restartForced
            || definition.restarts(after: termination.exitCode, podPolicy: record.pod.spec.restartPolicy)
    }

    /// The container ended and is not started again.
    func isFinished(_ definition: ContainerDefinition) -> Bool {
        container(definition.ref).state == .exited && !willRestart(definition)
    }

    /// True once a main container was started in the present sandbox: then initialisation is over, whatever the
    /// init containers do.
    var hasInitialized: Bool {
        record.runtime.initializedSandbox != nil
            && record.runtime.initializedSandbox == record.runtime.sandbox.attempt
    }

    /// What the containers amount to: `Succeeded` or `Failed` when nothing of the pod will be started again, nil before.
    /// Sidecars and ephemeral containers have no say.
    var outcome: String? {
        if record.runtime.deadlineExceededAt != nil { return "Failed" }
        if !hasInitialized, !mains.contains(where: { container($0.ref).isLive }) {
            for definition in inits where !definition.isSidecar && isFinished(definition) {
                if container(definition.ref).termination?.exitCode != 0 { return "Failed" }
            }
        }
        guard !mains.isEmpty, mains.allSatisfy(isFinished) else { return nil }
        return mains.allSatisfy { container($0.ref).termination?.exitCode == 0 } ? "Succeeded" : "Failed"
    }

    /// Whether probes are taken into account: the agent warned that it does not run them, or it runs them.
    var probesCount: Bool { !record.runtime.warnings.contains(Reconciler.probesNotRun) }

    /// Running, and its startup probe, if there is one, succeeded.
    func isStarted(_ definition: ContainerDefinition) -> Bool {
        let container = container(definition.ref)
        guard container.state == .running else { return false }
        return !definition.hasStartupProbe || container.startupHealthy == true || !probesCount
    }

    /// What the status shows as `ready`.
    func isReady(_ definition: ContainerDefinition) -> Bool {
        let container = container(definition.ref)
        if definition.ref.kind == .initContainer, !definition.isSidecar {
            return container.state == .exited && container.termination?.exitCode == 0
        }
        guard isStarted(definition) else { return false }
        return !definition.hasReadinessProbe || container.readinessHealthy == true || !probesCount
    }
}

extension PodRecord {
    /// The container's record; one to which nothing has happened when there is none.
    func container(_ ref: ContainerRef) -> ContainerRuntime {
        runtime.containers[ref.name] ?? ContainerRuntime(kind: ref.kind)
    }

    /// Nobody starts anything in this pod any more: it is being deleted or has passed its deadline.
    var isStopping: Bool { runtime.deletionDeadline != nil || runtime.deadlineExceededAt != nil }

    package var isBound: Bool { !pod.spec.nodeName.isEmpty }

    var isTerminal: Bool { pod.status.phase == "Succeeded" || pod.status.phase == "Failed" }
}
