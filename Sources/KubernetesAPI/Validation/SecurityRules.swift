/// The rules for security settings.
enum SecurityRules {
    static func validate(_ spec: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        if spec.hostUsers == false {
            let fields = [
                ("hostNetwork", spec.hostNetwork), ("HostPID", spec.hostPID), ("HostIPC", spec.hostIPC),
            ]
            for (field, isSet) in fields where isSet {
                errors.forbidden(path.child(field), "when `pod.Spec.HostUsers` is false")
            }
        }
        let context = spec.securityContext ?? PodSecurityContext()
        let path = path.child("securityContext")
        validateIDs(
            [("fsGroup", context.fsGroup), ("runAsUser", context.runAsUser), ("runAsGroup", context.runAsGroup)],
            path,
            &errors
        )
        for (index, group) in context.supplementalGroups.enumerated() {
            for message in NameRules.unixID(group) {
                errors.invalid(path.child("supplementalGroups")[index], group, message)
            }
        }
        if spec.shareProcessNamespace == true, spec.hostPID {
            errors.invalid(
                path.child("shareProcessNamespace"),
                true,
                "ShareProcessNamespace and HostPID cannot both be enabled"
            )
        }
        validateSysctls(context.sysctls, spec, path.child("sysctls"), &errors)
        let words: [(String, String?, [String])] = [
            ("fsGroupChangePolicy", context.fsGroupChangePolicy, ["Always", "OnRootMismatch"]),
            ("supplementalGroupsPolicy", context.supplementalGroupsPolicy, ["Merge", "Strict"]),
            ("seLinuxChangePolicy", context.seLinuxChangePolicy, ["MountOption", "Recursive"]),
        ]
        for case let (field, word?, supported) in words where !supported.contains(word) {
            errors.notSupported(path.child(field), word, supported)
        }
        if let profile = context.seccompProfile { validate(profile, path.child("seccompProfile"), &errors) }
        if let profile = context.appArmorProfile { validate(profile, path.child("appArmorProfile"), &errors) }
    }

    static func validate(
        _ context: SecurityContext,
        hostUsers: Bool,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        validateIDs([("runAsUser", context.runAsUser), ("runAsGroup", context.runAsGroup)], path, &errors)
        if let mount = context.procMount {
            if !["Default", "Unmasked"].contains(mount) {
                errors.notSupported(path.child("procMount"), mount, ["Default", "Unmasked"])
            }
            if hostUsers, mount == "Unmasked" {
                errors.invalid(path.child("procMount"), mount, "`hostUsers` must be false to use `Unmasked`")
            }
        }
        if let profile = context.seccompProfile { validate(profile, path.child("seccompProfile"), &errors) }
        if context.allowPrivilegeEscalation == false {
            if context.privileged == true {
                errors.invalid(
                    path.child("allowPrivilegeEscalation"),
                    false,
                    "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
                )
            }
            if context.capabilities?.add.contains("CAP_SYS_ADMIN") == true {
                errors.invalid(
                    path.child("allowPrivilegeEscalation"),
                    false,
                    "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
                )
            }
        }
        if let profile = context.appArmorProfile { validate(profile, path.child("appArmorProfile"), &errors) }
    }

    private static func validateIDs(_ ids: [(String, Int64?)], _ path: FieldPath, _ errors: inout FieldErrors) {
        for case let (field, id?) in ids {
            for message in NameRules.unixID(id) { errors.invalid(path.child(field), id, message) }
        }
    }

    private static func validate(_ profile: SeccompProfile, _ path: FieldPath, _ errors: inout FieldErrors) {
        let file = path.child("localhostProfile")
        switch profile.type {
        case "Localhost":
            if let name = profile.localhostProfile {
                VolumeRules.validateDescending(name, file, &errors)
            } else {
                errors.required(file, "must be set when seccomp type is Localhost")
            }
        case "RuntimeDefault", "Unconfined":
            if let name = profile.localhostProfile {
                errors.invalid(file, name, "can only be set when seccomp type is Localhost")
            }
        case "": errors.required(path.child("type"), "type is required when seccompProfile is set")
        default:
            errors.notSupported(path.child("type"), profile.type, ["Localhost", "RuntimeDefault", "Unconfined"])
        }
    }

    private static func validate(_ profile: AppArmorProfile, _ path: FieldPath, _ errors: inout FieldErrors) {
        let file = path.child("localhostProfile")
        switch profile.type {
        case "Localhost":
            guard let name = profile.localhostProfile, !name.isEmpty else {
                return errors.required(file, "must be set when AppArmor type is Localhost")
            }
            if name.first?.isWhitespace == true || name.last?.isWhitespace == true {
                errors.invalid(file, name, "must not be padded with whitespace")
            }
            if name.utf8.count > 4_095 { errors.tooLong(file, limit: 4_095) }
        case "RuntimeDefault", "Unconfined":
            if let name = profile.localhostProfile {
                errors.invalid(file, name, "can only be set when AppArmor type is Localhost")
            }
        case "": errors.required(path.child("type"), "type is required when appArmorProfile is set")
        default:
            errors.notSupported(path.child("type"), profile.type, ["Localhost", "RuntimeDefault", "Unconfined"])
        }
    }

    private static func validateSysctls(
        _ sysctls: [Sysctl],
        _ spec: PodSpec,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        var seen: Set<String> = []
        for (index, sysctl) in sysctls.enumerated() {
            let path = path[index].child("name")
            if sysctl.name.isEmpty {
                errors.required(path)
            } else if !isSysctlName(sysctl.name) {
                errors.invalid(
                    path,
                    sysctl.name,
                    "must have at most 253 characters and match regex "
                        + "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
                )
            } else if !seen.insert(sysctl.name).inserted {
                errors.duplicate(path, sysctl.name)
            }
            let dotted = String(sysctl.name.map { $0 == "/" ? "." : $0 })
            if spec.hostNetwork, dotted.hasPrefix("net.") {
                errors.invalid(path, sysctl.name, "may not be specified when 'hostNetwork' is true")
            }
            let isIPC = ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."].contains { dotted.hasPrefix($0) }
            if spec.hostIPC, isIPC {
                errors.invalid(path, sysctl.name, "may not be specified when 'hostIPC' is true")
            }
        }
    }

    private static func isSysctlName(_ name: String) -> Bool {
        func isEdge(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
        return name.utf8.count <= 253
            && name.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
                .allSatisfy { part in
                    guard let first = part.first, let last = part.last, isEdge(first), isEdge(last) else {
                        return false
                    }
                    return part.allSatisfy { isEdge($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
                }
    }
}
