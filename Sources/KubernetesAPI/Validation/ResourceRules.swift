/// The rules for requests and limits.
enum ResourceRules {
    static func validate(
        _ resources: ResourceRequirements,
        claims: [String],
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        validate(amounts: resources.limits, path.child("limits"), &errors)
        for (name, request) in sorted(resources.requests) {
            let item = path.child("requests")[name]
            validateName(name, item, &errors)
            validateAmount(name, request, item, &errors)
            guard let limit = resources.limits[name] else {
                if !mayBeOvercommitted(name) {
                    errors.required(path.child("limits"), "Limit must be set for non overcommitable resources")
                }
                continue
            }
            if request != limit, !mayBeOvercommitted(name) {
                errors.invalid(
                    path.child("requests"),
                    request.description,
                    "must be equal to \(name) limit of \(limit)"
                )
            } else if request > limit {
                errors.invalid(
                    path.child("requests"),
                    request.description,
                    "must be less than or equal to \(name) limit of \(limit)"
                )
            }
        }
        let names = Set(resources.limits.keys).union(resources.requests.keys)
        if names.contains(where: isHugePages), names.isDisjoint(with: [ResourceName.cpu, ResourceName.memory]) {
            errors.forbidden(path, "HugePages require cpu or memory")
        }
        validateClaims(resources.claims, known: claims, path.child("claims"), &errors)
    }

    static func validate(amounts: ResourceList, _ path: FieldPath, _ errors: inout FieldErrors) {
        for (name, amount) in sorted(amounts) {
            validateName(name, path[name], &errors)
            validateAmount(name, amount, path[name], &errors)
        }
    }

    private static func sorted(_ list: ResourceList) -> [(key: String, value: Quantity)] {
        list.sorted { $0.key < $1.key }
    }

    private static func isHugePages(_ name: String) -> Bool { name.hasPrefix(ResourceName.hugePagesPrefix) }

    /// Names without a domain belong to Kubernetes; requests of others must equal their limits.
    private static func mayBeOvercommitted(_ name: String) -> Bool {
        (!name.contains("/") || name.contains("kubernetes.io/")) && !isHugePages(name)
    }

    private static let containerNames: Set = [
        ResourceName.cpu, ResourceName.memory, ResourceName.ephemeralStorage,
    ]
    private static let otherNames: Set = [
        "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
        "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets",
        "configmaps", "persistentvolumeclaims", "storage", "requests.storage", "services.nodeports",
        "services.loadbalancers",
    ]

    private static func validateName(_ name: String, _ path: FieldPath, _ errors: inout FieldErrors) {
        let messages = NameRules.qualifiedName(name)
        errors.invalid(path, name, each: messages)
        if name.contains("/") {
            guard messages.isEmpty, !name.contains("kubernetes.io/"), name.hasPrefix("requests.") else { return }
            errors.invalid(path, name, "doesn't follow extended resource name standard")
        } else if !containerNames.contains(name), !isHugePages(name) {
            if messages.isEmpty, !otherNames.contains(name) {
                errors.invalid(path, name, "must be a standard resource type or fully qualified")
            }
            errors.invalid(path, name, "must be a standard resource for containers")
        }
    }

    private static func validateAmount(
        _ name: String,
        _ amount: Quantity,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        if amount.sign < 0 {
            errors.invalid(path, amount.description, "must be greater than or equal to 0")
        }
        let wholeOnly = name.contains("/") && !name.contains("kubernetes.io/") || otherNames.contains(name)
        if wholeOnly, amount.milliValue % 1_000 != 0 {
            errors.invalid(path, amount.description, "must be an integer")
        }
        guard isHugePages(name),
            let page = try? Quantity(parsing: String(name.dropFirst(ResourceName.hugePagesPrefix.count))),  // no size
            page.value > 0, amount.value % page.value != 0
        else { return }
        errors.invalid(path, amount.description, "\(amount) is not positive integer multiple of \(name)")
    }

    private static func validateClaims(
        _ claims: [ResourceClaim],
        known: [String],
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        var seen: Set<String> = []
        for (index, claim) in claims.enumerated() {
            guard !claim.name.isEmpty else {
                errors.required(path[index])
                continue
            }
            if !claim.request.isEmpty {
                errors.invalid(path[index].child("request"), claim.request, each: NameRules.dnsLabel(claim.request))
            }
            let key = claim.request.isEmpty ? claim.name : "\(claim.name)/\(claim.request)"
            if !seen.insert(key).inserted { errors.duplicate(path[index], key) }
            guard !known.contains(claim.name) else { continue }
            errors.notFound(
                path[index],
                claim.name,
                "must be one of the names in pod.spec.resourceClaims"
                    + (known.isEmpty ? " which is empty" : ": \(known.sorted().joined(separator: ", "))")
            )
        }
    }
}
