import JSON
import OCI
import Testing

/// What is read by hand against what synthesised Codable reads of the same text.
struct ReadingTests {
    /// Both accept the text and give the same document again, or both refuse it with the same words.
    private func compare(_ text: [UInt8], _ what: String) {
        #expect(outcome(of: RuntimeSpec.self, text) == outcome(of: SynthesisedSpec.self, text), "\(what)")
    }

    private func outcome<T: Codable>(of type: T.Type, _ text: [UInt8]) -> String {
        do {
            return String(decoding: try JSONCoding.encode(JSONCoding.decode(type, from: text)), as: UTF8.self)
        } catch {
            return "\(error)"
        }
    }

    /// Every place of the document is taken out and replaced by what does not belong there; values, and errors with their
    /// words, paths and places, have to be the same.
    @Test(
        "whatever is wrong in a document is accepted or refused alike",
        arguments: [Documents.completeSpec, Documents.runcSpec]
    )
    func mutations(text: String) throws {
        let document = try JSONValue(parsing: text)
        var count = 0
        Self.eachVariant(of: document) { variant in
            count += 1
            compare(variant.bytes(), variant.text())
        }
        #expect(count > 1000)
    }

    @Test(
        "repeated, escaped and unknown keys are read alike",
        arguments: [
            #"{"ociVersion":"1.2.0","ociVersion":"1.3.0","hostname":1,"hostname":"a"}"#,
            #"{"oci\u0056ersion":"1.2.0","proc\u0065ss":{"cwd":"\u002f","\u0065nv":["\u0061"]}}"#,
            #"{"ociVersion":"1.2.0","linux":{"namespaces":[{"type":"p\u0069d","type":"ipc"}]},"x":[{"y":{}}]}"#,
            #"{"ociVersion":"1.2.0","annotations":{"a":1,"a":"b","":""},"mounts":[]}"#,
            "{\n  \"ociVersion\": \"1.2.0\",\n  \"linux\": {\"seccomp\": {\"defaultAction\": \"ä SCMP x\"}}}",
            #"{"ociVersion":"1.2.0","process":{"cwd":"/","rlimits":[{"type":"a","hard":18446744073709551616,"soft":0}]}}"#,
            #"{"ociVersion":"1.2.0","process":{"cwd":"/","oomScoreAdj":1.0,"user":{"uid":1e3,"gid":-0}}}"#,
            "{\"ociVersion\":\"1.2.0\"", "[]", "", "null", "{\"ociVersion\":\"\u{7}\"}",
        ]
    )
    func keys(text: String) { compare(Array(text.utf8), text) }

    /// Otherwise a property that is read by Codable alone would go unnoticed above.
    @Test("the complete document sets every property")
    func complete() throws {
        let spec = try JSONCoding.decode(RuntimeSpec.self, from: Array(Documents.completeSpec.utf8))
        #expect(Self.absent(in: spec, at: "spec").isEmpty, "\(Self.absent(in: spec, at: "spec"))")
    }

    // MARK: Variants

    private static let strangers: [JSONValue] = [
        nil, true, 0, -1, 4_294_967_296, 0.5, "?", [], [nil], [1], .object([:]),
        .object(["a": nil]),
    ]

    /// The value with one place taken out or replaced, for every place in it.
    private static func eachVariant(of value: JSONValue, _ use: (JSONValue) -> Void) {
        for stranger in strangers { use(stranger) }
        switch value {
        case .array(let elements):
            for index in elements.indices {
                eachVariant(of: elements[index]) { variant in
                    var changed = elements
                    changed[index] = variant
                    use(.array(changed))
                }
            }
        case .object(let object):
            for (key, inner) in object {
                var shorter = object
                shorter.removeValue(forKey: key)
                use(.object(shorter))
                eachVariant(of: inner) { variant in
                    var changed = object
                    changed[key] = variant
                    use(.object(changed))
                }
            }
        default: break
        }
    }

    /// The paths of optional properties that are nil.
    private static func absent(in value: Any, at path: String) -> [String] {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional {
            guard let inner = mirror.children.first else { return [path] }
            return absent(in: inner.value, at: path)
        }
        // Of a list, or a dictionary, one complete element is enough.
        if mirror.displayStyle == .collection || mirror.displayStyle == .dictionary {
            let each = mirror.children.map { absent(in: $0.value, at: "\(path)[]") }
            return each.min { $0.count < $1.count } ?? []
        }
        return mirror.children.flatMap { absent(in: $0.value, at: "\(path).\($0.label ?? "")") }
    }
}
