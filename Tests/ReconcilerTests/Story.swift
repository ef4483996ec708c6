import Facts
import KubernetesAPI
import Reconciler

/// A pod and what has happened to it, told step by step. Times are in seconds after the pod was created.
struct Story {
    static let start: Microseconds = 1_795_000_000_000_000
    static let uid = "5f0e"

    var record: PodRecord
    var now: Microseconds = Self.start

    /// A pod `p` in namespace `ns`.
    init(
        _ containers: [String] = ["c"],
        inits: [String] = [],
        sidecars: Set<String> = [],
        restartPolicy: String = "Always",
        change: (inout PodSpec) -> Void = { _ in }
    ) throws {
        var spec = PodSpec(restartPolicy: restartPolicy)
        spec.containers = containers.map { Container(name: $0, image: "img", imagePullPolicy: "IfNotPresent") }
        spec.initContainers = inits.map { name in
            var container = Container(name: name, image: "img", imagePullPolicy: "IfNotPresent")
            if sidecars.contains(name) { container.restartPolicy = "Always" }
            return container
        }
        change(&spec)
        let pod = Reconciler.admit(
            Pod(kind: "Pod", apiVersion: "v1", metadata: ObjectMeta(name: "p", namespace: "ns"), spec: spec),
            node: NodeContext(name: "n1", hostIPs: ["192.0.2.1", "2001:db8::1"]),
            uid: Self.uid,
            now: Self.start
        )
        guard let record = Reconciler.fold(nil, .created(PodCreated(nodeName: "n1")), object: pod) else {
            throw StoryError.gone
        }
        self.record = record
    }

    enum StoryError: Error { case gone }

    var pod: Pod { record.pod }
    var status: PodStatus { record.pod.status }

    mutating func at(_ seconds: Double) {
        now = Self.start + Microseconds(seconds * 1_000_000)
    }

    mutating func happens(_ fact: PodFact, object: Pod? = nil) throws {
        guard let next = Reconciler.fold(record, fact, object: object) else { throw StoryError.gone }
        record = next
    }

    func ref(_ name: String) -> ContainerRef {
        let isInit = pod.spec.initContainers.contains { $0.name == name }
        let isMain = pod.spec.containers.contains { $0.name == name }
        return ContainerRef(name: name, kind: isInit ? .initContainer : isMain ? .main : .ephemeral)
    }

    static func id(_ name: String, _ attempt: Int) -> String {
        DerivedID.container(podUID: uid, name: name, attempt: attempt)
    }

    mutating func sandbox(attempt: Int = 0, ips: [String] = ["10.0.0.5"]) throws {
        try happens(
            .sandboxCreated(
                SandboxCreated(
                    sandboxID: DerivedID.sandbox(podUID: Self.uid, attempt: attempt),
                    attempt: attempt,
                    shimPID: 1,
                    podIPs: ips,
                    createdAt: now
                )
            )
        )
    }

    /// The sandbox's shim dies, and what is left of it is removed.
    mutating func loses(attempt: Int) throws {
        let id = DerivedID.sandbox(podUID: Self.uid, attempt: attempt)
        try happens(.sandboxLost(SandboxLost(sandboxID: id, message: "killed", lostAt: now)))
        try removesSandbox(attempt: attempt)
    }

    mutating func removesSandbox(attempt: Int) throws {
        let id = DerivedID.sandbox(podUID: Self.uid, attempt: attempt)
        try happens(.sandboxRemoved(SandboxRemoved(sandboxID: id, removedAt: now)))
    }

    mutating func pulled(_ name: String, image: String = "img") throws {
        try happens(
            .imagePulled(
                ImagePulled(
                    container: ref(name),
                    image: image,
                    imageID: "sha256:aa",
                    imageRef: "docker.io/library/img@sha256:bb",
                    sizeBytes: 1,
                    alreadyPresent: true,
                    durationMicroseconds: 1
                )
            )
        )
    }

    mutating func pullFails(_ name: String, reason: String = "ErrImagePull", message: String = "no such image") throws {
        try happens(
            .imagePullFailed(
                ImagePullFailed(container: ref(name), image: "img", reason: reason, message: message, failedAt: now)
            )
        )
    }

    mutating func starts(_ name: String, attempt: Int = 0) throws {
        if record.runtime.containers[name]?.pull.state != .pulled { try pulled(name) }
        try happens(
            .containerCreated(
                ContainerCreated(
                    container: ref(name),
                    containerID: Self.id(name, attempt),
                    attempt: attempt,
                    image: pod.spec.containers.first { $0.name == name }?.image ?? "img",
                    imageID: "docker.io/library/img@sha256:bb"
                )
            )
        )
        try happens(
            .containerStarted(
                ContainerStarted(
                    container: ref(name),
                    containerID: Self.id(name, attempt),
                    attempt: attempt,
                    pid: 77,
                    startedAt: now
                )
            )
        )
    }

    mutating func exits(
        _ name: String,
        attempt: Int = 0,
        code: Int32 = 0,
        signal: Int32? = nil,
        oom: Bool = false,
        removed: Bool = true
    ) throws {
        try happens(
            .containerExited(
                ContainerExited(
                    container: ref(name),
                    containerID: Self.id(name, attempt),
                    attempt: attempt,
                    exitCode: code,
                    signal: signal,
                    oomKilled: oom,
                    finishedAt: now
                )
            )
        )
        if removed {
            try happens(
                .containerRemoved(
                    ContainerRemoved(container: ref(name), containerID: Self.id(name, attempt), attempt: attempt)
                )
            )
        }
    }

    mutating func startFails(_ name: String, attempt: Int = 0, reason: String, message: String = "why") throws {
        try happens(
            .containerStartFailed(
                ContainerStartFailed(
                    container: ref(name),
                    containerID: Self.id(name, attempt),
                    attempt: attempt,
                    reason: reason,
                    message: message,
                    failedAt: now
                )
            )
        )
    }

    mutating func deletes(grace: Int64) throws {
        try happens(
            .deletionRequested(
                PodDeletionRequested(gracePeriodSeconds: grace, deletionTimestamp: now + grace * 1_000_000)
            )
        )
    }

    /// Takes over every fact that decide wants recorded, and the signals as if they had been sent.
    mutating func recordDecisions() throws {
        for _ in 0..<20 {
            let facts = Reconciler.decide(record, now: now).actions.compactMap { action -> PodFact? in
                switch action {
                case .record(let fact): fact
                case .signalContainer(let kill): .containerKillRequested(kill)
                default: nil
                }
            }
            if facts.isEmpty { return }
            for fact in facts { try happens(fact) }
        }
    }

    /// What is decided now, in short words.
    var decided: [String] { Reconciler.decide(record, now: now).actions.map(Self.words) }

    /// In how many seconds the pod is looked at again.
    var wakesIn: Double? {
        Reconciler.decide(record, now: now).wakeAt.map { Double($0 - now) / 1_000_000 }
    }

    private static func words(_ action: Action) -> String {
        switch action {
        case .record(let fact): "record \(fact.typeName)" + (fact.container.map { " \($0)" } ?? "")
        case .pullImage(let container, _, _): "pull \(container)"
        case .createSandbox(_, let attempt): "sandbox #\(attempt)"
        case .startContainer(let container, _, let attempt): "start \(container) #\(attempt)"
        case .signalContainer(let kill): "signal \(kill.signal) \(kill.container) #\(kill.attempt)"
        case .removeContainer(let container, _, let attempt): "remove \(container) #\(attempt)"
        case .removeSandbox: "remove sandbox"
        case .removePod: "remove pod"
        }
    }

    func container(_ name: String) -> ContainerStatus {
        (status.initContainerStatuses + status.containerStatuses + status.ephemeralContainerStatuses)
            .first { $0.name == name } ?? ContainerStatus()
    }

    /// `waiting:Reason`, `running` or `terminated:Reason(code)`.
    func state(_ name: String) -> String { Self.words(container(name).state) }
    func lastState(_ name: String) -> String { Self.words(container(name).lastState) }

    private static func words(_ state: ContainerState) -> String {
        if let waiting = state.waiting { return "waiting:\(waiting.reason)" }
        if state.running != nil { return "running" }
        if let terminated = state.terminated { return "terminated:\(terminated.reason)(\(terminated.exitCode))" }
        return "none"
    }

    /// `True`, or `False:Reason:message`.
    func condition(_ type: String) -> String {
        guard let condition = status.conditions.first(where: { $0.type == type }) else { return "absent" }
        return [condition.status, condition.reason, condition.message].filter { !$0.isEmpty }.joined(separator: ":")
    }
}
