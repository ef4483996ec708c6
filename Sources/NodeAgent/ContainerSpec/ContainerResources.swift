import KubernetesAPI
import OCI

/// A container's requests and limits as cgroup settings (pod-lifecycle of kubelet: cpu.shares from requests, CFS quota
/// and memory limit from limits).
enum ContainerResources {
    static let period: UInt64 = 100_000
    static let minimumShares: UInt64 = 2
    static let maximumShares: UInt64 = 262_144
    static let minimumQuota: Int64 = 1000

    static func of(_ container: Container, privileged: Bool, podPidsLimit: Int64?) -> RuntimeSpec.Resources {
        let limits = container.resources.limits
        let requests = container.resources.requests
        var cpu = RuntimeSpec.CPU()
        let requested = requests["cpu"] ?? limits["cpu"]
        cpu.shares = shares(milli: requested?.milliValue ?? 0)
        if let limit = limits["cpu"], limit.milliValue > 0 {
            cpu.quota = quota(milli: limit.milliValue)
            cpu.period = period
        }
        var memory: RuntimeSpec.Memory?
        if let limit = limits["memory"], limit.value > 0 { memory = RuntimeSpec.Memory(limit: limit.value) }
        return RuntimeSpec.Resources(
            devices: [RuntimeSpec.DeviceRule(allow: privileged, access: "rwm")],
            memory: memory,
            cpu: cpu,
            pids: podPidsLimit.map { RuntimeSpec.Pids(limit: $0) }
        )
    }

    /// Microseconds in each `period`.
    static func quota(milli: Int64) -> Int64 {
        let (product, isTooLarge) = milli.multipliedReportingOverflow(by: Int64(period))
        return isTooLarge ? .max / 1000 : max(minimumQuota, product / 1000)
    }

    /// 1 CPU is 1024 shares; never under the kernel's minimum of 2.
    static func shares(milli: Int64) -> UInt64 {
        guard milli > 0 else { return minimumShares }
        return max(minimumShares, min(maximumShares, UInt64(min(milli, 256_000_000)) * 1024 / 1000))
    }
}

/// How eagerly the kernel should end a container when memory is short (kubelet's qos policy).
enum OOMScore {
    static func adjustment(pod: Pod, container: Container, memoryCapacity: Int64) -> Int {
        if let priority = pod.spec.priority, priority >= 2_000_000_000 { return -997 }
        switch pod.status.qosClass {
        case "Guaranteed": return -997
        case "BestEffort": return 1000
        default:
            let requested = container.resources.requests["memory"]?.value ?? 0
            guard memoryCapacity > 0 else { return 999 }
            let adjustment = 1000 - Int(1000 * min(1, Double(requested) / Double(memoryCapacity)))
            return min(999, max(3, adjustment))
        }
    }
}
