import JSON
import Testing

struct ErrorTests {
    struct Case: Sendable {
        let text: String
        let offset: Int
        let path: String
        let description: String
    }

    static let cases: [Case] = [
        Case(
            text: "",
            offset: 0,
            path: "",
            description: "unexpected end of JSON text at line 1, column 1, expected a value"
        ),
        Case(
            text: "{\"a\":1,\n \"b\": x}",
            offset: 14,
            path: "b",
            description: "b: invalid character 'x' at line 2, column 7, expected a value"
        ),
        Case(
            text: "{\"a\":1\n\"b\":2}",
            offset: 7,
            path: "",
            description: "invalid character '\"' at line 2, column 1, expected ',' or '}'"
        ),
        Case(
            text: "{\"spec\":{\"containers\":[{},{\"image\":[1,02]}]}}",
            offset: 39,
            path: "spec.containers[1].image[1]",
            description: "spec.containers[1].image[1]: invalid number at line 1, column 40, "
                + "expected no digit after a leading zero"
        ),
        Case(
            text: "[1,2}",
            offset: 4,
            path: "",
            description: "invalid character '}' at line 1, column 5, expected ',' or ']'"
        ),
        Case(
            text: "[\"é\u{1}\"]",
            offset: 4,
            path: "[0]",
            description: "[0]: control character 0x01 in a string must be escaped at line 1, column 4"
        ),
        Case(
            text: "{\"é\":\"\\ud800\"}",
            offset: 7,
            path: "é",
            description: "é: a \\u escape names half of a surrogate pair at line 1, column 7"
        ),
        Case(
            text: "1 \n 2",
            offset: 4,
            path: "",
            description: "invalid character '2' after the value at line 2, column 2"
        ),
        Case(
            text: "{\"a\":{\"b\":1,}}",
            offset: 12,
            path: "a",
            description: "a: invalid character '}' at line 1, column 13, expected a key in quotation marks"
        ),
        Case(
            text: "{\"a\":nul}",
            offset: 8,
            path: "a",
            description: "a: invalid character '}' at line 1, column 9, expected 'null'"
        ),
    ]

    @Test("an error names the place, the field and what was expected", arguments: cases)
    func place(_ expected: Case) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: expected.text) }
        #expect(error?.offset == expected.offset)
        #expect(error?.path == expected.path)
        #expect(error?.description == expected.description)
    }

    private func failure<T: Decodable>(_ type: T.Type, _ text: String) -> JSONError? {
        #expect(throws: JSONError.self) { try JSONCoding.decode(type, from: Array(text.utf8)) }
    }

    @Test("a value of the wrong kind is an error with its path, its place and both kinds")
    func mismatch() {
        let error = failure(
            SmallPod.self,
            "{\"kind\":\"Pod\",\n\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":7}]}}"
        )
        #expect(error?.reason == .typeMismatch(expected: "a string", found: "a number"))
        #expect(error?.path == "spec.containers[0].image")
        #expect(error?.line == 2)
        #expect(error?.column == 43)
        #expect(
            error?.description == "spec.containers[0].image: expected a string, found a number at line 2, column 43"
        )
        #expect(failure([String].self, "{}")?.reason == .typeMismatch(expected: "an array", found: "an object"))
        #expect(failure([String: Int].self, "[]")?.reason == .typeMismatch(expected: "an object", found: "an array"))
        #expect(failure(Bool.self, "\"true\"")?.reason == .typeMismatch(expected: "a boolean", found: "a string"))
        #expect(failure(Int.self, "true")?.reason == .typeMismatch(expected: "an integer", found: "a boolean"))
        #expect(failure(Double.self, "null")?.reason == .typeMismatch(expected: "a number", found: "null"))
    }

    @Test("a required field that is absent is named at the object that lacks it")
    func missing() {
        let error = failure(SmallPod.self, #"{"kind":"Pod","spec":{"containers":[{"name":"a"},{"image":"b"}]}}"#)
        #expect(error?.reason == .missingField("name"))
        #expect(error?.path == "spec.containers[1]")
    }

    @Test("an unknown case of an enumeration is told by its text, not by its Swift type")
    func unknownCase() throws {
        enum Colour: String, Codable { case red }
        do {
            _ = try JSONCoding.decode([String: [Colour]].self, from: Array(#"{"a": ["red", "light blue"]}"#.utf8))
            Issue.record("it was accepted")
        } catch {
            #expect("\(error)".hasPrefix(#"a[1]: "light blue" is not known"#), "\(error)")
        }
    }

    @Test("null is nil for an optional and an error for anything else")
    func null() throws {
        let pod = try JSONCoding.decode(
            SmallPod.self,
            from: Array(#"{"kind":"Pod","labels":null,"spec":{"containers":[],"hostNetwork":null},"extra":null}"#.utf8)
        )
        #expect(pod.labels == nil)
        #expect(pod.spec.hostNetwork == nil)
        #expect(pod.extra == nil)
        let error = failure(SmallPod.self, #"{"kind":"Pod","spec":{"containers":null}}"#)
        #expect(error?.reason == .typeMismatch(expected: "an array", found: "null"))
        #expect(failure(SmallPod.self, #"{"kind":"Pod","spec":null}"#)?.path == "spec")
        #expect(try JSONCoding.decode([String?].self, from: Array(#"["a",null]"#.utf8)) == ["a", nil])
        #expect(try JSONCoding.decode([Int: String?].self, from: Array(#"{"1":null}"#.utf8)) == [1: nil])
    }

    @Test("integers accept whole numbers that fit, however they are written")
    func integers() throws {
        func decode<T: Decodable>(_ text: String, _ type: T.Type = T.self) throws -> T {
            try JSONCoding.decode(type, from: Array(text.utf8))
        }
        #expect(try decode("1.0", Int.self) == 1)
        #expect(try decode("1e3", Int16.self) == 1000)
        #expect(try decode("1500e-2", UInt8.self) == 15)
        #expect(try decode("-0", Int.self) == 0)
        #expect(try decode("-0", UInt.self) == 0)
        #expect(try decode("9223372036854775807", Int64.self) == .max)
        #expect(try decode("-9223372036854775808", Int64.self) == .min)
        #expect(try decode("18446744073709551615", UInt64.self) == .max)
        #expect(try decode("0.000e99999999999999999999", Int.self) == 0)
        for text in ["1.5", "1e-1", "9223372036854775808", "1e19", "-9223372036854775809", "123456789012345678901"] {
            let error = failure(Int64.self, text)
            #expect(error?.reason == .numberOutOfRange(literal: text, type: "a signed 64-bit integer"))
        }
        #expect(failure(UInt8.self, "256") != nil)
        #expect(failure(UInt8.self, "-1") != nil)
        #expect(failure(Int8.self, "-129") != nil)
        #expect(failure(Float.self, "1e39") != nil)
        #expect(try decode("1e38", Float.self) == 1e38)
        #expect(try decode("0.1", Double.self) == 0.1)
    }

    @Test("what a type itself refuses keeps its words and its path")
    func refused() {
        struct Secret: Decodable { var data: [String: Base64Bytes] }
        let error = failure(Secret.self, #"{"data":{"key":"=="}}"#)
        #expect(error?.path == "data.key")
        #expect(error?.reason == .refused("the string is not valid base64"))
    }

    @Test("a value without a text has errors with a path and without a place")
    func withoutText() {
        let value: JSONValue = ["kind": "Pod", "spec": ["containers": [["name": 1]]]]
        let error = #expect(throws: JSONError.self) { try JSONCoding.decode(SmallPod.self, from: value) }
        #expect(error?.description == "spec.containers[0].name: expected a string, found a number")
        #expect(error?.line == nil)
    }

    @Test("an array that is read beyond its end is an error")
    func tooShort() {
        struct Pair: Decodable {
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                _ = try (container.decode(Int.self), container.decode(Int.self))
            }
        }
        #expect(failure([Pair].self, "[[1,2],[1]]")?.path == "[1]")
        #expect(failure([Pair].self, "[[1,2],[1]]")?.reason == .missingElement)
    }
}
