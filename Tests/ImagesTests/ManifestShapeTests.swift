import Linux
import OCI
import TestSupport
import Testing

@testable import Images

@Suite("Shapes of manifests and indexes")
struct ManifestShapeTests {
    @Test("docker's schema 1 is refused by its name, signed or not")
    func schema1() throws {
        for type in [MediaType.dockerSchema1, .dockerSchema1Signed] {
            var shelf = Shelf()
            let text = #"{"schemaVersion":1,"name":"x/y","tag":"1","fsLayers":[],"history":[]}"#
            shelf.name(try shelf.blob(Array(text.utf8), type))
            try shelf.refusal("docker's old schema 1")
        }
    }

    @Test(
        "layers and configurations that are none are refused with their media type",
        arguments: [
            (MediaType.nondistributableLayerGzip, MediaType.imageConfig, "not kept by registries"),
            (.dockerForeignLayerGzip, .imageConfig, "not kept by registries"),
            (MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+xz"), .imageConfig, "v1.tar+xz"),
            (.imageLayer, MediaType(rawValue: "application/vnd.cncf.helm.config.v1+json"), "it is an artifact"),
            (.imageLayer, .empty, "it is an artifact"),
        ]
    )
    func strangeParts(layer: MediaType, config: MediaType, text: String) throws {
        var shelf = Shelf()
        shelf.name(try shelf.image("x", layerType: layer, configType: config))
        try shelf.refusal(text)
    }

    @Test("a document of an unknown kind is refused with what it is")
    func unknownKind() throws {
        var shelf = Shelf()
        let type = MediaType(rawValue: "application/vnd.example.thing+json")
        shelf.name(try shelf.blob(Array(#"{"schemaVersion":2}"#.utf8), type))
        try shelf.refusal("it is application/vnd.example.thing+json")
        shelf = Shelf()
        shelf.name(try shelf.blob(Array("<html>Please log in</html>".utf8), MediaType(rawValue: "text/html")))
        try shelf.refusal("it is text/html")
    }

    @Test("a manifest of five megabytes comes in, one of nine is refused")
    func largeManifests() throws {
        let fixture = try ImageFixture()
        var shelf = Shelf()
        let large = try shelf.image("x", padding: 5 << 20)
        shelf.name(large)
        #expect(try shelf.pull(into: fixture.store).0.target.digest == large.digest)
        shelf = Shelf()
        shelf.name(try shelf.image("x", padding: 9 << 20))
        try shelf.refusal("too large: the limit is 8388608 bytes")
    }

    @Test("an index in an index is followed, a tower of them is not")
    func nested() throws {
        let fixture = try ImageFixture()
        var shelf = Shelf()
        let image = try shelf.image("x", platform: "linux/amd64")
        var top = image
        for _ in 0..<3 { top = try shelf.index([top]) }
        shelf.name(top)
        #expect(try shelf.pull(into: fixture.store).0.manifest.digest == image.digest)
        for _ in 0..<3 { top = try shelf.index([top]) }
        shelf.name(top)
        try shelf.refusal("nested too deep")
    }

    @Test("attestations beside images are passed over, and are no image themselves")
    func attestations() throws {
        let fixture = try ImageFixture()
        var shelf = Shelf()
        var attestation = try shelf.image("{}", layerType: MediaType(rawValue: "application/vnd.in-toto+json"))
        attestation.platform = Platform(architecture: "unknown", os: "unknown")
        let image = try shelf.image("x", platform: "linux/amd64")
        shelf.name(try shelf.index([attestation, image]))
        let (pulled, asked) = try shelf.pull(into: fixture.store)
        #expect(pulled.manifest.digest == image.digest)
        #expect(!asked.contains("\(attestation.digest)"))
        shelf.name(try shelf.index([attestation]))
        try shelf.refusal("has nothing for linux/amd64, only for no platform")
    }

    @Test("an image without an index is taken for the platform that its configuration names, and refused for others")
    func singlePlatform() throws {
        for (architecture, wanted, isRight) in [
            ("arm64", "linux/arm64", true), ("arm64", "linux/amd64", false), ("amd64", "linux/s390x", false),
            ("386", "linux/amd64", true), ("", "linux/amd64", true),
        ] {
            var shelf = Shelf()
            let image = try shelf.image("x", architecture: architecture)
            shelf.name(image)
            if isRight {
                let fixture = try ImageFixture()
                let pulled = try shelf.pull(into: fixture.store, platform: wanted).0
                #expect(pulled.manifest.digest == image.digest)
            } else {
                try shelf.refusal(
                    "has nothing for \(wanted), only for linux/\(architecture)",
                    platform: wanted,
                    kept: 1
                )
            }
        }
    }

    @Test(
        "of a docker list and an OCI index the closest variant is taken, and fetched alone",
        arguments: [
            ("linux/arm/v7", "linux/arm/v7"), ("linux/arm/v6", "linux/arm/v6"), ("linux/arm64", "linux/arm64/v8"),
            ("linux/amd64", "linux/amd64"), ("linux/arm/v5", nil), ("linux/s390x", nil),
        ],
        [MediaType.imageIndex, .dockerManifestList]
    )
    func variants(choice: (wanted: String, expected: String?), type: MediaType) throws {
        let fixture = try ImageFixture()
        var shelf = Shelf()
        var images: [String: ContentDescriptor] = [:]
        let kind = type == .imageIndex ? MediaType.imageManifest : .dockerManifest
        let names = ["linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "windows/amd64", "linux/amd64"]
        for name in names { images[name] = try shelf.image(name, platform: name, type: kind) }
        shelf.name(try shelf.index(names.compactMap { images[$0] }, type: type))
        guard let expected = choice.expected else {
            return try shelf.refusal("linux/arm/v6, linux/arm/v7", platform: choice.wanted)
        }
        let (pulled, asked) = try shelf.pull(into: fixture.store, platform: choice.wanted)
        #expect(pulled.manifest.digest == images[expected]?.digest)
        // The index, the manifest, its configuration and its layer.
        #expect(asked.count == 4)
    }

    @Test(
        "layers compressed with zstd and gzip are unpacked, whatever their media type says",
        arguments: ["zstd", "gzip"]
    )
    func compressed(program: String) throws {
        for type in [MediaType.imageLayerZstd, .imageLayerGzip, .imageLayer] {
            let fixture = try ImageFixture()
            let directory = fixture.directory.path
            var shelf = Shelf()
            let image = try shelf.image("text", layerType: type) { bytes in
                try Archive.compress(bytes, with: program, in: directory)
            }
            shelf.name(image)
            let (pulled, _) = try shelf.pull(into: fixture.store)
            let unpacked = try Unpacker(store: fixture.store, snapshots: fixture.snapshots).unpack(pulled.target.digest)
            #expect(try Files.readText(fixture.top(unpacked) + "/file") == "text")
        }
    }
}
