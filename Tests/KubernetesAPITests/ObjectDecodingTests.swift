import JSON
import KubernetesAPI
import Testing

@Suite("Bodies of requests")
struct ObjectDecodingTests {
    private func decode(
        _ body: String,
        _ contentType: String? = "application/json",
        _ validation: FieldValidation = .warn
    ) throws(APIError) -> (object: Pod, warnings: [String]) {
        try ObjectDecoding.decode(
            Pod.self,
            body: Array(body.utf8),
            contentType: contentType,
            fieldValidation: validation
        )
    }

    private let json = #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}"#
    private let yaml = "kind: Pod\napiVersion: v1\nmetadata:\n  name: a\n"

    @Test(
        "JSON and YAML are told apart by the content type, and without one by the first character",
        arguments: [
            ("application/json", false), ("application/json; charset=utf-8", false), ("application/yaml", true),
            ("application/yaml", false), ("text/yaml", true), ("application/x-yaml", true), (nil, false), (nil, true),
            ("", true), ("application/x-www-form-urlencoded", true), ("APPLICATION/JSON", false),
        ] as [(String?, Bool)]
    )
    func contentTypes(type: String?, isYAML: Bool) throws {
        #expect(try decode(isYAML ? yaml : json, type).object.metadata.name == "a")
    }

    @Test(
        "other types are refused",
        arguments: [
            "application/vnd.kubernetes.protobuf", "application/cbor", "application/xml", "multipart/form-data",
        ]
    )
    func unsupported(type: String) throws {
        let error = #expect(throws: APIError.self) { try decode(json, type) }
        #expect(error?.code == 415)
        #expect(
            error?.description
                == "the body of the request was in an unknown format - accepted media types include: application/json, "
                + "application/yaml"
        )
    }

    @Test("a body without kind and version is what the path takes")
    func defaults() throws {
        let pod = try decode(#"{"metadata":{"name":"a"}}"#).object
        #expect(pod.kind == "Pod")
        #expect(pod.apiVersion == "v1")
    }

    @Test("unknown and repeated fields are warned about, refused, or passed over")
    func validation() throws {
        let body = #"{"kind":"Pod","apiVersion":"v1","spec":{"foo":1,"containers":[{"name":"c","imag":"x"}],"foo":2}}"#
        let sentences = [
            "unknown field \"spec.foo\"", "unknown field \"spec.containers[0].imag\"", "duplicate field \"spec.foo\"",
        ]
        #expect(Set(try decode(body).warnings) == Set(sentences))
        #expect(try decode(body, "application/json", .ignore).warnings == [])
        let error = #expect(throws: APIError.self) { try decode(body, "application/json", .strict) }
        let start = "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: "
        for sentence in sentences { #expect(error?.description.contains(sentence) == true) }
        #expect(error?.code == 400)
        #expect(error?.reason == .badRequest)
        #expect(error?.description.hasPrefix(start) == true)
        let yaml = #expect(throws: APIError.self) { try decode("spec:\n  foo: 1\n", "application/yaml", .strict) }
        #expect(
            yaml?.description
                == "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.foo\""
        )
    }

    @Test("the parameter takes three words, and nothing means Warn")
    func parameter() throws {
        #expect(try FieldValidation.parse(nil) == .warn)
        #expect(try FieldValidation.parse("Strict") == .strict)
        #expect(throws: APIError.self) { try FieldValidation.parse("strict") }
    }

    @Test(
        "a wrong body is told in the server's words",
        arguments: [
            (
                "x",
                "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; invalid character 'x'"
            ),
            (
                "",
                "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; unexpected end"
            ),
            (#"{"kind":"#, "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; "),
            (
                "[]",
                "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; expected an object"
            ),
            (
                #"{"kind":"Service","apiVersion":"v1","spec":{"containers":3}}"#,
                "Service in version \"v1\" cannot be handled as a Pod: no kind \"Service\" is registered for version \"v1\""
            ),
            (
                #"{"kind":"Pod","apiVersion":"apps/v1"}"#,
                "Pod in version \"v1\" cannot be handled as a Pod: no kind \"Pod\" is registered for version \"apps/v1\""
            ),
            (
                #"{"kind":"Pod","apiVersion":"v1","spec":{"containers":3}}"#,
                "Pod in version \"v1\" cannot be handled as a Pod: spec.containers: expected an array, found a number"
            ),
            (
                #"{"spec":{"containers":[{"ports":[{"containerPort":"80"}]}]}}"#,
                "Pod in version \"v1\" cannot be handled as a Pod: spec.containers[0].ports[0].containerPort: expected "
            ),
            (
                #"{"spec":{"containers":[{"resources":{"limits":{"cpu":"x"}}}]}}"#,
                "Pod in version \"v1\" cannot be handled as a Pod: spec.containers[0].resources.limits.cpu: quantities must match"
            ),
            (
                #"{"metadata":{"creationTimestamp":"today"}}"#,
                "Pod in version \"v1\" cannot be handled as a Pod: metadata.creationTimestamp: \"today\" is not a time"
            ),
        ]
    )
    func errors(body: String, start: String) throws {
        let error = #expect(throws: APIError.self) { try decode(body) }
        #expect(error?.code == 400)
        #expect(error?.description.hasPrefix(start) == true, "\(error?.description ?? "")")
    }

    @Test("two documents in one body are refused, an empty second one is not")
    func documents() throws {
        #expect(try decode("---\n" + yaml + "---\n", "application/yaml").object.metadata.name == "a")
        let error = #expect(throws: APIError.self) { try decode(yaml + "---\n" + yaml, "application/yaml") }
        #expect(error?.description.contains("the body has 2 documents; send one object with each request") == true)
    }

    @Test("options of a DELETE may name any group that has them")
    func deleteOptions() throws {
        let body = #"{"kind":"DeleteOptions","apiVersion":"meta.k8s.io/v1","gracePeriodSeconds":0}"#
        let options = try ObjectDecoding.decode(DeleteOptions.self, body: Array(body.utf8), contentType: nil).object
        #expect(options.gracePeriodSeconds == 0)
    }
}
