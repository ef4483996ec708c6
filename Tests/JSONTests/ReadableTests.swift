import Foundation
import JSON
import Testing

/// Types that take their members out of an object themselves.
struct ReadableTests {
    struct Mount: JSONReadable, Hashable {
        var destination: String
        var options: [String]?
        var size: UInt32?

        init(destination: String, options: [String]? = nil, size: UInt32? = nil) {
            (self.destination, self.options, self.size) = (destination, options, size)
        }

        init(reading members: JSONMembers) throws {
            destination = try members.required("destination")
            options = try members.optional("options")
            size = try members.optional("size")
        }
    }

    struct Bundle: JSONReadable, Hashable {
        var mounts: [Mount]
        var root: Mount?
        var byName: [String: Mount]?
        var terminal: Bool?
        var extra: JSONValue?

        init(mounts: [Mount], root: Mount? = nil, byName: [String: Mount]? = nil, extra: JSONValue? = nil) {
            (self.mounts, self.root, self.byName, self.extra) = (mounts, root, byName, extra)
        }

        init(reading members: JSONMembers) throws {
            mounts = try members.required("mounts")
            root = try members.optional("root")
            byName = try members.optional("byName")
            terminal = try members.optional("terminal")
            extra = try members.optional("extra")
        }
    }

    /// The compiler's coding around one that reads itself.
    struct Mixed: Decodable, Hashable {
        var bundle: Bundle
        var mounts: [Mount]?
    }

    private func read<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try JSONCoding.decode(type, from: Array(text.utf8))
    }

    private let text = """
        {"mounts":[{"destination":"/a","options":["ro","rbind"]},{"size":7,"destination":"/\\u0062"}],"terminal":null,
        "byName":{"x":{"destination":"/x"}},"root":{"d\\u0065stination":"/r"},"extra":[1,{"a":null}]}
        """
    private let bundle = Bundle(
        mounts: [Mount(destination: "/a", options: ["ro", "rbind"]), Mount(destination: "/b", size: 7)],
        root: Mount(destination: "/r"),
        byName: ["x": Mount(destination: "/x")],
        extra: [1, ["a": nil]]
    )

    @Test("members are found in any order, and nulls count as absent")
    func reads() throws {
        #expect(try read(Bundle.self, text) == bundle)
        #expect(try read([Bundle].self, "[\(text)]") == [bundle])
        #expect(try read(Mixed.self, #"{"bundle":\#(text)}"#) == Mixed(bundle: bundle))
    }

    @Test("decoders of others read such types too")
    func otherDecoders() throws {
        let mixed = try JSONDecoder().decode(Mixed.self, from: Data(#"{"bundle":\#(text),"mounts":[]}"#.utf8))
        #expect(mixed == Mixed(bundle: bundle, mounts: []))
    }

    @Test("errors tell the path, the place and the kinds")
    func errors() {
        for (text, message) in [
            (#"{"mounts":[{}]}"#, #"mounts[0]: required field "destination" is missing at line 1, column 12"#),
            (#"{"mounts":{}}"#, "mounts: expected an array, found an object at line 1, column 11"),
            (
                #"{"mounts":[],"byName":{"x":[]}}"#,
                "byName.x: expected an object, found an array at line 1, column 28"
            ),
            (
                #"{"mounts":[],"byName":[]}"#, "byName: expected an object, found an array at line 1, column 23"
            ),
            (
                #"{"mounts":[{"destination":"","options":["a",null]}]}"#,
                "mounts[0].options[1]: expected a string, found null at line 1, column 45"
            ),
            (
                #"{"mounts":[{"destination":"","size":-1}]}"#,
                "mounts[0].size: the number -1 does not fit an unsigned 32-bit integer at line 1, column 37"
            ),
            ("[]", "expected an object, found an array at line 1, column 1"),
        ] {
            let error = #expect(throws: JSONError.self) { try read(Bundle.self, text) }
            #expect(error?.description == message)
        }
    }

    @Test("a strict reading lists what was not asked for, and keys that occur twice")
    func strict() throws {
        let text = """
            {"mounts":[{"destination":"/a","destination":"/b","typ":1}],"byName":{"x":{"destination":"","y":{"z":1}}},
            "zzz":{"deep":1}}
            """
        let (bundle, issues) = try JSONCoding.decodeStrictly(Bundle.self, from: Array(text.utf8))
        #expect(bundle.mounts == [Mount(destination: "/b")])
        #expect(
            issues == [
                .duplicateField("mounts[0].destination"), .unknownField("mounts[0].typ"),
                .unknownField("byName.x.y"), .unknownField("zzz"),
            ]
        )
    }

    @Test("a member that another replaces need not fit, in objects and in dictionaries")
    func replaced() throws {
        let text = #"{"mounts":[],"byName":{"x":1,"y":{"destination":"/y"},"x":{"destination":"/x"}},"mounts":[]}"#
        let read = try read(Bundle.self, text)
        #expect(read.byName == ["x": Mount(destination: "/x"), "y": Mount(destination: "/y")])
    }

    @Test("keys of every length are found among others of equal length and ending")
    func manyKeys() throws {
        struct All: JSONReadable {
            let found: [Int64?]
            init(reading members: JSONMembers) throws {
                found = [
                    try members.optional("a"), try members.optional("ab"), try members.optional("abc"),
                    try members.optional("abcd"), try members.optional("abcdefg"), try members.optional("abcdefgh"),
                    try members.optional("abcdefghijklmno"), try members.optional("abcdefghijklmnop"),
                    try members.optional("abcdefghijklmnopq"), try members.optional("abcdefghXjklmnopq"),
                    try members.optional("abcdefgX"), try members.optional("X"),
                ]
            }
        }
        let names = [
            "a", "ab", "abc", "abcd", "abcdefg", "abcdefgh", "abcdefghijklmno", "abcdefghijklmnop",
            "abcdefghijklmnopq",
        ]
        for filler in [0, 5, 100] {
            let members =
                names.enumerated().map { "\"\($1)\":\($0)" } + (0..<filler).map { "\"abcdefghYjklm\($0)opq\":0" }
            let text = "{" + members.shuffled().joined(separator: ",") + "}"
            #expect(try read(All.self, text).found == [0, 1, 2, 3, 4, 5, 6, 7, 8, nil, nil, nil])
        }
    }
}
