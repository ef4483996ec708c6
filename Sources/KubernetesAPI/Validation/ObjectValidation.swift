import JSON

/// The rules for objects other than pods.
package enum ObjectValidation {
    package static func validate(_ namespace: Namespace) -> [FieldError] {
        ObjectMetaValidation.validate(namespace.metadata, namespaced: false, nameRule: NameRules.dnsLabel).list
    }

    package static func validate(_ map: ConfigMap) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(map.metadata, namespaced: true, nameRule: NameRules.dnsSubdomain)
        for key in map.data.keys.sorted() {
            let path = FieldPath("data")[key]
            errors.invalid(path, key, each: NameRules.configMapKey(key))
            if map.binaryData[key] != nil { errors.invalid(path, key, "duplicate of key present in binaryData") }
        }
        for key in map.binaryData.keys.sorted() {
            errors.invalid(FieldPath("binaryData")[key], key, each: NameRules.configMapKey(key))
        }
        let bytes =
            map.data.values.reduce(0) { $0 + $1.utf8.count } + map.binaryData.values.reduce(0) { $0 + $1.bytes.count }
        if bytes > mostBytes { errors.tooLong(FieldPath("[]"), limit: mostBytes) }
        return errors.list
    }

    package static func validate(_ secret: Secret) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(secret.metadata, namespaced: true, nameRule: NameRules.dnsSubdomain)
        for key in secret.data.keys.sorted() {
            errors.invalid(FieldPath("data")[key], key, each: NameRules.configMapKey(key))
        }
        if secret.data.values.reduce(0, { $0 + $1.bytes.count }) > mostBytes {
            errors.tooLong(FieldPath("data"), limit: mostBytes)
        }
        for key in requiredKeys(of: secret.type) where secret.data[key] == nil {
            errors.required(FieldPath("data")[key])
        }
        return errors.list
    }

    /// The broken rules of a change of a node: what the node itself reports changes elsewhere.
    package static func validateUpdate(old: Node, new: Node) -> [FieldError] {
        var errors = ObjectMetaValidation.validateUpdate(old: old.metadata, new: new.metadata)
        var seen: Set<String> = []
        for (index, taint) in new.spec.taints.enumerated() {
            let path = FieldPath("spec.taints")[index]
            errors.invalid(path.child("key"), taint.key, each: NameRules.qualifiedName(taint.key))
            errors.invalid(path.child("value"), taint.value, each: NameRules.labelValue(taint.value))
            PodValidation.oneOf(
                taint.effect,
                ["NoSchedule", "PreferNoSchedule", "NoExecute"],
                path.child("effect"),
                &errors
            )
            if !seen.insert("\(taint.key)/\(taint.effect)").inserted { errors.duplicate(path, taint.key) }
        }
        return errors.list
    }

    /// What a change of the metadata breaks of the rule that an object that is being deleted gets no new finalizer.
    package static func validateFinalizers(old: ObjectMeta, new: ObjectMeta) -> [FieldError] {
        var errors = FieldErrors()
        ObjectMetaValidation.validateFinalizers(old: old, new: new, &errors)
        return errors.list
    }

    private static let mostBytes = 1 << 20

    private static func requiredKeys(of type: String) -> [String] {
        switch type {
        case "kubernetes.io/dockercfg": [".dockercfg"]
        case "kubernetes.io/dockerconfigjson": [".dockerconfigjson"]
        case "kubernetes.io/ssh-auth": ["ssh-privatekey"]
        case "kubernetes.io/tls": ["tls.crt", "tls.key"]
        default: []
        }
    }
}
