import JSON
import KubernetesAPI
import Testing

@Suite("YAML")
struct YAMLTests {
    private func decode(_ text: String) throws -> JSONValue {
        let documents = try YAML.decode(Array(text.utf8))
        return try #require(documents.count == 1 ? documents[0] : nil)
    }

    @Test(
        "a plain scalar means what it means to Kubernetes",
        arguments: [
            ("true", true), ("True", true), ("yes", true), ("on", true), ("y", true), ("YES", true), ("off", false),
            ("n", false), ("No", false), ("FALSE", false), ("~", nil), ("null", nil), ("Null", nil), ("", nil),
            ("yEs", "yEs"), ("truE", "truE"), ("12", 12), ("-12", -12), ("+12", 12), ("0", 0), ("0644", 420),
            ("0o644", 420), ("0x1F", 31), ("0b101", 5), ("1_000", 1000), ("08", 8), ("1.5", 1.5), ("-1.5", -1.5),
            (".5", 0.5), ("1e3", "1e3"), ("1e+3", 1000), ("1.", "1."), ("1.2.3", "1.2.3"), ("1-2", "1-2"),
            ("2026-01-31", "2026-01-31"), ("12:30", "12:30"), ("\"12\"", "12"), ("'true'", "true"), ("\"\"", ""),
            ("a b", "a b"), ("a:b", "a:b"), ("!!str 12", "12"), ("!!int \"12\"", 12),
            ("9223372036854775807", 9_223_372_036_854_775_807),
            ("64Mi", "64Mi"), ("1m", "1m"), ("0.5", 0.5), ("é", "é"), ("\"\\u00e9\\n\"", "é\n"),
        ] as [(String, JSONValue)]
    )
    func scalars(text: String, value: JSONValue) throws {
        #expect(try decode("a: \(text)\n")["a"] == value)
        #expect(try decode("[\(text.isEmpty ? "~" : text)]") == .array([value]))
    }

    @Test("a pod in YAML is the pod in JSON")
    func pod() throws {
        let text = """
            # A comment
            apiVersion: v1
            kind: Pod
            metadata:
              name: hello   # the name
              labels: {app: web, "tier": 'front'}
            spec:
              containers:
              - name: c
                image: bb:1
                command: ["sh", "-c"]
                args:
                - |
                  echo one
                  echo two
                - >-
                  folded
                  text
              restartPolicy: Never
            """
        let expected: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "hello", "labels": ["app": "web", "tier": "front"]],
            "spec": [
                "containers": [
                    [
                        "name": "c", "image": "bb:1", "command": ["sh", "-c"],
                        "args": ["echo one\necho two\n", "folded text"],
                    ]
                ],
                "restartPolicy": "Never",
            ],
        ]
        #expect(try decode(text) == expected)
    }

    @Test("keys become strings")
    func keys() throws {
        #expect(
            try decode("1: a\non: b\n~: c\n\"off\": d\n0x10: e")
                == ["1": "a", "true": "b", "null": "c", "off": "d", "16": "e"]
        )
    }

    @Test("anchors, aliases and merge keys are followed; a key of its own wins over a merged one")
    func merges() throws {
        let text = "base: &b {x: 1, w: 2}\nother: &o {w: 3, z: 4}\na: *b\nm: {<<: *b, w: 5}\nk: {<<: [*b, *o]}\n"
        let value = try decode(text)
        #expect(value["a"] == ["x": 1, "w": 2])
        #expect(value["m"] == ["w": 5, "x": 1])
        #expect(value["k"] == ["x": 1, "w": 2, "z": 4])
    }

    @Test("several documents are told apart, and nothing at all is none")
    func documents() throws {
        #expect(try YAML.decode(Array("a: 1\n---\nb: 2\n---\n".utf8)) == [["a": 1], ["b": 2], nil])
        #expect(try YAML.decode(Array("---\na: 1\n...\n".utf8)) == [["a": 1]])
        #expect(try YAML.decode([0xEF, 0xBB, 0xBF] + Array("a: 1\nb: 2\n".utf8)) == [["a": 1, "b": 2]])
        #expect(try YAML.decode([]) == [])
        #expect(try YAML.decode(Array("# only a comment\n".utf8)) == [])
    }

    @Test(
        "an error says where it is",
        arguments: [
            ("a: 1\na: 2\n", "already set in map"), ("a:\n\tb: 1\n", "yaml: line 2, column 1: "),
            ("a: [1, 2\n", "yaml: line 2"),
            ("a: *x\n", "yaml: line 1, column 4: found undefined alias"), ("a: b: c\n", "yaml: line 1, column 5: "),
            ("\"a\n", "yaml: line 2"), ("{a: 1}}\n", "yaml: line 1, column 7: "),
            ("? [a]\n: b\n", "a key must be a string"),
            ("a: .inf\n", "has no meaning in JSON"), ("a: 'x\n", "yaml: line 2"), ("%YAML 3.0\n---\na\n", "yaml: line"),
            ("a: \u{7}\n", "control characters are not allowed"), ("<<: 1\n", "map merge requires map"),
        ]
    )
    func errors(text: String, part: String) {
        let error = #expect(throws: YAMLError.self) { try YAML.decode(Array(text.utf8)) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "none")")
    }

    @Test("bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: YAMLError.self) { try YAML.decode([0x61, 0x3A, 0x20, 0xFF]) }
        #expect(throws: YAMLError.self) { try YAML.decode([0xFF, 0xFE, 0x61, 0x00]) }
    }

    @Test("deep nesting and exploding aliases are refused before they cost anything")
    func bombs() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: YAMLError.self) { try YAML.decode(Array(deep.utf8)) }
        let nested = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(throws: YAMLError.self) { try YAML.decode(Array(nested.utf8)) }
        var bomb = "a0: &a0 [x]\n"
        for level in 1...12 {
            bomb += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ","))]\n"
        }
        #expect(throws: YAMLError.self) { try YAML.decode(Array(bomb.utf8)) }
        #expect(throws: YAMLError.self) { try YAML.decode(Array((bomb + "? *a12\n: x\n").utf8)) }
        #expect(throws: YAMLError.self) { try YAML.decode(Array((bomb + "*a12 : x\n").utf8)) }
        #expect(throws: YAMLError.self) { try YAML.decode(Array((bomb + "[*a12]: x\n").utf8)) }
    }

    @Test("many aliases of one anchor, and shell text full of stars, are no bomb")
    func harmless() throws {
        var text = "base: &base {a: 1}\nlist:\n"
        for _ in 0..<500 { text += "- *base\n" }
        text += "script: |\n  rm -f *.o && ls *.c; [ x ]: why? \n"
        #expect(try decode(text)["list"]?.arrayValue?.count == 500)
    }

    @Test(
        "the writer's text is kubectl's",
        arguments: [
            (["b": 1, "a": [1, "x"]], "a:\n- 1\n- x\nb: 1\n"), ([:], "{}\n"), ([], "[]\n"), ("x", "x\n"),
            (["a": [:], "b": [], "c": nil], "a: {}\nb: []\nc: null\n"),
            (["a": [["b": 1, "c": [2]], [[1, 2], 3]]], "a:\n- b: 1\n  c:\n  - 2\n- - - 1\n    - 2\n  - 3\n"),
            (["a": "true"], "a: \"true\"\n"), (["a": "12"], "a: \"12\"\n"), (["a": ""], "a: \"\"\n"),
            (["a": "x: y"], "a: 'x: y'\n"), (["a": "it's: so"], "a: 'it''s: so'\n"), (["a": "#x"], "a: '#x'\n"),
            (["a": "x #y"], "a: 'x #y'\n"), (["a": "one\ntwo"], "a: |-\n  one\n  two\n"),
            (["a": "one\n\ntwo\n"], "a: |\n  one\n\n  two\n"), (["a": "one\n\n"], "a: |+\n  one\n\n"),
            (["a": " one\ntwo"], "a: \" one\\ntwo\"\n"), (["a": "\t"], "a: \"\\t\"\n"),
            (["a": "2026-01-31T12:00:00Z"], "a: \"2026-01-31T12:00:00Z\"\n"),
            (["a": "2026-01-31"], "a: \"2026-01-31\"\n"),
            (["a": "12:30"], "a: \"12:30\"\n"), (["a": "10.0.0.1:80"], "a: \"10.0.0.1:80\"\n"),
            (["a": "1.2.3"], "a: 1.2.3\n"),
            (["a": "2026-hello"], "a: 2026-hello\n"),
            (["a": "-"], "a: '-'\n"), (["a": "- x"], "a: '- x'\n"), (["a": "-x"], "a: -x\n"),
            (["a": "*x"], "a: '*x'\n"),
            (["a": "x:"], "a: 'x:'\n"), (["a": "http://x/y"], "a: http://x/y\n"), (["on": "on"], "\"on\": \"on\"\n"),
            (["a": "\u{1}é"], "a: \"\\x01é\"\n"), (["a": "0644"], "a: \"0644\"\n"), (["a": "x\n"], "a: |\n  x\n"),
        ] as [(JSONValue, String)]
    )
    func writer(value: JSONValue, text: String) throws {
        let written = YAML.encode(value)
        #expect(written == text)
        #expect(try decode(written) == value)
    }

    @Test("what is written is read back, whatever it is")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 20_261_123)
        for round in 0..<3_000 {
            let value = JSONValue.object(["root": randomValue(&generator, depth: 4)])
            let text = YAML.encode(value)
            let back = try? decode(text)  // a text that does not decode is the failure reported below
            #expect(back == value, "round \(round), seed 20261123:\n\(text)")
            if back != value { break }
        }
    }

    private func randomValue(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: return nil
        case 1: return .bool(.random(using: &generator))
        case 2: return .number(JSONNumber(Int64.random(in: -1_000_000...1_000_000, using: &generator)))
        case 3, 4, 5: return .string(randomText(&generator))
        case 6:
            return .array(
                (0..<Int.random(in: 0...3, using: &generator)).map { _ in randomValue(&generator, depth: depth - 1) }
            )
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                object[randomText(&generator)] = randomValue(&generator, depth: depth - 1)
            }
            return .object(object)
        }
    }

    private func randomText(_ generator: inout SeededGenerator) -> String {
        let pieces = [
            "a", "b ", " ", ":", ": ", "#", " #", "-", "- ", "\n", "\n\n", "'", "\"", "\\", "{", "}", "[", "]", ",",
            "&", "*",
            "!", "|", ">", "%", "@", "`", "?", "? ", "1", "0x", "e", "true", "null", "~", "é", "\u{1F600}", "\t", "\r",
            "\u{85}", "\u{2028}", "=", "<<", "...", "---", ".", "_", "\u{7F}", "\u{0}",
        ]
        return (0..<Int.random(in: 0...4, using: &generator))
            .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
    }
}

/// SplitMix64: small, repeatable.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
