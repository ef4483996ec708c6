import EventLog
import HTTPTypes
import Hummingbird
import JSON
import KubernetesAPI
import Testing

@testable import HTTPAPI

@Suite("What a client is told of an error")
struct ErrorStatusTests {
    private struct Odd: Error {}

    @Test("each kind of error has its code and reason")
    func codes() throws {
        let parseError = #expect(throws: JSONError.self) { _ = try JSONValue(parsing: Array("{".utf8)) }
        let cases: [(any Error, Int32, String)] = [
            (APIError.notFound(resource: "pods", name: "p"), 404, "NotFound"),
            (WatchError.expired(floor: 7), 410, "Expired"),
            (WatchError.tooLarge(head: 7), 504, "Timeout"),
            (WatchError.failed("disk"), 500, "InternalError"),
            (try #require(parseError), 400, "BadRequest"),
            (HTTPError(.contentTooLarge), 413, "RequestEntityTooLarge"),
            (HTTPError(.badRequest, message: "odd"), 400, "BadRequest"),
            (Odd(), 500, "InternalError"),
        ]
        for (error, code, reason) in cases {
            let status = APIResponder.status(of: error)
            #expect(status.code == code, "\(error)")
            #expect(status.reason == reason, "\(error)")
            #expect(!status.message.isEmpty)
            #expect(status.status == "Failure")
        }
    }
}

@Suite("Patches of pods")
struct PodPatchTests {
    private func pod() throws -> Pod {
        let text = """
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","labels":{"a":"1","b":"2"}},
             "spec":{"containers":[{"name":"c","image":"bb:1"},{"name":"d","image":"bb:1"}]}}
            """
        return try JSONCoding.decode(Pod.self, from: Array(text.utf8))
    }

    private func apply(_ type: String, _ patch: String, _ validation: FieldValidation = .strict) throws -> Pod {
        try ObjectPatch(mediaType: "application/\(type)+json", body: Array(patch.utf8))
            .apply(to: try pod(), fieldValidation: validation, warnings: PatchWarnings())
    }

    @Test("a merge patch replaces lists and removes with null")
    func merge() throws {
        let labelled = try apply("merge-patch", #"{"metadata":{"labels":{"a":null,"c":"3"}}}"#)
        #expect(labelled.metadata.labels == ["b": "2", "c": "3"])
        let replaced = try apply("merge-patch", #"{"spec":{"containers":[{"name":"c","image":"bb:2"}]}}"#)
        #expect(replaced.spec.containers.map(\.image) == ["bb:2"])
    }

    @Test("a strategic patch merges containers by name")
    func strategic() throws {
        let patched = try apply("strategic-merge-patch", #"{"spec":{"containers":[{"name":"d","image":"bb:2"}]}}"#)
        #expect(patched.spec.containers.map { "\($0.name) \($0.image)" }.sorted() == ["c bb:1", "d bb:2"])
    }

    @Test("a JSON patch is a list of operations, all or none")
    func operations() throws {
        let patched = try apply("json-patch", #"[{"op":"replace","path":"/spec/containers/1/image","value":"bb:2"}]"#)
        #expect(patched.spec.containers.map(\.image) == ["bb:1", "bb:2"])
        let error = #expect(throws: APIError.self) {
            try apply("json-patch", #"[{"op":"test","path":"/metadata/name","value":"other"}]"#)
        }
        #expect(error?.code == 422)
    }

    @Test("a patch that does not give a pod is the client's fault")
    func faults() {
        for (type, patch, code) in [
            ("merge-patch", "{", 400), ("json-patch", "{}", 400), ("json-patch", #"[{"op":"fly","path":"/a"}]"#, 400),
            ("apply-patch", "{}", 415),
        ] {
            let error = #expect(throws: APIError.self) { try apply(type, patch) }
            #expect(error?.code == code, "\(type) \(patch): \(error?.description ?? "")")
        }
        let wrongType = #expect(throws: APIError.self) { try apply("merge-patch", #"{"spec":{"containers":7}}"#) }
        #expect((400..<500).contains(wrongType?.code ?? 0))
        let unknown = #expect(throws: APIError.self) { try apply("merge-patch", #"{"spec":{"replicas":7}}"#) }
        #expect((400..<500).contains(unknown?.code ?? 0))
    }
}
