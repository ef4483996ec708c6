/// The rules for probes and lifecycle hooks.
struct ProbeRules {
    enum Kind { case liveness, readiness, startup }

    let gracePeriod: Int64?

    func validate(_ probe: Probe, kind: Kind, _ path: FieldPath, _ errors: inout FieldErrors) {
        let handlers: [(String, ((FieldPath, inout FieldErrors) -> Void)?)] = [
            ("exec", probe.exec.map { action in { validate(action, $0, &$1) } }),
            ("httpGet", probe.httpGet.map { action in { validate(action, $0, &$1) } }),
            ("tcpSocket", probe.tcpSocket.map { action in { validate(port: action.port, $0.child("port"), &$1) } }),
            ("grpc", probe.grpc.map { action in { validate(port: .int(action.port), $0.child("port"), &$1) } }),
        ]
        validateOne(of: handlers, path, &errors)
        let numbers = [
            ("initialDelaySeconds", probe.initialDelaySeconds), ("timeoutSeconds", probe.timeoutSeconds),
            ("periodSeconds", probe.periodSeconds), ("successThreshold", probe.successThreshold),
            ("failureThreshold", probe.failureThreshold),
        ]
        for (field, number) in numbers where number < 0 {
            errors.invalid(path.child(field), number, "must be greater than or equal to 0")
        }
        if let seconds = probe.terminationGracePeriodSeconds, seconds <= 0 {
            errors.invalid(path.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0")
        }
        switch kind {
        case .readiness:
            if let seconds = probe.terminationGracePeriodSeconds {
                errors.invalid(
                    path.child("terminationGracePeriodSeconds"),
                    seconds,
                    "must not be set for readinessProbes"
                )
            }
        case .liveness, .startup:
            if probe.successThreshold != 1 {
                errors.invalid(path.child("successThreshold"), probe.successThreshold, "must be 1")
            }
        }
    }

    func validate(_ lifecycle: Lifecycle, _ path: FieldPath, _ errors: inout FieldErrors) {
        if let handler = lifecycle.postStart { validate(handler, path.child("postStart"), &errors) }
        if let handler = lifecycle.preStop { validate(handler, path.child("preStop"), &errors) }
    }

    private func validate(_ handler: LifecycleHandler, _ path: FieldPath, _ errors: inout FieldErrors) {
        let handlers: [(String, ((FieldPath, inout FieldErrors) -> Void)?)] = [
            ("exec", handler.exec.map { action in { validate(action, $0, &$1) } }),
            ("httpGet", handler.httpGet.map { action in { validate(action, $0, &$1) } }),
            ("tcpSocket", handler.tcpSocket.map { action in { validate(port: action.port, $0.child("port"), &$1) } }),
            ("sleep", handler.sleep.map { action in { validate(action, $0, &$1) } }),
        ]
        validateOne(of: handlers, path, &errors)
    }

    private func validateOne(
        of handlers: [(String, ((FieldPath, inout FieldErrors) -> Void)?)],
        _ path: FieldPath,
        _ errors: inout FieldErrors
    ) {
        var found = false
        for case let (field, validate?) in handlers {
            if found {
                errors.forbidden(path.child(field), "may not specify more than 1 handler type")
            } else {
                validate(path.child(field), &errors)
            }
            found = true
        }
        if !found { errors.required(path, "must specify a handler type") }
    }

    private func validate(_ action: ExecAction, _ path: FieldPath, _ errors: inout FieldErrors) {
        if action.command.isEmpty { errors.required(path.child("command")) }
    }

    private func validate(_ action: HTTPGetAction, _ path: FieldPath, _ errors: inout FieldErrors) {
        if action.path.isEmpty { errors.required(path.child("path")) }
        validate(port: action.port, path.child("port"), &errors)
        if !["HTTP", "HTTPS"].contains(action.scheme) {
            errors.notSupported(path.child("scheme"), action.scheme, ["HTTP", "HTTPS"])
        }
        for header in action.httpHeaders {
            errors.invalid(path.child("httpHeaders"), header.name, each: NameRules.httpHeaderName(header.name))
        }
    }

    private func validate(_ action: SleepAction, _ path: FieldPath, _ errors: inout FieldErrors) {
        guard let gracePeriod, action.seconds < 0 || action.seconds > gracePeriod else { return }
        errors.invalid(
            path,
            action.seconds,
            "must be non-negative and less than terminationGracePeriodSeconds (\(gracePeriod))"
        )
    }

    private func validate(port: IntOrString, _ path: FieldPath, _ errors: inout FieldErrors) {
        switch port {
        case .int(let number):
            for message in NameRules.portNumber(number) { errors.invalid(path, number, message) }
        case .string(let name): errors.invalid(path, name, each: NameRules.portName(name))
        }
    }
}
