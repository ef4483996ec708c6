/// The rules for metadata.
///
/// Source: k8s.io/apimachinery, api/validation.
enum ObjectMetaValidation {
    private static let mostAnnotationBytes = 256 << 10
    /// Finalizers that need no domain: those of the garbage collector, and that of namespaces.
    private static let standardFinalizers: Set = ["kubernetes", "orphan", "foregroundDeletion"]

    static func validate(
        _ meta: ObjectMeta,
        namespaced: Bool,
        nameRule: (String) -> [String]
    ) -> FieldErrors {
        var errors = FieldErrors()
        let path = FieldPath("metadata")
        if !meta.generateName.isEmpty {
            errors.invalid(
                path.child("generateName"),
                meta.generateName,
                each: NameRules.prefix(meta.generateName, rule: nameRule)
            )
        }
        if meta.name.isEmpty {
            errors.required(path.child("name"), "name or generateName is required")
        } else {
            errors.invalid(path.child("name"), meta.name, each: nameRule(meta.name))
        }
        if !namespaced {
            if !meta.namespace.isEmpty { errors.forbidden(path.child("namespace"), "not allowed on this type") }
        } else if meta.namespace.isEmpty {
            errors.required(path.child("namespace"))
        } else {
            errors.invalid(path.child("namespace"), meta.namespace, each: NameRules.dnsLabel(meta.namespace))
        }
        if meta.generation < 0 {
            errors.invalid(
                path.child("generation"),
                meta.generation,
                "must be greater than or equal to 0"
            )
        }
        validateCommon(meta, path, &errors)
        return errors
    }

    static func validateUpdate(old: ObjectMeta, new: ObjectMeta) -> FieldErrors {
        var errors = FieldErrors()
        let path = FieldPath("metadata")
        validateFinalizers(old: old, new: new, &errors)
        if new.generation < old.generation {
            errors.invalid(path.child("generation"), new.generation, "must not be decremented")
        }
        for (field, before, after) in [
            ("name", old.name, new.name), ("namespace", old.namespace, new.namespace), ("uid", old.uid, new.uid),
        ] where before != after {
            errors.invalid(path.child(field), after, "field is immutable")
        }
        for (field, before, after) in [
            ("creationTimestamp", old.creationTimestamp, new.creationTimestamp),
            ("deletionTimestamp", old.deletionTimestamp, new.deletionTimestamp),
        ] where before != after {
            errors.invalid(path.child(field), after?.description, "field is immutable")
        }
        if old.deletionGracePeriodSeconds != new.deletionGracePeriodSeconds {
            errors.invalid(
                path.child("deletionGracePeriodSeconds"),
                new.deletionGracePeriodSeconds,
                "field is immutable"
            )
        }
        validateCommon(new, path, &errors)
        return errors
    }

    static func validateFinalizers(old: ObjectMeta, new: ObjectMeta, _ errors: inout FieldErrors) {
        guard old.deletionTimestamp != nil else { return }
        let added = new.finalizers.filter { !old.finalizers.contains($0) }
        if !added.isEmpty {
            errors.forbidden(
                FieldPath("metadata").child("finalizers"),
                "no new finalizers can be added if the object is being deleted, found new finalizers \(added)"
            )
        }
    }

    private static func validateCommon(_ meta: ObjectMeta, _ path: FieldPath, _ errors: inout FieldErrors) {
        validateLabels(meta.labels, path.child("labels"), &errors)
        for key in meta.annotations.keys.sorted() {
            errors.invalid(path.child("annotations"), key, each: NameRules.qualifiedName(key.lowercased()))
        }
        let bytes = meta.annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if bytes > mostAnnotationBytes { errors.tooLong(path.child("annotations"), limit: mostAnnotationBytes) }
        validateOwners(meta.ownerReferences, path.child("ownerReferences"), &errors)
        for finalizer in meta.finalizers {
            errors.invalid(path.child("finalizers"), finalizer, each: NameRules.qualifiedName(finalizer))
        }
        for (index, finalizer) in meta.finalizers.enumerated()
        where !finalizer.utf8.contains(0x2F) && !standardFinalizers.contains(finalizer) {
            errors.invalid(
                path.child("finalizers")[index],
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified"
            )
        }
    }

    static func validateLabels(_ labels: [String: String], _ path: FieldPath, _ errors: inout FieldErrors) {
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
            errors.invalid(path, key, each: NameRules.qualifiedName(key))
            errors.invalid(path, value, each: NameRules.labelValue(value))
        }
    }

    private static func validateOwners(_ owners: [OwnerReference], _ path: FieldPath, _ errors: inout FieldErrors) {
        var controller: String?
        for owner in owners {
            if owner.apiVersion.isEmpty || owner.apiVersion.hasSuffix("/") {
                errors.invalid(path.child("apiVersion"), owner.apiVersion, "version must not be empty")
            }
            for (field, value) in [("kind", owner.kind), ("name", owner.name), ("uid", owner.uid)] where value.isEmpty {
                errors.invalid(path.child(field), value, "must not be empty")
            }
            guard owner.controller == true else { continue }
            let name = "\(owner.kind)/\(owner.name)"
            if let controller {
                errors.invalid(
                    path,
                    owners.map { "\($0.kind)/\($0.name)" }.joined(separator: ", "),
                    "Only one reference can have Controller set to true. Found \"true\" in references for \(controller)"
                        + " and \(name)"
                )
            } else {
                controller = name
            }
        }
    }
}
