import Foundation
import JSON
import Testing

/// Types that write themselves.
struct WritableTests {
    struct Mount: JSONObjectWritable {
        var destination = ""
        var options: [String] = []
        var labels: [String: String] = [:]
        var rate: Double = 0

        func write(membersTo writer: inout JSONWriter) throws {
            try writer.member("destination", destination)
            try writer.member("options", options)
            try writer.member("labels", labels)
            try writer.member("rate", rate)
        }
    }

    /// The compiler's coding within a type that writes itself, and around it.
    struct Bundle: JSONObjectWritable {
        struct Plain: Encodable {
            var name: String?
            var mount: Mount
        }

        var plain: [Plain] = []
        var mounts: [String: Mount] = [:]
        var extra: JSONValue = nil

        func write(membersTo writer: inout JSONWriter) throws {
            try writer.member("plain", plain)
            try writer.member("mounts", mounts)
            try writer.member("extra", extra)
        }
    }

    struct Compiled<Value: Encodable>: Encodable {
        let value: Value
        func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
    }

    private func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONCoding.encode(value), as: UTF8.self)
    }

    let seed = RandomJSON.seed(ProcessInfo.processInfo.environment["SWIFTLET_TEST_SEED"])

    @Test("the compiler's coding and theirs may contain each other")
    func nested() throws {
        let mount = Mount(destination: "/a", options: ["ro"], labels: ["b": "2", "a": "1"], rate: 0.5)
        let bundle = Bundle(
            plain: [.init(name: nil, mount: mount)],
            mounts: ["y": Mount(), "x": mount],
            extra: [1, nil]
        )
        let a = #"{"destination":"/a","options":["ro"],"labels":{"a":"1","b":"2"},"rate":0.5}"#
        let b = #"{"destination":"","options":[],"labels":{},"rate":0}"#
        let expected = #"{"plain":[{"mount":\#(a)}],"mounts":{"x":\#(a),"y":\#(b)},"extra":[1,null]}"#
        #expect(try text(bundle) == expected)
        #expect(try text([bundle, bundle]) == "[\(expected),\(expected)]")
        #expect(try text(Compiled(value: bundle)) == expected)
        #expect(try text(["k": [bundle]]) == #"{"k":[\#(expected)]}"#)
    }

    @Test("a value that JSON has no words for is an error, as with the compiler's coding")
    func noWords() {
        for value in [Bundle(mounts: ["x": Mount(rate: .infinity)]), Bundle(plain: [.init(mount: Mount(rate: .nan))])] {
            #expect(throws: JSONError.self) { try JSONCoding.encode(value) }
            #expect(throws: JSONError.self) { try JSONCoding.encode(Compiled(value: value)) }
        }
    }

    @Test("a type that does not obey the rules of encoders is an error within them too")
    func disobedience() {
        struct Twice: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(1)
                try container.encode(2)
            }
        }
        struct Holder: JSONObjectWritable {
            func write(membersTo writer: inout JSONWriter) throws { try writer.member("twice", Twice()) }
            func encode(to encoder: any Encoder) throws {}
        }
        #expect(throws: JSONError.self) { try JSONCoding.encode(Holder()) }
    }

    @Test("a string is written with its escapes and no others, wherever in it they stand")
    func escapes() throws {
        for length in 0..<40 {
            for (piece, written) in [
                ("\"", #"\""#), ("\\", #"\\"#), ("\n", #"\n"#), ("\u{0}", #"\u0000"#), ("\u{1F}", #"\u001f"#),
                ("\u{8}\u{9}\u{C}\r", #"\b\t\f\r"#), (" ", " "), ("!", "!"), ("#", "#"), ("[", "["), ("]", "]"),
                ("/", "/"), ("\u{7F}", "\u{7F}"), ("ÿ", "ÿ"), ("\u{2028}", "\u{2028}"), ("😀", "😀"), ("", ""),
            ] {
                for position in 0...length {
                    let before = String(repeating: "a", count: position)
                    let after = String(repeating: "z", count: length - position)
                    #expect(try text(before + piece + after) == "\"\(before)\(written)\(after)\"")
                    #expect(try text(before + piece + piece + after) == "\"\(before)\(written)\(written)\(after)\"")
                }
            }
        }
    }

    @Test("integers are written with all their digits")
    func integers() throws {
        var numbers: [Int64] = [.min, .max, 0, -1, -9, -10]
        var power: Int64 = 1
        for _ in 0..<18 {
            power *= 10
            numbers += [power - 1, power, power + 1, 1 - power, -power]
        }
        for number in numbers {
            #expect(try text(number) == "\(number)")
            #expect(try text([number]) == "[\(number)]")
        }
        #expect(try text(UInt64.max) == "18446744073709551615")
        #expect(try text(Int32.min) == "-2147483648")
    }

    @Test("dictionaries stand in the order of their written keys, as in the compiler's coding")
    func order() throws {
        struct Box: Encodable {
            let value: String
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(value)
            }
        }
        var random = RandomJSON(seed: seed)
        for _ in 0..<500 {
            let pairs = (0..<random.below(12)).map { _ in (random.string(), random.string()) }
            let dictionary = Dictionary(pairs) { first, _ in first }
            #expect(try text(dictionary) == text(dictionary.mapValues(Box.init)), "seed \(seed)")
        }
    }
}
