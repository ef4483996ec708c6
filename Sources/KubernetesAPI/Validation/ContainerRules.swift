/// The rules for the containers of a spec.
struct ContainerRules {
    let spec: PodSpec
    /// The volumes that are valid, by name; a mount of any other is not found.
    let volumes: [String: Volume]

    private var hostUsers: Bool { spec.hostUsers ?? true }

    func validateAll(_ path: FieldPath, _ errors: inout FieldErrors) {
        validateMain(path.child("containers"), &errors)
        validateInit(path.child("initContainers"), &errors)
        validateEphemeral(path.child("ephemeralContainers"), &errors)
    }

    private func validateMain(_ path: FieldPath, _ errors: inout FieldErrors) {
        guard !spec.containers.isEmpty else { return errors.required(path) }
        var names: Set<String> = []
        for (index, container) in spec.containers.enumerated() {
            let path = path[index]
            validateCommon(container, path, &errors)
            if !names.insert(container.name).inserted { errors.duplicate(path.child("name"), container.name) }
            validateHooksAndProbes(container, path, &errors)
            validateRestart(container, supported: ["Always", "Never", "OnFailure"], path, &errors)
        }
        var ports: Set<String> = []
        for (index, container) in spec.containers.enumerated() {
            validateHostPorts(container, path[index], &ports, &errors)
        }
    }

    private func validateInit(_ path: FieldPath, _ errors: inout FieldErrors) {
        var names = Set(spec.containers.map(\.name))
        for (index, container) in spec.initContainers.enumerated() {
            let path = path[index]
            validateCommon(container, path, &errors)
            validateRestart(container, supported: ["Always", "Never", "OnFailure"], path, &errors)
            if !container.name.isEmpty, !names.insert(container.name).inserted {
                errors.duplicate(path.child("name"), container.name)
            }
            var ports: Set<String> = []
            validateHostPorts(container, path, &ports, &errors)
            if container.restartPolicy == RestartPolicy.always {
                validateHooksAndProbes(container, path, &errors)
                continue
            }
            let fields = [
                ("lifecycle", container.lifecycle != nil), ("livenessProbe", container.livenessProbe != nil),
                ("readinessProbe", container.readinessProbe != nil), ("startupProbe", container.startupProbe != nil),
            ]
            for (field, isSet) in fields where isSet {
                errors.forbidden(
                    path.child(field),
                    "may not be set for init containers without restartPolicy=Always"
                )
            }
        }
    }

    private func validateEphemeral(_ path: FieldPath, _ errors: inout FieldErrors) {
        let others = Set((spec.containers + spec.initContainers).map(\.name))
        var names = others
        for (index, container) in spec.ephemeralContainers.enumerated() {
            let path = path[index]
            validateCommon(Container(container), path, &errors)
            PodValidation.validateImageText(container.image, path, &errors)
            if !names.insert(container.name).inserted { errors.duplicate(path.child("name"), container.name) }
            if !container.targetContainerName.isEmpty, !others.contains(container.targetContainerName) {
                errors.notFound(path.child("targetContainerName"), container.targetContainerName)
            }
            let fields = [
                ("ports", !container.ports.isEmpty), ("resources", container.resources != ResourceRequirements()),
                ("resizePolicy", !container.resizePolicy.isEmpty), ("restartPolicy", container.restartPolicy != nil),
                ("restartPolicyRules", !container.restartPolicyRules.isEmpty),
                ("livenessProbe", container.livenessProbe != nil),
                ("readinessProbe", container.readinessProbe != nil),
                ("startupProbe", container.startupProbe != nil), ("lifecycle", container.lifecycle != nil),
            ]
            for (field, isSet) in fields where isSet {
                errors.forbidden(path.child(field), "cannot be set for an Ephemeral Container")
            }
            for (number, mount) in container.volumeMounts.enumerated() {
                for (field, value) in [("subPath", mount.subPath), ("subPathExpr", mount.subPathExpr)]
                where !value.isEmpty {
                    errors.forbidden(
                        path.child("volumeMounts")[number].child(field),
                        "cannot be set for an Ephemeral Container"
                    )
                }
            }
        }
    }

    private func validateCommon(_ container: Container, _ path: FieldPath, _ errors: inout FieldErrors) {
        if container.name.isEmpty {
            errors.required(path.child("name"))
        } else {
            errors.invalid(path.child("name"), container.name, each: NameRules.dnsLabel(container.name))
        }
        if container.image.isEmpty { errors.required(path.child("image")) }
        PodValidation.oneOf(
            container.terminationMessagePolicy,
            [TerminationMessagePolicy.file, TerminationMessagePolicy.fallbackToLogsOnError],
            path.child("terminationMessagePolicy"),
            &errors
        )
        validatePorts(container.ports, path.child("ports"), &errors)
        EnvironmentRules.validate(container, path, &errors)
        MountRules(container: container, volumes: volumes).validate(path, &errors)
        PodValidation.oneOf(
            container.imagePullPolicy,
            [PullPolicy.always, PullPolicy.ifNotPresent, PullPolicy.never],
            path.child("imagePullPolicy"),
            &errors
        )
        ResourceRules.validate(
            container.resources,
            claims: spec.resourceClaims.map(\.name),
            path.child("resources"),
            &errors
        )
        validateResizePolicy(container.resizePolicy, path.child("resizePolicy"), &errors)
        if let context = container.securityContext {
            SecurityRules.validate(context, hostUsers: hostUsers, path.child("securityContext"), &errors)
        }
    }

    private func validatePorts(_ ports: [ContainerPort], _ path: FieldPath, _ errors: inout FieldErrors) {
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let path = path[index]
            if !port.name.isEmpty {
                let messages = NameRules.portName(port.name)
                errors.invalid(path.child("name"), port.name, each: messages)
                if messages.isEmpty, !names.insert(port.name).inserted {
                    errors.duplicate(path.child("name"), port.name)
                }
            }
            if port.containerPort == 0 {
                errors.required(path.child("containerPort"))
            } else {
                for message in NameRules.portNumber(port.containerPort) {
                    errors.invalid(path.child("containerPort"), port.containerPort, message)
                }
            }
            if port.hostPort != 0 {
                for message in NameRules.portNumber(port.hostPort) {
                    errors.invalid(path.child("hostPort"), port.hostPort, message)
                }
            }
            PodValidation.oneOf(
                port.protocol,
                [PortProtocol.sctp, PortProtocol.tcp, PortProtocol.udp],
                path.child("protocol"),
                &errors
            )
            if !port.hostIP.isEmpty, !AddressText.isAddress(port.hostIP) {
                errors.invalid(path.child("hostIP"), port.hostIP, DNSRules.addressSentence)
            }
        }
    }

    private func validateHostPorts(
        _ container: Container,
        _ path: FieldPath,
        _ taken: inout Set<String>,
        _ errors: inout FieldErrors
    ) {
        for (index, port) in container.ports.enumerated() where port.hostPort != 0 {
            let key = "\(port.protocol)/\(port.hostIP)/\(port.hostPort)"
            if !taken.insert(key).inserted { errors.duplicate(path.child("ports")[index].child("hostPort"), key) }
        }
    }

    private func validateHooksAndProbes(_ container: Container, _ path: FieldPath, _ errors: inout FieldErrors) {
        let rules = ProbeRules(gracePeriod: spec.terminationGracePeriodSeconds)
        if let lifecycle = container.lifecycle { rules.validate(lifecycle, path.child("lifecycle"), &errors) }
        if let probe = container.livenessProbe {
            rules.validate(probe, kind: .liveness, path.child("livenessProbe"), &errors)
        }
        if let probe = container.readinessProbe {
            rules.validate(probe, kind: .readiness, path.child("readinessProbe"), &errors)
        }
        if let probe = container.startupProbe {
            rules.validate(probe, kind: .startup, path.child("startupProbe"), &errors)
        }
    }

    private func validateRestart(
        _ container: Container,
        supported: [String],
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        if let policy = container.restartPolicy {
            PodValidation.oneOf(policy, supported, path.child("restartPolicy"), &errors)
        }
        let rules = container.restartPolicyRules
        let path = path.child("restartPolicyRules")
        if !rules.isEmpty, container.restartPolicy == nil {
            errors.required(path, "must specify restartPolicy when restart rules are used")
        }
        if rules.count > 20 { errors.tooLong(path, limit: 20) }
        for (index, rule) in rules.enumerated() {
            PodValidation.oneOf(
                rule.action,
                ["Restart", "RestartAllContainers"],
                path[index].child("action"),
                &errors
            )
            let codesPath = path[index].child("exitCodes")
            guard let codes = rule.exitCodes else {
                errors.required(codesPath, "must be specified")
                continue
            }
            PodValidation.oneOf(codes.operator, ["In", "NotIn"], codesPath.child("operator"), &errors)
            if codes.values.isEmpty {
                errors.required(codesPath.child("values"), "must have at least 1 value")
            } else if codes.values.count > 255 {
                errors.tooMany(codesPath.child("values"), codes.values.count, limit: 255)
            }
        }
    }

    private func validateResizePolicy(
        _ policies: [ContainerResizePolicy],
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        var seen: Set<String> = []
        for (index, policy) in policies.enumerated() {
            if !seen.insert(policy.resourceName).inserted { errors.duplicate(path[index], policy.resourceName) }
            PodValidation.oneOf(policy.resourceName, [ResourceName.cpu, ResourceName.memory], path, &errors)
            PodValidation.oneOf(policy.restartPolicy, ["NotRequired", "RestartContainer"], path, &errors)
            if spec.restartPolicy == RestartPolicy.never, policy.restartPolicy != "NotRequired" {
                errors.invalid(
                    path,
                    policy.restartPolicy,
                    "must be 'NotRequired' when `restartPolicy` is 'Never'"
                )
            }
        }
    }
}

extension Container {
    /// The fields that an ephemeral container shares with others.
    package init(_ container: EphemeralContainer) {
        self.init(
            name: container.name,
            image: container.image,
            command: container.command,
            args: container.args,
            workingDir: container.workingDir,
            ports: container.ports,
            envFrom: container.envFrom,
            env: container.env,
            resources: container.resources,
            resizePolicy: container.resizePolicy,
            restartPolicy: container.restartPolicy,
            restartPolicyRules: container.restartPolicyRules,
            volumeMounts: container.volumeMounts,
            volumeDevices: container.volumeDevices,
            livenessProbe: container.livenessProbe,
            readinessProbe: container.readinessProbe,
            startupProbe: container.startupProbe,
            lifecycle: container.lifecycle,
            terminationMessagePath: container.terminationMessagePath,
            terminationMessagePolicy: container.terminationMessagePolicy,
            imagePullPolicy: container.imagePullPolicy,
            securityContext: container.securityContext,
            stdin: container.stdin,
            stdinOnce: container.stdinOnce,
            tty: container.tty
        )
    }
}
