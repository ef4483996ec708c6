import JSON

/// What a pod's sandbox shall be: which namespaces its containers share.
package struct SandboxRequest: Sendable {
    package var id: String
    package var hostname: String
    package var hostNetwork: Bool
    package var hostPID: Bool
    package var hostIPC: Bool
    package var shareProcessNamespace: Bool
    package var sysctls: [String: String]
    /// The cgroup above the containers', relative to the root of each hierarchy: "/kubepods/burstable/podUID".
    package var cgroupParent: String
    /// What that cgroup, and those above it, allow; set before anything runs in them.
    package var cgroups: [(path: String, settings: CgroupSettings)]

    package init(
        id: String,
        hostname: String,
        hostNetwork: Bool = false,
        hostPID: Bool = false,
        hostIPC: Bool = false,
        shareProcessNamespace: Bool = false,
        sysctls: [String: String] = [:],
        cgroupParent: String,
        cgroups: [(path: String, settings: CgroupSettings)] = []
    ) {
        self.id = id
        self.hostname = hostname
        self.hostNetwork = hostNetwork
        self.hostPID = hostPID
        self.hostIPC = hostIPC
        self.shareProcessNamespace = shareProcessNamespace
        self.sysctls = sysctls
        self.cgroupParent = cgroupParent
        self.cgroups = cgroups
    }

    /// The options our shim understands in CreateSandbox; their type is `io.swiftlet.sandbox.v1.Options`.
    var options: [UInt8] {
        JSONValue.object([
            "hostname": .string(hostname),
            "hostNetwork": .bool(hostNetwork),
            "hostPID": .bool(hostPID),
            "hostIPC": .bool(hostIPC),
            "shareProcessNamespace": .bool(shareProcessNamespace),
            "sysctls": .object(JSONObject(sysctls.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            "cgroupParent": .string(cgroupParent),
        ]).bytes()
    }
}

/// A running sandbox.
package struct SandboxHandle: Hashable, Sendable {
    package let id: String
    package let shimPID: Int32
    /// By the names of the OCI runtime specification ("network", "ipc", "uts", "pid"): the path to join. A kind that is
    /// missing is new for each container or the node's own.
    package let namespaces: [String: String]
    package let podIPs: [String]
    package let limitation: String?
    /// What the machine does not allow of the pod's cgroups.
    package let warnings: [String]
}
