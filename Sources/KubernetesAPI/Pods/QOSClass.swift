/// How a pod's resources are guaranteed, which decides its cgroup and who is killed first when memory runs out.
package enum QOSClass: String, Sendable, Codable {
    /// Every container has limits for cpu and memory, and requests equal to them.
    case guaranteed = "Guaranteed"
    /// Some container has a request or a limit.
    case burstable = "Burstable"
    /// No container has any.
    case bestEffort = "BestEffort"

    /// The class that a spec earns. Call it after defaulting, which copies limits into absent requests.
    ///
    /// Resources of the whole pod, where given, decide alone (Kubernetes 1.34, PodLevelResources).
    package static func of(_ spec: PodSpec) -> QOSClass {
        let holders: [ResourceRequirements]
        if let resources = spec.resources, !resources.limits.isEmpty || !resources.requests.isEmpty {
            holders = [resources]
        } else {
            holders = (spec.initContainers + spec.containers).map(\.resources)
        }
        let counted = [ResourceName.cpu, ResourceName.memory]
        var requests: ResourceList = [:]
        var limits: ResourceList = [:]
        var everyHolderLimited = true
        for holder in holders {
            for name in counted {
                if let amount = holder.requests[name], amount.sign > 0 { requests[name, default: .zero] += amount }
                if let amount = holder.limits[name], amount.sign > 0 {
                    limits[name, default: .zero] += amount
                } else {
                    everyHolderLimited = false
                }
            }
        }
        if requests.isEmpty, limits.isEmpty { return .bestEffort }
        return everyHolderLimited && requests == limits ? .guaranteed : .burstable
    }
}
