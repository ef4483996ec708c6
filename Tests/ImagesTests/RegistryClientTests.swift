import Glibc
import JSON
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Images

@Suite("Registry client")
struct RegistryClientTests {
    /// An image with one large layer, as a registry has it.
    private struct Image: Sendable {
        let layer: [UInt8]
        let config: [UInt8]
        let manifest: [UInt8]

        init() {
            var tar = TarBuilder()
            tar.file("big", bytes: (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ ($0 >> 9)) })
            layer = tar.finished()
            let diffID = ContentHash.digest(of: layer)
            config = Archive.config([diffID])
            manifest = Archive.json(
                ImageManifest(
                    schemaVersion: 2,
                    mediaType: .imageManifest,
                    config: .init(
                        mediaType: .imageConfig,
                        digest: ContentHash.digest(of: config),
                        size: Int64(config.count)
                    ),
                    layers: [.init(mediaType: .imageLayer, digest: diffID, size: Int64(layer.count))]
                )
            )
        }

        var layerPath: String { "/v2/x/bb/blobs/\(ContentHash.digest(of: layer))" }
        let manifestPath = "/v2/x/bb/manifests/1"

        /// What a well-behaved registry answers.
        func answer(_ request: TinyServer.Request) -> TinyServer.Answer {
            switch request.path {
            case manifestPath, "/v2/x/bb/manifests/\(ContentHash.digest(of: manifest))":
                return .init(headers: ["Content-Type: \(MediaType.imageManifest)"], body: manifest)
            case layerPath:
                guard let range = request.headers["range"], let from = Int(range.dropFirst(6).dropLast()) else {
                    return .init(body: layer)
                }
                let rest = Array(layer[from...])
                return .init(
                    status: 206,
                    headers: ["Content-Range: bytes \(from)-\(layer.count - 1)/\(layer.count)"],
                    body: rest
                )
            case "/v2/x/bb/blobs/\(ContentHash.digest(of: config))": return .init(body: config)
            default:
                let body = #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#
                return .init(status: 404, body: Array(body.utf8))
            }
        }
    }

    private let image = Image()

    private func configuration(_ change: (inout RegistryConfiguration) -> Void = { _ in }) -> RegistryConfiguration {
        var configuration = RegistryConfiguration()
        configuration.backoff = 1
        configuration.retries = 3
        change(&configuration)
        return configuration
    }

    /// Pulls x/bb:1 from a server that misbehaves, and stops it.
    private func pull(
        _ fixture: borrowing ImageFixture,
        name: String = "x/bb:1",
        configuration: RegistryConfiguration? = nil,
        credentials: RegistryCredentials? = nil,
        _ handler: @escaping @Sendable (TinyServer.Request, Int) -> TinyServer.Answer
    ) throws -> (Result<PulledImage, ImageError>, TinyServer) {
        let server = try TinyServer(handler)
        defer { server.stop() }
        let reference = try ImageReference("\(server.host)/\(name)")
        let client = RegistryClient(store: fixture.store, configuration: configuration ?? self.configuration())
        do throws(ImageError) {
            return (.success(try client.pull(reference, options: .by(credentials))), server)
        } catch {
            return (.failure(error), server)
        }
    }

    private func expectWhole(_ fixture: borrowing ImageFixture, _ result: Result<PulledImage, ImageError>) throws {
        let pulled = try result.get()
        #expect(pulled.target.digest == ContentHash.digest(of: image.manifest))
        #expect(try fixture.store.list().count == 3)
        #expect(try fixture.store.read(ContentHash.digest(of: image.layer)) == image.layer)
        #expect(try Files.list(fixture.root + "/content/ingest") == [])
    }

    private func expectNothing(
        _ fixture: borrowing ImageFixture,
        _ result: Result<PulledImage, ImageError>,
        _ text: String
    ) throws {
        let error = #expect(throws: ImageError.self) { try result.get() }
        if let error { #expect("\(error)".contains(text), "\(error)") }
        #expect(try Files.list(fixture.root + "/content/ingest") == [])
        #expect(!fixture.store.exists(ContentHash.digest(of: image.manifest)))
    }

    @Test("an image comes in over plain text from loopback, and a second pull fetches the manifest only")
    func plain() throws {
        let fixture = try ImageFixture()
        let image = image
        let (result, server) = try pull(fixture) { request, _ in image.answer(request) }
        try expectWhole(fixture, result)
        #expect(server.count(image.layerPath) == 1)
        let (again, second) = try pull(fixture) { request, _ in image.answer(request) }
        try expectWhole(fixture, again)
        #expect(second.count(image.layerPath) == 0)
    }

    @Test("a connection that breaks is continued where it broke")
    func resume() throws {
        let fixture = try ImageFixture()
        let image = image
        let (result, server) = try pull(fixture) { request, before in
            var answer = image.answer(request)
            if request.path == image.layerPath, before < 2 { answer.cutAfter = 100_000 }
            return answer
        }
        try expectWhole(fixture, result)
        let ranges = server.seen.filter { $0.path == image.layerPath }.map { $0.headers["range"] ?? "" }
        #expect(ranges == ["", "bytes=100000-", "bytes=200000-"])
    }

    @Test("a registry that falls silent is given up on in words, and continued where it fell silent when it is back")
    func stalled() throws {
        for recovers in [true, false] {
            let fixture = try ImageFixture()
            let impatient = configuration {
                // A busy machine may keep an answer that comes at once for a second.
                $0.patience = 2
                $0.retries = 1
            }
            let (result, server) = try pull(fixture, configuration: impatient) { [image] request, before in
                var answer = image.answer(request)
                if request.path == image.layerPath, before == 0 || !recovers {
                    answer.headers.append("Content-Length: \(answer.body.count)")
                    answer.body = Array(answer.body.prefix(1000))
                    answer.stalls = true
                }
                return answer
            }
            if recovers {
                try expectWhole(fixture, result)
                #expect(server.seen.last { $0.path == image.layerPath }?.headers["range"] == "bytes=1000-")
            } else {
                try expectNothing(fixture, result, "Operation too slow")
            }
        }
    }

    @Test(
        "a disk that fills up during a pull is said so, and what was half there is gone",
        .enabled(if: geteuid() == 0)
    )
    func diskFull() throws {
        let directory = try TemporaryDirectory()
        try sys("mount", directory.path) { unsafe mount("tmpfs", directory.path, "tmpfs", 0, "size=128k") }
        // The directory cannot be removed while it is mounted.
        defer { try? OverlayMount.unmount(directory.path) }
        let store = try ContentStore(root: directory.path)
        let server = try TinyServer { [image] request, _ in image.answer(request) }
        defer { server.stop() }
        let reference = try ImageReference("\(server.host)/x/bb:1")
        let error = #expect(throws: ImageError.self) {
            try RegistryClient(store: store, configuration: configuration()).pull(reference)
        }
        #expect(error?.isDiskFull == true, "\(String(describing: error))")
        #expect(error?.description.contains("free some space") == true)
        #expect(try Files.list(directory.path + "/content/ingest") == [])
        // The configuration may be there already; the next pull goes on from it.
        #expect(try store.list().allSatisfy { $0.digest == ContentHash.digest(of: image.config) })
        // A full disk is no reason to ask the registry again.
        #expect(server.count(image.layerPath) == 1)
        try sys("mount", directory.path) {
            unsafe mount("tmpfs", directory.path, "tmpfs", UInt(MS_REMOUNT), "size=8m")
        }
        _ = try RegistryClient(store: store, configuration: configuration()).pull(reference)
        #expect(try store.list().count == 3)
    }

    @Test("a registry that cannot continue sends everything again")
    func resumeFromStart() throws {
        let fixture = try ImageFixture()
        let image = image
        let (result, _) = try pull(fixture) { request, before in
            var plain = request
            plain.headers["range"] = nil
            var answer = image.answer(plain)
            if request.path == image.layerPath, before == 0 { answer.cutAfter = 100_000 }
            return answer
        }
        try expectWhole(fixture, result)
    }

    @Test("a changed byte is noticed, and the layer fetched once more; a registry that lies is refused")
    func corruption() throws {
        let image = image
        for lies in [1, 9] {
            let fixture = try ImageFixture()
            let (result, server) = try pull(fixture) { request, before in
                var answer = image.answer(request)
                if request.path == image.layerPath, before < lies { answer.body[5000] ^= 1 }
                return answer
            }
            if lies == 1 {
                try expectWhole(fixture, result)
            } else {
                try expectNothing(fixture, result, "damaged or forged")
            }
            #expect(server.count(image.layerPath) == 2)
        }
        let fixture = try ImageFixture()
        let (result, _) = try pull(fixture, name: "x/bb@\(ContentHash.digest(of: image.manifest))") { request, _ in
            var answer = image.answer(request)
            answer.body.append(0x20)
            return answer
        }
        try expectNothing(fixture, result, "damaged or forged")
        let longer = try ImageFixture()
        let (tooLong, _) = try pull(longer) { request, _ in
            var answer = image.answer(request)
            if request.path == image.layerPath { answer.body += [UInt8](repeating: 0, count: 512) }
            return answer
        }
        try expectNothing(longer, tooLong, "damaged or forged")
    }

    @Test("a busy registry is asked again, as often as configured and when it says", arguments: [429, 503])
    func busy(status: Int) throws {
        let image = image
        let fixture = try ImageFixture()
        let (result, server) = try pull(fixture) { request, before in
            before < 2 ? .init(status: status) : image.answer(request)
        }
        try expectWhole(fixture, result)
        #expect(server.count(image.manifestPath) == 3)
        let other = try ImageFixture()
        let (refused, busy) = try pull(other) { _, _ in .init(status: status, body: Array("slow down".utf8)) }
        try expectNothing(other, refused, "\(status)")
        #expect(busy.count(image.manifestPath) == 4)
        #expect(RegistrySession.delay(attempt: 3, backoff: 100, retryAfter: nil) == 800)
        #expect(RegistrySession.delay(attempt: 30, backoff: 100, retryAfter: "x") == 30_000)
        #expect(RegistrySession.delay(attempt: 0, backoff: 100, retryAfter: "7") == 7000)
        #expect(RegistrySession.delay(attempt: 0, backoff: 100, retryAfter: "99999") == 60_000)
    }

    @Test("what is not there, not allowed or not reachable is said so")
    func failures() throws {
        let image = image
        let fixture = try ImageFixture()
        let (missing, _) = try pull(fixture, name: "x/other:1") { request, _ in image.answer(request) }
        try expectNothing(fixture, missing, "404")
        try expectNothing(fixture, missing, "manifest unknown")
        let (denied, _) = try pull(fixture) { _, _ in .init(status: 403) }
        try expectNothing(fixture, denied, "log in")
        let (html, _) = try pull(fixture) { _, _ in
            .init(headers: ["Content-Type: text/html"], body: Array("<html>".utf8))
        }
        try expectNothing(fixture, html, "not supported")
        let (huge, _) = try pull(fixture) { _, _ in .init(body: [UInt8](repeating: 0x20, count: 9 << 20)) }
        try expectNothing(fixture, huge, "too large")
        let reference = try ImageReference("127.0.0.1:1/x/bb:1")
        let error = #expect(throws: ImageError.self) {
            try RegistryClient(store: fixture.store, configuration: configuration { $0.retries = 1 }).pull(reference)
        }
        if let error { #expect("\(error)".contains("127.0.0.1:1"), "\(error)") }
    }

    @Test("a layer that the registry redirects elsewhere comes without our credentials")
    func redirect() throws {
        let image = image
        let fixture = try ImageFixture()
        let elsewhere = try TinyServer { request, _ in image.answer(request) }
        defer { elsewhere.stop() }
        // The same machine under another name: another host as far as HTTP is concerned.
        let place = "http://localhost:\(elsewhere.port)"
        let credentials = RegistryCredentials(username: "alice", password: "secret")
        let (result, server) = try pull(fixture, credentials: credentials) { request, _ in
            if request.headers["authorization"] == nil {
                return .init(status: 401, headers: ["WWW-Authenticate: Basic realm=\"x\""])
            }
            if request.path.contains("/blobs/") {
                return .init(status: 307, headers: ["Location: \(place)\(request.path)"])
            }
            return image.answer(request)
        }
        try expectWhole(fixture, result)
        #expect(server.seen.contains { $0.headers["authorization"] == "Basic YWxpY2U6c2VjcmV0" })
        #expect(elsewhere.seen.count == 2)
        #expect(elsewhere.seen.allSatisfy { $0.headers["authorization"] == nil })
    }

    @Test("a token is fetched for the scope that the registry names, and again when it has expired")
    func tokens() throws {
        let image = image
        let fixture = try ImageFixture()
        let tokens = try TinyServer { request, before in
            guard request.headers["authorization"] == "Basic YWxpY2U6c2VjcmV0" else { return .init(status: 401) }
            return .init(body: Array(#"{"token":"t\#(before)","expires_in":60}"#.utf8))
        }
        defer { tokens.stop() }
        let challenge =
            "WWW-Authenticate: Bearer realm=\"http://\(tokens.host)/token\",service=\"reg\",scope=\"repository:x/bb:pull\""
        let handler: @Sendable (TinyServer.Request, Int) -> TinyServer.Answer = { request, before in
            // The first token is good for the manifest only.
            let wanted = request.path.contains("/manifests/") ? "Bearer t0" : "Bearer t1"
            guard request.headers["authorization"] == wanted else { return .init(status: 401, headers: [challenge]) }
            return image.answer(request)
        }
        let alice = RegistryCredentials(username: "alice", password: "secret")
        let one = configuration { $0.parallelDownloads = 1 }
        let (result, _) = try pull(fixture, configuration: one, credentials: alice, handler)
        try expectWhole(fixture, result)
        #expect(tokens.seen[0].target == "/token?service=reg&scope=repository%3Ax%2Fbb%3Apull")
        let other = try ImageFixture()
        let (refused, _) = try pull(other, credentials: .init(username: "alice", password: "wrong"), handler)
        try expectNothing(other, refused, "token server")
    }

    @Test(
        "a layer whose connection breaks again and again goes on with a new token each time that the old one has expired"
    )
    func tokensOfOneLayer() throws {
        let image = image
        let fixture = try ImageFixture()
        let tokens = try TinyServer { _, before in .init(body: Array(#"{"token":"t\#(before)"}"#.utf8)) }
        defer { tokens.stop() }
        let challenge = "WWW-Authenticate: Bearer realm=\"http://\(tokens.host)/token\",service=\"reg\""
        let used = Mutex<Set<String>>([])
        let one = configuration { $0.parallelDownloads = 1 }
        let (result, server) = try pull(fixture, configuration: one) { request, _ in
            // Each token is good for one request.
            guard let token = request.headers["authorization"], used.withLock({ $0.insert(token).inserted }) else {
                return .init(status: 401, headers: [challenge])
            }
            var answer = image.answer(request)
            if request.path == image.layerPath, answer.body.count > 100_000 { answer.cutAfter = 100_000 }
            return answer
        }
        try expectWhole(fixture, result)
        let ranges = server.seen.filter { $0.path == image.layerPath && $0.headers["authorization"] != nil }
            .compactMap { $0.headers["range"] }
        // Each is asked for with the old token, and then with a new one.
        #expect(ranges == [100_000, 200_000, 300_000].flatMap { ["bytes=\($0)-", "bytes=\($0)-"] })
    }

    @Test("a registry that refuses every token that its server gives is asked a few times, and not for ever")
    func refusedTokens() throws {
        let fixture = try ImageFixture()
        let tokens = try TinyServer { _, before in .init(body: Array(#"{"token":"t\#(before)"}"#.utf8)) }
        defer { tokens.stop() }
        let challenge = "WWW-Authenticate: Bearer realm=\"http://\(tokens.host)/token\""
        let (result, server) = try pull(fixture) { _, _ in .init(status: 401, headers: [challenge]) }
        try expectNothing(fixture, result, "401")
        #expect(server.seen.count <= 4)
        #expect(tokens.seen.count <= 3)
    }

    @Test("of several challenges, in one line or in many, the one that we can answer is answered")
    func severalChallenges() throws {
        let image = image
        let basic = "WWW-Authenticate: Basic realm=\"it\""
        for lines in [
            ["WWW-Authenticate: Negotiate", basic], ["WWW-Authenticate: NTLM, Digest realm=\"d\", nonce=\"n\"", basic],
            ["WWW-Authenticate: Negotiate, Basic realm=\"a, b\", Digest realm=\"d\",nonce=\"n\""],
        ] {
            let fixture = try ImageFixture()
            let alice = RegistryCredentials(username: "alice", password: "secret")
            let (result, _) = try pull(fixture, credentials: alice) { request, _ in
                guard request.headers["authorization"] == "Basic YWxpY2U6c2VjcmV0" else {
                    return .init(status: 401, headers: lines)
                }
                return image.answer(request)
            }
            try expectWhole(fixture, result)
        }
    }

    @Test(
        "a mirror that may not say what a tag stands for is asked for content only, one that may not pull for nothing"
    )
    func mirrorCapabilities() throws {
        let image = image
        let fixture = try ImageFixture()
        let servers = try (0..<3).map { _ in try TinyServer { request, _ in image.answer(request) } }
        defer { for server in servers { server.stop() } }
        var places = servers.map { RegistryEndpoint(url: "http://\($0.host)/v2", isMirror: $0 !== servers[2]) }
        places[0].canPull = false
        places[1].canResolve = false
        let endpoints = places
        let configuration = configuration { $0.endpoints = { (_) throws(ImageError) in endpoints } }
        _ = try RegistryClient(store: fixture.store, configuration: configuration)
            .pull(try ImageReference("example.com/x/bb:1"))
        #expect(servers[0].seen.isEmpty)
        #expect(servers[1].count(image.manifestPath) == 0)
        #expect(servers[1].count(image.layerPath) == 1)
        #expect(servers[2].seen.map(\.path) == [image.manifestPath])
    }

    @Test("mirrors are asked first, told whom they stand for, and passed over when they fail")
    func mirrors() throws {
        let image = image
        let fixture = try ImageFixture()
        let broken = try TinyServer { _, _ in .init(status: 500) }
        let mirror = try TinyServer { request, _ in
            // It has the manifest, but lost the layer.
            request.path == image.layerPath ? .init(status: 404) : image.answer(request)
        }
        let origin = try TinyServer { request, _ in image.answer(request) }
        defer { for server in [broken, mirror, origin] as [TinyServer] { server.stop() } }
        let places = [broken, mirror, origin].map { (server: TinyServer) in
            RegistryEndpoint(url: "http://\(server.host)/v2", isMirror: server !== origin)
        }
        var configuration = configuration { $0.retries = 0 }
        configuration.endpoints = { domain in domain == "example.com" ? places : [] }
        let client = RegistryClient(store: fixture.store, configuration: configuration)
        let pulled = try client.pull(try ImageReference("example.com/x/bb:1"))
        #expect(pulled.target.digest == ContentHash.digest(of: image.manifest))
        #expect(broken.seen.first?.target == "/v2/x/bb/manifests/1?ns=example.com")
        #expect(origin.seen.map(\.target) == [image.layerPath])
    }

    @Test("challenges are read as they are written in the wild")
    func challenges() {
        let bearer = Challenge.bearer(realm: "https://a/t?x=1,2", service: "s", scope: "repository:a/b:pull,push")
        #expect(
            Challenge.parse(["Bearer realm=\"https://a/t?x=1,2\",service=\"s\",scope=\"repository:a/b:pull,push\""])
                == bearer
        )
        #expect(
            Challenge.parse([
                "Basic realm=\"x\"",
                "bearer scope=\"repository:a/b:pull,push\" , realm=\"https://a/t?x=1,2\", service=s",
            ])
                == bearer
        )
        #expect(Challenge.parse(["Negotiate, Basic realm=\"a \\\"b\\\"\""]) == .basic)
        #expect(
            Challenge.parse([
                "Basic realm=\"x\", Bearer realm=\"https://a/t?x=1,2\",service=\"s\",scope=\"repository:a/b:pull,push\""
            ])
                == bearer
        )
        #expect(Challenge.parse(["Bearer"]) == nil)
        #expect(Challenge.parse(["Digest realm=\"x\""]) == nil)
        #expect(Challenge.parse([]) == nil)
        for host in ["localhost", "localhost:5000", "127.0.0.1", "127.8.9.1:80", "[::1]:5000"] {
            #expect(RegistryConfiguration.isLoopback(host), "\(host)")
        }
        for host in ["localhost.example.com", "127.0.0.1.example.com", "10.0.0.1:5000", "[::2]", "127.1"] {
            #expect(!RegistryConfiguration.isLoopback(host), "\(host)")
        }
    }
}
