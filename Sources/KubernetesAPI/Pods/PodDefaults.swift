/// The values that a server fills in where the user left them out.
///
/// Source: k8s.io/kubernetes, pkg/apis/core/v1/defaults.go, and the admission plugins every cluster has on (priority,
/// default tolerations). There are no service accounts yet, so no token volume is added.
package enum PodDefaults {
    /// Fills in the defaults. Doing it twice changes nothing.
    package static func apply(to pod: inout Pod) {
        if pod.kind.isEmpty { pod.kind = "Pod" }
        if pod.apiVersion.isEmpty { pod.apiVersion = "v1" }
        apply(to: &pod.spec)
        if pod.status.phase.isEmpty { pod.status.phase = PodPhase.pending }
        if pod.status.qosClass.isEmpty { pod.status.qosClass = QOSClass.of(pod.spec).rawValue }
    }

    /// Fills in the defaults of a spec.
    package static func apply(to spec: inout PodSpec) {
        fill(&spec.restartPolicy, RestartPolicy.always)
        fill(&spec.dnsPolicy, DNSPolicy.clusterFirst)
        fill(&spec.schedulerName, "default-scheduler")
        if spec.serviceAccountName.isEmpty { spec.serviceAccountName = spec.serviceAccount }
        fill(&spec.serviceAccountName, "default")
        spec.serviceAccount = spec.serviceAccountName
        fill(&spec.terminationGracePeriodSeconds, 30)
        fill(&spec.enableServiceLinks, true)
        fill(&spec.securityContext, PodSecurityContext())
        fill(&spec.priority, priority(of: spec.priorityClassName))
        fill(&spec.preemptionPolicy, "PreemptLowerPriority")
        addTolerations(to: &spec)
        for index in spec.volumes.indices { apply(to: &spec.volumes[index]) }
        for index in spec.initContainers.indices { apply(to: &spec.initContainers[index], spec.hostNetwork) }
        for index in spec.containers.indices { apply(to: &spec.containers[index], spec.hostNetwork) }
        for index in spec.ephemeralContainers.indices { apply(to: &spec.ephemeralContainers[index]) }
        copyLimitsIntoRequests(&spec.resources)
        for index in spec.topologySpreadConstraints.indices {
            fill(&spec.topologySpreadConstraints[index].nodeAffinityPolicy, "Honor")
            fill(&spec.topologySpreadConstraints[index].nodeTaintsPolicy, "Ignore")
        }
    }

    private static func priority(of className: String) -> Int32 {
        switch className {
        case "system-node-critical": 2_000_001_000
        case "system-cluster-critical": 2_000_000_000
        default: 0
        }
    }

    private static func addTolerations(to spec: inout PodSpec) {
        for taint in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let tolerated = spec.tolerations.contains { toleration in
                (toleration.key == taint || toleration.key.isEmpty)
                    && (toleration.effect == "NoExecute" || toleration.effect.isEmpty)
            }
            guard !tolerated else { continue }
            spec.tolerations.append(
                Toleration(key: taint, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300)
            )
        }
    }

    // MARK: Containers

    private static func apply(to container: inout Container, _ hostNetwork: Bool) {
        fill(&container.imagePullPolicy, pullPolicy(for: container.image))
        fill(&container.terminationMessagePath, "/dev/termination-log")
        fill(&container.terminationMessagePolicy, TerminationMessagePolicy.file)
        copyLimitsIntoRequests(&container.resources)
        for index in container.ports.indices { apply(to: &container.ports[index], hostNetwork) }
        for index in container.env.indices { apply(to: &container.env[index]) }
        apply(to: &container.livenessProbe)
        apply(to: &container.readinessProbe)
        apply(to: &container.startupProbe)
        apply(to: &container.lifecycle)
    }

    private static func apply(to container: inout EphemeralContainer) {
        fill(&container.imagePullPolicy, pullPolicy(for: container.image))
        fill(&container.terminationMessagePath, "/dev/termination-log")
        fill(&container.terminationMessagePolicy, TerminationMessagePolicy.file)
        for index in container.env.indices { apply(to: &container.env[index]) }
    }

    /// Always for images whose tag is "latest" or missing and that are not named by digest.
    static func pullPolicy(for image: String) -> String {
        let bytes = image.utf8
        if bytes.contains(UInt8(ascii: "@")) { return PullPolicy.ifNotPresent }
        let name = image.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let colon = name.lastIndex(of: ":") else { return PullPolicy.always }
        return name[name.index(after: colon)...] == "latest" ? PullPolicy.always : PullPolicy.ifNotPresent
    }

    private static func copyLimitsIntoRequests(_ resources: inout ResourceRequirements) {
        for (name, limit) in resources.limits where resources.requests[name] == nil { resources.requests[name] = limit }
    }

    private static func copyLimitsIntoRequests(_ resources: inout ResourceRequirements?) {
        guard var some = resources else { return }
        copyLimitsIntoRequests(&some)
        resources = some
    }

    private static func apply(to port: inout ContainerPort, _ hostNetwork: Bool) {
        fill(&port.protocol, PortProtocol.tcp)
        if hostNetwork, port.hostPort == 0 { port.hostPort = port.containerPort }
    }

    private static func apply(to variable: inout EnvVar) {
        guard variable.valueFrom?.fieldRef?.apiVersion.isEmpty == true else { return }
        variable.valueFrom?.fieldRef?.apiVersion = "v1"
    }

    // MARK: Probes and hooks

    private static func apply(to probe: inout Probe?) {
        guard var some = probe else { return }
        fill(&some.timeoutSeconds, 1)
        fill(&some.periodSeconds, 10)
        fill(&some.successThreshold, 1)
        fill(&some.failureThreshold, 3)
        apply(to: &some.httpGet)
        if some.grpc != nil, some.grpc?.service == nil { some.grpc?.service = "" }
        probe = some
    }

    private static func apply(to lifecycle: inout Lifecycle?) {
        guard var some = lifecycle else { return }
        apply(to: &some.postStart)
        apply(to: &some.preStop)
        lifecycle = some
    }

    private static func apply(to handler: inout LifecycleHandler?) {
        guard var some = handler else { return }
        apply(to: &some.httpGet)
        handler = some
    }

    private static func apply(to action: inout HTTPGetAction?) {
        guard var some = action else { return }
        fill(&some.path, "/")
        fill(&some.scheme, "HTTP")
        action = some
    }

    // MARK: Volumes

    private static let fileMode: Int32 = 0o644

    private static func apply(to volume: inout Volume) {
        let bare = Volume(name: volume.name)
        if volume == bare { volume.emptyDir = EmptyDirVolumeSource() }
        fill(&volume.secret, \.defaultMode, fileMode)
        fill(&volume.configMap, \.defaultMode, fileMode)
        fill(&volume.hostPath, \.type, "")
        if var downward = volume.downwardAPI {
            fill(&downward.defaultMode, fileMode)
            for index in downward.items.indices { apply(to: &downward.items[index]) }
            volume.downwardAPI = downward
        }
        if var projected = volume.projected {
            fill(&projected.defaultMode, fileMode)
            for index in projected.sources.indices { apply(to: &projected.sources[index]) }
            volume.projected = projected
        }
        if var image = volume.image {
            fill(&image.pullPolicy, pullPolicy(for: image.reference))
            volume.image = image
        }
        if var iscsi = volume.iscsi {
            fill(&iscsi.iscsiInterface, "default")
            volume.iscsi = iscsi
        }
        if var rbd = volume.rbd {
            fill(&rbd.pool, "rbd")
            fill(&rbd.user, "admin")
            fill(&rbd.keyring, "/etc/ceph/keyring")
            volume.rbd = rbd
        }
        if var scaleIO = volume.scaleIO {
            fill(&scaleIO.storageMode, "ThinProvisioned")
            fill(&scaleIO.fsType, "xfs")
            volume.scaleIO = scaleIO
        }
        if var disk = volume.azureDisk {
            fill(&disk.cachingMode, "ReadWrite")
            fill(&disk.kind, "Shared")
            fill(&disk.fsType, "ext4")
            fill(&disk.readOnly, false)
            volume.azureDisk = disk
        }
        if volume.ephemeral?.volumeClaimTemplate != nil, volume.ephemeral?.volumeClaimTemplate?.spec.volumeMode == nil {
            volume.ephemeral?.volumeClaimTemplate?.spec.volumeMode = "Filesystem"
        }
    }

    private static func apply(to file: inout DownwardAPIVolumeFile) {
        if file.fieldRef?.apiVersion.isEmpty == true { file.fieldRef?.apiVersion = "v1" }
    }

    private static func apply(to source: inout VolumeProjection) {
        fill(&source.serviceAccountToken, \.expirationSeconds, 3_600)
        guard var downward = source.downwardAPI else { return }
        for index in downward.items.indices { apply(to: &downward.items[index]) }
        source.downwardAPI = downward
    }

    // MARK: Filling

    private static func fill(_ field: inout String, _ value: String) { if field.isEmpty { field = value } }
    private static func fill(_ field: inout Int32, _ value: Int32) { if field == 0 { field = value } }
    private static func fill<Value>(_ field: inout Value?, _ value: Value) { if field == nil { field = value } }

    private static func fill<Owner, Value>(
        _ owner: inout Owner?,
        _ field: WritableKeyPath<Owner, Value?>,
        _ value: Value
    ) {
        guard var some = owner, some[keyPath: field] == nil else { return }
        some[keyPath: field] = value
        owner = some
    }
}
