import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Images

@Suite("Registries that break off or lie")
struct BrokenRegistryTests {
    private let shelf: Shelf
    private let image: ContentDescriptor
    private let layer: String
    private let size: Int

    init() throws {
        var shelf = Shelf()
        image = try shelf.image(String(repeating: "text ", count: 40_000))
        shelf.name(image)
        let manifest = try ImageDocument.manifest(
            try #require(shelf.documents["\(image.digest)"]).bytes,
            what: "",
            layerLimit: 1
        )
        layer = "\(manifest.layers[0].digest)"
        size = Int(manifest.layers[0].size)
        self.shelf = shelf
    }

    /// Answers a request for a range as it is asked, with at most some bytes before the connection breaks.
    private static func serve(
        _ request: TinyServer.Request,
        _ answer: inout TinyServer.Answer,
        cutAfter limit: Int
    ) {
        let whole = answer.body.count
        if let range = request.headers["range"], let from = Int(range.dropFirst(6).dropLast()) {
            answer.status = 206
            answer.headers.append("Content-Range: bytes \(from)-\(whole - 1)/\(whole)")
            answer.body = Array(answer.body[from...])
        }
        if answer.body.count > limit { answer.cutAfter = limit }
    }

    @Test("a connection that breaks again and again is not given up while the layer gets further")
    func progress() throws {
        let fixture = try ImageFixture()
        let layer = layer
        let (pulled, asked) = try shelf.pull(into: fixture.store, retries: 1) { request, _, answer in
            if Shelf.name(request) == layer { Self.serve(request, &answer, cutAfter: 10_000) }
        }
        #expect(pulled.target.digest == image.digest)
        #expect(asked.count { $0 == layer } == (size + 9_999) / 10_000)
    }

    @Test("a connection that breaks at the same place each time is given up after the retries")
    func noProgress() throws {
        let layer = layer
        let count = Mutex(0)
        try shelf.refusal("cannot reach", kept: 1, retries: 2) { request, _, answer in
            guard Shelf.name(request) == layer else { return }
            count.withLock { $0 += 1 }
            // It knows no ranges: what came before is sent once more, and is no progress.
            answer.cutAfter = 10_000
        }
        #expect(count.withLock(\.self) == 1 + 2)
    }

    @Test("answers that are whole by their own length, but too short, are continued while the layer gets further")
    func shortAnswers() throws {
        let fixture = try ImageFixture()
        let layer = layer
        let (_, asked) = try shelf.pull(into: fixture.store) { request, _, answer in
            guard Shelf.name(request) == layer else { return }
            Self.serve(request, &answer, cutAfter: .max)
            answer.body = Array(answer.body.prefix(10_000))
        }
        #expect(asked.count { $0 == layer } == (size + 9_999) / 10_000)
        try shelf.refusal("it has 10000 bytes, expected \(size)", kept: 1) { request, _, answer in
            if Shelf.name(request) == layer { answer.body = Array(answer.body.prefix(10_000)) }
        }
    }

    @Test("a layer that is longer or shorter than the registry says of its own answer comes whole or not at all")
    func wrongLength() throws {
        let fixture = try ImageFixture()
        let layer = layer
        let (pulled, _) = try shelf.pull(into: fixture.store, retries: 1) { request, before, answer in
            if Shelf.name(request) == layer, before == 0 { answer.headers.append("Content-Length: 999999999") }
        }
        #expect(pulled.target.digest == image.digest)
        try shelf.refusal("cannot reach", kept: 1, retries: 1) { request, _, answer in
            if Shelf.name(request) == layer { answer.headers.append("Content-Length: 999999999") }
        }
        try shelf.refusal("too large", kept: 0) { request, _, answer in
            if Shelf.name(request) == "1" { answer.body += [UInt8](repeating: 0x20, count: 100 << 20) }
        }
    }

    @Test("an answer that continues somewhere else is not used, and the layer fetched from its beginning")
    func wrongRange() throws {
        for range in ["bytes 5-9/10", "bytes */10", "lines 10000-", ""] {
            let fixture = try ImageFixture()
            let layer = layer
            let (pulled, asked) = try shelf.pull(into: fixture.store, retries: 1) { request, before, answer in
                guard Shelf.name(request) == layer else { return }
                if before == 0 { answer.cutAfter = 10_000 }
                guard request.headers["range"] != nil else { return }
                Self.serve(request, &answer, cutAfter: .max)
                answer.headers.removeLast()
                if !range.isEmpty { answer.headers.append("Content-Range: " + range) }
            }
            #expect(pulled.target.digest == image.digest, "\(range)")
            #expect(asked.count { $0 == layer } == 3, "\(range)")
        }
        let layer = layer
        try shelf.refusal("it does not begin at byte 0 as it was asked to, but says \"bytes 5-9/10\"", kept: 1) {
            request,
            _,
            answer in
            guard Shelf.name(request) == layer else { return }
            answer.status = 206
            answer.headers.append("Content-Range: bytes 5-9/10")
        }
    }

    @Test("a registry that breaks off behind the last byte is not asked for the layer again")
    func brokenBehindTheEnd() throws {
        let fixture = try ImageFixture()
        let layer = layer
        let (_, asked) = try shelf.pull(into: fixture.store, retries: 1) { request, before, answer in
            guard Shelf.name(request) == layer else { return }
            if before == 0 {
                answer.headers.append("Content-Length: \(answer.body.count + 1)")
            } else {
                answer = .init(status: 416)
            }
        }
        #expect(asked.count { $0 == layer } == 2)
    }

    @Test("a registry that states another hash or size than a manifest has is refused")
    func wrongManifest() throws {
        let other = ContentHash.digest(of: [1])
        try shelf.refusal("expected \(other)") { request, _, answer in
            if Shelf.name(request) == "1" { answer.headers.append("Docker-Content-Digest: \(other)") }
        }
        var shelf = Shelf()
        var child = try shelf.image("x", platform: "linux/amd64")
        child.size += 1
        shelf.name(try shelf.index([child]))
        try shelf.refusal("bytes, expected \(child.size)")
    }

    @Test("an index that claims to contain itself is refused; one that names an image often fetches it once")
    func circles() throws {
        var shelf = Shelf()
        let child = try shelf.image("x", platform: "linux/amd64")
        shelf.name(try shelf.index([child]))
        let index = try #require(shelf.documents["1"])
        try shelf.refusal("damaged or forged") { _, _, answer in
            answer = .init(headers: ["Content-Type: \(MediaType.imageIndex)"], body: index.bytes)
        }
        var level = child
        for _ in 0..<3 { level = try shelf.index(Array(repeating: level, count: 200)) }
        shelf.name(level)
        let fixture = try ImageFixture()
        let (_, asked) = try shelf.pull(into: fixture.store, allPlatforms: true)
        #expect(asked.count == 6, "three indexes, a manifest, a configuration, a layer")
    }

    @Test("a configuration that is too large is not even fetched")
    func largeConfiguration() throws {
        var shelf = Shelf()
        let config = ContentDescriptor(mediaType: .imageConfig, digest: ContentHash.digest(of: [1]), size: 9 << 20)
        let manifest = ImageManifest(schemaVersion: 2, mediaType: .imageManifest, config: config, layers: [])
        shelf.name(try shelf.blob(Archive.json(manifest), .imageManifest))
        try shelf.refusal("too large: the limit is 8388608 bytes")
    }

    @Test("an image without a layer comes in and is unpacked to nothing")
    func noLayers() throws {
        let fixture = try ImageFixture()
        var shelf = Shelf()
        let config = try shelf.blob(Archive.config([]), .imageConfig)
        let manifest = ImageManifest(schemaVersion: 2, mediaType: .imageManifest, config: config, layers: [])
        shelf.name(try shelf.blob(Archive.json(manifest), .imageManifest))
        let (pulled, _) = try shelf.pull(into: fixture.store)
        let unpacked = try Unpacker(store: fixture.store, snapshots: fixture.snapshots).unpack(pulled.target.digest)
        #expect(unpacked.chainID == nil)
    }

    @Test(
        "what stands behind a layer's end counts for its hash, and is no part of the image",
        arguments: ["tar", "gzip"]
    )
    func trailingData(kind: String) throws {
        let fixture = try ImageFixture()
        var tar = TarBuilder()
        tar.file("file", "x")
        let bytes = tar.finished() + Array("trailing data that is no entry".utf8)
        var blob = bytes
        if kind == "gzip" { blob = try Archive.compress(bytes, with: "gzip", in: fixture.directory.path) }
        var shelf = Shelf()
        let config = try shelf.blob(Archive.config([ContentHash.digest(of: bytes)]), .imageConfig)
        let layer = try shelf.blob(blob, .imageLayer)
        let manifest = ImageManifest(schemaVersion: 2, mediaType: .imageManifest, config: config, layers: [layer])
        shelf.name(try shelf.blob(Archive.json(manifest), .imageManifest))
        let (pulled, _) = try shelf.pull(into: fixture.store)
        let unpacked = try Unpacker(store: fixture.store, snapshots: fixture.snapshots).unpack(pulled.target.digest)
        #expect(try Files.list(try fixture.top(unpacked)) == ["file"])
    }

    @Test("a 401 says whether nobody asked or somebody who is not let in, and a 403 who has no right")
    func unauthorized() throws {
        let alice = RegistryCredentials(username: "alice", password: "wrong")
        let cases: [(RegistryCredentials?, Int, String)] = [
            (nil, 401, "no credentials were given (status 401"),
            (alice, 401, "the credentials of alice were refused (status 401"),
            (nil, 403, "no credentials were given (status 403"),
        ]
        for (credentials, status, words) in cases {
            try shelf.refusal(words, credentials: credentials) { _, _, answer in
                answer = .init(status: status, headers: ["WWW-Authenticate: Basic realm=\"x\""])
            }
        }
        try shelf.refusal("the credentials of alice do not have the right (status 403", credentials: alice) {
            request,
            _,
            answer in
            answer =
                request.headers["authorization"] == nil
                ? .init(status: 401, headers: ["WWW-Authenticate: Basic realm=\"x\""]) : .init(status: 403)
        }
        for (credentials, words) in [
            (nil, "no credentials were given"), (alice, "the credentials of alice were refused"),
        ] {
            try shelf.refusal("answered 401, and \(words)", credentials: credentials) { request, _, answer in
                let realm = "http://\(request.headers["host"] ?? "")/token"
                answer = .init(status: 401)
                if request.path != "/token" { answer.headers = ["WWW-Authenticate: Bearer realm=\"\(realm)\""] }
            }
        }
    }
}
