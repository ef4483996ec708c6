import Glibc
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Images

@Suite("Who asks a registry, and by which way")
struct RegistryAccessTests {
    private let alice = RegistryCredentials(username: "alice", password: "secret")
    private static let manifest = Archive.json(
        ImageManifest(
            schemaVersion: 2,
            mediaType: .imageManifest,
            config: .init(
                mediaType: .imageConfig,
                digest: ContentHash.digest(of: Archive.config([])),
                size: Int64(Archive.config([]).count)
            ),
            layers: []
        )
    )

    /// A registry with an image without layers, for those who have the right `Authorization`.
    private static func registry(_ authorization: String, challenge: @escaping @Sendable () -> String) throws
        -> TinyServer
    {
        try TinyServer { request, _ in
            guard request.headers["authorization"] == authorization else {
                return .init(status: 401, headers: ["WWW-Authenticate: " + challenge()])
            }
            return request.path.contains("/manifests/")
                ? .init(headers: ["Content-Type: \(MediaType.imageManifest)"], body: manifest)
                : .init(body: Archive.config([]))
        }
    }

    private func configuration(_ change: (inout RegistryConfiguration) -> Void = { _ in }) -> RegistryConfiguration {
        var configuration = RegistryConfiguration()
        configuration.backoff = 1
        configuration.retries = 1
        configuration.proxies = ProxyEnvironment { _ in nil }
        change(&configuration)
        return configuration
    }

    @Test("a token server that knows only the newer form gets it, and an identity token always goes that way")
    func oauth() throws {
        for credentials in [alice, RegistryCredentials(username: "", password: "", identityToken: "refresh me")] {
            let fixture = try ImageFixture()
            let tokens = try TinyServer { request, _ in
                request.method == "POST"
                    ? .init(body: Array(#"{"access_token":"good"}"#.utf8)) : .init(status: 405)
            }
            let server = try Self.registry("Bearer good") {
                "Bearer realm=\"http://\(tokens.host)/token\",service=\"s\""
            }
            defer { for server in [tokens, server] { server.stop() } }
            _ = try RegistryClient(store: fixture.store, configuration: configuration())
                .pull(ImageReference("\(server.host)/x/y:1"), options: .by(credentials))
            #expect(tokens.seen.map(\.method) == (credentials.identityToken == nil ? ["GET", "POST"] : ["POST"]))
            if credentials.identityToken == nil {
                // The registry named no scope: what is needed is asked for.
                #expect(tokens.seen[0].target == "/token?service=s&scope=repository%3Ax%2Fy%3Apull")
            }
        }
    }

    @Test("the forms of a request for a token are as the specifications say")
    func forms() {
        var request = TokenRequest(realm: "https://t/x?y=1", service: "s", scopes: ["a:b:pull", "c:d:pull"])
        #expect(request.request(.query).url == "https://t/x?y=1&service=s&scope=a%3Ab%3Apull&scope=c%3Ad%3Apull")
        request.credentials = RegistryCredentials(username: "", password: "", identityToken: "r&t")
        let document = request.request(.document)
        #expect(document.method == "POST")
        #expect(
            String(decoding: document.body ?? [], as: UTF8.self)
                == "service=s&scope=a%3Ab%3Apull%20c%3Ad%3Apull&client_id=swiftlet&grant_type=refresh_token&refresh_token=r%26t"
        )
    }

    @Test("several credentials are tried until one is let in; a mirror is not told the registry's password")
    func severalCredentials() throws {
        let fixture = try ImageFixture()
        let server = try Self.registry("Basic YWxpY2U6c2VjcmV0") { "Basic realm=\"x\"" }
        let mirror = try TinyServer { _, _ in .init(status: 401, headers: ["WWW-Authenticate: Basic realm=\"m\""]) }
        defer { for server in [mirror, server] { server.stop() } }
        let places = [
            RegistryEndpoint(url: "http://\(mirror.host)/v2", isMirror: true),
            RegistryEndpoint(url: "http://\(server.host)/v2"),
        ]
        var options = PullOptions()
        options.credentials = [RegistryCredentials(username: "bob", password: "x"), alice]
        let configuration = configuration { $0.endpoints = { (_) throws(ImageError) in places } }
        _ = try RegistryClient(store: fixture.store, configuration: configuration)
            .pull(ImageReference("example.com/x/y:1"), options: options)
        #expect(mirror.seen.allSatisfy { $0.headers["authorization"] == nil })
        #expect(!mirror.seen.isEmpty)
    }

    @Test("a proxy is used where the environment says so, and this machine is reached directly")
    func proxies() throws {
        let fixture = try ImageFixture()
        let proxy = try TinyServer { request, _ in
            request.path.contains("/manifests/")
                ? .init(headers: ["Content-Type: \(MediaType.imageManifest)"], body: Self.manifest)
                : .init(body: Archive.config([]))
        }
        defer { proxy.stop() }
        let environment = ProxyEnvironment { ["HTTP_PROXY": "http://\(proxy.host)", "NO_PROXY": "direct.invalid"][$0] }
        let configuration = configuration { $0.proxies = environment }
        var options = PullOptions()
        options.plainText = true
        _ = try RegistryClient(store: fixture.store, configuration: configuration)
            .pull(ImageReference("registry.invalid/x/y:1"), options: options)
        #expect(proxy.seen.first?.target == "http://registry.invalid/v2/x/y/manifests/1")
        let before = proxy.seen.count
        for name in ["direct.invalid/x/y:1", "127.0.0.1:1/x/y:1"] {
            let error = #expect(throws: ImageError.self) {
                try RegistryClient(store: fixture.store, configuration: configuration)
                    .pull(ImageReference(name), options: options)
            }
            if case .network = error {} else { Issue.record("\(name): \(String(describing: error))") }
        }
        #expect(proxy.seen.count == before)
    }

    @Test("a registry says in seconds or by a date when to come again")
    func retryAfter() {
        #expect(RegistrySession.delay(attempt: 0, backoff: 10, retryAfter: nil) == 10)
        #expect(RegistrySession.delay(attempt: 3, backoff: 10, retryAfter: nil) == 80)
        #expect(RegistrySession.delay(attempt: 0, backoff: 10, retryAfter: "7") == 7000)
        #expect(RegistrySession.delay(attempt: 0, backoff: 10, retryAfter: "7200") == 60_000)
        #expect(RegistrySession.delay(attempt: 0, backoff: 10, retryAfter: "Fri, 31 Dec 2099 23:59:59 GMT") == 60_000)
        #expect(RegistrySession.delay(attempt: 0, backoff: 10, retryAfter: "Fri, 31 Dec 1999 23:59:59 GMT") == 10)
        #expect(RegistrySession.delay(attempt: 0, backoff: 10, retryAfter: "soon") == 10)
    }

    @Test("a pull that is given up ends, and leaves nothing half")
    func cancelled() throws {
        let fixture = try ImageFixture()
        let cancellation = Cancellation()
        let server = try TinyServer { request, _ in
            if request.path.contains("/blobs/") {
                cancellation.cancel()
                return .init(headers: ["Content-Length: 1000000"], body: [1, 2, 3])
            }
            return .init(headers: ["Content-Type: \(MediaType.imageManifest)"], body: Self.manifest)
        }
        defer { server.stop() }
        var options = PullOptions()
        options.cancellation = cancellation
        let error = #expect(throws: ImageError.self) {
            try RegistryClient(store: fixture.store, configuration: configuration())
                .pull(ImageReference("\(server.host)/x/y:1"), options: options)
        }
        #expect(error?.isCancelled == true)
        #expect(try Files.list(fixture.root + "/content/ingest") == [])
    }

    @Test("credential helpers are run: one for its registry, one for all others, and what they say counts")
    func helperPrograms() throws {
        let directory = try TemporaryDirectory()
        let script = """
            #!/bin/sh
            [ "$1" = get ] || exit 9
            read -r server || [ -n "$server" ]
            case $server in
            broken.example.com) echo "the vault is sealed" >&2; exit 3 ;;
            none.example.com) echo "credentials not found in native keychain"; exit 1 ;;
            esac
            printf '{"ServerURL":"%s","Username":"%s","Secret":"for %s"}' "$server" "${0##*-}" "$server"

            """
        for name in ["one", "all"] {
            let path = directory.path + "/docker-credential-" + name
            try Files.replace(path, with: Array(script.utf8), mode: 0o755)
        }
        let text = """
            {"auths":{"plain.example.com":{"auth":"YWxpY2U6c2VjcmV0"},"none.example.com":{}},"credsStore":"all",
             "credHelpers":{"special.example.com":"one","gone.example.com":"missing","evil.example.com":"../../x"}}
            """
        var docker = try DockerConfiguration(Array(text.utf8))
        docker.helperPath = directory.path + ":/usr/bin:/bin"
        let special = try docker.resolve("special.example.com/team/bb")
        #expect(special == RegistryCredentials(username: "one", password: "for special.example.com"))
        let hub = try docker.resolve("docker.io/library/bb")
        #expect(hub == RegistryCredentials(username: "all", password: "for https://index.docker.io/v1/"))
        #expect(try docker.resolve("plain.example.com/x") == alice)
        #expect(try docker.resolve("none.example.com/x") == nil)
        for (name, reason) in [
            ("broken", "the vault is sealed"), ("gone", "docker-credential-missing"), ("evil", "is not the name"),
        ] {
            let error = #expect(throws: ImageError.self) { try docker.resolve("\(name).example.com/x") }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        }
    }

    @Test("a credential helper that hangs is ended, also one that does not want to end")
    func helperHangs() throws {
        let directory = try TemporaryDirectory()
        for (name, script) in [("polite", "sleep 1000"), ("stubborn", "trap '' TERM; sleep 1000; sleep 1000")] {
            let path = directory.path + "/docker-credential-" + name
            try Files.replace(path, with: Array("#!/bin/sh\n\(script)\n".utf8), mode: 0o755)
            let error = #expect(throws: ImageError.self) {
                try CredentialHelper.credentials(
                    name,
                    server: "x.example.com",
                    path: directory.path + ":/usr/bin:/bin",
                    seconds: 1
                )
            }
            #expect("\(String(describing: error))".contains("docker-credential-\(name) gave no answer within 1 s"))
        }
    }

    @Test("credential helpers answer as docker's do")
    func helpers() throws {
        let answer = #"{"ServerURL":"x","Username":"<token>","Secret":"s"}"#
        #expect(try CredentialHelper.parse(Array(answer.utf8), program: "p")?.identityToken == "s")
        #expect(throws: ImageError.self) { try CredentialHelper.parse(Array("{}".utf8), program: "p") }
        #expect(throws: ImageError.self) { try CredentialHelper.credentials("../evil", server: "x") }
    }
}
