import RuntimeCore
import Testing

@Suite("containerd's rules for names and labels")
struct IdentifierTests {
    @Test(
        "names that containerd takes are taken",
        arguments: ["default", "k8s.io", "a", "0", "A-b_c.9", String(repeating: "x", count: 76)]
    )
    func taken(name: String) {
        #expect(Identifier.refusal(name) == nil)
    }

    @Test(
        "names that containerd refuses are refused in its words",
        arguments: [
            ("", "identifier must not be empty"),
            (".", #"identifier "." must match `^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$`"#),
            ("..", #"identifier ".." must match `"#),
            ("a..b", #"identifier "a..b" must match `"#),
            ("-a", #"identifier "-a" must match `"#),
            ("a-", #"identifier "a-" must match `"#),
            ("a/b", #"identifier "a/b" must match `"#),
            ("a b", #"identifier "a b" must match `"#),
            ("ä", #"identifier "ä" must match `"#),
            ("a\n\u{1B}\"", #"identifier "a\n\x1b\"" must match `"#),
            (String(repeating: "x", count: 77), "greater than maximum length (76 characters)"),
        ]
    )
    func refused(name: String, text: String) throws {
        #expect(try #require(Identifier.refusal(name)).contains(text))
    }

    @Test("a label may have 4096 bytes, name and value together")
    func labels() {
        let key = String(repeating: "k", count: 100)
        #expect(Identifier.refusal(label: key, String(repeating: "v", count: 3996)) == nil)
        #expect(
            Identifier.refusal(label: key, String(repeating: "v", count: 3997))
                == "label key and value length (4097 bytes) greater than maximum size (4096 bytes), key: "
                + String(repeating: "k", count: 64)
        )
        #expect(Identifier.refusal(label: "", "x") != nil)
        #expect(Identifier.refusal(label: "a/b", "") == nil)
    }

    @Test("a lease has any name that a path can have")
    func leases() {
        for name in ["123456789-Ab_-", "--", "a..b", "x:y"] {
            #expect(Identifier.refusal(lease: name) == nil, "\(name)")
        }
        for name in ["", ".", "..", "a/b", "a b", "a\n", "ä", String(repeating: "x", count: 129)] {
            #expect(Identifier.refusal(lease: name) != nil, "\(name)")
        }
    }
}
