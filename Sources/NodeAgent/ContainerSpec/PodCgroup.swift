import KubernetesAPI
import RuntimeCore

/// What a pod's own cgroup allows, by kubelet's rules: the sum of its containers' requests as CPU shares; a limit only if
/// every container has one. Limits and requests of the whole pod, where given, decide alone.
enum PodCgroup {
    static func settings(of pod: Pod, podPidsLimit: Int64?) -> CgroupSettings {
        var settings = CgroupSettings()
        settings.pids = podPidsLimit
        settings.hugePages = hugePages(of: pod.spec)
        guard pod.status.qosClass != QOSClass.bestEffort.rawValue else {
            settings.cpuShares = ContainerResources.minimumShares
            return settings
        }
        let spec = pod.spec
        settings.cpuShares = ContainerResources.shares(milli: request(ResourceName.cpu, of: spec, \.milliValue))
        if let limit = limit(ResourceName.cpu, of: spec, \.milliValue) {
            settings.cpuQuota = ContainerResources.quota(milli: limit)
            settings.cpuPeriod = ContainerResources.period
        }
        settings.memory = memoryLimit(of: spec)
        return settings
    }

    /// In bytes; nil if some container may take what it wants.
    static func memoryLimit(of spec: PodSpec) -> Int64? { limit(ResourceName.memory, of: spec, \.value) }

    /// What the pod is sure to get of a resource.
    static func request(_ name: String, of spec: PodSpec, _ amount: (Quantity) -> Int64) -> Int64 {
        let total = total(of: spec) { holder in
            max(0, (holder.requests[name] ?? holder.limits[name]).map(amount) ?? 0)
        }
        return saturating(total, max(0, spec.overhead[name].map(amount) ?? 0))
    }

    private static func limit(_ name: String, of spec: PodSpec, _ amount: (Quantity) -> Int64) -> Int64? {
        let holders = holders(of: spec)
        guard holders.allSatisfy({ $0.limits[name].map { $0.sign > 0 } ?? false }) else { return nil }
        let total = total(of: spec) { $0.limits[name].map(amount) ?? 0 }
        return saturating(total, max(0, spec.overhead[name].map(amount) ?? 0))
    }

    private static func hugePages(of spec: PodSpec) -> [String: Int64] {
        let prefix = ResourceName.hugePagesPrefix
        let names = Set(holders(of: spec).flatMap { $0.limits.keys }).filter { $0.hasPrefix(prefix) }
        var pages: [String: Int64] = [:]
        for name in names {
            guard let size = pageSize(String(name.dropFirst(prefix.count))) else { continue }
            pages[size] = total(of: spec) { $0.limits[name]?.value ?? 0 }
        }
        return pages
    }

    /// The kernel's name of a page size, "2MB" for "2Mi".
    private static func pageSize(_ text: String) -> String? {
        guard let bytes = try? Quantity(parsing: text).value, bytes > 0 else { return nil }
        for (unit, name) in [(Int64(1) << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")] where bytes % unit == 0 {
            return "\(bytes / unit)\(name)"
        }
        return nil
    }

    private static func holders(of spec: PodSpec) -> [ResourceRequirements] {
        whole(spec).map { [$0] } ?? (spec.initContainers + spec.containers).map(\.resources)
    }

    /// Resources that the pod has as a whole.
    private static func whole(_ spec: PodSpec) -> ResourceRequirements? {
        guard let resources = spec.resources, !resources.limits.isEmpty || !resources.requests.isEmpty else {
            return nil
        }
        return resources
    }

    /// Of what runs together at most: all containers with the sidecars, or one init container with the sidecars before it.
    private static func total(of spec: PodSpec, _ amount: (ResourceRequirements) -> Int64) -> Int64 {
        if let whole = whole(spec) { return amount(whole) }
        var sidecars: Int64 = 0
        var largest: Int64 = 0
        for container in spec.initContainers {
            let own = amount(container.resources)
            if container.restartPolicy == "Always" { sidecars = saturating(sidecars, own) }
            largest = max(largest, container.restartPolicy == "Always" ? sidecars : saturating(sidecars, own))
        }
        let running = spec.containers.map { amount($0.resources) }.reduce(sidecars, saturating)
        return max(running, largest)
    }

    private static func saturating(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, isTooLarge) = left.addingReportingOverflow(right)
        return isTooLarge ? .max : sum
    }
}
