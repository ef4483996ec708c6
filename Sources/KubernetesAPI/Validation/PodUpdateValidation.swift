import JSON

extension PodValidation {
    /// The broken rules of a change from `old` to `new` by a PUT or a PATCH of the pod itself.
    ///
    /// Call it after ``Pod/takeOverSystemFields(from:)`` and ``PodDefaults/apply(to:)``. Only images, a shorter or new
    /// activeDeadlineSeconds, added tolerations, removed scheduling gates, and a negative grace period becoming 1 may change.
    package static func validateUpdate(old: Pod, new: Pod) -> [FieldError] {
        var errors = ObjectMetaValidation.validateUpdate(old: old.metadata, new: new.metadata)
        for error in validateMetadataAndSpec(new).list where !errors.list.contains(error) { errors.append(error) }
        let path = FieldPath("spec")
        for (field, before, after) in [
            ("containers", old.spec.containers, new.spec.containers),
            ("initContainers", old.spec.initContainers, new.spec.initContainers),
        ] where before.count != after.count {
            errors.forbidden(path.child(field), "pod updates may not add or remove containers")
            return errors.list
        }
        guard validateDeadline(old: old.spec, new: new.spec, path.child("activeDeadlineSeconds"), &errors) else {
            return errors.list
        }
        validateTolerations(old: old.spec, new: new.spec, path.child("tolerations"), &errors)
        validateGates(old: old.spec, new: new.spec, path.child("schedulingGates"), &errors)
        validateRest(old: old.spec, new: new.spec, path, &errors)
        return errors.list
    }

    /// The broken rules of a change through the `ephemeralcontainers` subresource: containers may only be added.
    package static func validateEphemeralContainersUpdate(old: Pod, new: Pod) -> [FieldError] {
        var errors = validateMetadataAndSpec(new)
        let path = FieldPath("spec.ephemeralContainers")
        for container in old.spec.ephemeralContainers {
            if let kept = new.spec.ephemeralContainers.first(where: { $0.name == container.name }) {
                if kept != container {
                    errors.forbidden(
                        path,
                        "existing ephemeral containers \"\(container.name)\" may not be changed"
                    )
                }
            } else {
                errors.forbidden(path, "existing ephemeral containers \"\(container.name)\" may not be removed")
            }
        }
        return errors.list
    }

    private static func validateDeadline(
        old: PodSpec,
        new: PodSpec,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) -> Bool {
        switch (old.activeDeadlineSeconds, new.activeDeadlineSeconds) {
        case (_, let seconds?) where !(0...Int64(Int32.max)).contains(seconds):
            errors.invalid(path, seconds, NameRules.range(0, Int64(Int32.max)))
            return false
        case (let before?, let seconds?) where before < seconds:
            errors.invalid(path, seconds, "must be less than or equal to previous value")
            return false
        case (.some, nil):
            errors.invalid(path, nil as Int64?, "must not update from a positive integer to nil value")
        default: break
        }
        return true
    }

    private static func validateTolerations(
        old: PodSpec,
        new: PodSpec,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        let kept = old.tolerations.allSatisfy { before in
            new.tolerations.contains { after in
                var changed = before
                changed.tolerationSeconds = after.tolerationSeconds
                return changed == after
            }
        }
        if !kept {
            errors.forbidden(path, "existing toleration can not be modified except its tolerationSeconds")
        }
    }

    private static func validateGates(old: PodSpec, new: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        for (index, gate) in new.schedulingGates.enumerated() where !old.schedulingGates.contains(gate) {
            errors.forbidden(
                path[index].child("name"),
                "only deletion is allowed, but found new scheduling gate '\(gate.name)'"
            )
        }
    }

    private static func validateRest(old: PodSpec, new: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        var rest = new
        for index in rest.containers.indices { rest.containers[index].image = old.containers[index].image }
        for index in rest.initContainers.indices {
            rest.initContainers[index].image = old.initContainers[index].image
        }
        rest.activeDeadlineSeconds = old.activeDeadlineSeconds
        rest.tolerations = old.tolerations
        rest.schedulingGates = old.schedulingGates
        if let seconds = old.terminationGracePeriodSeconds, seconds < 0, rest.terminationGracePeriodSeconds == 1 {
            rest.terminationGracePeriodSeconds = seconds
        }
        guard rest != old else { return }
        let updatable = [
            "`spec.containers[*].image`", "`spec.initContainers[*].image`", "`spec.activeDeadlineSeconds`",
            "`spec.tolerations` (only additions to existing tolerations)",
            "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        ]
        errors.forbidden(
            path,
            "pod updates may not change fields other than \(updatable.joined(separator: ","))\n"
                + "changed: \(differences(old, rest).joined(separator: ", "))"
        )
    }

    /// The paths at which two specs differ, the deepest that both have.
    private static func differences(_ old: PodSpec, _ new: PodSpec) -> [String] {
        // A spec that was read can be written; were it not so, the sentence would only lack its list.
        guard let before = try? JSONCoding.value(of: old), let after = try? JSONCoding.value(of: new)  // see above
        else { return ["spec"] }
        var paths: [String] = []
        collect(before, after, "spec", &paths)
        return paths
    }

    private static func collect(_ before: JSONValue?, _ after: JSONValue?, _ path: String, _ paths: inout [String]) {
        guard before != after else { return }
        switch (before, after) {
        case (.object(let left)?, .object(let right)?):
            for key in left.keys + right.keys.filter({ left[$0] == nil }) {
                collect(left[key], right[key], "\(path).\(key)", &paths)
            }
        case (.array(let left)?, .array(let right)?) where left.count == right.count:
            for index in left.indices { collect(left[index], right[index], "\(path)[\(index)]", &paths) }
        default: paths.append(path)
        }
    }
}

extension Pod {
    /// Keeps what only the server may set when a client replaces a pod: identity, times, deletion, and the status.
    ///
    /// Raises the generation if the spec changes. A resource version in `self` is left for the caller to compare.
    package mutating func takeOverSystemFields(from old: Pod) {
        kind = old.kind
        apiVersion = old.apiVersion
        if metadata.uid.isEmpty { metadata.uid = old.metadata.uid }
        if metadata.namespace.isEmpty { metadata.namespace = old.metadata.namespace }
        metadata.selfLink = old.metadata.selfLink
        metadata.creationTimestamp = old.metadata.creationTimestamp
        metadata.deletionTimestamp = old.metadata.deletionTimestamp
        metadata.deletionGracePeriodSeconds = old.metadata.deletionGracePeriodSeconds
        metadata.generation = old.metadata.generation
        status = old.status
        // Placement and ephemeral containers change through subresources only.
        if spec.nodeName.isEmpty { spec.nodeName = old.spec.nodeName }
        spec.ephemeralContainers = old.spec.ephemeralContainers
        if spec != old.spec { metadata.generation += 1 }
    }
}
