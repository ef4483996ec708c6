// The words that core/v1 uses in string fields. The fields stay strings, because an unknown word must decode and then
// be refused by validation with its path, not by the decoder.

package enum RestartPolicy {
    package static let always = "Always"
    package static let onFailure = "OnFailure"
    package static let never = "Never"
}

package enum PodPhase {
    package static let pending = "Pending"
    package static let running = "Running"
    package static let succeeded = "Succeeded"
    package static let failed = "Failed"
    package static let unknown = "Unknown"
}

package enum PodConditionType {
    package static let podScheduled = "PodScheduled"
    package static let podReadyToStartContainers = "PodReadyToStartContainers"
    package static let initialized = "Initialized"
    package static let containersReady = "ContainersReady"
    package static let ready = "Ready"
    package static let disruptionTarget = "DisruptionTarget"
}

package enum ConditionStatus {
    package static let isTrue = "True"
    package static let isFalse = "False"
    package static let unknown = "Unknown"
}

package enum PullPolicy {
    package static let always = "Always"
    package static let ifNotPresent = "IfNotPresent"
    package static let never = "Never"
}

package enum DNSPolicy {
    package static let clusterFirstWithHostNet = "ClusterFirstWithHostNet"
    package static let clusterFirst = "ClusterFirst"
    package static let systemDefault = "Default"
    package static let none = "None"
}

package enum TerminationMessagePolicy {
    package static let file = "File"
    package static let fallbackToLogsOnError = "FallbackToLogsOnError"
}

package enum PortProtocol {
    package static let tcp = "TCP"
    package static let udp = "UDP"
    package static let sctp = "SCTP"
}

package enum EventType {
    package static let normal = "Normal"
    package static let warning = "Warning"
}

package enum ResourceName {
    package static let cpu = "cpu"
    package static let memory = "memory"
    package static let ephemeralStorage = "ephemeral-storage"
    package static let pods = "pods"
    package static let hugePagesPrefix = "hugepages-"
}
