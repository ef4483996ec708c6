import Linux
import OCI
import TestSupport
import Testing

@testable import Images

/// A registry of documents and blobs; names are "1", "2" and so on.
struct Shelf: Sendable {
    private(set) var documents: [String: (type: MediaType, bytes: [UInt8])] = [:]

    mutating func blob(_ bytes: [UInt8], _ type: MediaType, platform: String? = nil) throws -> ContentDescriptor {
        let digest = ContentHash.digest(of: bytes)
        documents["\(digest)"] = (type, bytes)
        let platform = try platform.map { try Platform(parsing: $0) }
        return ContentDescriptor(mediaType: type, digest: digest, size: Int64(bytes.count), platform: platform)
    }

    /// An image with one layer, which has a file with this text.
    mutating func image(
        _ text: String,
        platform: String? = nil,
        type: MediaType = .imageManifest,
        layerType: MediaType = .imageLayer,
        configType: MediaType = .imageConfig,
        padding: Int = 0,
        architecture: String = "amd64",
        compress: ([UInt8]) throws -> [UInt8] = { $0 }
    ) throws -> ContentDescriptor {
        var tar = TarBuilder()
        tar.file("file", text)
        let config = try blob(
            Archive.config([ContentHash.digest(of: tar.finished())], architecture: architecture),
            configType
        )
        let layer = try blob(compress(tar.finished()), layerType)
        var manifest = ImageManifest(schemaVersion: 2, mediaType: type, config: config, layers: [layer])
        if padding > 0 { manifest.annotations = ["padding": String(repeating: "x", count: padding)] }
        return try blob(Archive.json(manifest), type, platform: platform)
    }

    mutating func index(_ manifests: [ContentDescriptor], type: MediaType = .imageIndex) throws -> ContentDescriptor {
        try blob(Archive.json(ImageIndex(schemaVersion: 2, mediaType: type, manifests: manifests)), type)
    }

    mutating func name(_ descriptor: ContentDescriptor, _ tag: String = "1") {
        documents[tag] = documents["\(descriptor.digest)"]
    }

    /// What a well-behaved registry answers, except that it knows no ranges.
    func answer(_ request: TinyServer.Request) -> TinyServer.Answer {
        guard let (type, bytes) = documents[Shelf.name(request)] else { return .init(status: 404) }
        return .init(headers: ["Content-Type: \(type)"], body: bytes)
    }

    /// The last part of the path: a digest or a tag.
    static func name(_ request: TinyServer.Request) -> String {
        String(request.path.split(separator: "/").last ?? "")
    }

    /// Pulls x/y:1 from a server with these documents, which is stopped then.
    ///
    /// - Parameter misbehave: Gets the number of requests for the same target before, and may change the answer.
    func pull(
        into store: ContentStore,
        platform: String = "linux/amd64",
        allPlatforms: Bool = false,
        retries: Int = 0,
        credentials: RegistryCredentials? = nil,
        _ misbehave: @escaping @Sendable (TinyServer.Request, Int, inout TinyServer.Answer) -> Void = { _, _, _ in }
    ) throws -> (PulledImage, [String]) {
        let server = try TinyServer { request, before in
            var answer = answer(request)
            misbehave(request, before, &answer)
            return answer
        }
        defer { server.stop() }
        var configuration = RegistryConfiguration()
        configuration.backoff = 1
        configuration.retries = retries
        var options = PullOptions.by(credentials)
        options.allPlatforms = allPlatforms
        options.platform = try Platform(parsing: platform)
        let pulled = try RegistryClient(store: store, configuration: configuration)
            .pull(ImageReference("\(server.host)/x/y:1"), options: options)
        return (pulled, server.seen.map(Shelf.name))
    }

    /// - Parameter kept: What stays for the next try: a configuration that was looked into.
    func refusal(
        _ text: String,
        platform: String = "linux/amd64",
        kept: Int = 0,
        retries: Int = 0,
        credentials: RegistryCredentials? = nil,
        _ misbehave: @escaping @Sendable (TinyServer.Request, Int, inout TinyServer.Answer) -> Void = { _, _, _ in }
    ) throws {
        let fixture = try ImageFixture()
        let error = #expect(throws: ImageError.self) {
            try pull(into: fixture.store, platform: platform, retries: retries, credentials: credentials, misbehave)
        }
        #expect(error?.isCallersFault == true || error.map { "\($0)".contains("cannot reach") } == true)
        #expect(error?.description.contains(text) == true, "\(String(describing: error))")
        #expect(try fixture.leftovers().count == kept)
    }
}
