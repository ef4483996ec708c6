/// The rules for volumes that a node can make by itself; other sources only count as a source.
enum VolumeRules {
    /// Checks all volumes, and gives the valid ones by name.
    static func validate(
        _ volumes: [Volume],
        podName: String,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) -> [String: Volume] {
        var valid: [String: Volume] = [:]
        for (index, volume) in volumes.enumerated() {
            let path = path[index]
            var found = FieldErrors()
            validateSource(volume, podName: podName, path, &found)
            if volume.name.isEmpty {
                found.required(path.child("name"))
            } else {
                found.invalid(path.child("name"), volume.name, each: NameRules.dnsLabel(volume.name))
            }
            if valid[volume.name] != nil { found.duplicate(path.child("name"), volume.name) }
            if found.list.isEmpty {
                valid[volume.name] = volume
            } else {
                errors.append(contentsOf: found)
            }
        }
        return valid
    }

    private static func validateSource(
        _ volume: Volume,
        podName: String,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        let sources = volume.sourceNames
        if sources.isEmpty { errors.required(path, "must specify a volume type") }
        for name in sources.dropFirst() {
            errors.forbidden(path.child(name), "may not specify more than 1 volume type")
        }
        guard let source = sources.first else { return }
        let path = path.child(source)
        switch source {
        case "hostPath": volume.hostPath.map { validate($0, path, &errors) }
        case "emptyDir":
            if let limit = volume.emptyDir?.sizeLimit, limit.sign < 0 {
                errors.forbidden(path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity")
            }
        case "secret": volume.secret.map { validate($0, path, &errors) }
        case "configMap": volume.configMap.map { validate($0, path, &errors) }
        case "downwardAPI": volume.downwardAPI.map { validate($0, path, &errors) }
        case "projected": volume.projected.map { ProjectionRules.validate($0, path, &errors) }
        case "persistentVolumeClaim":
            if volume.persistentVolumeClaim?.claimName.isEmpty == true { errors.required(path.child("claimName")) }
        case "image": volume.image.map { validate($0, path, &errors) }
        case "nfs": volume.nfs.map { validate($0, path, &errors) }
        case "csi": if volume.csi?.driver.isEmpty == true { errors.required(path.child("driver")) }
        case "ephemeral":
            if volume.ephemeral?.volumeClaimTemplate == nil { errors.required(path.child("volumeClaimTemplate")) }
            let claim = "\(podName)-\(volume.name)"
            guard !podName.isEmpty, !volume.name.isEmpty else { break }
            for message in NameRules.dnsSubdomain(claim) {
                errors.invalid(path.child("name"), volume.name, "PVC name \"\(claim)\": \(message)")
            }
        case "gitRepo":
            if volume.gitRepo?.repository.isEmpty == true { errors.required(path.child("repository")) }
            validateDescending(volume.gitRepo?.directory ?? "", path.child("directory"), &errors)
        default: break
        }
    }

    private static func validate(_ source: HostPathVolumeSource, _ path: FieldPath, _ errors: inout FieldErrors) {
        guard !source.path.isEmpty else { return errors.required(path.child("path")) }
        if stepsBack(source.path) { errors.invalid(path.child("path"), source.path, "must not contain '..'") }
        let supported = [
            "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
        ]
        if let type = source.type, !supported.contains(type) {
            errors.notSupported(path.child("type"), type, supported)
        }
    }

    private static func validate(_ source: SecretVolumeSource, _ path: FieldPath, _ errors: inout FieldErrors) {
        if source.secretName.isEmpty { errors.required(path.child("secretName")) }
        validateMode(source.defaultMode, path.child("defaultMode"), &errors)
        validate(source.items, path.child("items"), &errors)
    }

    private static func validate(_ source: ConfigMapVolumeSource, _ path: FieldPath, _ errors: inout FieldErrors) {
        if source.name.isEmpty { errors.required(path.child("name")) }
        validateMode(source.defaultMode, path.child("defaultMode"), &errors)
        validate(source.items, path.child("items"), &errors)
    }

    private static func validate(_ source: DownwardAPIVolumeSource, _ path: FieldPath, _ errors: inout FieldErrors) {
        validateMode(source.defaultMode, path.child("defaultMode"), &errors)
        for file in source.items { validate(file, path, &errors) }
    }

    private static func validate(_ source: ImageVolumeSource, _ path: FieldPath, _ errors: inout FieldErrors) {
        if source.reference.isEmpty { errors.required(path.child("reference")) }
        PodValidation.oneOf(
            source.pullPolicy,
            [PullPolicy.always, PullPolicy.ifNotPresent, PullPolicy.never],
            path.child("pullPolicy"),
            &errors
        )
    }

    private static func validate(_ source: NFSVolumeSource, _ path: FieldPath, _ errors: inout FieldErrors) {
        if source.server.isEmpty { errors.required(path.child("server")) }
        if source.path.isEmpty { errors.required(path.child("path")) }
        if !source.path.hasPrefix("/") {
            errors.invalid(path.child("path"), source.path, "must be an absolute path")
        }
    }

    // MARK: Files

    static func validate(_ items: [KeyToPath], _ path: FieldPath, _ errors: inout FieldErrors) {
        for (index, item) in items.enumerated() {
            let path = path[index]
            if item.key.isEmpty { errors.required(path.child("key")) }
            if item.path.isEmpty { errors.required(path.child("path")) }
            validateNonReserved(item.path, path.child("path"), &errors)
            validateMode(item.mode, path.child("mode"), &errors)
        }
    }

    static func validate(_ file: DownwardAPIVolumeFile, _ path: FieldPath, _ errors: inout FieldErrors) {
        if file.path.isEmpty { errors.required(path.child("path")) }
        validateNonReserved(file.path, path.child("path"), &errors)
        if let field = file.fieldRef {
            EnvironmentRules.validate(
                field,
                supported: EnvironmentRules.fileFields,
                path.child("fieldRef"),
                &errors
            )
            if file.resourceFieldRef != nil {
                errors.invalid(
                    path,
                    "resource",
                    "fieldRef and resourceFieldRef can not be specified simultaneously"
                )
            }
        } else if let field = file.resourceFieldRef {
            EnvironmentRules.validate(field, inVolume: true, path.child("resourceFieldRef"), &errors)
        } else {
            errors.required(path, "one of fieldRef and resourceFieldRef is required")
        }
        validateMode(file.mode, path.child("mode"), &errors)
    }

    static func validateMode(_ mode: Int32?, _ path: FieldPath, _ errors: inout FieldErrors) {
        guard let mode, !(0...0o777).contains(mode) else { return }
        errors.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")
    }

    // MARK: Paths

    /// True if a part of the path is "..".
    ///
    /// By byte, as the kernel reads it: a slash with a combining mark is another character to Swift.
    static func stepsBack(_ path: String) -> Bool {
        path.utf8.split(separator: 0x2F).contains { $0.elementsEqual("..".utf8) }
    }

    /// A path below a directory: relative, without "..".
    static func validateDescending(_ target: String, _ path: FieldPath, _ errors: inout FieldErrors) {
        if target.hasPrefix("/") { errors.invalid(path, target, "must be a relative path") }
        if stepsBack(target) { errors.invalid(path, target, "must not contain '..'") }
    }

    /// As ``validateDescending(_:_:_:)``, and not one of the names that begin with "..", which updates use.
    static func validateNonReserved(_ target: String, _ path: FieldPath, _ errors: inout FieldErrors) {
        validateDescending(target, path, &errors)
        if target.hasPrefix(".."), !target.hasPrefix("../"), target != ".." {
            errors.invalid(path, target, "must not start with '..'")
        }
    }
}

extension Volume {
    /// The names of the sources that are set, in the order of the API. Exactly one in a valid volume.
    package var sourceNames: [String] {
        let sources: [(String, Bool)] = [
            ("hostPath", hostPath != nil), ("emptyDir", emptyDir != nil),
            ("gcePersistentDisk", gcePersistentDisk != nil), ("awsElasticBlockStore", awsElasticBlockStore != nil),
            ("gitRepo", gitRepo != nil), ("secret", secret != nil), ("nfs", nfs != nil), ("iscsi", iscsi != nil),
            ("glusterfs", glusterfs != nil), ("persistentVolumeClaim", persistentVolumeClaim != nil),
            ("rbd", rbd != nil), ("flexVolume", flexVolume != nil), ("cinder", cinder != nil),
            ("cephfs", cephfs != nil), ("flocker", flocker != nil), ("downwardAPI", downwardAPI != nil),
            ("fc", fc != nil), ("azureFile", azureFile != nil), ("configMap", configMap != nil),
            ("vsphereVolume", vsphereVolume != nil), ("quobyte", quobyte != nil), ("azureDisk", azureDisk != nil),
            ("photonPersistentDisk", photonPersistentDisk != nil), ("projected", projected != nil),
            ("portworxVolume", portworxVolume != nil), ("scaleIO", scaleIO != nil),
            ("storageos", storageos != nil), ("csi", csi != nil), ("ephemeral", ephemeral != nil),
            ("image", image != nil),
        ]
        return sources.filter(\.1).map(\.0)
    }
}
