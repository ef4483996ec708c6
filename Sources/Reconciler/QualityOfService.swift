import KubernetesAPI

/// A pod's class of service, by what its containers ask for.
enum QualityOfService {
    /// `Guaranteed` when every container limits cpu and memory and requests just that, `BestEffort` when none asks for
    /// anything, else `Burstable`.
    static func of(_ spec: PodSpec) -> String {
        let resources = (spec.initContainers + spec.containers).map(\.resources)
        let names = ["cpu", "memory"]
        let asksNothing = resources.allSatisfy { resource in
            names.allSatisfy { isZero(resource.limits[$0]) && isZero(resource.requests[$0]) }
        }
        if asksNothing { return "BestEffort" }
        let isGuaranteed = resources.allSatisfy { resource in
            names.allSatisfy { name in
                guard let limit = resource.limits[name], !limit.isZero else { return false }
                return resource.requests[name].map { $0 == limit } ?? true
            }
        }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }

    private static func isZero(_ quantity: Quantity?) -> Bool { quantity?.isZero ?? true }
}
