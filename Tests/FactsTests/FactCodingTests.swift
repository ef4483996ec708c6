import Facts
import JSON
import Testing

struct FactCodingTests {
    @Test("an unknown type is an error that names it")
    func unknownType() {
        #expect(throws: FactError.unknownType("PodLevitated")) {
            try FactCoding.decode(typeName: "PodLevitated", schemaVersion: 1, data: Array("{}".utf8))
        }
        #expect(FactError.unknownType("PodLevitated").description.contains("PodLevitated"))
    }

    @Test("a newer version is an error that says which version can read it")
    func newerSchema() {
        #expect(throws: FactError.newerSchema(type: "PodRemoved", found: 7, known: 1)) {
            try FactCoding.decode(typeName: "PodRemoved", schemaVersion: 7, data: Array("{}".utf8))
        }
    }

    @Test(
        "a payload that lacks a field is malformed, and the error names the field",
        arguments: ["{}", "[]", "{", "7"]
    )
    func malformed(text: String) throws {
        do {
            _ = try FactCoding.decode(typeName: "ContainerStarted", schemaVersion: 1, data: Array(text.utf8))
            Issue.record("decoded \(text)")
        } catch FactError.malformed(let type, let version, let detail) {
            #expect(type == "ContainerStarted")
            #expect(version == 1)
            #expect(text != "{}" || detail.contains("container"))
        }
    }

    @Test("unknown fields of a later version of the same schema are ignored")
    func unknownFields() throws {
        let fact = try FactCoding.decode(
            typeName: "ImageRemoved",
            schemaVersion: 1,
            data: Array(#"{"reason":"x","by":"somebody"}"#.utf8)
        )
        #expect(fact == .image(.removed(ImageRemoved(reason: "x"))))
    }

    @Test("upcasters lead an old payload to the present version, one version at a time")
    func upcasting() throws {
        // As if ImageRemoved had begun at version -1 with another name for its field.
        var upcasters = Upcasters()
        upcasters.add(type: "ImageRemoved", from: -1) { value in
            var value = value
            value["because"] = value["why"]
            value["why"] = nil
            return value
        }
        upcasters.add(type: "ImageRemoved", from: 0) { value in
            .object(["reason": .string("once: " + (value["because"]?.stringValue ?? "?"))])
        }
        let fact = try FactCoding.decode(
            typeName: "ImageRemoved",
            schemaVersion: -1,
            data: Array(#"{"why":"x"}"#.utf8),
            upcasters: upcasters
        )
        #expect(fact == .image(.removed(ImageRemoved(reason: "once: x"))))
    }

    @Test("a version from which no upcaster leads on is an error")
    func missingUpcaster() {
        #expect(throws: FactError.missingUpcaster(type: "ImageRemoved", from: 0)) {
            try FactCoding.decode(typeName: "ImageRemoved", schemaVersion: 0, data: Array("{}".utf8))
        }
    }

    @Test("absent optionals are left out of the text")
    func compactText() throws {
        let fact = PodFact.containerRemoved(
            ContainerRemoved(container: ContainerRef(name: "c", kind: .initContainer), containerID: "ab", attempt: 0)
        )
        let encoded = try FactCoding.encode(fact)
        #expect(encoded.typeName == "ContainerRemoved")
        #expect(encoded.schemaVersion == 1)
        let text = String(decoding: encoded.data, as: UTF8.self)
        #expect(text == #"{"container":{"name":"c","kind":"init"},"containerID":"ab","attempt":0}"#)
        #expect(try FactCoding.encode(PodRemoved()).data == Array("{}".utf8))
    }
}
