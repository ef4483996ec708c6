import Testing

@testable import Images

@Suite("Docker config.json")
struct DockerConfigurationTests {
    @Test("the entry that names a repository most closely wins")
    func matching() throws {
        // alice:secret, bob:a:b
        let text = """
            {"auths": {
              "https://index.docker.io/v1/": {"auth": "YWxpY2U6c2VjcmV0"},
              "localhost:5000": {"auth": "Ym9iOmE6Yg=="},
              "*.example.com": {"username": "star", "password": "p"},
              "reg.example.com/team": {"username": "team", "password": "p"},
              "ghcr.io": {"identitytoken": "refresh"},
              "empty.org": {}
            }, "credsStore": "desktop"}
            """
        let configuration = try DockerConfiguration(Array(text.utf8))
        let expected: [(String, String?)] = [
            ("docker.io/library/bb", "alice"), ("localhost:5000/x", "bob"), ("localhost:5001/x", nil),
            ("reg.example.com/other", "star"), ("reg.example.com/team/app", "team"), ("reg.example.com/teams", "star"),
            ("a.b.example.com/x", nil), ("example.com/x", nil), ("ghcr.io/x", ""), ("empty.org/x", nil),
        ]
        for (name, user) in expected {
            #expect(configuration.credentials(for: name)?.username == user, "\(name)")
        }
        #expect(configuration.credentials(for: "localhost:5000/x")?.password == "a:b")
        #expect(configuration.credentials(for: "ghcr.io/x")?.identityToken == "refresh")
        let legacy = try DockerConfiguration(Array(#"{"r.io": {"auth": "YWxpY2U6c2VjcmV0"}}"#.utf8), isLegacy: true)
        #expect(legacy.credentials(for: "r.io/a/b")?.password == "secret")
    }

    @Test(
        "what cannot be read is refused with the name of the entry",
        arguments: [
            "[", #"{"auths": 1}"#, #"{"auths": {"r.io": {"auth": "%%%"}}}"#,
            #"{"auths": {"r.io": {"auth": "YWxpY2U="}}}"#,
        ]
    )
    func malformed(text: String) {
        let error = #expect(throws: ImageError.self) { try DockerConfiguration(Array(text.utf8)) }
        if text.contains("r.io"), let error { #expect("\(error)".contains("\"r.io\""), "\(error)") }
    }
}
