import KubernetesAPI
import Testing

@Suite("Selectors")
struct SelectorTests {
    @Test(
        "a label selector selects by its requirements",
        arguments: [
            ("", true), ("app=web", true), ("app==web", true), ("app=api", false), ("app!=api", true),
            ("app!=web", false),
            ("none!=x", true), ("none=x", false), ("app", true), ("none", false), ("!none", true), ("!app", false),
            ("app in (web,api)", true), ("app in (api)", false), ("app notin (api)", true), ("app notin (web)", false),
            ("none notin (x)", true), ("none in (x)", false), ("app=web,tier=front", true),
            ("app=web,tier=back", false),
            (" app = web , tier ", true), ("empty=", true), ("empty in (,a)", true), ("app=", false), ("n>3", true),
            ("n>4", false), ("n<5", true), ("app>1", false), ("app in ( web , api ),!old", true), ("a.b/c=d", true),
        ]
    )
    func labels(query: String, expected: Bool) throws {
        let labels = ["app": "web", "tier": "front", "empty": "", "n": "4", "a.b/c": "d"]
        #expect(try LabelQuery.parse(query).matches(labels) == expected)
    }

    @Test(
        "a query that makes no sense is a bad request",
        arguments: [
            "app=web,", "=", "app in", "app in (web", "app in web", "app notin", "(", "app web", "app=a=b", "!",
            "app>x",
            "app=we b", "a b", "-a", "app=-", ",", "app in (a b)",
        ]
    )
    func malformed(query: String) {
        let error = #expect(throws: APIError.self) { try LabelQuery.parse(query) }
        #expect(error?.code == 400)
        #expect(error?.description.hasPrefix("unable to parse requirement: ") == true)
    }

    @Test("a selector of the API selects as a query does")
    func labelSelector() {
        let selector = LabelSelector(
            matchLabels: ["a": "b"],
            matchExpressions: [
                LabelSelectorRequirement(key: "c", operator: "In", values: ["d", "e"]),
                LabelSelectorRequirement(key: "x", operator: "DoesNotExist"),
            ]
        )
        #expect(selector.matches(["a": "b", "c": "e"]))
        #expect(!selector.matches(["a": "b", "c": "f"]))
        #expect(!selector.matches(["a": "b", "c": "e", "x": ""]))
        #expect(LabelSelector().matches([:]))
    }

    private var pod: Pod {
        Pod(
            metadata: ObjectMeta(name: "web", namespace: "default"),
            spec: PodSpec(restartPolicy: "Always", nodeName: "n1"),
            status: PodStatus(phase: "Running", podIPs: [PodIP(ip: "10.0.0.1")])
        )
    }

    @Test(
        "a field selector selects by the fields of a pod",
        arguments: [
            ("", true), ("metadata.name=web", true), ("metadata.name==web", true), ("metadata.name!=web", false),
            ("metadata.namespace=default", true),
            ("spec.nodeName=n1,status.phase!=Succeeded,status.phase!=Failed", true),
            ("status.phase=Pending", false), ("status.podIP=10.0.0.1", true), ("spec.hostNetwork=false", true),
            ("spec.restartPolicy=Never", false), ("spec.schedulerName=", true), ("metadata.name=a\\,b", false),
        ]
    )
    func fields(query: String, expected: Bool) throws {
        #expect(try FieldSelector.parse(query, for: Pod.self).matches(pod) == expected)
    }

    @Test(
        "a field that is not supported, or no selector at all, is a bad request",
        arguments: [
            ("spec.foo=x", "field label not supported: spec.foo"), ("type=x", "field label not supported: type"),
            ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
            ("metadata.name=a=b", "invalid selector: 'metadata.name=a=b'; can't understand 'metadata.name=a=b'"),
            ("metadata.name=a\\x", "invalid selector: 'metadata.name=a\\x'; can't understand 'metadata.name=a\\x'"),
        ]
    )
    func unsupported(query: String, message: String) {
        let error = #expect(throws: APIError.self) { try FieldSelector.parse(query, for: Pod.self) }
        #expect(error?.code == 400)
        #expect(error?.description == message)
    }

    @Test("events are selected by what they speak of")
    func events() throws {
        let event = Event(
            involvedObject: ObjectReference(kind: "Pod", namespace: "default", name: "p0", uid: "u"),
            reason: "Started",
            source: EventSource(component: "kubelet"),
            type: "Normal"
        )
        let query = "involvedObject.kind=Pod,involvedObject.name=p0,involvedObject.uid=u,source=kubelet,type!=Warning"
        #expect(try FieldSelector.parse(query, for: Event.self).matches(event))
        #expect(try !FieldSelector.parse("reason=Killing", for: Event.self).matches(event))
    }

    @Test("the name that a selector asks for can be taken from it")
    func requiredValue() throws {
        let selector = try FieldSelector.parse("status.phase!=Failed,metadata.name=x", for: Pod.self)
        #expect(selector.requiredValue(of: "metadata.name") == "x")
        #expect(selector.requiredValue(of: "status.phase") == nil)
    }
}
