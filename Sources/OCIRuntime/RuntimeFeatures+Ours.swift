package import OCI

extension RuntimeFeatures {
    /// What this runtime can do.
    package static var ours: RuntimeFeatures {
        RuntimeFeatures(
            ociVersionMin: "1.0.0",
            ociVersionMax: RuntimeSpec.newestVersion,
            hooks: ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"],
            mountOptions: MountOptions.known,
            linux: Linux(
                namespaces: RuntimeSpec.Namespace.Kind.allCases.map(\.rawValue).sorted(),
                capabilities: CapabilitySet.names,
                cgroup: Cgroup(v1: true, v2: true, systemd: true, systemdUser: true, rdma: true),
                seccomp: Seccomp(
                    enabled: true,
                    actions: RuntimeSpec.Seccomp.Action.allCases.map(\.rawValue),
                    operators: RuntimeSpec.Seccomp.Operator.allCases.map(\.rawValue),
                    archs: SeccompCompiler.architectureNames,
                    knownFlags: SeccompCompiler.knownFlags.map(\.name),
                    supportedFlags: SeccompCompiler.knownFlags.map(\.name)
                ),
                apparmor: Switch(enabled: true),
                selinux: Switch(enabled: true),
                intelRdt: IntelRdt(enabled: true, schemata: true, monitoring: true),
                mountExtensions: MountExtensions(idmap: Switch(enabled: true)),
                netDevices: Switch(enabled: true),
                memoryPolicy: MemoryPolicy(modes: Step.memoryPolicyModes, flags: Step.memoryPolicyFlags.map(\.name))
            ),
            annotations: ["io.github.seccomp.libseccomp.version": SeccompCompiler.version]
        )
    }
}
