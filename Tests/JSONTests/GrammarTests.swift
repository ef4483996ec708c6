import JSON
import Testing

/// One text and whether RFC 8259 allows it.
struct GrammarTests {
    static let accepted: [String] = [
        // Structure
        "{}", "[]", "[[]]", "[[],[[]]]", "{\"\":0}", "{\"a\":{\"b\":{}}}", " \t\r\n[ \t\r\n] \t\r\n", "[1,2,3]",
        "[null]",
        "[true,false,null]", "{\"a\":1,\"b\":2}", "{\"a\":[],\"b\":{}}", "{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }",
        "[\"\",\"\"]", "null", "true", "false", "0", "\"\"", "\"a\"", "-1", "  1  ", "[\n]", "{\"a\":1,\"a\":2}",
        "[{},{}]", "{\"a\":null}", "[[[[[[[[[[]]]]]]]]]]",
        // Numbers
        "-0", "0.0", "-0.0", "0e0", "0E+0", "0e-0", "1e1", "1E1", "1e+1", "1e-1", "1.5e10", "123456789", "-123456789",
        "1234567890123456789012345678901234567890", "0.1", "1.0", "100", "9223372036854775807", "-9223372036854775808",
        "18446744073709551615", "1e999999999", "-1e-999999999", "1e00000", "0.00000000000000000000000000000000001",
        "1.7976931348623157e308", "1e0001", "[0,1]", "[-1,-0]", "1e99999999999999999999999999",
        // Strings
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\"", "\"\\u0041\"", "\"\\u00e9\"", "\"\\uD834\\uDD1E\"",
        "\"\\ud83d\\ude00\"", "\"\\uFFFF\"", "\"\\uFFFE\"", "\"\\uDBFF\\uDFFF\"", "\"\\u0022\\u005c\"", "\"é\"",
        "\"€\"",
        "\"😀\"", "\"\u{7F}\"", "\"\u{80}\"", "\"\u{2028}\u{2029}\"", "\"\u{FEFF}\"", "\"\u{10FFFF}\"", "\"/\"", "\"'\"",
        "\"\\u0000\\u0001\"", "\"a\\u0000b\"", "\"\u{FFFF}\"", "\"\\uabCD\"", "\"//comment\"", "\"/* */\"", "\"[1,2\"",
        "{\"\\u0061\":1}", "{\"\\\"\":1}", "{\"a b\":1}",
    ]

    static let rejected: [String] = [
        // Structure
        "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1]]", "[[1]", "{]", "[}",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":1,,\"b\":2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{a:1}",
        "{1:1}",
        "{'a':1}", "{\"a\":1}}", "{\"a\":1]", "[\"a\":1]", "{\"a\",1}", "{\"a\"::1}", "[1;2]", "[1:2]", "{null:1}",
        "1 2", "1,2", "[] []", "{} x", "nullnull", "\"a\" \"b\"", "[1]x", "//\n1", "/**/1", "1//", "[1,/**/2]", "#1",
        "{\"a\":1,\"b\"", "{\"a\":1,\"b\":", "{\"a", "{\"", "[\"a", "[\"a\"", "[\"a\",", "<html>", "undefined", "[,",
        "*", "{\"a\":1,2}", "[(1)]", "`1`", "\u{FEFF}1", "\u{A0}1", "\u{0B}1", "\u{0C}1", "1\u{0}", "[1\u{0}]",
        "\u{85}",
        "{\"a\":[}", "[{\"a\":]", "[{]}",
        // Words
        "t", "tr", "tru", "truee", "True", "TRUE", "fals", "False", "nul", "nulll", "Null", "NULL", "nan", "NaN",
        "Infinity", "-Infinity", "inf", "[tru]", "[nul,1]", "yes", "None", "true1", "-true",
        // Numbers
        "01", "-01", "00", "-", "+1", "+", ".5", "-.5", "1.", "-1.", "1.e1", "1e", "1e+", "1e-", "1E", "1.5e", "1.5.5",
        "1e1.5", "1e1e1", "0x1", "0b1", "0o1", "1_000", "1,000.0x", "1a", "- 1", "--1", "-+1", "1-1", "1+1", "١", "１",
        "0.", "0.e1", "0e", "1 e1", "1e 1", "[1.]", "[01]", "[-]", "[+1]", "[.1]", "[1e]", "-a", "1.2a-3", "0.3e+",
        "Inf", "[1eE2]", "[0.1.2]", "[-01]", "[-1x]", "[-2.]", "[2.e3]", "[2.e+3]", "[2.e-3]", "[9.e+]",
        // Strings
        "\"", "\"a", "\"\\", "\"\\\"", "\"\\a\"", "\"\\x41\"", "\"\\'\"", "\"\\0\"", "\"\\U0041\"", "\"\\u\"",
        "\"\\u1\"",
        "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\u12", "\"\\uD800\"", "\"\\uDC00\"",
        "\"\\uD800a\"",
        "\"\\uD800\\n\"", "\"\\uD800\\uD800\"", "\"\\uDC00\\uD800\"", "\"\\uD800\\u0041\"", "\"\\uD800\\\"",
        "\"\\uD800\\u\"", "\"\\uD800\\uDC0\"", "\"\t\"", "\"\n\"", "\"\r\"", "\"\u{0}\"", "\"\u{1F}\"", "'a'",
        "\"a\\\n\"",
        "{\"\n\":1}", "{\"\\uD800\":1}", "[\"\\\"]", "\"\\ \"", "\"\\é\"", "\"\\u00A\"", "\"\\u-123\"", "\"\\u+123\"",
        "“a”",
    ]

    /// Bytes that are not UTF-8, put between quotation marks (Unicode table 3-7 has the allowed ones).
    static let malformed: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC0], [0xE0, 0x80, 0x80],
        [0xE0, 0x9F, 0xBF], [0xE1, 0x80], [0xE1, 0x80, 0x41], [0xE1, 0x41, 0x80], [0xED, 0xA0, 0x80],
        [0xED, 0xBF, 0xBF],
        [0xEF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC], [0xFE], [0xFF], [0xF1, 0x80, 0x80, 0x41],
        [0xE9], [0x61, 0xFF, 0x62],
    ]

    @Test("texts that RFC 8259 allows are read", arguments: accepted)
    func reads(_ text: String) throws {
        let value = try JSONValue(parsing: text)
        // What was read can be written and read again, and means the same.
        #expect(try JSONValue(parsing: value.bytes()) == value)
        #expect(try JSONValue(parsing: value.bytes(pretty: true, sortedKeys: true)) == value)
    }

    @Test("texts that RFC 8259 does not allow are refused", arguments: rejected)
    func refuses(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(throws: JSONError.self) { try JSONCoding.decode(JSONValue.self, from: Array(text.utf8)) }
    }

    @Test("strings that are not UTF-8 are refused where they begin", arguments: malformed)
    func refusesMalformed(_ bytes: [UInt8]) throws {
        let quote = UInt8(ascii: "\"")
        let offset = 1 + (bytes.first == 0x61 ? 1 : 0)
        for text in [[quote] + bytes + [quote], [quote] + bytes] {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
            #expect(error?.reason == .invalidUTF8)
            #expect(error?.offset == offset)
        }
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test("scalars of all planes survive reading and writing, escaped and plain")
    func manyScalars() throws {
        var number: UInt32 = 0
        while number <= 0x10FFFF {
            let until = number + 0x400
            var text = ""
            var escaped = "\""
            while number < until {
                if let scalar = Unicode.Scalar(number) {
                    text.unicodeScalars.append(scalar)
                    for unit in UTF16.encode(scalar).map(Array.init) ?? [] {
                        let digits = String(unit, radix: 16)
                        escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }
                }
                number += number < 0x3000 ? 1 : 5
            }
            let value = try JSONValue(parsing: escaped + "\"")
            #expect(value == .string(text))
            #expect(try JSONValue(parsing: value.bytes()) == value)
        }
    }

    @Test("strings are written with no more escapes than RFC 8259 asks for")
    func writesStrings() {
        #expect(JSONValue.string("a/é\u{7F}\u{2028}😀").text() == "\"a/é\u{7F}\u{2028}😀\"")
        #expect(JSONValue.string("\"\\\u{8}\u{C}\n\r\t\u{0}\u{1F}").text() == #""\"\\\b\f\n\r\t\u0000\u001f""#)
    }

    @Test("a value can begin and end at any byte of its text")
    func everyPrefix() {
        let text = Array(#"{"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude00é"],"b":{"c":false}}"#.utf8)
        for length in 0..<text.count {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text.prefix(length)) }
            guard case .endOfText? = error?.reason else {
                // Only a cut inside a scalar or between two surrogates is another error.
                #expect(error?.reason == .invalidUTF8 || error?.reason == .loneSurrogate)
                continue
            }
        }
    }
}
