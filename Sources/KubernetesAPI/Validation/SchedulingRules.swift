/// The rules for affinity, tolerations, spreading and gates.
enum SchedulingRules {
    static func validate(_ spec: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        if let affinity = spec.affinity { validate(affinity, path.child("affinity"), &errors) }
        validate(spec.tolerations, path.child("tolerations"), &errors)
        for (index, gate) in spec.readinessGates.enumerated() {
            errors.invalid(
                path.child("readinessGates")[index].child("conditionType"),
                gate.conditionType,
                each: NameRules.qualifiedName(gate.conditionType)
            )
        }
        var gates: Set<String> = []
        for (index, gate) in spec.schedulingGates.enumerated() {
            let path = path.child("schedulingGates")[index]
            errors.invalid(path, gate.name, each: NameRules.qualifiedName(gate.name))
            if !gates.insert(gate.name).inserted { errors.duplicate(path, gate.name) }
        }
        for (index, constraint) in spec.topologySpreadConstraints.enumerated() {
            validate(constraint, path.child("topologySpreadConstraints")[index], &errors)
        }
    }

    private static func validate(_ affinity: Affinity, _ path: FieldPath, _ errors: inout FieldErrors) {
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution"
        if let node = affinity.nodeAffinity {
            let path = path.child("nodeAffinity")
            if let selector = node.requiredDuringSchedulingIgnoredDuringExecution {
                let path = path.child(required).child("nodeSelectorTerms")
                if selector.nodeSelectorTerms.isEmpty {
                    errors.required(path, "must have at least one node selector term")
                }
                for (index, term) in selector.nodeSelectorTerms.enumerated() {
                    validate(term, path[index], &errors)
                }
            }
            for (index, term) in node.preferredDuringSchedulingIgnoredDuringExecution.enumerated() {
                let path = path.child(preferred)[index]
                validateWeight(term.weight, path, &errors)
                validate(term.preference, path.child("preference"), &errors)
            }
        }
        let pods = [
            (
                "podAffinity", affinity.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
                affinity.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution
            ),
            (
                "podAntiAffinity", affinity.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
                affinity.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution
            ),
        ]
        for (field, hard, soft) in pods {
            for (index, term) in (hard ?? []).enumerated() {
                validate(term, path.child(field).child(required)[index], &errors)
            }
            for (index, term) in (soft ?? []).enumerated() {
                let path = path.child(field).child(preferred)[index]
                validateWeight(term.weight, path, &errors)
                validate(term.podAffinityTerm, path.child("podAffinityTerm"), &errors)
            }
        }
    }

    private static func validateWeight(_ weight: Int32, _ path: FieldPath, _ errors: inout FieldErrors) {
        if !(1...100).contains(weight) { errors.invalid(path.child("weight"), weight, "must be in the range 1-100") }
    }

    private static func validate(_ term: NodeSelectorTerm, _ path: FieldPath, _ errors: inout FieldErrors) {
        for (index, requirement) in term.matchExpressions.enumerated() {
            let path = path.child("matchExpressions")[index]
            validate(requirement, path, &errors)
            errors.invalid(path.child("key"), requirement.key, each: NameRules.qualifiedName(requirement.key))
            for (number, value) in requirement.values.enumerated() {
                errors.invalid(path.child("values")[number], value, each: NameRules.labelValue(value))
            }
        }
        for (index, requirement) in term.matchFields.enumerated() {
            let path = path.child("matchFields")[index]
            if !["In", "NotIn"].contains(requirement.operator) {
                errors.invalid(path.child("operator"), requirement.operator, "not a valid selector operator")
            } else if requirement.values.count != 1 {
                errors.required(
                    path.child("values"),
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
                )
            }
            if requirement.key != "metadata.name" {
                errors.invalid(path.child("key"), requirement.key, "not a valid field selector key")
            }
        }
    }

    private static func validate(
        _ requirement: NodeSelectorRequirement,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        switch requirement.operator {
        case "In", "NotIn":
            if requirement.values.isEmpty {
                errors.required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
            }
        case "Exists", "DoesNotExist":
            if !requirement.values.isEmpty {
                errors.forbidden(
                    path.child("values"),
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                )
            }
        case "Gt", "Lt":
            if requirement.values.count != 1 {
                errors.required(
                    path.child("values"),
                    "must be specified single value when `operator` is 'Lt' or 'Gt'"
                )
            }
        default: errors.invalid(path.child("operator"), requirement.operator, "not a valid selector operator")
        }
    }

    private static func validate(_ term: PodAffinityTerm, _ path: FieldPath, _ errors: inout FieldErrors) {
        if let selector = term.labelSelector { validate(selector, path.child("labelSelector"), &errors) }
        if let selector = term.namespaceSelector { validate(selector, path.child("namespaceSelector"), &errors) }
        for name in term.namespaces {
            errors.invalid(path.child("namespace"), name, each: NameRules.dnsLabel(name))
        }
        if term.topologyKey.isEmpty {
            errors.required(path.child("topologyKey"), "can not be empty")
        } else {
            errors.invalid(path.child("topologyKey"), term.topologyKey, each: NameRules.qualifiedName(term.topologyKey))
        }
    }

    static func validate(_ selector: LabelSelector, _ path: FieldPath, _ errors: inout FieldErrors) {
        ObjectMetaValidation.validateLabels(selector.matchLabels, path.child("matchLabels"), &errors)
        for (index, requirement) in selector.matchExpressions.enumerated() {
            let path = path.child("matchExpressions")[index]
            switch requirement.operator {
            case "In", "NotIn":
                if requirement.values.isEmpty {
                    errors.required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
                }
            case "Exists", "DoesNotExist":
                if !requirement.values.isEmpty {
                    errors.forbidden(
                        path.child("values"),
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                    )
                }
            default: errors.invalid(path.child("operator"), requirement.operator, "not a valid selector operator")
            }
            errors.invalid(path.child("key"), requirement.key, each: NameRules.qualifiedName(requirement.key))
            for (number, value) in requirement.values.enumerated() {
                errors.invalid(path.child("values")[number], value, each: NameRules.labelValue(value))
            }
        }
    }

    static func validate(_ tolerations: [Toleration], _ path: FieldPath, _ errors: inout FieldErrors) {
        for (index, toleration) in tolerations.enumerated() {
            let path = path[index]
            if !toleration.key.isEmpty {
                errors.invalid(path.child("key"), toleration.key, each: NameRules.qualifiedName(toleration.key))
            } else if toleration.operator != "Exists" {
                errors.invalid(
                    path.child("operator"),
                    toleration.operator,
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\""
                )
            }
            if toleration.tolerationSeconds != nil, toleration.effect != "NoExecute" {
                errors.invalid(
                    path.child("effect"),
                    toleration.effect,
                    "effect must be 'NoExecute' when `tolerationSeconds` is set"
                )
            }
            switch toleration.operator {
            case "", "Equal":
                let messages = NameRules.labelValue(toleration.value)
                if !messages.isEmpty {
                    errors.invalid(path.child("operator"), toleration.value, messages.joined(separator: ";"))
                }
            case "Exists":
                if !toleration.value.isEmpty {
                    errors.invalid(
                        path.child("operator"),
                        toleration.value,
                        "value must be empty when `operator` is 'Exists'"
                    )
                }
            default: errors.notSupported(path.child("operator"), toleration.operator, ["Equal", "Exists"])
            }
            let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
            if !toleration.effect.isEmpty, !effects.contains(toleration.effect) {
                errors.notSupported(path.child("effect"), toleration.effect, effects)
            }
        }
    }

    private static func validate(
        _ constraint: TopologySpreadConstraint,
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        if constraint.maxSkew <= 0 {
            errors.invalid(path.child("maxSkew"), constraint.maxSkew, "must be greater than 0")
        }
        if constraint.topologyKey.isEmpty { errors.required(path.child("topologyKey"), "can not be empty") }
        let modes = ["DoNotSchedule", "ScheduleAnyway"]
        if !modes.contains(constraint.whenUnsatisfiable) {
            errors.notSupported(path.child("whenUnsatisfiable"), constraint.whenUnsatisfiable, modes)
        }
        if let domains = constraint.minDomains, domains <= 0 {
            errors.invalid(path.child("minDomains"), domains, "must be greater than 0")
        }
        let policies = [
            ("nodeAffinityPolicy", constraint.nodeAffinityPolicy), ("nodeTaintsPolicy", constraint.nodeTaintsPolicy),
        ]
        for case let (field, policy?) in policies where !["Honor", "Ignore"].contains(policy) {
            errors.notSupported(path.child(field), policy, ["Honor", "Ignore"])
        }
        if let selector = constraint.labelSelector { validate(selector, path.child("labelSelector"), &errors) }
    }
}
