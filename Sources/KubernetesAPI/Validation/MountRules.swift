/// The rules for what a container mounts.
struct MountRules {
    let container: Container
    let volumes: [String: Volume]

    func validate(_ path: FieldPath, _ errors: inout FieldErrors) {
        validateMounts(path.child("volumeMounts"), &errors)
        validateDevices(path.child("volumeDevices"), &errors)
    }

    private func validateMounts(_ path: FieldPath, _ errors: inout FieldErrors) {
        var paths: Set<String> = []
        for (index, mount) in container.volumeMounts.enumerated() {
            let item = path[index]
            if mount.name.isEmpty { errors.required(item.child("name")) }
            if volumes[mount.name] == nil { errors.notFound(item.child("name"), mount.name) }
            if mount.mountPath.isEmpty { errors.required(item.child("mountPath")) }
            if !paths.insert(mount.mountPath).inserted {
                errors.invalid(item.child("mountPath"), mount.mountPath, "must be unique")
            }
            if container.volumeDevices.contains(where: { $0.name == mount.name }) {
                errors.invalid(item.child("name"), mount.name, "must not already exist in volumeDevices")
            }
            if container.volumeDevices.contains(where: { $0.devicePath == mount.mountPath }) {
                errors.invalid(
                    item.child("mountPath"),
                    mount.mountPath,
                    "must not already exist as a path in volumeDevices"
                )
            }
            if !mount.subPath.isEmpty {
                VolumeRules.validateDescending(mount.subPath, path.child("subPath"), &errors)
            }
            if !mount.subPathExpr.isEmpty {
                if !mount.subPath.isEmpty {
                    errors.invalid(
                        item.child("subPathExpr"),
                        mount.subPathExpr,
                        "subPathExpr and subPath are mutually exclusive"
                    )
                }
                VolumeRules.validateDescending(mount.subPathExpr, path.child("subPathExpr"), &errors)
            }
            validatePropagation(mount, path.child("mountPropagation"), &errors)
            validateRecursion(mount, path.child("recursiveReadOnly"), &errors)
        }
    }

    private func validatePropagation(_ mount: VolumeMount, _ path: FieldPath, _ errors: inout FieldErrors) {
        guard let propagation = mount.mountPropagation else { return }
        let supported = ["Bidirectional", "HostToContainer", "None"]
        if !supported.contains(propagation) { errors.notSupported(path, propagation, supported) }
        if propagation == "Bidirectional", container.securityContext?.privileged != true {
            errors.forbidden(path, "Bidirectional mount propagation is available only to privileged containers")
        }
    }

    private func validateRecursion(_ mount: VolumeMount, _ path: FieldPath, _ errors: inout FieldErrors) {
        switch mount.recursiveReadOnly {
        case nil, "Disabled": break
        case "Enabled", "IfPossible":
            if !mount.readOnly { errors.forbidden(path, "may only be specified when readOnly is true") }
            if let propagation = mount.mountPropagation, propagation != "None" {
                errors.forbidden(
                    path,
                    "may only be specified when mountPropagation is None or not specified"
                )
            }
        case let other?: errors.notSupported(path, other, ["Disabled", "Enabled", "IfPossible"])
        }
    }

    private func validateDevices(_ path: FieldPath, _ errors: inout FieldErrors) {
        var names: Set<String> = []
        var paths: Set<String> = []
        for (index, device) in container.volumeDevices.enumerated() {
            let item = path[index]
            if device.name.isEmpty { errors.required(item.child("name")) }
            if !device.name.isEmpty, !names.insert(device.name).inserted {
                errors.invalid(item.child("name"), device.name, "must be unique")
            }
            if let volume = volumes[device.name] {
                if volume.persistentVolumeClaim == nil, volume.ephemeral == nil {
                    errors.invalid(
                        item.child("name"),
                        device.name,
                        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
                    )
                }
            } else {
                errors.notFound(item.child("name"), device.name)
            }
            if device.devicePath.isEmpty { errors.required(item.child("devicePath")) }
            if paths.contains(device.devicePath) {
                errors.invalid(item.child("devicePath"), device.devicePath, "must be unique")
            }
            if VolumeRules.stepsBack(device.devicePath) {
                errors.invalid(item.child("devicePath"), device.devicePath, "can not contain backsteps ('..')")
            } else {
                paths.insert(device.devicePath)
            }
            if container.volumeMounts.contains(where: { $0.name == device.name }) {
                errors.invalid(item.child("name"), device.name, "must not already exist in volumeMounts")
            }
            if container.volumeMounts.contains(where: { $0.mountPath == device.devicePath }) {
                errors.invalid(
                    item.child("devicePath"),
                    device.devicePath,
                    "must not already exist as a path in volumeMounts"
                )
            }
        }
    }
}
