import EventLog
import Facts
import JSON
import KubernetesAPI
import Testing

@testable import NodeAgent

@Suite("Objects as the log keeps them")
struct ObjectDocumentTests {
    /// The image with a resourceVersion put into the hole, as the log does.
    private func filled(_ image: AfterImage, _ version: String) throws -> [UInt8] {
        let hole = try #require(image.resourceVersionOffset)
        return Array(image.bytes[..<hole]) + Array(version.utf8) + Array(image.bytes[hole...])
    }

    @Test("the hole is where metadata.resourceVersion is, and the rest stays as it was")
    func hole() throws {
        var pod = try Fixture.pod(container: "")
        let bytes = try filled(ObjectDocument.image(of: pod, \.metadata), "4711")
        let read = try ObjectDocument.decodePod(bytes)
        #expect(read.metadata.resourceVersion == "4711")
        pod.metadata.resourceVersion = "4711"
        #expect(read == pod)
    }

    @Test("an older resourceVersion in the object does not matter")
    func older() throws {
        var pod = try Fixture.pod(container: "")
        pod.metadata.resourceVersion = "99"
        let read = try ObjectDocument.decodePod(filled(ObjectDocument.image(of: pod, \.metadata), "100"))
        #expect(read.metadata.resourceVersion == "100")
    }

    @Test("texts and keys that look like the field do not lead astray")
    func lookalikes() throws {
        var pod = try Fixture.pod(container: "env: [{name: A, value: '\"resourceVersion\":\"0\"'}]")
        pod.metadata.annotations = ["resourceVersion": "0", "x": "\"resourceVersion\":\"0\""]
        pod.metadata.labels = ["resourceVersion": "0"]
        pod.spec.nodeSelector = ["resourceVersion": "0"]
        let read = try ObjectDocument.decodePod(filled(ObjectDocument.image(of: pod, \.metadata), "7"))
        #expect(read.metadata.resourceVersion == "7")
        #expect(read.metadata.annotations == pod.metadata.annotations)
        #expect(read.metadata.labels == pod.metadata.labels)
        #expect(read.spec == pod.spec)
    }

    @Test("namespaces and nodes have the hole too")
    func others() throws {
        let namespace = Namespace(metadata: ObjectMeta(name: "resourceVersion", labels: ["resourceVersion": "0"]))
        let bytes = try filled(ObjectDocument.image(of: namespace, \.metadata), "8")
        #expect(try JSONCoding.decode(Namespace.self, from: bytes).metadata.resourceVersion == "8")
        let node = Node(metadata: ObjectMeta(name: "n"))
        let nodeBytes = try filled(ObjectDocument.image(of: node, \.metadata), "9")
        #expect(try JSONCoding.decode(Node.self, from: nodeBytes).metadata.resourceVersion == "9")
    }
}
