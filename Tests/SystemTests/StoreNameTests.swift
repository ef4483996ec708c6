import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("names of containerd's concepts", .serialized)
    struct StoreNameTests {
        @Test("what containerd takes for no name, and labels that are too long, are refused in its words and stay out")
        func refused() throws {
            try RunningAgent.with(image: false) { agent in
                let before = try agent.log().count
                let long = String(repeating: "x", count: 77)
                let label = String(repeating: "v", count: 4096)
                let cases: [(path: String, body: String, words: String)] = [
                    ("namespaces", #"{"name":".."}"#, #"identifier ".." must match `^[A-Za-z0-9]+"#),
                    ("namespaces", #"{"name":""}"#, "identifier must not be empty"),
                    ("namespaces", #"{"name":"a/b"}"#, #"identifier "a/b" must match"#),
                    ("namespaces", #"{"name":"\#(long)"}"#, "greater than maximum length (76 characters)"),
                    (
                        "namespaces", #"{"name":"a","labels":{"k":"\#(label)"}}"#,
                        "greater than maximum size (4096 bytes), key: k"
                    ),
                    ("leases", #"{"id":".."}"#, #"id "..": use 1 to 128"#),
                    ("leases", #"{"id":"a b"}"#, #"id "a b": use 1 to 128"#),
                    (
                        "leases", #"{"id":"a","labels":{"k":"\#(label)"}}"#,
                        "greater than maximum size (4096 bytes), key: k"
                    ),
                    ("leases?namespace=-", "{}", #"namespace: identifier "-" must match"#),
                    ("images/tag?source=a&target=b&namespace=..", "{}", #"namespace: identifier ".." must match"#),
                ]
                for test in cases {
                    let reply = try agent.request("POST", "/v1/" + test.path, test.body)
                    #expect(reply.code == 400, "\(test.path) \(test.body.prefix(40)): \(reply.text)")
                    #expect(reply.message.contains(test.words), "\(reply.message)")
                }
                let changed = try agent.request("PATCH", "/v1/namespaces/k8s.io/labels", #"{"k":"\#(label)"}"#)
                #expect(changed.code == 400)
                #expect(changed.message.contains("label key and value length (4097 bytes)"), "\(changed.message)")
                for arguments in [
                    ["namespace", "create", ".."], ["lease", "create", "--id", ".."], ["image", "ls", "-n", ".."],
                ] {
                    let outcome = try agent.swiftlet(arguments)
                    #expect(outcome.code != 0, "\(arguments)")
                    #expect(String(decoding: outcome.errors, as: UTF8.self).contains(#""..""#), "\(arguments)")
                }
                #expect(try agent.log().count == before)
                #expect(try agent.request("POST", "/v1/leases", #"{"id":"12-a_-"}"#).code == 201)
                #expect(try agent.request("POST", "/v1/namespaces", #"{"name":"a.b-c_D"}"#).code == 201)
            }
        }
    }
}
