extension PodValidation {
    /// The broken rules of a change through the `resize` subresource: only CPU and memory of containers may change, and
    /// only so that the pod stays in its class.
    ///
    /// Call it after ``Pod/takeOverSystemFields(from:)`` and ``PodDefaults/apply(to:)``.
    package static func validateResize(old: Pod, new: Pod) -> [FieldError] {
        var errors = validateMetadataAndSpec(new)
        let path = FieldPath("spec")
        guard old.spec.containers.count == new.spec.containers.count else {
            errors.forbidden(path.child("containers"), "containers may not be added or removed on resize")
            return errors.list
        }
        var rest = new.spec
        for index in rest.containers.indices {
            let (before, after) = (old.spec.containers[index].resources, new.spec.containers[index].resources)
            let place = path.child("containers")[index].child("resources")
            for (name, left, right) in [
                ("limits", before.limits, after.limits), ("requests", before.requests, after.requests),
            ] {
                let changed = Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }
                if !changed.isSubset(of: ["cpu", "memory"]) {
                    errors.forbidden(place.child(name), "only cpu and memory resources are mutable")
                }
                for resource in changed.sorted() where left[resource] != nil && right[resource] == nil {
                    errors.forbidden(place.child(name), "resource \(name) cannot be removed: \(resource)")
                }
                for resource in changed {
                    let policy = old.spec.containers[index].resizePolicy.first { $0.resourceName == resource }
                    if policy?.restartPolicy == "RestartContainer" {
                        errors.forbidden(
                            place.child(name),
                            "\(resource) has the resizePolicy RestartContainer, which this node does not carry out; "
                                + "delete the pod and create it anew"
                        )
                    }
                }
            }
            rest.containers[index].resources = before
            rest.containers[index].resizePolicy = old.spec.containers[index].resizePolicy
        }
        if rest != old.spec { errors.forbidden(path, "only cpu and memory resources are mutable") }
        if QOSClass.of(old.spec) != QOSClass.of(new.spec) {
            errors.invalid(path, QOSClass.of(new.spec).rawValue, "Pod QOS Class may not change as a result of resizing")
        }
        return errors.list
    }
}
