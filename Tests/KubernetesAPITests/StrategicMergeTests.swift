import JSON
import KubernetesAPI
import Testing

@Suite("Strategic merge patches")
struct StrategicMergeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let original: JSONValue
        let patch: JSONValue
        let result: JSONValue
        var testDescription: String { name }
    }

    private static let two: JSONValue = ["containers": [["name": "a", "image": "1"], ["name": "b", "image": "2"]]]

    static let cases: [Case] = [
        Case(name: "a field is set", original: ["a": 1], patch: ["b": 2], result: ["a": 1, "b": 2]),
        Case(name: "null removes a field", original: ["a": 1, "b": 2], patch: ["a": nil], result: ["b": 2]),
        Case(
            name: "objects are merged",
            original: ["m": ["a": 1]],
            patch: ["m": ["b": 2]],
            result: ["m": ["a": 1, "b": 2]]
        ),
        Case(
            name: "nulls in new objects vanish",
            original: [:],
            patch: ["m": ["a": nil, "b": 1]],
            result: ["m": ["b": 1]]
        ),
        Case(
            name: "an atomic list is replaced",
            original: ["args": ["a"]],
            patch: ["args": ["b"]],
            result: ["args": ["b"]]
        ),
        Case(
            name: "tolerations are atomic",
            original: ["tolerations": [["key": "a"]]],
            patch: ["tolerations": [["key": "b"]]],
            result: ["tolerations": [["key": "b"]]]
        ),
        Case(
            name: "a container is changed by its name",
            original: two,
            patch: ["containers": [["name": "b", "image": "3"]]],
            result: ["containers": [["name": "a", "image": "1"], ["name": "b", "image": "3"]]]
        ),
        Case(
            name: "a new container comes first, as a Kubernetes server has it",
            original: two,
            patch: ["containers": [["name": "c", "image": "3"]]],
            result: [
                "containers": [
                    ["name": "c", "image": "3"], ["name": "a", "image": "1"], ["name": "b", "image": "2"],
                ]
            ]
        ),
        Case(
            name: "the order may be given",
            original: two,
            patch: [
                "$setElementOrder/containers": [["name": "b"], ["name": "a"], ["name": "c"]],
                "containers": [["name": "c", "image": "3"]],
            ],
            result: [
                "containers": [
                    ["name": "b", "image": "2"], ["name": "a", "image": "1"], ["name": "c", "image": "3"],
                ]
            ]
        ),
        Case(
            name: "an order alone sorts",
            original: two,
            patch: ["$setElementOrder/containers": [["name": "b"], ["name": "a"]]],
            result: ["containers": [["name": "b", "image": "2"], ["name": "a", "image": "1"]]]
        ),
        Case(
            name: "an element is deleted",
            original: two,
            patch: ["containers": [["$patch": "delete", "name": "a"]]],
            result: ["containers": [["name": "b", "image": "2"]]]
        ),
        Case(
            name: "a list is replaced",
            original: two,
            patch: ["containers": [["name": "z"], ["$patch": "replace"]]],
            result: ["containers": [["name": "z"]]]
        ),
        Case(
            name: "an object is replaced",
            original: ["m": ["a": 1, "b": 2]],
            patch: ["m": ["$patch": "replace", "c": 3]],
            result: ["m": ["c": 3]]
        ),
        Case(
            name: "an object is emptied",
            original: ["m": ["a": 1]],
            patch: ["m": ["$patch": "delete"]],
            result: ["m": [:]]
        ),
        Case(
            name: "a volume changes its source",
            original: ["volumes": [["name": "v", "emptyDir": [:]]]],
            patch: ["volumes": [["$retainKeys": ["name", "hostPath"], "name": "v", "hostPath": ["path": "/x"]]]],
            result: ["volumes": [["name": "v", "hostPath": ["path": "/x"]]]]
        ),
        Case(
            name: "finalizers are a set",
            original: ["finalizers": ["a", "b"]],
            patch: ["finalizers": ["b", "c"], "$deleteFromPrimitiveList/finalizers": ["a"]],
            result: ["finalizers": ["b", "c"]]
        ),
        Case(
            name: "variables, mounts and ports have keys of their own",
            original: [
                "containers": [
                    [
                        "name": "a", "env": [["name": "X", "value": "1"]],
                        "volumeMounts": [["name": "v", "mountPath": "/v"]],
                        "ports": [["containerPort": 80, "protocol": "TCP"]],
                    ]
                ]
            ],
            patch: [
                "containers": [
                    [
                        "name": "a", "env": [["name": "X", "value": "2"]],
                        "volumeMounts": [["mountPath": "/v", "readOnly": true]],
                        "ports": [["containerPort": 80, "name": "http"]],
                    ]
                ]
            ],
            result: [
                "containers": [
                    [
                        "name": "a", "env": [["name": "X", "value": "2"]],
                        "volumeMounts": [["name": "v", "mountPath": "/v", "readOnly": true]],
                        "ports": [["containerPort": 80, "protocol": "TCP", "name": "http"]],
                    ]
                ]
            ]
        ),
        Case(
            name: "taints have their key",
            original: ["spec": ["taints": [["key": "a", "effect": "NoSchedule"]]]],
            patch: ["spec": ["taints": [["key": "a", "effect": "NoExecute"]]]],
            result: ["spec": ["taints": [["key": "a", "effect": "NoExecute"]]]]
        ),
    ]

    @Test("a patch has the effect it has on a Kubernetes server", arguments: cases)
    func apply(test: Case) throws {
        #expect(try StrategicMerge.apply(test.patch, to: test.original) == test.result)
    }

    @Test("an element without its key is a bad request, and so is a directive nobody knows")
    func errors() {
        let keyless = #expect(throws: APIError.self) {
            try StrategicMerge.apply(["containers": [["image": "x"]]], to: [:])
        }
        #expect(keyless?.description.contains("does not contain declared merge key: name") == true)
        #expect(throws: APIError.self) { try StrategicMerge.apply(["a": ["$patch": "burn"]], to: ["a": [:]]) }
        #expect(throws: APIError.self) { try StrategicMerge.apply([1], to: [:]) }
    }
}
