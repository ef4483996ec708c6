package import KubernetesAPI

/// What a node has and what is taken of it, for the decision whether a pod may run on it.
package struct NodeRoom: Hashable, Sendable {
    package var cpuMilli: Int64
    package var memoryBytes: Int64
    package var pods: Int64

    package init(cpuMilli: Int64, memoryBytes: Int64, pods: Int64) {
        self.cpuMilli = cpuMilli
        self.memoryBytes = memoryBytes
        self.pods = pods
    }

    package static let none = NodeRoom(cpuMilli: 0, memoryBytes: 0, pods: 0)

    package static func + (left: NodeRoom, right: NodeRoom) -> NodeRoom {
        NodeRoom(
            cpuMilli: saturating(left.cpuMilli, right.cpuMilli),
            memoryBytes: saturating(left.memoryBytes, right.memoryBytes),
            pods: saturating(left.pods, right.pods)
        )
    }

    /// What a pod asks for: the sum of its containers or its largest init container, whichever is more, and the overhead
    /// (Kubernetes, "Init containers: resource sharing within containers").
    package init(askedBy spec: PodSpec) {
        func asked(_ name: String, _ amount: (Quantity) -> Int64) -> Int64 {
            func of(_ list: ResourceList) -> Int64 { max(0, list[name].map(amount) ?? 0) }
            if let whole = spec.resources, !whole.requests.isEmpty { return of(whole.requests) }
            let sidecars = spec.initContainers.filter { $0.restartPolicy == "Always" }.map { of($0.resources.requests) }
            let mains = spec.containers.map { of($0.resources.requests) }
            let running = (sidecars + mains).reduce(0, Self.saturating)
            let largest = spec.initContainers.map { of($0.resources.requests) }.max() ?? 0
            return Self.saturating(max(running, largest), of(spec.overhead))
        }
        self.init(cpuMilli: asked("cpu", \.milliValue), memoryBytes: asked("memory", \.value), pods: 1)
    }

    private static func saturating(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, isTooLarge) = left.addingReportingOverflow(right)
        return isTooLarge ? .max : sum
    }
}

/// Whether a pod may run on this node, by kubelet's rules and in its words. There is no scheduler before us.
package enum Admission {
    package struct Rejection: Hashable, Sendable {
        /// The pod's `status.reason`: `NodeAffinity`, `OutOfcpu`, `SysctlForbidden`.
        package var reason: String
        package var message: String
    }

    /// What the node is, as far as the decision needs it.
    package struct Node: Hashable, Sendable {
        package var labels: [String: String]
        package var name: String
        package var capacity: NodeRoom
        package var hasAppArmor: Bool

        package init(labels: [String: String], name: String, capacity: NodeRoom, hasAppArmor: Bool) {
            self.labels = labels
            self.name = name
            self.capacity = capacity
            self.hasAppArmor = hasAppArmor
        }
    }

    /// - Parameter used: By the other pods that are not over.
    /// - Returns: Why not, or nil.
    package static func rejection(of pod: Pod, on node: Node, used: NodeRoom) -> Rejection? {
        let spec = pod.spec
        if let system = spec.os?.name, system != "linux" {
            return Rejection(
                reason: "PodOSNotSupported",
                message: "Failed to admit pod as the OS field doesn't match node OS"
            )
        }
        if !matches(spec, node) {
            return Rejection(
                reason: "NodeAffinity",
                message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
            )
        }
        if let rejection = lackOfRoom(NodeRoom(askedBy: spec), node.capacity, used) { return rejection }
        return refusedSecurity(spec, node)
    }

    private static func lackOfRoom(_ asked: NodeRoom, _ capacity: NodeRoom, _ used: NodeRoom) -> Rejection? {
        let rows: [(String, Int64, Int64, Int64)] = [
            ("pods", asked.pods, used.pods, capacity.pods),
            ("cpu", asked.cpuMilli, used.cpuMilli, capacity.cpuMilli),
            ("memory", asked.memoryBytes, used.memoryBytes, capacity.memoryBytes),
        ]
        for (name, asked, used, capacity) in rows where asked > 0 && asked > capacity - used {
            return Rejection(
                reason: "OutOf\(name)",
                message: "Node didn't have enough resource: \(name), requested: \(asked), used: \(used), "
                    + "capacity: \(capacity)"
            )
        }
        return nil
    }

    /// A request for isolation that this node cannot keep is refused, never dropped.
    private static func refusedSecurity(_ spec: PodSpec, _ node: Node) -> Rejection? {
        for sysctl in spec.securityContext?.sysctls ?? [] {
            if let why = Sysctls.refusal(of: sysctl.name, hostNetwork: spec.hostNetwork, hostIPC: spec.hostIPC) {
                return Rejection(reason: "SysctlForbidden", message: "forbidden sysctl: \"\(sysctl.name)\" \(why)")
            }
        }
        if spec.hostUsers == false {
            return Rejection(
                reason: "PodFeatureUnsupported",
                message: "user namespaces (hostUsers: false) are not offered by this node yet"
            )
        }
        let profiles =
            [spec.securityContext?.appArmorProfile]
            + (spec.initContainers + spec.containers).map { $0.securityContext?.appArmorProfile }
        if !node.hasAppArmor, profiles.contains(where: { $0?.type == "Localhost" }) {
            return Rejection(
                reason: "AppArmor",
                message: "Cannot enforce AppArmor: AppArmor is not enabled on the host"
            )
        }
        return nil
    }

    private static func matches(_ spec: PodSpec, _ node: Node) -> Bool {
        guard spec.nodeSelector.allSatisfy({ node.labels[$0.key] == $0.value }) else { return false }
        let required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        guard let terms = required?.nodeSelectorTerms else { return true }
        return terms.contains { term in
            let isEmpty = term.matchExpressions.isEmpty && term.matchFields.isEmpty
            return !isEmpty
                && term.matchExpressions.allSatisfy { holds($0, for: node.labels) }
                && term.matchFields.allSatisfy { holds($0, for: ["metadata.name": node.name]) }
        }
    }

    private static func holds(_ requirement: NodeSelectorRequirement, for values: [String: String]) -> Bool {
        let value = values[requirement.key]
        let number = value.flatMap { Int64($0) }
        let bound = requirement.values.first.flatMap { Int64($0) }
        return switch requirement.operator {
        case "In": value.map(requirement.values.contains) ?? false
        case "NotIn": value.map { !requirement.values.contains($0) } ?? true
        case "Exists": value != nil
        case "DoesNotExist": value == nil
        case "Gt": if let number, let bound { number > bound } else { false }
        case "Lt": if let number, let bound { number < bound } else { false }
        default: false
        }
    }
}

/// Sysctls that a pod may set: those of its own namespaces that cannot harm others (kubelet's safe set).
enum Sysctls {
    private static let safe: Set<String> = [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    ]

    static func refusal(of name: String, hostNetwork: Bool, hostIPC: Bool) -> String? {
        let dotted = name.split(separator: "/", omittingEmptySubsequences: false).joined(separator: ".")
        guard safe.contains(dotted) else { return "not allowlisted" }
        if dotted.hasPrefix("net."), hostNetwork { return "not allowed with host net enabled" }
        if dotted.hasPrefix("kernel."), hostIPC { return "not allowed with host ipc enabled" }
        return nil
    }
}
