import JSON
import Testing

/// A pod in miniature, with synthesised Codable only.
struct SmallPod: Codable, Hashable {
    struct Container: Codable, Hashable {
        var name: String
        var image: String?
        var env: [[String: String]]?
        var args: [String]?
    }

    struct Spec: Codable, Hashable {
        var containers: [Container]
        var hostNetwork: Bool?
        var terminationGracePeriodSeconds: Int64?
    }

    var kind: String
    var labels: [String: String]?
    var spec: Spec
    var extra: JSONValue?
}

struct StrictDecodingTests {
    @Test("unknown and duplicate fields are reported with their paths in the order of the text")
    func reportsFields() throws {
        let text = """
            {"kind":"Pod","labels":{"b":"2","a":"1","c":"3"},"spec":{"containers":[{"name":"a","image":"x","image":"y",
            "foo":1}],"zzz":{"deep":{"deeper":1}}},"extra":{"x":[1.0,2]},"kind2":1}
            """
        let (pod, issues) = try JSONCoding.decodeStrictly(SmallPod.self, from: Array(text.utf8))
        #expect(
            issues == [
                .duplicateField("spec.containers[0].image"), .unknownField("spec.containers[0].foo"),
                .unknownField("spec.zzz"), .unknownField("kind2"),
            ]
        )
        #expect(pod.spec.containers[0].image == "y")
        #expect(pod.extra == ["x": [1, 2]])
    }
}
