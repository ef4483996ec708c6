import JSON
import Testing

struct PatchTests {
    struct Merge: Sendable {
        let target: String
        let patch: String
        let result: String
    }

    /// The table of RFC 7386 appendix A, and a few more.
    static let merges: [Merge] = [
        Merge(target: #"{"a":"b"}"#, patch: #"{"a":"c"}"#, result: #"{"a":"c"}"#),
        Merge(target: #"{"a":"b"}"#, patch: #"{"b":"c"}"#, result: #"{"a":"b","b":"c"}"#),
        Merge(target: #"{"a":"b"}"#, patch: #"{"a":null}"#, result: "{}"),
        Merge(target: #"{"a":"b","b":"c"}"#, patch: #"{"a":null}"#, result: #"{"b":"c"}"#),
        Merge(target: #"{"a":["b"]}"#, patch: #"{"a":"c"}"#, result: #"{"a":"c"}"#),
        Merge(target: #"{"a":"c"}"#, patch: #"{"a":["b"]}"#, result: #"{"a":["b"]}"#),
        Merge(target: #"{"a":{"b":"c"}}"#, patch: #"{"a":{"b":"d","c":null}}"#, result: #"{"a":{"b":"d"}}"#),
        Merge(target: #"{"a":[{"b":"c"}]}"#, patch: #"{"a":[1]}"#, result: #"{"a":[1]}"#),
        Merge(target: #"["a","b"]"#, patch: #"["c","d"]"#, result: #"["c","d"]"#),
        Merge(target: #"{"a":"b"}"#, patch: #"["c"]"#, result: #"["c"]"#),
        Merge(target: #"{"a":"foo"}"#, patch: "null", result: "null"),
        Merge(target: #"{"a":"foo"}"#, patch: #""bar""#, result: #""bar""#),
        Merge(target: #"{"e":null}"#, patch: #"{"a":1}"#, result: #"{"e":null,"a":1}"#),
        Merge(target: "[1,2]", patch: #"{"a":"b","c":null}"#, result: #"{"a":"b"}"#),
        Merge(target: "{}", patch: #"{"a":{"bb":{"ccc":null}}}"#, result: #"{"a":{"bb":{}}}"#),
        Merge(target: #"{"a":1,"b":2}"#, patch: "{}", result: #"{"a":1,"b":2}"#),
        Merge(target: #"{"z":1,"a":2}"#, patch: #"{"m":[null],"z":3}"#, result: #"{"z":3,"a":2,"m":[null]}"#),
    ]

    @Test("a merge patch changes a value as RFC 7386 says, and keeps the order of its keys", arguments: merges)
    func merge(_ example: Merge) throws {
        let result = try JSONValue(parsing: example.target).merging(patch: JSONValue(parsing: example.patch))
        #expect(result.text() == example.result)
    }

    @Test("a merge patch with a hundred thousand members takes linear time")
    func largeMerge() {
        let target = JSONObject((0..<100_000).map { ("k\($0)", JSONValue.string("v")) })
        let patch = JSONObject((0..<100_000).map { ("k\($0)", $0 % 2 == 0 ? JSONValue.null : .bool(true)) })
        let merged = JSONValue.object(target).merging(patch: .object(patch))
        #expect(merged.objectValue?.count == 50_000)
        #expect(merged["k99999"] == true)
    }

    struct Patch: Sendable {
        let target: String
        let patch: String
        var result: String?
        var reason: JSONPatchError.Reason?
    }

    static let patches: [Patch] = [
        Patch(
            target: #"{"foo":"bar"}"#,
            patch: #"[{"op":"add","path":"/baz","value":"qux"}]"#,
            result: #"{"foo":"bar","baz":"qux"}"#
        ),
        Patch(
            target: #"{"foo":["bar","baz"]}"#,
            patch: #"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            result: #"{"foo":["bar","qux","baz"]}"#
        ),
        Patch(target: #"{"a":1,"b":2}"#, patch: #"[{"op":"remove","path":"/a"}]"#, result: #"{"b":2}"#),
        Patch(target: "[1,2,3]", patch: #"[{"op":"remove","path":"/1"}]"#, result: "[1,3]"),
        Patch(
            target: #"{"a":1,"b":2}"#,
            patch: #"[{"op":"replace","path":"/a","value":[]}]"#,
            result: #"{"a":[],"b":2}"#
        ),
        Patch(
            target: #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            patch: #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            result: #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#
        ),
        Patch(target: "[1,2,3,4]", patch: #"[{"op":"move","from":"/1","path":"/3"}]"#, result: "[1,3,4,2]"),
        Patch(
            target: #"{"a":{"b":1}}"#,
            patch: #"[{"op":"copy","from":"/a","path":"/a/c"}]"#,
            result: #"{"a":{"b":1,"c":{"b":1}}}"#
        ),
        Patch(target: #"{"a":1.0}"#, patch: #"[{"op":"test","path":"/a","value":1}]"#, result: #"{"a":1.0}"#),
        Patch(
            target: #"{"a":{"x":1,"y":2}}"#,
            patch: #"[{"op":"test","path":"/a","value":{"y":2,"x":1}}]"#,
            result: #"{"a":{"x":1,"y":2}}"#
        ),
        Patch(
            target: "[]",
            patch: #"[{"op":"add","path":"/-","value":1},{"op":"add","path":"/-","value":2}]"#,
            result: "[1,2]"
        ),
        Patch(target: #"{"a":1}"#, patch: #"[{"op":"add","path":"","value":[1]}]"#, result: "[1]"),
        Patch(target: #"{"a":1}"#, patch: #"[{"op":"replace","path":"","value":2}]"#, result: "2"),
        Patch(
            target: #"{"a/b":1,"m~n":2,"":3}"#,
            patch:
                ##"[{"op":"replace","path":"/a~1b","value":4},{"op":"replace","path":"/m~0n","value":5},{"op":"replace","path":"/","value":6}]"##,
            result: #"{"a/b":4,"m~n":5,"":6}"#
        ),
        Patch(target: #"{"a":1}"#, patch: "[]", result: #"{"a":1}"#),
        Patch(
            target: #"{"a":1}"#,
            patch: #"[{"op":"add","path":"/b","value":null,"xyz":1}]"#,
            result: #"{"a":1,"b":null}"#
        ),
        Patch(
            target: #"{"a":[{"b":[1]}]}"#,
            patch: #"[{"op":"add","path":"/a/0/b/0","value":0}]"#,
            result: #"{"a":[{"b":[0,1]}]}"#
        ),
        Patch(target: #"{"a":1}"#, patch: #"[{"op":"move","from":"/a","path":"/a"}]"#, result: #"{"a":1}"#),
        // Refused
        Patch(target: "{}", patch: "{}", reason: .notAnArray),
        Patch(target: "{}", patch: "[1]", reason: .missingMember("op")),
        Patch(target: "{}", patch: #"[{"op":"frob","path":"/a"}]"#, reason: .unknownOperation("frob")),
        Patch(target: "{}", patch: #"[{"op":"add","path":"/a"}]"#, reason: .missingMember("value")),
        Patch(target: "{}", patch: #"[{"op":"add","value":1}]"#, reason: .missingMember("path")),
        Patch(target: "{}", patch: #"[{"op":"copy","path":"/a"}]"#, reason: .missingMember("from")),
        Patch(target: "{}", patch: #"[{"op":"add","path":"a","value":1}]"#, reason: .invalidPointer("a")),
        Patch(target: "{}", patch: #"[{"op":"add","path":"/~2","value":1}]"#, reason: .invalidPointer("/~2")),
        Patch(target: "{}", patch: #"[{"op":"add","path":"/~","value":1}]"#, reason: .invalidPointer("/~")),
        Patch(target: "{}", patch: #"[{"op":"remove","path":"/a"}]"#, reason: .notFound("/a")),
        Patch(target: "{}", patch: #"[{"op":"replace","path":"/a","value":1}]"#, reason: .notFound("/a")),
        Patch(target: "{}", patch: #"[{"op":"add","path":"/a/b","value":1}]"#, reason: .notFound("/a")),
        Patch(target: #"{"a":1}"#, patch: #"[{"op":"add","path":"/a/b","value":1}]"#, reason: .notFound("/a/b")),
        Patch(target: "[1]", patch: #"[{"op":"add","path":"/2","value":1}]"#, reason: .invalidIndex("/2")),
        Patch(target: "[1]", patch: #"[{"op":"add","path":"/01","value":1}]"#, reason: .invalidIndex("/01")),
        Patch(target: "[1]", patch: #"[{"op":"add","path":"/x","value":1}]"#, reason: .invalidIndex("/x")),
        Patch(target: "[1]", patch: #"[{"op":"remove","path":"/-"}]"#, reason: .notFound("/-")),
        Patch(
            target: "[1]",
            patch: #"[{"op":"remove","path":"/99999999999999999999"}]"#,
            reason: .notFound("/99999999999999999999")
        ),
        Patch(target: #"{"a":1}"#, patch: #"[{"op":"test","path":"/a","value":"1"}]"#, reason: .testFailed("/a")),
        Patch(
            target: #"{"a":{"b":1}}"#,
            patch: #"[{"op":"move","from":"/a","path":"/a/b"}]"#,
            reason: .moveIntoItself(from: "/a", to: "/a/b")
        ),
    ]

    @Test("a JSON patch changes a value as RFC 6902 says, or is refused with its reason", arguments: patches)
    func patch(_ example: Patch) throws {
        let target = try JSONValue(parsing: example.target)
        let patch = try JSONValue(parsing: example.patch)
        if let result = example.result {
            #expect(try JSONPatch(patch).applied(to: target).text() == result)
        } else {
            let error = #expect(throws: JSONPatchError.self) { try JSONPatch(patch).applied(to: target) }
            #expect(error?.reason == example.reason)
            #expect(error?.description.hasPrefix("JSON patch: ") == true)
        }
    }

    @Test("the operation that does not apply is named, and changes nothing")
    func atomic() throws {
        let target: JSONValue = ["a": ["b": [1, 2, 3]]]
        let patch = JSONPatch([
            .add(JSONPointer(tokens: ["a", "b", "0"]), 0), .remove(JSONPointer(tokens: ["a", "b", "9"])),
        ])
        let error = #expect(throws: JSONPatchError.self) { try patch.applied(to: target) }
        #expect(error?.operation == 1)
        #expect(error?.isConflict == true)
        #expect(error?.description == "JSON patch: operation 1: there is nothing at \"/a/b/9\"")
        #expect(target == ["a": ["b": [1, 2, 3]]])
    }

    @Test("a patch that doubles a value again and again is stopped")
    func copyBomb() throws {
        let grow = (0..<60).map {
            JSONPatch.Operation.copy(from: JSONPointer(tokens: ["a"]), to: JSONPointer(tokens: ["a", "\($0)"]))
        }
        let error = #expect(throws: JSONPatchError.self) { try JSONPatch(grow).applied(to: ["a": ["x": [1, 2, 3]]]) }
        #expect(error?.reason == .tooMuchCopying(limit: JSONPatch.mostCopiedValues))
    }

    @Test("a patch that nests a value in itself again and again is stopped")
    func depthBomb() {
        let path = JSONPointer(tokens: ["a"])
        let wrap = (0..<200).map { _ in
            [
                JSONPatch.Operation.copy(from: path, to: JSONPointer(tokens: ["b"])), .replace(path, ["a": 1]),
                .move(from: JSONPointer(tokens: ["b"]), to: JSONPointer(tokens: ["a", "a"])),
            ]
        }.joined()
        let error = #expect(throws: JSONPatchError.self) { try JSONPatch(Array(wrap)).applied(to: ["a": 1]) }
        #expect(error?.reason == .tooDeep(limit: 100))
    }

    @Test("more than ten thousand operations are refused")
    func tooMany() {
        let patch = JSONValue.array(Array(repeating: ["op": "remove", "path": "/a"], count: 10_001))
        let error = #expect(throws: JSONPatchError.self) { try JSONPatch(patch) }
        #expect(error?.reason == .tooManyOperations(limit: 10_000))
    }

    @Test("pointers are written as they are read", arguments: ["", "/", "/a", "/a/b", "/a~1b/~0", "//", "/é/0"])
    func pointers(_ text: String) {
        #expect(JSONPointer(text)?.description == text)
    }
}
