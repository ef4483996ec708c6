/// The rules for environment variables and for the fields of a pod that variables and files may show.
enum EnvironmentRules {
    static func validate(_ container: Container, _ path: FieldPath, _ errors: inout FieldErrors) {
        for (index, variable) in container.env.enumerated() {
            let path = path.child("env")[index]
            if variable.name.isEmpty {
                errors.required(path.child("name"))
            } else {
                errors.invalid(path.child("name"), variable.name, each: NameRules.environmentName(variable.name))
            }
            if let source = variable.valueFrom {
                validate(source, hasValue: !variable.value.isEmpty, path.child("valueFrom"), &errors)
            }
        }
        for (index, source) in container.envFrom.enumerated() {
            validate(source, path.child("envFrom"), index, &errors)
        }
    }

    private static func validate(
        _ source: EnvVarSource,
        hasValue: Bool,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        var count = 0
        if let field = source.fieldRef {
            count += 1
            validate(field, supported: variableFields, path.child("fieldRef"), &errors)
        }
        if let field = source.resourceFieldRef {
            count += 1
            validate(field, inVolume: false, path.child("resourceFieldRef"), &errors)
        }
        if let reference = source.configMapKeyRef {
            count += 1
            validateKey(reference.name, reference.key, path.child("configMapKeyRef"), &errors)
        }
        if let reference = source.secretKeyRef {
            count += 1
            validateKey(reference.name, reference.key, path.child("secretKeyRef"), &errors)
        }
        if let reference = source.fileKeyRef {
            count += 1
            validate(reference, path.child("fileKeyRef"), &errors)
        }
        if count == 0 {
            errors.invalid(
                path,
                "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            )
        } else if hasValue {
            errors.invalid(path, "", "may not be specified when `value` is not empty")
        } else if count > 1 {
            errors.invalid(path, "", "may not have more than one field specified at a time")
        }
    }

    private static func validateKey(_ name: String, _ key: String, _ path: FieldPath, _ errors: inout FieldErrors) {
        errors.invalid(path.child("name"), name, each: NameRules.dnsSubdomain(name))
        if key.isEmpty {
            errors.required(path.child("key"))
        } else {
            errors.invalid(path.child("key"), key, each: NameRules.configMapKey(key))
        }
    }

    private static func validate(_ reference: FileKeySelector, _ path: FieldPath, _ errors: inout FieldErrors) {
        if reference.volumeName.isEmpty { errors.required(path.child("volumeName")) }
        if reference.path.isEmpty { errors.required(path.child("path")) }
        VolumeRules.validateNonReserved(reference.path, path.child("path"), &errors)
        if reference.key.isEmpty {
            errors.required(path.child("key"))
        } else {
            errors.invalid(path.child("key"), reference.key, each: NameRules.environmentName(reference.key))
        }
    }

    private static func validate(
        _ source: EnvFromSource,
        _ list: FieldPath,
        _ index: Int,
        _ errors: inout FieldErrors
    ) {
        let path = list[index]
        if !source.prefix.isEmpty {
            errors.invalid(path.child("prefix"), source.prefix, each: NameRules.environmentName(source.prefix))
        }
        let references = [
            ("configMapRef", source.configMapRef.map(\.name)), ("secretRef", source.secretRef.map(\.name)),
        ]
        for case let (field, name?) in references {
            if name.isEmpty {
                errors.required(path.child(field).child("name"))
            } else {
                errors.invalid(
                    path.child(field).child("name"),
                    name,
                    each: NameRules.prefix(name, rule: NameRules.dnsSubdomain)
                )
            }
        }
        switch references.count(where: { $0.1 != nil }) {
        case 0: errors.invalid(list, "", "must specify one of: `configMapRef` or `secretRef`")
        case 2: errors.invalid(list, "", "may not have more than one field specified at a time")
        default: break
        }
    }

    // MARK: Fields of the pod

    /// What an environment variable may show.
    static let variableFields = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ]

    /// What a file of a downwardAPI volume may show.
    static let fileFields = [
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
    ]

    private static let knownFields =
        variableFields + fileFields + ["spec.restartPolicy", "spec.schedulerName", "status.phase"]

    static func validate(
        _ selector: ObjectFieldSelector,
        supported: [String],
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        guard !selector.apiVersion.isEmpty else { return errors.required(path.child("apiVersion")) }
        guard !selector.fieldPath.isEmpty else { return errors.required(path.child("fieldPath")) }
        let (field, subscripted) = ObjectFieldSelector.split(selector.fieldPath)
        // The name the API had before nodeName.
        let name = field == "spec.host" ? "spec.nodeName" : field
        guard selector.apiVersion == "v1" else {
            return errors.invalid(
                path.child("fieldPath"),
                selector.fieldPath,
                "error converting fieldPath: unsupported pod version: \(selector.apiVersion)"
            )
        }
        guard knownFields.contains(name) else {
            return errors.invalid(
                path.child("fieldPath"),
                selector.fieldPath,
                "error converting fieldPath: field label not supported: \(selector.fieldPath)"
            )
        }
        guard let subscripted else {
            if !supported.contains(name) { errors.notSupported(path.child("fieldPath"), name, supported) }
            return
        }
        switch name {
        case "metadata.annotations":
            errors.invalid(path, subscripted.lowercased(), each: NameRules.qualifiedName(subscripted.lowercased()))
        case "metadata.labels": errors.invalid(path, subscripted, each: NameRules.qualifiedName(subscripted))
        default: errors.invalid(path, name, "does not support subscript")
        }
    }

    private static let resources = [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
        "requests.memory",
    ]
    private static let sizes = [
        "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
    ]

    static func validate(
        _ selector: ResourceFieldSelector,
        inVolume: Bool,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        let hugePages = ["limits.hugepages-", "requests.hugepages-"].contains { selector.resource.hasPrefix($0) }
        if inVolume, selector.containerName.isEmpty {
            errors.required(path.child("containerName"))
        } else if selector.resource.isEmpty {
            errors.required(path.child("resource"))
        } else if !hugePages, !resources.contains(selector.resource) {
            errors.notSupported(path.child("resource"), selector.resource, resources)
        }
        guard !selector.divisor.isZero else { return }
        let divisor = selector.divisor.canonicalText
        let allowed: (values: [String], words: String, resource: String)
        switch selector.resource {
        case "limits.cpu", "requests.cpu": allowed = (["1m", "1"], "1m and 1", "cpu")
        case "limits.memory", "requests.memory": allowed = (sizes, sizes.joined(separator: ", "), "memory")
        case "limits.ephemeral-storage", "requests.ephemeral-storage":
            allowed = (sizes, sizes.joined(separator: ", "), "local ephemeral storage")
        case _ where hugePages: allowed = (sizes, sizes.joined(separator: ", "), "hugepages")
        default: return
        }
        if !allowed.values.contains(divisor) {
            errors.invalid(
                path.child("divisor"),
                selector.resource,
                "only divisor's values \(allowed.words) are supported with the \(allowed.resource) resource"
            )
        }
    }
}

extension ObjectFieldSelector {
    /// The field and the key in metadata.labels['key']; the key is nil where there is none.
    package static func split(_ fieldPath: String) -> (field: String, key: String?) {
        guard fieldPath.hasSuffix("']"), let start = fieldPath.range(ofFirst: "['") else { return (fieldPath, nil) }
        let key = fieldPath[start.upperBound...].dropLast(2)
        return (String(fieldPath[..<start.lowerBound]), String(key))
    }
}

extension String {
    /// Where `part` first occurs.
    func range(ofFirst part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}
