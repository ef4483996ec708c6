package import JSON

/// Security settings for all containers of a pod; a container's own setting wins.
package struct PodSecurityContext: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var seLinuxOptions: SELinuxOptions?
    @Indirect package var windowsOptions: WindowsSecurityContextOptions?
    package var runAsUser: Int64?
    package var runAsGroup: Int64?
    package var runAsNonRoot: Bool?
    @OmitEmpty package var supplementalGroups: [Int64]
    package var supplementalGroupsPolicy: String?
    package var fsGroup: Int64?
    @OmitEmpty package var sysctls: [Sysctl]
    package var fsGroupChangePolicy: String?
    @Indirect package var seccompProfile: SeccompProfile?
    @Indirect package var appArmorProfile: AppArmorProfile?
    package var seLinuxChangePolicy: String?

    package init(
        seLinuxOptions: SELinuxOptions? = nil,
        windowsOptions: WindowsSecurityContextOptions? = nil,
        runAsUser: Int64? = nil,
        runAsGroup: Int64? = nil,
        runAsNonRoot: Bool? = nil,
        supplementalGroups: [Int64] = [],
        supplementalGroupsPolicy: String? = nil,
        fsGroup: Int64? = nil,
        sysctls: [Sysctl] = [],
        fsGroupChangePolicy: String? = nil,
        seccompProfile: SeccompProfile? = nil,
        appArmorProfile: AppArmorProfile? = nil,
        seLinuxChangePolicy: String? = nil
    ) {
        self.seLinuxOptions = seLinuxOptions
        self.windowsOptions = windowsOptions
        self.runAsUser = runAsUser
        self.runAsGroup = runAsGroup
        self.runAsNonRoot = runAsNonRoot
        self.supplementalGroups = supplementalGroups
        self.supplementalGroupsPolicy = supplementalGroupsPolicy
        self.fsGroup = fsGroup
        self.sysctls = sysctls
        self.fsGroupChangePolicy = fsGroupChangePolicy
        self.seccompProfile = seccompProfile
        self.appArmorProfile = appArmorProfile
        self.seLinuxChangePolicy = seLinuxChangePolicy
    }

    package init(reading members: JSONMembers) throws {
        seLinuxOptions = try members.optional("seLinuxOptions")
        windowsOptions = try members.optional("windowsOptions")
        runAsUser = try members.optional("runAsUser")
        runAsGroup = try members.optional("runAsGroup")
        runAsNonRoot = try members.optional("runAsNonRoot")
        supplementalGroups = try members.field("supplementalGroups")
        supplementalGroupsPolicy = try members.optional("supplementalGroupsPolicy")
        fsGroup = try members.optional("fsGroup")
        sysctls = try members.field("sysctls")
        fsGroupChangePolicy = try members.optional("fsGroupChangePolicy")
        seccompProfile = try members.optional("seccompProfile")
        appArmorProfile = try members.optional("appArmorProfile")
        seLinuxChangePolicy = try members.optional("seLinuxChangePolicy")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("seLinuxOptions", _seLinuxOptions)
        try writer.field("windowsOptions", _windowsOptions)
        try writer.field("runAsUser", runAsUser)
        try writer.field("runAsGroup", runAsGroup)
        try writer.field("runAsNonRoot", runAsNonRoot)
        try writer.field("supplementalGroups", _supplementalGroups)
        try writer.field("supplementalGroupsPolicy", supplementalGroupsPolicy)
        try writer.field("fsGroup", fsGroup)
        try writer.field("sysctls", _sysctls)
        try writer.field("fsGroupChangePolicy", fsGroupChangePolicy)
        try writer.field("seccompProfile", _seccompProfile)
        try writer.field("appArmorProfile", _appArmorProfile)
        try writer.field("seLinuxChangePolicy", seLinuxChangePolicy)
    }

    package static var zeroValue: PodSecurityContext { PodSecurityContext() }
}

/// Security settings of one container.
package struct SecurityContext: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var capabilities: Capabilities?
    package var privileged: Bool?
    @Indirect package var seLinuxOptions: SELinuxOptions?
    @Indirect package var windowsOptions: WindowsSecurityContextOptions?
    package var runAsUser: Int64?
    package var runAsGroup: Int64?
    package var runAsNonRoot: Bool?
    package var readOnlyRootFilesystem: Bool?
    package var allowPrivilegeEscalation: Bool?
    package var procMount: String?
    @Indirect package var seccompProfile: SeccompProfile?
    @Indirect package var appArmorProfile: AppArmorProfile?

    package init(
        capabilities: Capabilities? = nil,
        privileged: Bool? = nil,
        seLinuxOptions: SELinuxOptions? = nil,
        windowsOptions: WindowsSecurityContextOptions? = nil,
        runAsUser: Int64? = nil,
        runAsGroup: Int64? = nil,
        runAsNonRoot: Bool? = nil,
        readOnlyRootFilesystem: Bool? = nil,
        allowPrivilegeEscalation: Bool? = nil,
        procMount: String? = nil,
        seccompProfile: SeccompProfile? = nil,
        appArmorProfile: AppArmorProfile? = nil
    ) {
        self.capabilities = capabilities
        self.privileged = privileged
        self.seLinuxOptions = seLinuxOptions
        self.windowsOptions = windowsOptions
        self.runAsUser = runAsUser
        self.runAsGroup = runAsGroup
        self.runAsNonRoot = runAsNonRoot
        self.readOnlyRootFilesystem = readOnlyRootFilesystem
        self.allowPrivilegeEscalation = allowPrivilegeEscalation
        self.procMount = procMount
        self.seccompProfile = seccompProfile
        self.appArmorProfile = appArmorProfile
    }

    package init(reading members: JSONMembers) throws {
        capabilities = try members.optional("capabilities")
        privileged = try members.optional("privileged")
        seLinuxOptions = try members.optional("seLinuxOptions")
        windowsOptions = try members.optional("windowsOptions")
        runAsUser = try members.optional("runAsUser")
        runAsGroup = try members.optional("runAsGroup")
        runAsNonRoot = try members.optional("runAsNonRoot")
        readOnlyRootFilesystem = try members.optional("readOnlyRootFilesystem")
        allowPrivilegeEscalation = try members.optional("allowPrivilegeEscalation")
        procMount = try members.optional("procMount")
        seccompProfile = try members.optional("seccompProfile")
        appArmorProfile = try members.optional("appArmorProfile")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("capabilities", _capabilities)
        try writer.field("privileged", privileged)
        try writer.field("seLinuxOptions", _seLinuxOptions)
        try writer.field("windowsOptions", _windowsOptions)
        try writer.field("runAsUser", runAsUser)
        try writer.field("runAsGroup", runAsGroup)
        try writer.field("runAsNonRoot", runAsNonRoot)
        try writer.field("readOnlyRootFilesystem", readOnlyRootFilesystem)
        try writer.field("allowPrivilegeEscalation", allowPrivilegeEscalation)
        try writer.field("procMount", procMount)
        try writer.field("seccompProfile", _seccompProfile)
        try writer.field("appArmorProfile", _appArmorProfile)
    }

    package static var zeroValue: SecurityContext { SecurityContext() }
}

/// POSIX capabilities to add to and to drop from the runtime's default set, without the prefix CAP_.
package struct Capabilities: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var add: [String]
    @OmitEmpty package var drop: [String]

    package init(
        add: [String] = [],
        drop: [String] = []
    ) {
        self.add = add
        self.drop = drop
    }

    package init(reading members: JSONMembers) throws {
        add = try members.field("add")
        drop = try members.field("drop")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("add", _add)
        try writer.field("drop", _drop)
    }

    package static var zeroValue: Capabilities { Capabilities() }
}

/// The SELinux label of a container's processes.
package struct SELinuxOptions: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var user: String
    @OmitEmpty package var role: String
    @OmitEmpty package var type: String
    @OmitEmpty package var level: String

    package init(
        user: String = "",
        role: String = "",
        type: String = "",
        level: String = ""
    ) {
        self.user = user
        self.role = role
        self.type = type
        self.level = level
    }

    package static var zeroValue: SELinuxOptions { SELinuxOptions() }
}

/// Which system call filter applies: Unconfined, RuntimeDefault or Localhost.
package struct SeccompProfile: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var type: String
    package var localhostProfile: String?

    package init(
        type: String = "",
        localhostProfile: String? = nil
    ) {
        self.type = type
        self.localhostProfile = localhostProfile
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("type", _type)
        try writer.field("localhostProfile", localhostProfile)
    }

    package static var zeroValue: SeccompProfile { SeccompProfile() }
}

/// Which AppArmor profile applies: Unconfined, RuntimeDefault or Localhost.
package struct AppArmorProfile: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var type: String
    package var localhostProfile: String?

    package init(
        type: String = "",
        localhostProfile: String? = nil
    ) {
        self.type = type
        self.localhostProfile = localhostProfile
    }

    package static var zeroValue: AppArmorProfile { AppArmorProfile() }
}

/// Settings for Windows containers; kept, never applied here.
package struct WindowsSecurityContextOptions: Codable, Hashable, Sendable, ZeroValue {
    package var gmsaCredentialSpecName: String?
    package var gmsaCredentialSpec: String?
    package var runAsUserName: String?
    package var hostProcess: Bool?

    package init(
        gmsaCredentialSpecName: String? = nil,
        gmsaCredentialSpec: String? = nil,
        runAsUserName: String? = nil,
        hostProcess: Bool? = nil
    ) {
        self.gmsaCredentialSpecName = gmsaCredentialSpecName
        self.gmsaCredentialSpec = gmsaCredentialSpec
        self.runAsUserName = runAsUserName
        self.hostProcess = hostProcess
    }

    package static var zeroValue: WindowsSecurityContextOptions { WindowsSecurityContextOptions() }
}

/// A kernel parameter of the pod's namespaces.
package struct Sysctl: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var value: String

    package init(
        name: String = "",
        value: String = ""
    ) {
        self.name = name
        self.value = value
    }

    package static var zeroValue: Sysctl { Sysctl() }
}
