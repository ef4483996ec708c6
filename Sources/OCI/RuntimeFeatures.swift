/// What a runtime can do, as `features` prints it (runtime-spec 1.2, features.md and features-linux.md).
///
/// An absent field means "unknown", an empty list "none".
package struct RuntimeFeatures: Codable, Hashable, Sendable {
    /// The oldest `ociVersion` that is accepted.
    package var ociVersionMin: String
    package var ociVersionMax: String
    /// Names of the hooks: "prestart", "createRuntime", …
    package var hooks: [String]?
    package var mountOptions: [String]?
    package var linux: Linux?
    /// Facts of the runtime's own: its version, its libseccomp.
    package var annotations: [String: String]?
    /// Annotations of config.json that may change the host's safety.
    package var potentiallyUnsafeConfigAnnotations: [String]?

    package init(
        ociVersionMin: String,
        ociVersionMax: String,
        hooks: [String]? = nil,
        mountOptions: [String]? = nil,
        linux: Linux? = nil,
        annotations: [String: String]? = nil,
        potentiallyUnsafeConfigAnnotations: [String]? = nil
    ) {
        self.ociVersionMin = ociVersionMin
        self.ociVersionMax = ociVersionMax
        self.hooks = hooks
        self.mountOptions = mountOptions
        self.linux = linux
        self.annotations = annotations
        self.potentiallyUnsafeConfigAnnotations = potentiallyUnsafeConfigAnnotations
    }

    package struct Linux: Codable, Hashable, Sendable {
        package var namespaces: [String]?
        package var capabilities: [String]?
        package var cgroup: Cgroup?
        package var seccomp: Seccomp?
        package var apparmor: Switch?
        package var selinux: Switch?
        package var intelRdt: IntelRdt?
        package var mountExtensions: MountExtensions?
        package var netDevices: Switch?
        package var memoryPolicy: MemoryPolicy?

        package init(
            namespaces: [String]? = nil,
            capabilities: [String]? = nil,
            cgroup: Cgroup? = nil,
            seccomp: Seccomp? = nil,
            apparmor: Switch? = nil,
            selinux: Switch? = nil,
            intelRdt: IntelRdt? = nil,
            mountExtensions: MountExtensions? = nil,
            netDevices: Switch? = nil,
            memoryPolicy: MemoryPolicy? = nil
        ) {
            self.namespaces = namespaces
            self.capabilities = capabilities
            self.cgroup = cgroup
            self.seccomp = seccomp
            self.apparmor = apparmor
            self.selinux = selinux
            self.intelRdt = intelRdt
            self.mountExtensions = mountExtensions
            self.netDevices = netDevices
            self.memoryPolicy = memoryPolicy
        }
    }

    package struct Cgroup: Codable, Hashable, Sendable {
        package var v1: Bool?
        package var v2: Bool?
        package var systemd: Bool?
        package var systemdUser: Bool?
        package var rdma: Bool?

        package init(
            v1: Bool? = nil,
            v2: Bool? = nil,
            systemd: Bool? = nil,
            systemdUser: Bool? = nil,
            rdma: Bool? = nil
        ) {
            self.v1 = v1
            self.v2 = v2
            self.systemd = systemd
            self.systemdUser = systemdUser
            self.rdma = rdma
        }
    }

    package struct Seccomp: Codable, Hashable, Sendable {
        package var enabled: Bool?
        package var actions: [String]?
        package var operators: [String]?
        package var archs: [String]?
        /// Flags that the runtime knows by name.
        package var knownFlags: [String]?
        /// Those of them that this kernel and libseccomp accept.
        package var supportedFlags: [String]?

        package init(
            enabled: Bool? = nil,
            actions: [String]? = nil,
            operators: [String]? = nil,
            archs: [String]? = nil,
            knownFlags: [String]? = nil,
            supportedFlags: [String]? = nil
        ) {
            self.enabled = enabled
            self.actions = actions
            self.operators = operators
            self.archs = archs
            self.knownFlags = knownFlags
            self.supportedFlags = supportedFlags
        }
    }

    package struct IntelRdt: Codable, Hashable, Sendable {
        package var enabled: Bool?
        package var schemata: Bool?
        package var monitoring: Bool?

        package init(
            enabled: Bool? = nil,
            schemata: Bool? = nil,
            monitoring: Bool? = nil
        ) {
            self.enabled = enabled
            self.schemata = schemata
            self.monitoring = monitoring
        }
    }

    package struct MountExtensions: Codable, Hashable, Sendable {
        package var idmap: Switch?

        package init(
            idmap: Switch? = nil
        ) {
            self.idmap = idmap
        }
    }

    package struct MemoryPolicy: Codable, Hashable, Sendable {
        package var modes: [String]?
        package var flags: [String]?

        package init(modes: [String]? = nil, flags: [String]? = nil) {
            self.modes = modes
            self.flags = flags
        }
    }

    /// A feature that is compiled in or not.
    package struct Switch: Codable, Hashable, Sendable {
        package var enabled: Bool?

        package init(
            enabled: Bool? = nil
        ) {
            self.enabled = enabled
        }
    }
}
