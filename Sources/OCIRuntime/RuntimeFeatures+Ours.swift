package import OCI

extension RuntimeFeatures {
    /// What this runtime can do.
    package static var ours: RuntimeFeatures {
        RuntimeFeatures(
            ociVersionMin: "1.0.0",
            ociVersionMax: "1.2.0",
            hooks: ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"],
            mountOptions: MountOptions.known,
            linux: Linux(
                namespaces: ["cgroup", "ipc", "mount", "network", "pid", "uts"],
                capabilities: CapabilitySet.names,
                cgroup: Cgroup(v1: true, v2: true, systemd: true, systemdUser: true, rdma: true),
                seccomp: Seccomp(
                    enabled: true,
                    actions: RuntimeSpec.Seccomp.Action.allCases.filter { $0 != .notify }.map(\.rawValue),
                    operators: RuntimeSpec.Seccomp.Operator.allCases.map(\.rawValue),
                    archs: SeccompCompiler.architectureNames,
                    knownFlags: SeccompCompiler.knownFlags.map(\.name),
                    supportedFlags: SeccompCompiler.knownFlags.map(\.name)
                ),
                apparmor: Switch(enabled: true),
                selinux: Switch(enabled: true),
                intelRdt: IntelRdt(enabled: false),
                mountExtensions: MountExtensions(idmap: Switch(enabled: false))
            ),
            annotations: ["io.github.seccomp.libseccomp.version": SeccompCompiler.version]
        )
    }
}
