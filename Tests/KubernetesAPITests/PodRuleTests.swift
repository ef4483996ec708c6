import JSON
import KubernetesAPI
import Testing

@Suite("Defaults of pods")
struct PodDefaultsTests {
    @Test("a bare pod gets what a Kubernetes server gives it")
    func bare() {
        let pod = validPod()
        #expect(pod.spec.restartPolicy == "Always")
        #expect(pod.spec.dnsPolicy == "ClusterFirst")
        #expect(pod.spec.schedulerName == "default-scheduler")
        #expect(pod.spec.securityContext == PodSecurityContext())
        #expect(pod.spec.terminationGracePeriodSeconds == 30)
        #expect(pod.spec.enableServiceLinks == true)
        #expect(pod.spec.serviceAccountName == "default")
        #expect(pod.spec.serviceAccount == "default")
        #expect(pod.spec.priority == 0)
        #expect(pod.spec.preemptionPolicy == "PreemptLowerPriority")
        #expect(pod.spec.tolerations.map(\.key) == ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        #expect(pod.status.phase == "Pending")
        #expect(pod.status.qosClass == "BestEffort")
        let container = pod.spec.containers[0]
        #expect(container.imagePullPolicy == "IfNotPresent")
        #expect(container.terminationMessagePath == "/dev/termination-log")
        #expect(container.terminationMessagePolicy == "File")
    }

    @Test("doing it twice changes nothing")
    func idempotent() {
        var pod = validPod {
            $0.spec.hostNetwork = true
            $0.spec.containers[0].ports = [ContainerPort(containerPort: 80)]
            $0.spec.containers[0].livenessProbe = Probe(httpGet: HTTPGetAction(port: 80))
            $0.spec.volumes = [Volume(name: "v"), Volume(name: "s", secret: SecretVolumeSource(secretName: "x"))]
        }
        let once = pod
        PodDefaults.apply(to: &pod)
        #expect(pod == once)
    }

    @Test(
        "images without a tag, or with latest, are pulled every time",
        arguments: [
            ("bb", "Always"), ("bb:latest", "Always"), ("bb:1", "IfNotPresent"), ("h:5000/bb", "Always"),
            ("h:5000/bb:1", "IfNotPresent"), ("bb@sha256:00", "IfNotPresent"),
            ("h:5000/bb:latest@sha256:00", "IfNotPresent"),
        ]
    )
    func pullPolicy(image: String, policy: String) {
        #expect(validPod { $0.spec.containers[0].image = image }.spec.containers[0].imagePullPolicy == policy)
    }

    @Test("limits become requests, and probes, hooks, ports, variables and volumes get their defaults")
    func parts() {
        let pod = validPod {
            $0.spec.hostNetwork = true
            $0.spec.containers[0].resources.limits = ["cpu": Quantity(1), "memory": Quantity(2)]
            $0.spec.containers[0].resources.requests = ["cpu": Quantity(milli: 100)]
            $0.spec.containers[0].ports = [ContainerPort(containerPort: 80)]
            $0.spec.containers[0].livenessProbe = Probe(httpGet: HTTPGetAction(port: 80))
            $0.spec.containers[0].lifecycle = Lifecycle(
                preStop: LifecycleHandler(httpGet: HTTPGetAction(port: 80))
            )
            $0.spec.containers[0].env = [
                EnvVar(name: "a", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "metadata.name")))
            ]
            $0.spec.volumes = [
                Volume(name: "e"), Volume(name: "h", hostPath: HostPathVolumeSource(path: "/")),
                Volume(name: "m", configMap: ConfigMapVolumeSource(name: "m")),
                Volume(
                    name: "p",
                    projected: ProjectedVolumeSource(sources: [
                        VolumeProjection(serviceAccountToken: ServiceAccountTokenProjection(path: "t"))
                    ])
                ),
            ]
        }
        let container = pod.spec.containers[0]
        #expect(container.resources.requests == ["cpu": Quantity(milli: 100), "memory": Quantity(2)])
        #expect(container.ports == [ContainerPort(hostPort: 80, containerPort: 80, protocol: "TCP")])
        let probe = Probe(
            httpGet: HTTPGetAction(path: "/", port: 80, scheme: "HTTP"),
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3
        )
        #expect(container.livenessProbe == probe)
        #expect(container.lifecycle?.preStop?.httpGet?.scheme == "HTTP")
        #expect(container.env[0].valueFrom?.fieldRef?.apiVersion == "v1")
        #expect(pod.spec.volumes[0].emptyDir == EmptyDirVolumeSource())
        #expect(pod.spec.volumes[1].hostPath?.type == "")
        #expect(pod.spec.volumes[2].configMap?.defaultMode == 420)
        #expect(pod.spec.volumes[3].projected?.defaultMode == 420)
        #expect(pod.spec.volumes[3].projected?.sources[0].serviceAccountToken?.expirationSeconds == 3_600)
    }
}

@Suite("Rules of pods")
struct PodRuleTests {
    private func spec(_ resources: ResourceRequirements...) -> PodSpec {
        PodSpec(containers: resources.map { Container(name: "c", resources: $0) })
    }

    @Test("the class of service follows from requests and limits")
    func qos() {
        let full: ResourceList = ["cpu": Quantity(1), "memory": Quantity(1 << 20)]
        let guaranteed = ResourceRequirements(limits: full, requests: full)
        #expect(QOSClass.of(spec(guaranteed)) == .guaranteed)
        #expect(QOSClass.of(spec(guaranteed, guaranteed)) == .guaranteed)
        #expect(QOSClass.of(spec(guaranteed, ResourceRequirements())) == .burstable)
        #expect(QOSClass.of(spec(ResourceRequirements())) == .bestEffort)
        #expect(QOSClass.of(spec(ResourceRequirements(requests: ["cpu": Quantity(1)]))) == .burstable)
        #expect(QOSClass.of(spec(ResourceRequirements(requests: ["cpu": Quantity(0)]))) == .bestEffort)
        #expect(
            QOSClass.of(spec(ResourceRequirements(limits: ["cpu": Quantity(1)], requests: ["cpu": Quantity(1)])))
                == .burstable
        )
        #expect(QOSClass.of(spec(ResourceRequirements(limits: ["pods": Quantity(1)]))) == .bestEffort)
        var pod = spec(ResourceRequirements())
        pod.resources = guaranteed
        #expect(QOSClass.of(pod) == .guaranteed)
    }

    @Test(
        "variables are expanded, escapes are not, and what does not exist stays",
        arguments: [
            ("$(A)", "1"), ("x$(A)y$(B)z", "x1y22z"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"), ("$(C)", "$(C)"),
            ("$A", "$A"),
            ("$", "$"), ("$(A", "$(A"), ("$()", "$()"), ("$$", "$"), ("", ""), ("a$(A)$(A)", "a11"), ("é$(A)é", "é1é"),
            ("$(A))", "1)"), ("$($(A))", "$($(A))"),
        ]
    )
    func expansion(text: String, expected: String) {
        #expect(Expansion.expand(text, variables: ["A": "1", "B": "22"]) == expected)
    }

    @Test("generated names end in five consonants or digits, within 63 bytes")
    func names() {
        var generator = SeededGenerator(seed: 1)
        let name = NameGenerator.name(prefix: "web-", using: &generator)
        #expect(name.count == 9)
        #expect(name.dropFirst(4).allSatisfy { "bcdfghjklmnpqrstvwxz2456789".contains($0) })
        #expect(NameGenerator.name(prefix: String(repeating: "a", count: 80), using: &generator).count == 63)
        let uid = NameGenerator.uid(using: &generator)
        #expect(uid.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect(uid.split(separator: "-")[2].first == "4")
        #expect(uid != NameGenerator.uid(using: &generator))
    }
}

@Suite("Changes of pods")
struct PodUpdateTests {
    private func errors(_ change: (inout Pod) -> Void) -> [String] {
        let old = validPod { $0.metadata.uid = "u" }
        var new = old
        change(&new)
        return PodValidation.validateUpdate(old: old, new: new).map(\.description)
    }

    @Test("images, labels, tolerations and a first deadline may change")
    func allowed() {
        #expect(errors { _ in } == [])
        #expect(errors { $0.spec.containers[0].image = "bb:2" } == [])
        #expect(errors { $0.metadata.labels = ["a": "b"] } == [])
        #expect(errors { $0.spec.activeDeadlineSeconds = 5 } == [])
        #expect(errors { $0.spec.tolerations.append(Toleration(key: "x", operator: "Exists")) } == [])
        #expect(errors { $0.spec.tolerations[0].tolerationSeconds = 5 } == [])
    }

    @Test("anything else of the spec may not, and the error names it")
    func forbidden() {
        let found = errors {
            $0.spec.hostname = "x"
            $0.spec.containers[0].command = ["y"]
        }
        #expect(found.count == 1)
        #expect(
            found[0].hasPrefix(
                "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            )
        )
        #expect(found[0].hasSuffix("changed: spec.containers[0].command, spec.hostname"))
    }

    @Test(
        "other broken rules of a change are told in Kubernetes' words",
        arguments: [
            BrokenRule("a container more", "spec.containers: Forbidden: pod updates may not add or remove containers") {
                $0.spec.containers.append(
                    Container(name: "d", image: "x", terminationMessagePolicy: "File", imagePullPolicy: "Always")
                )
            },
            BrokenRule("another name", "metadata.name: Invalid value: \"x\": field is immutable") {
                $0.metadata.name = "x"
            },
            BrokenRule("another uid", "metadata.uid: Invalid value: \"x\": field is immutable") {
                $0.metadata.uid = "x"
            },
            BrokenRule(
                "a toleration less",
                "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
            ) { $0.spec.tolerations.removeLast() },
            BrokenRule(
                "a new gate",
                "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"
            ) { $0.spec.schedulingGates = [PodSchedulingGate(name: "g")] },
        ]
    )
    func broken(rule: BrokenRule) {
        #expect(errors(rule.change) == rule.sentences)
    }

    @Test("a deadline may be shortened, not lengthened or taken back")
    func deadline() {
        let old = validPod { $0.spec.activeDeadlineSeconds = 10 }
        func errors(_ seconds: Int64?) -> [String] {
            var new = old
            new.spec.activeDeadlineSeconds = seconds
            return PodValidation.validateUpdate(old: old, new: new).map(\.description)
        }
        #expect(errors(5) == [])
        #expect(
            errors(11) == [
                "spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value"
            ]
        )
        #expect(
            errors(nil) == [
                "spec.activeDeadlineSeconds: Invalid value: \"null\": must not update from a positive integer to nil value"
            ]
        )
    }

    @Test("a replacement keeps what only the server sets, and a new spec raises the generation")
    func takeOver() {
        let old = validPod {
            $0.metadata.uid = "u"
            $0.metadata.generation = 3
            $0.metadata.creationTimestamp = Time(secondsSince1970: 5)
            $0.spec.nodeName = "n1"
            $0.status.phase = "Running"
        }
        var new = Pod(metadata: ObjectMeta(name: "web"), spec: old.spec)
        new.spec.nodeName = ""
        new.takeOverSystemFields(from: old)
        #expect(new == old)
        new.spec.containers[0].image = "bb:2"
        new.takeOverSystemFields(from: old)
        #expect(new.metadata.generation == 4)
    }
}

@Suite("Errors")
struct APIErrorTests {
    @Test(
        "every error has its code, reason and sentence",
        arguments: [
            (APIError.notFound(resource: "pods", name: "x"), 404, "NotFound", "pods \"x\" not found"),
            (.unknownPath(), 404, "NotFound", "the server could not find the requested resource"),
            (.alreadyExists(resource: "pods", name: "x"), 409, "AlreadyExists", "pods \"x\" already exists"),
            (
                .conflict(resource: "pods", name: "x"), 409, "Conflict",
                "Operation cannot be fulfilled on pods \"x\": the object has been modified; please apply your changes to the "
                    + "latest version and try again"
            ),
            (
                .forbidden(resource: "pods", name: "x", why: "no room"), 403, "Forbidden",
                "pods \"x\" is forbidden: no room"
            ),
            (.badRequest("why"), 400, "BadRequest", "why"), (.unauthorized(), 401, "Unauthorized", "Unauthorized"),
            (
                .methodNotSupported(verb: "create", resource: "nodes"), 405, "MethodNotAllowed",
                "create is not supported on resources of kind \"nodes\""
            ),
            (
                .notAcceptable(offered: ["application/json"]), 406, "NotAcceptable",
                "only the following media types are accepted: application/json"
            ),
            (.requestEntityTooLarge(limit: 3), 413, "RequestEntityTooLarge", "Request entity too large: limit is 3"),
            (.expired(requested: "1", oldest: "5"), 410, "Expired", "too old resource version: 1 (5)"),
            (.gone("away"), 410, "Gone", "away"), (.timeout("slow"), 504, "Timeout", "Timeout: slow"),
            (.tooManyRequests("wait", retryAfter: 3), 429, "TooManyRequests", "wait"),
            (.internalError("x"), 500, "InternalError", "Internal error occurred: x"),
            (.serviceUnavailable("starting"), 503, "ServiceUnavailable", "starting"),
        ] as [(APIError, Int, String, String)]
    )
    func errors(error: APIError, code: Int, reason: String, message: String) {
        #expect(error.code == code)
        #expect(error.status.reason == reason)
        #expect(error.description == message)
        #expect(error.status.status == "Failure")
    }

    @Test("an invalid object tells all that is wrong, each once, and every cause")
    func invalid() throws {
        let one = FieldError(type: .required, field: "spec.containers")
        let two = FieldError(type: .invalid, field: "metadata.name", badValue: "X", detail: "no")
        #expect(
            APIError.invalid(kind: "Pod", name: "x", errors: [one]).description
                == "Pod \"x\" is invalid: spec.containers: Required value"
        )
        let error = APIError.invalid(kind: "Pod", name: "x", errors: [one, two, one])
        #expect(
            error.description
                == "Pod \"x\" is invalid: [spec.containers: Required value, metadata.name: Invalid value: \"X\": no]"
        )
        let value = try JSONCoding.value(of: error.status)
        #expect(
            value["details"]?["causes"]?[1]
                == ["reason": "FieldValueInvalid", "message": "Invalid value: \"X\": no", "field": "metadata.name"]
        )
        #expect(value["code"] == 422)
        #expect(value["metadata"] == [:])
    }

    @Test("an unknown path has details without a name, by which clients know it")
    func unknownPath() throws {
        #expect(try JSONCoding.value(of: APIError.unknownPath().status)["details"] == [:])
    }
}
