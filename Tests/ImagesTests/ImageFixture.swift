import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

/// A content store and snapshots in a private directory, and archives to bring into them.
struct ImageFixture: ~Copyable {
    let directory: TemporaryDirectory
    let store: ContentStore
    let snapshots: Snapshotter

    init() throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-images")
        let store = try ContentStore(root: directory.path + "/root")
        let snapshots = try Snapshotter(root: directory.path + "/root")
        (self.store, self.snapshots) = (store, snapshots)
        self.directory = directory
    }

    var root: String { directory.path + "/root" }

    /// Writes bytes to a file of the private directory.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = directory.path + "/" + name
        try Files.replace(path, with: bytes)
        return path
    }

    func importBytes(_ bytes: [UInt8], limits: ImportLimits = ImportLimits()) throws -> [ImportedImage] {
        let path = try file("archive.tar", bytes)
        defer { _ = unsafe unlink(path) }
        return try ImageArchive.importArchive(from: .path(path), into: store, limits: limits)
    }

    /// Imports layers as one image and unpacks it.
    func unpack(_ layers: [[UInt8]], limits: UnpackLimits = UnpackLimits()) throws -> UnpackedImage {
        let image = try #require(try importBytes(Archive.docker(layers)).first)
        return try Unpacker(store: store, snapshots: snapshots, limits: limits).unpack(image.target.digest)
    }

    /// The directory of the top layer of an image.
    func top(_ image: UnpackedImage) throws -> String {
        let chainID = try #require(image.chainID)
        return try #require(try snapshots.layers(chainID).first)
    }

    /// Everything that lies below the root directory except locks and the directories themselves.
    func leftovers() throws -> [String] {
        var found: [String] = []
        func walk(_ path: String, _ relative: String) throws {
            for name in try Files.list(path) {
                var status = stat()
                try sys("lstat", path) { unsafe lstat(path + "/" + name, &status) }
                let place = relative + "/" + name
                let isFixed = ["content", "snapshots"].contains(name) || relative.split(separator: "/").count <= 1
                if status.st_mode & S_IFMT == S_IFDIR {
                    if !isFixed && relative != "/content/blobs" { found.append(place + "/") }
                    try walk(path + "/" + name, place)
                } else if name != "lock" {
                    found.append(place)
                }
            }
        }
        try walk(root, "")
        return found
    }
}

extension PullOptions {
    static func by(_ credentials: RegistryCredentials?) -> PullOptions {
        var options = PullOptions()
        options.credentials = [credentials].compactMap(\.self)
        return options
    }
}

extension PushOptions {
    static func by(_ credentials: RegistryCredentials?) -> PushOptions {
        var options = PushOptions()
        options.credentials = [credentials].compactMap(\.self)
        return options
    }
}

/// Archives of images, made of layers that are tar archives.
enum Archive {
    static func config(_ diffIDs: [Digest], architecture: String = Platform.host.architecture) -> [UInt8] {
        let config = ImageConfig(
            architecture: architecture,
            os: "linux",
            config: ImageConfig.Execution(env: ["PATH=/bin"], cmd: ["/bin/sh"]),
            rootfs: ImageConfig.RootFS(type: "layers", diffIDs: diffIDs)
        )
        return json(config)
    }

    static func json(_ value: some Encodable) -> [UInt8] {
        do { return try JSONCoding.encode(value) } catch { preconditionFailure("\(error)") }
    }

    /// A docker-archive with the layout of docker 1.10 to 24.
    static func docker(_ layers: [[UInt8]], tags: [String] = ["bb:1"], diffIDs: [Digest]? = nil) -> [UInt8] {
        var tar = TarBuilder()
        let config = config(diffIDs ?? layers.map { ContentHash.digest(of: $0) })
        let configName = ContentHash.digest(of: config).hex + ".json"
        tar.file(configName, bytes: config)
        var names: [String] = []
        for (index, layer) in layers.enumerated() {
            let id = ContentHash.digest(of: Array("layer \(index)".utf8)).hex
            tar.directory(id + "/")
            tar.file(id + "/VERSION", "1.0")
            tar.file(id + "/layer.tar", bytes: layer)
            names.append(id + "/layer.tar")
        }
        tar.file("manifest.json", bytes: json([DockerArchiveEntry(config: configName, repoTags: tags, layers: names)]))
        return tar.finished()
    }

    /// An OCI layout; layers are stored as they are given.
    static func layout(
        _ layers: [(bytes: [UInt8], type: MediaType, diffID: Digest)],
        annotations: [String: String]? = ["io.containerd.image.name": "docker.io/library/bb:1"],
        edit: (inout [String: [UInt8]]) -> Void = { _ in }
    ) -> [UInt8] {
        var files: [String: [UInt8]] = [:]
        func blob(_ bytes: [UInt8], _ type: MediaType) -> ContentDescriptor {
            let digest = ContentHash.digest(of: bytes)
            files[ImageLayout.path(of: digest)] = bytes
            return ContentDescriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
        }
        let config = blob(config(layers.map(\.diffID)), .imageConfig)
        let descriptors = layers.map { blob($0.bytes, $0.type) }
        let manifest = ImageManifest(schemaVersion: 2, mediaType: .imageManifest, config: config, layers: descriptors)
        var target = blob(json(manifest), .imageManifest)
        target.annotations = annotations
        files["oci-layout"] = json(ImageLayout(imageLayoutVersion: "1.0.0"))
        files["index.json"] = json(ImageIndex(schemaVersion: 2, manifests: [target]))
        edit(&files)
        var tar = TarBuilder()
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) { tar.file(name, bytes: bytes) }
        return tar.finished()
    }

    /// A layer with a busybox and its links.
    static func busybox() throws -> [UInt8] {
        var tar = TarBuilder()
        tar.directory("bin/")
        tar.file("bin/busybox", bytes: try Files.read("/bin/busybox"), mode: 0o755)
        for name in ["sh", "ls", "cat", "echo"] { tar.hardLink("bin/" + name, to: "bin/busybox") }
        for name in ["proc", "sys", "dev", "etc", "tmp"] { tar.directory(name + "/") }
        tar.file("etc/passwd", "root:x:0:0:root:/:/bin/sh\n")
        return tar.finished()
    }

    /// Compresses with a program of the system.
    static func compress(_ bytes: [UInt8], with program: String, in directory: String) throws -> [UInt8] {
        let path = directory + "/plain"
        try Files.replace(path, with: bytes)
        let outcome = try Spawn.run([program, "-c", path], environment: ["PATH=/usr/bin:/bin"])
        guard outcome.code == 0 else { throw SysError(call: program, subject: path, errno: .io) }
        return outcome.output
    }
}
