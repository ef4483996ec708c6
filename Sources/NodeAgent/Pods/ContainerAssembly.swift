import EventLog
import Facts
import KubernetesAPI
import Linux
import OCI
import Reconciler
import RuntimeCore

/// Gathers what a sandbox or container is made from: the pod, its image, its volumes and files on the node.
struct ContainerAssembly: Sendable {
    let core: RuntimeCore
    let store: EventStore
    let pool: ThreadPool
    let directories: PodDirectories
    let defaults: ContainerDefaults
    let nodeName: String
    let hostIPs: [String]
    let capacity: NodeCapacity
    /// The cgroup above all pods: "/kubepods".
    let cgroupRoot: String
    let logMaxSize: Int64
    let logMaxFiles: Int
    /// By the names that pods use in `runtimeClassName`.
    let runtimes: [String: RuntimeHandler]
    /// What the node's pods ask for.
    let ledger: NodeLedger

    struct Prepared: Sendable {
        let request: ContainerRequest
        /// As the pod's spec has it.
        let imageName: String
    }

    func sandbox(id: String, pod: Pod) -> SandboxRequest {
        var sysctls: [String: String] = [:]
        for sysctl in pod.spec.securityContext?.sysctls ?? [] { sysctls[sysctl.name] = sysctl.value }
        return SandboxRequest(
            id: id,
            hostname: PodFiles.hostname(of: pod, node: nodeName),
            hostNetwork: pod.spec.hostNetwork,
            hostPID: pod.spec.hostPID,
            hostIPC: pod.spec.hostIPC,
            shareProcessNamespace: pod.spec.shareProcessNamespace ?? false,
            sysctls: sysctls,
            cgroupParent: cgroupParent(of: pod),
            cgroups: classCgroups(of: pod) + [(cgroupParent(of: pod), podCgroup(of: pod))]
        )
    }

    func podCgroup(of pod: Pod) -> CgroupSettings {
        PodCgroup.settings(of: pod, podPidsLimit: defaults.podPidsLimit)
    }

    /// kubelet's weight of the pod's class: burstable pods together get what they ask for, the others what is left.
    ///
    /// Only of the class that the pod is in: another's cgroup would have no pod whose removal takes it away.
    private func classCgroups(of pod: Pod) -> [(path: String, settings: CgroupSettings)] {
        var settings = CgroupSettings()
        switch QOSClass(rawValue: pod.status.qosClass) {
        case .burstable:
            settings.cpuShares = ContainerResources.shares(milli: ledger.burstableCPUMilli)
            return [(cgroupRoot + "/burstable", settings)]
        case .bestEffort:
            settings.cpuShares = ContainerResources.minimumShares
            return [(cgroupRoot + "/besteffort", settings)]
        case .guaranteed, nil: return []
        }
    }

    /// The handler that the pod's `runtimeClassName` names; nil for a pod that names none.
    func runtime(of pod: Pod) throws(RuntimeClassError) -> RuntimeHandler? {
        guard let name = pod.spec.runtimeClassName, !name.isEmpty else { return nil }
        guard let handler = runtimes[name] else {
            throw RuntimeClassError(name: name, known: runtimes.keys.sorted())
        }
        return handler
    }

    /// kubelet's layout: guaranteed pods directly below the root, the others below their class.
    func cgroupParent(of pod: Pod) -> String {
        cgroup(of: pod.metadata.uid, QOSClass(rawValue: pod.status.qosClass) ?? .guaranteed)
    }

    private func cgroup(of uid: String, _ qosClass: QOSClass) -> String {
        let parent =
            switch qosClass {
            case .burstable: cgroupRoot + "/burstable"
            case .bestEffort: cgroupRoot + "/besteffort"
            case .guaranteed: cgroupRoot
            }
        return "\(parent)/pod\(uid)"
    }

    /// - Throws: `VolumeSetupError`; `ContainerConfigError` for what the user can mend in the spec; `CoreError` and `SysError` otherwise.
    func prepare(
        _ reference: ContainerRef,
        containerID: String,
        attempt: Int,
        sandboxID: String,
        record: PodRecord
    ) async throws -> Prepared {
        let pod = record.pod
        let container = try Self.container(reference, of: pod)
        let handler = try runtime(of: pod)
        let image = try await core.unpack(try core.findImage(container.image))
        let namespaces = try await core.namespaces(ofSandbox: sandboxID)
        return try await pool.run { [self] in
            let user = try UserResolution.resolve(pod: pod, container: container, image: image.config) {
                (path) throws(ContainerConfigError) in
                do {
                    return try core.readText(path, of: image)
                } catch {
                    throw ContainerConfigError("cannot read \(path) of image \(container.image): \(error)")
                }
            }
            let configuration = PodConfiguration(namespace: pod.metadata.namespace) { [store] in
                store.object($0)?.bytes
            }
            let downward = ContainerEnvironment.Downward(
                pod: pod,
                hostIPs: hostIPs,
                cpuCapacityMilli: Int64(capacity.processors) * 1000,
                memoryCapacity: capacity.memoryBytes
            )
            let environment = try ContainerEnvironment(
                image: image.config,
                container: container,
                hostname: PodFiles.hostname(of: pod, node: nodeName),
                configuration: configuration,
                downward: downward
            )
            let files = PodFiles(directories: directories, nodeName: nodeName)
            let volumes = PodVolumes(
                directories: directories,
                memoryCapacity: capacity.memoryBytes,
                configuration: configuration,
                downward: downward
            )
            let mounts =
                try files.mounts(of: container, attempt: attempt, in: pod) + volumes.mounts(of: container, in: pod)
            let builder = ContainerSpecBuilder(
                pod: pod,
                container: container,
                image: image.config,
                namespaces: namespaces,
                user: user,
                environment: environment,
                mounts: mounts,
                hostDevices: container.securityContext?.privileged == true ? try HostDevices.list() : [],
                containerID: containerID,
                sandboxID: sandboxID,
                cgroupParent: cgroupParent(of: pod),
                memoryCapacity: capacity.memoryBytes,
                defaults: defaults
            )
            let spec = try builder.build()
            let log = directories.log(
                namespace: pod.metadata.namespace,
                pod: pod.metadata.name,
                uid: pod.metadata.uid,
                container: container.name,
                attempt: attempt
            )
            if let slash = log.lastIndex(of: "/") { try Files.makeDirectories(String(log[..<slash])) }
            return Prepared(
                request: ContainerRequest(
                    id: containerID,
                    sandboxID: sandboxID,
                    spec: spec,
                    image: image,
                    logPath: log,
                    logMaxSize: logMaxSize,
                    logMaxFiles: logMaxFiles,
                    stdin: container.stdin,
                    runtime: handler,
                    labels: [
                        "io.kubernetes.pod.namespace": pod.metadata.namespace,
                        "io.kubernetes.pod.name": pod.metadata.name,
                        "io.kubernetes.pod.uid": pod.metadata.uid,
                        "io.kubernetes.container.name": container.name,
                    ]
                ),
                imageName: container.image
            )
        }
    }

    /// The termination message of a container that ended: what it wrote to its file, else for FallbackToLogsOnError the
    /// end of its log. At most 4096 bytes.
    func terminationMessage(of reference: ContainerRef, attempt: Int, exitCode: Int32, pod: Pod) async throws -> String?
    {
        let container = try Self.container(reference, of: pod)
        return try await pool.run { [directories] in
            let path = directories.terminationLog(podUID: pod.metadata.uid, container: container.name, attempt: attempt)
            let bytes = Files.exists(path) ? try Files.readPrefix(path, limit: 4096) : []
            if !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            guard container.terminationMessagePolicy == "FallbackToLogsOnError", exitCode != 0 else { return nil }
            let log = directories.log(
                namespace: pod.metadata.namespace,
                pod: pod.metadata.name,
                uid: pod.metadata.uid,
                container: container.name,
                attempt: attempt
            )
            let lines = try LogFile.tail(log, lines: 80, limit: 2048)
            return lines.isEmpty ? nil : lines
        }
    }

    /// Removes the pod's volumes, files, logs and cgroups. Its containers are gone.
    func removeFiles(of pod: Pod) async throws {
        try await pool.run { [self] in
            try EmptyCgroups.remove(cgroupParent(of: pod))
            try removeDirectory(of: pod.metadata.uid)
            try Files.removeTree(
                directories.podLogs(
                    namespace: pod.metadata.namespace,
                    name: pod.metadata.name,
                    uid: pod.metadata.uid
                )
            )
        }
    }

    private func removeDirectory(of uid: String) throws {
        let directory = directories.pod(uid)
        try Unmounting.detach(try MountTable.current().map(\.mountPoint).filter { $0.hasPrefix(directory + "/") })
        try Files.removeTree(directories.passing(uid))
        try Files.removeTree(directory)
    }

    /// Removes what is left of pods that are not known: their containers are gone.
    ///
    /// - Returns: The uids of those of which something was there.
    func removeOrphans(except known: Set<String>) async throws -> [String] {
        try await pool.run { [self] in
            let orphans = try Files.list(directories.pods).filter { UID($0) != nil && !known.contains($0) }
            let logs = orphans.isEmpty ? [] : try Files.list(directories.logs)
            for uid in orphans {
                for qosClass in [QOSClass.guaranteed, .burstable, .bestEffort] {
                    try EmptyCgroups.remove(cgroup(of: uid, qosClass))
                }
                for log in logs where log.hasSuffix("_" + uid) { try Files.removeTree("\(directories.logs)/\(log)") }
                // Last: while it is there, the pod is found again.
                try removeDirectory(of: uid)
            }
            return orphans
        }
    }

    /// The container's spec, whichever of the three lists it stands in.
    static func container(_ reference: ContainerRef, of pod: Pod) throws -> Container {
        let found: Container? =
            switch reference.kind {
            case .initContainer: pod.spec.initContainers.first { $0.name == reference.name }
            case .main: pod.spec.containers.first { $0.name == reference.name }
            case .ephemeral: pod.spec.ephemeralContainers.first { $0.name == reference.name }.map(Container.init)
            }
        guard let found else {
            throw ContainerConfigError("container \(reference.name) is not in the pod's spec any more")
        }
        return found
    }
}

/// A pod asks for a runtime that this node has not.
struct RuntimeClassError: Error, CustomStringConvertible {
    let name: String
    let known: [String]

    /// kubelet's words, and what to do.
    var description: String {
        "runtimeclass.node.k8s.io \"\(name)\" not found: this node has \(known.joined(separator: ", ")); "
            + "add [runtimes.\(name)] to config.toml and restart the agent"
    }
}

/// What the machine has.
package struct NodeCapacity: Hashable, Sendable {
    package var processors: Int
    package var memoryBytes: Int64
    package var pods: Int

    package init(processors: Int, memoryBytes: Int64, pods: Int) {
        self.processors = processors
        self.memoryBytes = memoryBytes
        self.pods = pods
    }
}
