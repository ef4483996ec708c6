import KubernetesAPI
import Testing

@testable import NodeAgent

@Suite("A container's environment")
struct ContainerEnvironmentTests {
    private func variables(_ lines: String, image: String = "{}", spec: String = "") throws -> [String] {
        let environment = try Fixture.environment(
            Fixture.pod(container: lines, spec: spec),
            image: Fixture.image(image)
        )
        return environment.order.map { "\($0)=\(environment.values[$0] ?? "?")" }
    }

    @Test("PATH and HOSTNAME come first, then the image's, then the pod's; later ones win in the first one's place")
    func order() throws {
        let found = try variables(
            "env: [{name: B, value: pod}, {name: C, value: new}, {name: HOSTNAME, value: mine}]",
            image: #"{"Env":["A=image","B=image","PATH=/image","EMPTY=","BARE","=odd"]}"#
        )
        #expect(found == ["PATH=/image", "HOSTNAME=mine", "A=image", "B=pod", "EMPTY=", "BARE=", "C=new"])
    }

    @Test("without a PATH in the image there is the usual one, and TERM with a terminal")
    func defaults() throws {
        let found = try variables("tty: true")
        #expect(
            found == [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=host-of-p", "TERM=xterm",
            ]
        )
    }

    @Test("a value refers to variables before it, not to later ones or to the image's")
    func references() throws {
        let found = try variables(
            """
            env:
            - {name: EARLY, value: "$(LATE)"}
            - {name: LATE, value: l}
            - {name: BOTH, value: "$(LATE)$(IMAGE)$$(LATE)"}
            """,
            image: #"{"Env":["IMAGE=i"]}"#
        )
        #expect(found.suffix(3) == ["EARLY=$(LATE)", "LATE=l", "BOTH=l$(IMAGE)$(LATE)"])
    }

    @Test(
        "fieldRef gives what the downward API promises",
        arguments: [
            ("metadata.name", "p"), ("metadata.namespace", "default"), ("metadata.uid", Fixture.uid),
            ("metadata.labels['app']", "shop"), ("metadata.labels['none']", ""),
            ("metadata.annotations['note']", "a b"), ("metadata.labels", "app=\"shop\""),
            ("spec.serviceAccountName", "default"), ("status.hostIP", "10.0.0.7"),
            ("status.hostIPs", "10.0.0.7,fd00::7"), ("status.podIP", "10.1.1.1"), ("status.podIPs", "10.1.1.1,fd01::1"),
        ]
    )
    func fields(path: String, expected: String) throws {
        var pod = try Fixture.pod(container: "")
        pod.spec.serviceAccountName = "default"
        pod.status.podIP = "10.1.1.1"
        pod.status.podIPs = [PodIP(ip: "10.1.1.1"), PodIP(ip: "fd01::1")]
        let downward = ContainerEnvironment.Downward(
            pod: pod,
            hostIPs: ["10.0.0.7", "fd00::7"],
            cpuCapacityMilli: 4000,
            memoryCapacity: 1 << 30
        )
        #expect(try DownwardField.value(path, downward) == expected)
    }

    @Test("a fieldRef that means nothing is an error")
    func unknownField() throws {
        let pod = try Fixture.pod(container: "")
        let downward = ContainerEnvironment.Downward(pod: pod, hostIPs: [], cpuCapacityMilli: 1, memoryCapacity: 1)
        #expect(throws: ContainerConfigError("unsupported fieldPath: spec.containers")) {
            try DownwardField.value("spec.containers", downward)
        }
    }

    @Test(
        "resourceFieldRef rounds up to the divisor; a missing limit is the node's capacity",
        arguments: [
            ("limits.cpu", "", "2"), ("limits.cpu", "1m", "1500"), ("requests.cpu", "1m", "250"),
            ("requests.cpu", "", "1"), ("limits.memory", "1Mi", "64"), ("limits.memory", "1M", "68"),
            ("requests.memory", "", "67108864"), ("limits.ephemeral-storage", "", "0"),
        ]
    )
    func resources(resource: String, divisor: String, expected: String) throws {
        let lines = """
            resources:
              limits: {cpu: 1500m, memory: 64Mi}
              requests: {cpu: 250m}
            env:
            - name: R
              valueFrom:
                resourceFieldRef: {resource: \(resource)\(divisor.isEmpty ? "" : ", divisor: \(divisor)")}
            """
        #expect(try variables(lines).last == "R=\(expected)")
    }

    @Test("without limits the node's processors and memory are the limits")
    func capacity() throws {
        let lines = """
            env:
            - {name: C, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
            - {name: M, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Gi}}}
            """
        #expect(try variables(lines).suffix(2) == ["C=4", "M=8"])
    }

    @Test("a resource of another container, init containers included, can be asked for")
    func otherContainer() throws {
        let lines = """
            env:
            - {name: R, valueFrom: {resourceFieldRef: {containerName: setup, resource: limits.cpu, divisor: 1m}}}
            """
        let spec = "initContainers: [{name: setup, image: bb:1, resources: {limits: {cpu: 700m}}}]"
        #expect(try variables(lines, spec: spec).last == "R=700")
        #expect(throws: ContainerConfigError("container setup not found")) { try variables(lines) }
    }

    @Test("the largest quantities do not overflow")
    func largest() throws {
        let lines = """
            resources: {limits: {memory: "9223372036854775807", cpu: "9223372036854775"}}
            env:
            - {name: M, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Ki}}}
            """
        #expect(try variables(lines).last == "M=9007199254740992")
    }

    @Test("values of ConfigMaps and Secrets come by key, or all of them with a prefix; the pod's own win")
    func configured() throws {
        let lines = """
            envFrom: [{prefix: S_, configMapRef: {name: settings}}, {secretRef: {name: login}}]
            env:
            - {name: C, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
            - {name: P, valueFrom: {secretKeyRef: {name: login, key: password}}}
            - {name: user, value: "bob of $(C) $(S_size)"}
            - {name: NONE, valueFrom: {secretKeyRef: {name: login, key: none, optional: true}}}
            """
        let found = try variables(lines)
        for variable in ["S_color=blue", "S_size=9", "password=secret", "C=blue", "P=secret"] {
            #expect(found.contains(variable), "\(found)")
        }
        // What comes as a whole cannot be referred to, as with kubelet.
        #expect(found.contains("user=bob of blue $(S_size)"), "\(found)")
        #expect(!found.contains { $0.hasPrefix("NONE=") })
        #expect(throws: ContainerConfigError("couldn't find key none in Secret default/login")) {
            try variables("env: [{name: A, valueFrom: {secretKeyRef: {name: login, key: none}}}]")
        }
    }

    @Test("a config map or secret that is not there stops the container, unless it is optional")
    func missingSources() throws {
        #expect(throws: ContainerConfigError("configmap \"c\" not found")) {
            try variables("env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: k}}}]")
        }
        #expect(throws: ContainerConfigError("secret \"s\" not found")) {
            try variables("envFrom: [{secretRef: {name: s}}]")
        }
        let optional = """
            envFrom: [{configMapRef: {name: c, optional: true}}]
            env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]
            """
        #expect(try variables(optional).contains { $0.hasPrefix("A=") } == false)
    }
}
