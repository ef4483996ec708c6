import OCI
import Testing

struct ImageReferenceTests {
    static let hex = String(repeating: "0123456789abcdef", count: 4)
    static let digest = "sha256:\(hex)"
    static let longTag = String(repeating: "t", count: 128)

    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let full: String
        let familiar: String
        let canonical: String
        var testDescription: String { text }

        init(_ text: String, _ full: String, _ familiar: String, _ canonical: String) {
            self.text = text
            self.full = full
            self.familiar = familiar
            self.canonical = canonical
        }
    }

    /// What is written; normalised; as short as possible; the name it is stored under.
    static let cases = [
        Case("bb:1", "docker.io/library/bb:1", "bb:1", "docker.io/library/bb:1"),
        Case("bb", "docker.io/library/bb", "bb", "docker.io/library/bb:latest"),
        Case("a/b", "docker.io/a/b", "a/b", "docker.io/a/b:latest"),
        Case("docker.io/bb", "docker.io/library/bb", "bb", "docker.io/library/bb:latest"),
        Case("docker.io/a/b:2", "docker.io/a/b:2", "a/b:2", "docker.io/a/b:2"),
        Case("index.docker.io/bb", "docker.io/library/bb", "bb", "docker.io/library/bb:latest"),
        Case("library/bb:1", "docker.io/library/bb:1", "bb:1", "docker.io/library/bb:1"),
        Case("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b", "docker.io/library/a/b:latest"),
        Case("localhost:5000/x", "localhost:5000/x", "localhost:5000/x", "localhost:5000/x:latest"),
        Case("localhost/x:1", "localhost/x:1", "localhost/x:1", "localhost/x:1"),
        Case(
            "localhost:5000",
            "docker.io/library/localhost:5000",
            "localhost:5000",
            "docker.io/library/localhost:5000"
        ),
        Case("127.0.0.1:5000/a/b:t", "127.0.0.1:5000/a/b:t", "127.0.0.1:5000/a/b:t", "127.0.0.1:5000/a/b:t"),
        Case("[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x:latest"),
        Case("[2001:db8::1]/x", "[2001:db8::1]/x", "[2001:db8::1]/x", "[2001:db8::1]/x:latest"),
        Case("Uppercase/x", "Uppercase/x", "Uppercase/x", "Uppercase/x:latest"),
        Case("r.k8s.io/pause:3.9", "r.k8s.io/pause:3.9", "r.k8s.io/pause:3.9", "r.k8s.io/pause:3.9"),
        Case("a__b/c-----d/e.f", "docker.io/a__b/c-----d/e.f", "a__b/c-----d/e.f", "docker.io/a__b/c-----d/e.f:latest"),
        Case("x:_T.a-G", "docker.io/library/x:_T.a-G", "x:_T.a-G", "docker.io/library/x:_T.a-G"),
        Case("bb@\(digest)", "docker.io/library/bb@\(digest)", "bb@\(digest)", "docker.io/library/bb@\(digest)"),
        Case("r/b:1@\(digest)", "docker.io/r/b:1@\(digest)", "r/b:1@\(digest)", "docker.io/r/b@\(digest)"),
        Case("x:\(longTag)", "docker.io/library/x:\(longTag)", "x:\(longTag)", "docker.io/library/x:\(longTag)"),
        // 64 digits are refused as an image id, but not as a part of a path.
        Case("a/\(hex)", "docker.io/a/\(hex)", "a/\(hex)", "docker.io/a/\(hex):latest"),
    ]

    @Test("names are normalised as docker does", arguments: cases)
    func normalised(entry: Case) throws {
        let reference = try ImageReference(entry.text)
        #expect(reference.description == entry.full)
        #expect(reference.familiar == entry.familiar)
        #expect(reference.canonical == entry.canonical)
        #expect(reference.name == "\(reference.domain)/\(reference.path)")
        // Whatever form is stored, reading it again gives the same image.
        #expect(try ImageReference(reference.description) == reference)
        #expect(try ImageReference(reference.familiar) == reference)
        #expect(try ImageReference(reference.canonical).name == reference.name)
    }

    @Test("the parts are told apart")
    func parts() throws {
        let digest = try Digest(Self.digest)
        let reference = try ImageReference("localhost:5000/team/web:v1@\(digest)")
        #expect(reference.domain == "localhost:5000")
        #expect(reference.path == "team/web")
        #expect(reference.tag == "v1")
        #expect(reference.digest == digest)
        #expect(try ImageReference("bb").withDefaultTag.description == "docker.io/library/bb:latest")
        #expect(try ImageReference("bb@\(digest)").withDefaultTag.tag == nil)
        #expect(try ImageReference("bb:1").with(digest: digest).description == "docker.io/library/bb:1@\(digest)")
    }

    enum Reason: Sendable { case empty, imageID, upperCase, tooLong, badTag, badDigest, malformed }

    static let refusals: [(String, Reason)] = [
        ("", .empty),
        (hex, .imageID),
        ("Bb:1", .upperCase),
        ("docker.io/library/Bb", .upperCase),
        ("localhost:5000/X", .upperCase),
        (String(repeating: "a", count: 256), .tooLong),
        ("docker.io/\(String(repeating: "a/", count: 128))a", .tooLong),
        (String(repeating: "a", count: 248), .tooLong),  // "library/" is counted
        ("bb:", .badTag),
        ("bb:.x", .badTag),
        ("bb:-x", .badTag),
        ("bb:a b", .badTag),
        ("bb:ä", .badTag),
        ("bb:\(longTag)t", .badTag),
        ("bb@", .badDigest),
        ("bb@sha256:abc", .badDigest),
        ("bb@md5:\(hex)", .badDigest),
        ("bb@\(digest)@\(digest)", .badDigest),
        ("bb:1:2", .malformed),
        (":1", .malformed),
        ("@\(digest)", .malformed),
        ("/bb", .malformed),
        ("bb/", .malformed),
        ("a//b", .malformed),
        ("-bb", .malformed),
        ("bb-", .malformed),
        ("a..b", .malformed),
        ("a___b", .malformed),
        ("a_-b", .malformed),
        (".bb", .malformed),
        ("a/../b", .malformed),
        ("bb 1", .malformed),
        ("bb\n", .malformed),
        ("büsy", .malformed),
        ("localhost:/x", .malformed),
        ("localhost:port/x", .malformed),
        ("-host.org/x", .malformed),
        ("host-.org/x", .malformed),
        ("host..org/x", .malformed),
        ("[::1/x", .malformed),
        ("[::1]5000/x", .malformed),
        ("[fe80::1%eth0]/x", .malformed),
        ("http://host/x", .malformed),
        ("docker.io/", .malformed),
    ]

    @Test("a text that is not a reference is refused with its reason", arguments: refusals)
    func refused(text: String, reason: Reason) {
        do {
            let reference = try ImageReference(text)
            Issue.record("\(text) was taken for \(reference)")
        } catch {
            let found: Reason =
                switch error {
                case .empty: .empty
                case .imageID: .imageID
                case .upperCase: .upperCase
                case .tooLong: .tooLong
                case .badTag: .badTag
                case .badDigest: .badDigest
                case .malformed: .malformed
                }
            #expect(found == reason, "\(error)")
            #expect(error.description.hasPrefix("invalid image reference"))
            #expect(error.description.utf8.count < 700)
        }
    }

    @Test("the longest path is taken")
    func longest() throws {
        let path = String(repeating: "a", count: 255)
        #expect(try ImageReference("host.org/\(path)").path == path)
        #expect(try ImageReference(String(repeating: "a", count: 247)).path.utf8.count == 255)
    }
}
