import JSON
import KubernetesAPI
import Testing

@Suite("Coding of objects")
struct PodCodingTests {
    private func print(_ value: some Encodable) throws -> String {
        String(decoding: try JSONCoding.encode(value), as: UTF8.self)
    }

    @Test("an almost empty pod prints what a Kubernetes server prints")
    func minimal() throws {
        let pod = Pod(
            metadata: ObjectMeta(name: "a"),
            spec: PodSpec(containers: [Container(name: "c", image: "bb:1")])
        )
        let expected =
            #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"bb:1","#
            + #""resources":{}}]},"status":{}}"#
        #expect(try print(pod) == expected)
    }

    @Test("container statuses print their empty states and conditions their empty times")
    func statuses() throws {
        let status = PodStatus(
            conditions: [PodCondition(type: "Ready", status: "True")],
            containerStatuses: [ContainerStatus(name: "c", started: false)]
        )
        let expected =
            #"{"conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":null}],"#
            + #""containerStatuses":[{"name":"c","state":{},"lastState":{},"ready":false,"restartCount":0,"image":"","#
            + #""imageID":"","started":false}]}"#
        #expect(try print(status) == expected)
    }

    @Test("absent and null fields take their zero values")
    func leniency() throws {
        let text = #"{"metadata":null,"spec":{"containers":null,"hostNetwork":null,"affinity":null}}"#
        let pod = try JSONCoding.decode(Pod.self, from: Array(text.utf8))
        #expect(pod == Pod(kind: "", apiVersion: ""))
    }

    @Test("a field whose value lives outside can be changed in place")
    func indirect() {
        var pod = Pod(spec: PodSpec(containers: [Container(name: "c")]))
        pod.spec.securityContext = PodSecurityContext()
        pod.spec.securityContext?.runAsUser = 7
        pod.spec.containers[0].livenessProbe = Probe(exec: ExecAction(command: ["true"]))
        pod.spec.containers[0].livenessProbe?.exec?.command.append("x")
        #expect(pod.spec.securityContext?.runAsUser == 7)
        #expect(pod.spec.containers[0].livenessProbe?.exec?.command == ["true", "x"])
        pod.spec.securityContext = nil
        #expect(pod.spec.securityContext == nil)
    }

    @Test("a port may be a number or a name, and a quantity a number or a text")
    func mixedTypes() throws {
        let text =
            #"{"name":"c","livenessProbe":{"httpGet":{"port":"http"},"tcpSocket":{"port":80}},"#
            + #""resources":{"limits":{"cpu":0.5,"memory":"64Mi","pods":3}}}"#
        let container = try JSONCoding.decode(Container.self, from: Array(text.utf8))
        #expect(container.livenessProbe?.httpGet?.port == "http")
        #expect(container.livenessProbe?.tcpSocket?.port == 80)
        #expect(container.resources.limits["cpu"]?.milliValue == 500)
        #expect(container.resources.limits["pods"]?.value == 3)
    }
}
