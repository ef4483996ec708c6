import Facts
import KubernetesAPI

/// The conditions that the node keeps. Others, set through the API, are left alone.
enum StatusConditions {
    static let ready = "Ready"
    static let containersReady = "ContainersReady"
    static let initialized = "Initialized"
    static let readyToStart = "PodReadyToStartContainers"
    static let scheduled = "PodScheduled"

    static func isOurs(_ type: String) -> Bool {
        [ready, containersReady, initialized, readyToStart, scheduled].contains(type)
    }

    /// One condition's present value.
    struct Value {
        var type: String
        var isTrue: Bool
        var reason = ""
        var message = ""
    }

    /// The only condition of a pod that no node has taken yet.
    static let gated = Value(
        type: scheduled,
        isTrue: false,
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates"
    )

    /// The conditions in the order in which they are shown.
    static func all(of view: PodView, phase: String) -> [Value] {
        let containersReady = containersReadyValue(view, phase: phase)
        return [
            Value(type: readyToStart, isTrue: view.runtime.sandbox.state == .ready),
            initializedValue(view, phase: phase),
            readyValue(view, containersReady: containersReady),
            containersReady,
            Value(type: scheduled, isTrue: !view.pod.spec.nodeName.isEmpty),
        ]
    }

    private static func initializedValue(_ view: PodView, phase: String) -> Value {
        if phase == "Succeeded" { return Value(type: initialized, isTrue: true, reason: "PodCompleted") }
        let incomplete = view.inits.filter { definition in
            definition.isSidecar ? !view.isStarted(definition) : !view.isReady(definition)
        }
        if incomplete.isEmpty || view.hasInitialized { return Value(type: initialized, isTrue: true) }
        return Value(
            type: initialized,
            isTrue: false,
            reason: "ContainersNotInitialized",
            message: "containers with incomplete status: \(list(incomplete.map(\.ref.name)))"
        )
    }

    private static func containersReadyValue(_ view: PodView, phase: String) -> Value {
        if phase == "Succeeded" { return Value(type: containersReady, isTrue: false, reason: "PodCompleted") }
        if phase == "Failed" { return Value(type: containersReady, isTrue: false, reason: "PodFailed") }
        let counted = view.inits.filter(\.isSidecar) + view.mains
        let unready = counted.filter { !view.isReady($0) }
        if unready.isEmpty { return Value(type: containersReady, isTrue: true) }
        return Value(
            type: containersReady,
            isTrue: false,
            reason: "ContainersNotReady",
            message: "containers with unready status: \(list(unready.map(\.ref.name)))"
        )
    }

    private static func readyValue(_ view: PodView, containersReady: Value) -> Value {
        guard containersReady.isTrue else {
            return Value(
                type: ready,
                isTrue: false,
                reason: containersReady.reason,
                message: containersReady.message
            )
        }
        var complaints: [String] = []
        for gate in view.pod.spec.readinessGates {
            let type = gate.conditionType
            guard let condition = view.pod.status.conditions.first(where: { $0.type == type }) else {
                complaints.append("corresponding condition of pod readiness gate \"\(type)\" does not exist.")
                continue
            }
            if condition.status != "True" {
                complaints.append(
                    "the status of pod readiness gate \"\(type)\" is not \"True\", but \(condition.status)"
                )
            }
        }
        if complaints.isEmpty { return Value(type: ready, isTrue: true) }
        return Value(
            type: ready,
            isTrue: false,
            reason: "ReadinessGatesNotReady",
            message: complaints.joined(separator: ", ")
        )
    }

    /// A list as Go prints it: `[a b]`.
    private static func list(_ names: [String]) -> String { "[\(names.joined(separator: " "))]" }

    /// The conditions to show, given those shown before: the transition time moves only when the status changes.
    static func merge(
        _ values: [Value],
        into old: [PodCondition],
        at instant: Microseconds,
        generation: Int64
    ) -> [PodCondition] {
        let now = Time(microsecondsSince1970: instant)
        let ours = values.map { value -> PodCondition in
            let status = value.isTrue ? "True" : "False"
            let before = old.first { $0.type == value.type }
            let unchanged = before?.status == status ? before?.lastTransitionTime : nil
            return PodCondition(
                type: value.type,
                observedGeneration: generation,
                status: status,
                lastTransitionTime: unchanged ?? now,
                reason: value.reason,
                message: value.message
            )
        }
        return ours + old.filter { !isOurs($0.type) }
    }
}
