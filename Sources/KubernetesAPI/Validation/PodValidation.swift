/// The rules for pods. Call them after ``PodDefaults/apply(to:)``: a missing default is reported as a missing value.
///
/// The messages are those of Kubernetes 1.35 (pkg/apis/core/validation), so that scripts and people find what they know.
package enum PodValidation {
    /// The broken rules of a pod that is to be created; none means that it is valid.
    package static func validate(_ pod: Pod) -> [FieldError] {
        var errors = validateMetadataAndSpec(pod)
        if !pod.spec.ephemeralContainers.isEmpty {
            errors.forbidden(FieldPath("spec.ephemeralContainers"), "cannot be set on create")
        }
        if !pod.spec.nodeName.isEmpty, !pod.spec.schedulingGates.isEmpty {
            errors.forbidden(
                FieldPath("spec.nodeName"),
                "cannot be set until all schedulingGates have been cleared"
            )
        }
        return errors.list
    }

    static func validateMetadataAndSpec(_ pod: Pod) -> FieldErrors {
        var errors = ObjectMetaValidation.validate(pod.metadata, namespaced: true, nameRule: NameRules.dnsSubdomain)
        validate(pod.spec, podName: pod.metadata.name, &errors)
        let spec = FieldPath("spec")
        for (list, containers) in [("containers", pod.spec.containers), ("initContainers", pod.spec.initContainers)] {
            for (index, container) in containers.enumerated() {
                validateImageText(container.image, spec.child(list)[index], &errors)
            }
        }
        return errors
    }

    static func validateImageText(_ image: String, _ path: FieldPath, _ errors: inout FieldErrors) {
        guard let first = image.unicodeScalars.first, let last = image.unicodeScalars.last else { return }
        if first.properties.isWhitespace || last.properties.isWhitespace {
            errors.invalid(path.child("image"), image, "must not have leading or trailing whitespace")
        }
    }

    static func validate(_ spec: PodSpec, podName: String, _ errors: inout FieldErrors) {
        let path = FieldPath("spec")
        if spec.terminationGracePeriodSeconds == nil { errors.required(path.child("terminationGracePeriodSeconds")) }
        let volumes = VolumeRules.validate(spec.volumes, podName: podName, path.child("volumes"), &errors)
        validateClaims(spec.resourceClaims, path.child("resourceClaims"), &errors)
        ContainerRules(spec: spec, volumes: volumes).validateAll(path, &errors)
        validateResources(spec, path.child("resources"), &errors)
        validateHostPorts(spec, path, &errors)
        validateWords(spec, path, &errors)
        ObjectMetaValidation.validateLabels(spec.nodeSelector, path.child("nodeSelector"), &errors)
        SecurityRules.validate(spec, path, &errors)
        SchedulingRules.validate(spec, path, &errors)
        DNSRules.validate(spec, path, &errors)
        validateNames(spec, path, &errors)
    }

    private static func validateWords(_ spec: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        oneOf(
            spec.restartPolicy,
            [RestartPolicy.always, RestartPolicy.onFailure, RestartPolicy.never],
            path.child("restartPolicy"),
            &errors
        )
        oneOf(
            spec.dnsPolicy,
            [DNSPolicy.clusterFirstWithHostNet, DNSPolicy.clusterFirst, DNSPolicy.systemDefault, DNSPolicy.none],
            path.child("dnsPolicy"),
            &errors
        )
        if let policy = spec.preemptionPolicy {
            oneOf(policy, ["PreemptLowerPriority", "Never"], path.child("preemptionPolicy"), &errors)
        }
        if let seconds = spec.activeDeadlineSeconds, !(1...Int64(Int32.max)).contains(seconds) {
            errors.invalid(path.child("activeDeadlineSeconds"), seconds, NameRules.range(1, Int64(Int32.max)))
        }
        guard let system = spec.os else { return }
        if system.name.isEmpty {
            errors.required(path.child("os.name"))
        } else if !["linux", "windows"].contains(system.name) {
            errors.notSupported(path.child("os"), system.name, ["linux", "windows"])
        }
    }

    private static func validateNames(_ spec: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        let subdomains = [
            ("serviceAccountName", spec.serviceAccountName), ("nodeName", spec.nodeName),
            ("priorityClassName", spec.priorityClassName),
        ]
        for (field, value) in subdomains where !value.isEmpty {
            errors.invalid(path.child(field), value, each: NameRules.dnsSubdomain(value))
        }
        for (field, value) in [("hostname", spec.hostname), ("subdomain", spec.subdomain)] where !value.isEmpty {
            errors.invalid(path.child(field), value, each: NameRules.dnsLabel(value))
        }
        if let name = spec.runtimeClassName {
            errors.invalid(path.child("runtimeClassName"), name, each: NameRules.dnsSubdomain(name))
        }
        guard let name = spec.hostnameOverride else { return }
        let field = path.child("hostnameOverride")
        errors.invalid(field, name, each: NameRules.dnsSubdomain(name))
        if name.utf8.count > 64 { errors.tooLong(field, limit: 64) }
        if spec.setHostnameAsFQDN == true {
            errors.forbidden(field, "cannot be set when `spec.setHostnameAsFQDN` is true")
        }
        if spec.hostNetwork { errors.forbidden(field, "cannot be set when `spec.hostNetwork` is true") }
    }

    private static func validateClaims(
        _ claims: [PodResourceClaim],
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        var seen: Set<String> = []
        for (index, claim) in claims.enumerated() {
            let path = path[index]
            if claim.name.isEmpty {
                errors.required(path.child("name"))
            } else if !seen.insert(claim.name).inserted {
                errors.duplicate(path.child("name"), claim.name)
            } else {
                errors.invalid(path.child("name"), claim.name, each: NameRules.dnsLabel(claim.name))
            }
            let sources = [
                ("resourceClaimName", claim.resourceClaimName),
                ("resourceClaimTemplateName", claim.resourceClaimTemplateName),
            ]
            switch sources.count(where: { $0.1 != nil }) {
            case 0:
                errors.invalid(
                    path,
                    claim.name,
                    "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
                )
            case 2:
                errors.invalid(
                    path,
                    claim.name,
                    "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
                )
            default: break
            }
            for case let (field, name?) in sources {
                errors.invalid(path.child(field), name, each: NameRules.dnsSubdomain(name))
            }
        }
    }

    private static func validateResources(_ spec: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        ResourceRules.validate(amounts: spec.overhead, FieldPath("spec.overhead"), &errors)
        guard let resources = spec.resources else { return }
        if !resources.claims.isEmpty {
            errors.forbidden(path.child("claims"), "claims cannot be set for Resources at pod-level")
        }
        ResourceRules.validate(resources, claims: [], path, &errors)
    }

    private static func validateHostPorts(_ spec: PodSpec, _ path: FieldPath, _ errors: inout FieldErrors) {
        guard spec.hostNetwork else { return }
        for (index, container) in spec.containers.enumerated() {
            for (number, port) in container.ports.enumerated() where port.hostPort != port.containerPort {
                errors.invalid(
                    path.child("containers")[index].child("ports")[number].child("hostPort"),
                    port.hostPort,
                    "must match `containerPort` when `hostNetwork` is true"
                )
            }
        }
    }

    /// A word that must be there and must be one of a list.
    static func oneOf(_ word: String, _ supported: [String], _ path: FieldPath, _ errors: inout FieldErrors) {
        if word.isEmpty {
            errors.required(path)
        } else if !supported.contains(word) {
            errors.notSupported(path, word, supported)
        }
    }
}
