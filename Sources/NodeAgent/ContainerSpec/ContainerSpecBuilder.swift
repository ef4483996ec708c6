import KubernetesAPI
package import OCI

/// Turns one container of a pod into a `config.json`, without looking at anything but its inputs.
///
/// The rules are kubelet's and those of containerd's CRI plugin: what the pod says beats what the image says.
struct ContainerSpecBuilder {
    var pod: Pod
    var container: Container
    var image: ImageConfig
    /// Where the pod's shared namespaces are: "network", "ipc", "uts", "pid" -> a path to join.
    var namespaces: [String: String]
    var user: ContainerUser
    var environment: ContainerEnvironment
    /// Volumes and the files that the agent manages, already on the node, in the order to be mounted.
    var mounts: [RuntimeSpec.Mount]
    /// The machine's devices, for a privileged container.
    var hostDevices: [RuntimeSpec.Device] = []
    var containerID: String
    var sandboxID: String
    var cgroupParent: String
    var memoryCapacity: Int64
    var defaults: ContainerDefaults

    /// - Throws: `ContainerConfigError`, which becomes the waiting reason CreateContainerConfigError.
    func build() throws(ContainerConfigError) -> RuntimeSpec {
        let privileged = container.securityContext?.privileged ?? false
        let arguments = try self.arguments()
        return RuntimeSpec(
            ociVersion: "1.2.0",
            process: RuntimeSpec.Process(
                terminal: container.tty ? true : nil,
                user: RuntimeSpec.User(
                    uid: user.uid,
                    gid: user.gid,
                    additionalGids: user.additionalGroups.isEmpty ? nil : user.additionalGroups
                ),
                args: arguments,
                env: environment.order.compactMap { name in environment.values[name].map { "\(name)=\($0)" } },
                cwd: workingDirectory,
                capabilities: ContainerCapabilities.resolve(
                    container.securityContext?.capabilities,
                    privileged: privileged,
                    isRoot: user.uid == 0
                ),
                noNewPrivileges: container.securityContext?.allowPrivilegeEscalation == false ? true : nil,
                oomScoreAdj: OOMScore.adjustment(pod: pod, container: container, memoryCapacity: memoryCapacity)
            ),
            root: RuntimeSpec.Root(
                path: "rootfs",
                readonly: container.securityContext?.readOnlyRootFilesystem
            ),
            mounts: DefaultMounts.of(
                privileged: privileged,
                hostIPC: pod.spec.hostIPC,
                hostNetwork: pod.spec.hostNetwork
            )
                + outerFirst(mounts),
            annotations: [
                "io.kubernetes.cri.container-type": "container",
                "io.kubernetes.cri.sandbox-id": sandboxID,
                "io.kubernetes.cri.container-name": container.name,
                "io.kubernetes.cri.sandbox-name": pod.metadata.name,
                "io.kubernetes.cri.sandbox-namespace": pod.metadata.namespace,
                "io.kubernetes.cri.sandbox-uid": pod.metadata.uid,
            ],
            linux: RuntimeSpec.Linux(
                resources: ContainerResources.of(
                    container,
                    privileged: privileged,
                    podPidsLimit: defaults.podPidsLimit
                ),
                cgroupsPath: "\(cgroupParent)/\(containerID)",
                namespaces: namespaceList,
                devices: hostDevices.isEmpty ? nil : hostDevices,
                seccomp: try seccomp(privileged: privileged),
                maskedPaths: privileged || isUnmasked ? nil : DefaultMounts.maskedPaths,
                readonlyPaths: privileged || isUnmasked ? nil : DefaultMounts.readOnlyPaths
            )
        )
    }

    /// A mount hides what was mounted below its path before, so outer paths come first; equals keep their order.
    private func outerFirst(_ mounts: [RuntimeSpec.Mount]) -> [RuntimeSpec.Mount] {
        let depth = { (mount: RuntimeSpec.Mount) in mount.destination.split(separator: "/").count }
        return mounts.enumerated()
            .sorted { (depth($0.element), $0.offset) < (depth($1.element), $1.offset) }
            .map(\.element)
    }

    private var isUnmasked: Bool { container.securityContext?.procMount == "Unmasked" }

    /// `command` replaces both ENTRYPOINT and CMD, `args` alone replaces CMD.
    private func arguments() throws(ContainerConfigError) -> [String] {
        let entrypoint = image.config?.entrypoint ?? []
        let expand = { (words: [String]) in words.map { Expansion.expand($0, variables: environment.declared) } }
        let arguments: [String] =
            if !container.command.isEmpty {
                expand(container.command) + expand(container.args)
            } else if !container.args.isEmpty {
                entrypoint + expand(container.args)
            } else {
                entrypoint + (image.config?.cmd ?? [])
            }
        guard !arguments.isEmpty else {
            throw ContainerConfigError(
                "no command specified: the image \(container.image) has neither ENTRYPOINT nor CMD; "
                    + "set command in the container's spec"
            )
        }
        return arguments
    }

    private var workingDirectory: String {
        if !container.workingDir.isEmpty { return container.workingDir }
        guard let fromImage = image.config?.workingDir, !fromImage.isEmpty else { return "/" }
        return fromImage
    }

    private var namespaceList: [RuntimeSpec.Namespace] {
        var list = [RuntimeSpec.Namespace(type: .mount), RuntimeSpec.Namespace(type: .cgroup)]
        if let shared = namespaces["pid"] {
            list.append(RuntimeSpec.Namespace(type: .pid, path: shared))
        } else if !pod.spec.hostPID {
            list.append(RuntimeSpec.Namespace(type: .pid))
        }
        let shared: [(String, RuntimeSpec.Namespace.Kind)] = [("ipc", .ipc), ("uts", .uts), ("network", .network)]
        for (name, kind) in shared {
            if let path = namespaces[name] { list.append(RuntimeSpec.Namespace(type: kind, path: path)) }
        }
        return list
    }

    private func seccomp(privileged: Bool) throws(ContainerConfigError) -> RuntimeSpec.Seccomp? {
        if privileged { return nil }
        let profile = container.securityContext?.seccompProfile ?? pod.spec.securityContext?.seccompProfile
        switch profile?.type {
        case "RuntimeDefault": return defaults.seccomp
        case "Unconfined": return nil
        case nil: return defaults.seccompByDefault ? defaults.seccomp : nil
        case "Localhost":
            throw ContainerConfigError(
                "seccomp profile \(profile?.localhostProfile ?? "") of type Localhost is not available on this node yet; "
                    + "use RuntimeDefault or Unconfined"
            )
        case .some(let other): throw ContainerConfigError("unknown seccomp profile type \(other)")
        }
    }
}

/// Why a container cannot be made from its spec; shown as the message of CreateContainerConfigError.
package struct ContainerConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// What the node gives every container unless its pod says otherwise.
package struct ContainerDefaults: Sendable {
    /// The profile behind RuntimeDefault.
    package var seccomp: RuntimeSpec.Seccomp
    /// True applies it also to pods that name no profile (kubelet's --seccomp-default).
    package var seccompByDefault: Bool
    /// Nil sets no limit.
    package var podPidsLimit: Int64?

    package init(seccomp: RuntimeSpec.Seccomp, seccompByDefault: Bool, podPidsLimit: Int64?) {
        self.seccomp = seccomp
        self.seccompByDefault = seccompByDefault
        self.podPidsLimit = podPidsLimit
    }
}
