import OCI
import Testing

struct PlatformTests {
    @Test(
        "spellings of a platform become one",
        arguments: [
            ("linux/x86_64", "linux/amd64"),
            ("Linux/AMD64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/7", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/i686", "linux/386"),
            ("macos/arm64", "darwin/arm64"),
            ("linux/riscv64", "linux/riscv64"),
            ("arm64", "linux/arm64"),
        ]
    )
    func normalised(text: String, expected: String) throws {
        #expect(try Platform(parsing: text).description == expected)
    }

    @Test(
        "a text that is not a platform is refused",
        arguments: ["", "/", "linux/", "linux//v7", "linux/arm/v7/x", "linux/a b", "toaster", "li*ux/amd64"]
    )
    func refused(text: String) {
        #expect(throws: PlatformError.self) { try Platform(parsing: text) }
    }

    @Test(
        "a platform runs itself, older variants and its 32-bit sibling",
        arguments: [
            ("linux/amd64", "linux/amd64", 0),
            ("linux/amd64", "linux/386", 1),
            ("linux/amd64", "linux/amd64/v2", nil),
            ("linux/amd64/v3", "linux/amd64/v3", 0),
            ("linux/amd64/v3", "linux/amd64/v2", 1),
            ("linux/amd64/v3", "linux/amd64", 2),
            ("linux/amd64/v3", "linux/amd64/v4", nil),
            ("linux/amd64", "linux/arm64", nil),
            ("linux/amd64", "windows/amd64", nil),
            ("linux/arm64", "linux/arm64/v8", 0),
            ("linux/arm64", "linux/arm/v7", 2),
            ("linux/arm64/v9", "linux/arm64", 1),
            ("linux/arm/v7", "linux/arm", 0),
            ("linux/arm/v7", "linux/arm/v6", 1),
            ("linux/arm/v7", "linux/arm/v5", 2),
            ("linux/arm/v6", "linux/arm/v7", nil),
            ("linux/arm/v6", "linux/arm64", nil),
            ("linux/s390x", "linux/s390x", 0),
        ] as [(String, String, Int?)]
    )
    func compatible(host: String, image: String, rank: Int?) throws {
        #expect(try Platform(parsing: host).rank(of: Platform(parsing: image)) == rank)
    }

    private func descriptor(
        _ fill: String,
        _ platform: Platform?,
        type: MediaType = .imageManifest
    ) throws -> ContentDescriptor {
        let digest = try Digest(algorithm: .sha256, hex: String(repeating: fill, count: 64))
        return ContentDescriptor(mediaType: type, digest: digest, size: 1, platform: platform)
    }

    @Test("an index gives the best manifest, whatever its order")
    func choice() throws {
        let attestation = try descriptor("0", Platform(architecture: "unknown", os: "unknown"))
        let v6 = try descriptor("6", Platform(architecture: "arm", os: "linux", variant: "v6"))
        let v7 = try descriptor("7", Platform(architecture: "arm", os: "linux", variant: "v7"))
        let arm64 = try descriptor("8", Platform(architecture: "arm64", os: "linux", variant: "v8"))
        let amd64 = try descriptor("a", Platform(architecture: "amd64", os: "linux"), type: .dockerManifest)
        let twin = try descriptor("b", Platform(architecture: "amd64", os: "linux"))
        let index = ImageIndex(schemaVersion: 2, manifests: [attestation, v6, v7, arm64, amd64, twin])
        #expect(index.manifest(for: try Platform(parsing: "linux/arm/v7")) == v7)
        #expect(index.manifest(for: try Platform(parsing: "linux/arm/v6")) == v6)
        #expect(index.manifest(for: try Platform(parsing: "linux/arm64")) == arm64)
        #expect(index.manifest(for: try Platform(parsing: "linux/amd64")) == amd64)
        #expect(index.manifest(for: try Platform(parsing: "linux/s390x")) == nil)
    }

    @Test("a manifest without a platform is the last choice, a blob is none")
    func unnamed() throws {
        let blob = try descriptor("0", nil, type: .imageConfig)
        let unnamed = try descriptor("1", nil)
        let own = try descriptor("2", .host)
        #expect(ImageIndex(schemaVersion: 2, manifests: [blob]).manifest(for: .host) == nil)
        #expect(ImageIndex(schemaVersion: 2, manifests: [blob, unnamed]).manifest(for: .host) == unnamed)
        #expect(ImageIndex(schemaVersion: 2, manifests: [unnamed, own]).manifest(for: .host) == own)
    }

    @Test("the compression of a layer is known from its type")
    func layers() {
        #expect(MediaType.imageLayer.layerCompression == MediaType.Compression.none)
        #expect(MediaType.dockerLayerGzip.layerCompression == .gzip)
        #expect(MediaType.imageLayerZstd.layerCompression == .zstd)
        #expect(MediaType(rawValue: "application/json").layerCompression == nil)
        #expect(!MediaType.imageConfig.isLayer)
        #expect(MediaType.dockerForeignLayerGzip.isForeignLayer)
        #expect(!MediaType.dockerLayerGzip.isForeignLayer)
    }
}
