import JSON
import Testing

struct LimitTests {
    private func reason(_ text: some Collection<UInt8>, _ limits: JSONLimits = .default) -> JSONError.Reason? {
        do {
            _ = try JSONValue(parsing: text, limits: limits)
            return nil
        } catch { return error.reason }
    }

    @Test("values nest as deep as the limit and no deeper")
    func depth() {
        func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
            Array((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
        }
        #expect(reason(nested(100, "[", "]")) == nil)
        #expect(reason(nested(101, "[", "]")) == .tooDeep(limit: 100))
        #expect(reason(nested(100, "{\"a\":", "}")) == nil)
        #expect(reason(nested(101, "{\"a\":", "}")) == .tooDeep(limit: 100))
        #expect(reason(nested(3, "[", "]"), JSONLimits(maxDepth: 2)) == .tooDeep(limit: 2))
        #expect(reason(nested(0, "", ""), JSONLimits(maxDepth: 0)) == nil)
    }

    @Test("a million opening brackets fail cleanly")
    func depthBomb() {
        #expect(reason(repeatElement(UInt8(ascii: "["), count: 1_000_000)) == .tooDeep(limit: 100))
        let objects = Array(String(repeating: "{\"a\":", count: 200_000).utf8)
        #expect(reason(objects) == .tooDeep(limit: 100))
    }

    @Test("a text of 200 MB is refused before it is read")
    func tooLarge() {
        let huge = repeatElement(UInt8(ascii: " "), count: 200_000_000)
        #expect(reason(huge) == .tooLarge(bytes: 200_000_000, limit: 32 << 20))
        #expect(
            reason(repeatElement(UInt8(ascii: "1"), count: 11), JSONLimits(maxBytes: 10))
                == .tooLarge(bytes: 11, limit: 10)
        )
        #expect(reason(repeatElement(UInt8(ascii: "1"), count: 10), JSONLimits(maxBytes: 10)) == nil)
    }

    @Test("number literals have a longest length")
    func longNumbers() {
        #expect(reason(repeatElement(UInt8(ascii: "1"), count: 512)) == nil)
        #expect(reason(repeatElement(UInt8(ascii: "1"), count: 513)) == .numberTooLong(limit: 512))
    }

    @Test("a number with a huge exponent is kept as text and fits no Swift number")
    func hugeExponent() throws {
        let value = try JSONValue(parsing: "1e999999999")
        #expect(value.text() == "1e999999999")
        #expect(value.int64Value == nil)
        #expect(value.doubleValue == nil)
        #expect(throws: JSONError.self) { try JSONCoding.decode(Double.self, from: Array("1e999999999".utf8)) }
        #expect(throws: JSONError.self) { try JSONCoding.decode(Int.self, from: Array("1e999999999".utf8)) }
        #expect(throws: JSONError.self) { try JSONCoding.decode(Int.self, from: Array("1e99999999999999999999".utf8)) }
        #expect(try JSONCoding.decode(Double.self, from: Array("1e-999999999".utf8)) == 0)
    }

    @Test("equal keys are refused, or the last one wins, as the limits say", arguments: [2, 3, 12, 32, 33, 40])
    func duplicateKeys(_ count: Int) throws {
        // Among different keys, one is repeated under another spelling.
        let others = (0..<(count - 2)).map { "\"k\($0)\":0," }.joined()
        let text = "{\"ab\":1,\(others)\"\\u0061b\":2}"
        #expect(reason(text.utf8, JSONLimits(duplicateKeys: .reject)) == .duplicateField("ab"))
        let value = try JSONValue(parsing: text)
        #expect(value["ab"] == 2)
        #expect(value.objectValue?.count == count - 1)
        let (reported, issues) = try JSONValue.parsingWithIssues(text.utf8)
        #expect(reported == value)
        #expect(issues == [.duplicateField("ab")])
    }

    @Test("a key that occurs many times is reported once", arguments: [3, 4, 12, 32, 33, 100])
    func reportedOnce(_ count: Int) throws {
        let text = "{\"x\":[{" + (0..<count).map { "\"a\":\($0)" }.joined(separator: ",") + "}]}"
        let (value, issues) = try JSONValue.parsingWithIssues(text.utf8)
        #expect(issues == [.duplicateField("x[0].a")])
        #expect(value["x"]?[0] == ["a": .number(JSONNumber(count - 1))])
    }

    @Test("keys that look alike in Unicode are different keys")
    func normalisation() throws {
        let text = "{\"\u{E9}\":1,\"e\u{301}\":2}"
        let value = try JSONValue(parsing: text, limits: JSONLimits(duplicateKeys: .reject))
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(value.text() == text)
        #expect(JSONValue.string("\u{E9}") != JSONValue.string("e\u{301}"))
    }

    @Test("an object of two hundred thousand keys is read in linear time")
    func manyKeys() throws {
        let text = "{" + (0..<200_000).map { "\"k\($0)\":\($0 % 10)" }.joined(separator: ",") + "}"
        let value = try JSONValue(parsing: text)
        #expect(value.objectValue?.count == 200_000)
        #expect(value["k199999"] == 9)
        let decoded = try JSONCoding.decode([String: Int].self, from: Array(text.utf8))
        #expect(decoded.count == 200_000)
        #expect(decoded["k123456"] == 6)
    }

    @Test("strict reading lists at most a hundred issues")
    func manyIssues() throws {
        struct Empty: Decodable {}
        let text = "{" + (0..<1000).map { "\"k\($0)\":{}" }.joined(separator: ",") + "}"
        let (_, issues) = try JSONCoding.decodeStrictly(SmallPod.Spec?.self, from: Array("null".utf8))
        #expect(issues.isEmpty)
        struct Known: Decodable { var k5: [String: Int]? }
        let found = try JSONCoding.decodeStrictly(Known.self, from: Array(text.utf8)).1
        #expect(found.count == 100)
        #expect(found.first == .unknownField("k0"))
        #expect(!found.contains(.unknownField("k5")))
    }
}
