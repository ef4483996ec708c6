import Glibc
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Images

@Suite("Importing archives")
struct ImportTests {
    private func layer(_ text: String) -> [UInt8] {
        var tar = TarBuilder()
        tar.file("file", text)
        return tar.finished()
    }

    @Test("a docker-archive comes in with its names, its layers as they are, and a manifest")
    func docker() throws {
        let fixture = try ImageFixture()
        let layers = [layer("one"), layer("two")]
        let images = try fixture.importBytes(Archive.docker(layers, tags: ["bb:1", "localhost:5000/x/bb:2"]))
        #expect(images.count == 1)
        #expect(images[0].names.map(\.canonical) == ["docker.io/library/bb:1", "localhost:5000/x/bb:2"])
        #expect(images[0].manifest?.digest == images[0].target.digest)
        let image = try ImageGraph(store: fixture.store).resolve(images[0].target.digest)
        #expect(image.manifest.layers.map(\.digest) == layers.map { ContentHash.digest(of: $0) })
        #expect(image.manifest.layers.map(\.mediaType) == [.dockerLayer, .dockerLayer])
        // Two layers, a configuration, a manifest; nothing of VERSION and manifest.json.
        #expect(try fixture.store.list().count == 4)
        #expect(try ImageGraph(store: fixture.store).reachable(from: images[0].target.digest).count == 4)
        #expect(image.size == (try fixture.store.list().reduce(0) { $0 + $1.size }))
        #expect(try Files.list(fixture.root + "/content/ingest") == [])
    }

    @Test("an OCI layout comes in from tar, gzip and zstd", arguments: ["", "gzip", "zstd"])
    func layout(program: String) throws {
        let fixture = try ImageFixture()
        let plain = layer("one")
        let gzip = try Archive.compress(plain, with: "gzip", in: fixture.directory.path)
        let zstd = try Archive.compress(plain, with: "zstd", in: fixture.directory.path)
        let diffID = ContentHash.digest(of: plain)
        var bytes = Archive.layout([
            (plain, .imageLayer, diffID), (gzip, .imageLayerGzip, diffID), (zstd, .imageLayerZstd, diffID),
        ])
        if !program.isEmpty { bytes = try Archive.compress(bytes, with: program, in: fixture.directory.path) }
        let images = try fixture.importBytes(bytes)
        #expect(images.map { $0.names.map(\.canonical) } == [["docker.io/library/bb:1"]])
        let unpacked = try Unpacker(store: fixture.store, snapshots: fixture.snapshots).unpack(images[0].target.digest)
        #expect(unpacked.layers.map(\.diffID) == [diffID, diffID, diffID])
        #expect(try Files.readText(fixture.top(unpacked) + "/file") == "one")
    }

    @Test("an archive comes in from a pipe, which is read to its end")
    func pipe() throws {
        let fixture = try ImageFixture()
        let bytes = Archive.docker([layer("one")]) + [UInt8](repeating: 0, count: 1 << 20)
        let pipe = try Pipe()
        let feeder = Semaphore()
        let end = fcntl(pipe.writeNumber, F_DUPFD_CLOEXEC, 3)
        pipe.closeWriteEnd()
        PosixThread.start(name: "feeder") {
            // The reader's verdict is what the test is about.
            try? Files.writeAll(end, bytes, subject: "pipe")
            _ = close(end)
            feeder.signal()
        }
        let images = try ImageArchive.importArchive(from: .descriptor(pipe.readEnd.raw), into: fixture.store)
        feeder.wait()
        #expect(images.count == 1)
    }

    @Test("importing twice, and on four threads at once, gives the same image and stores it once")
    func concurrently() throws {
        let fixture = try ImageFixture()
        let bytes = Archive.docker([layer("one"), layer("two")])
        let path = try fixture.file("shared.tar", bytes)
        let store = fixture.store
        let snapshots = fixture.snapshots
        let done = Semaphore()
        let results = Results()
        for _ in 0..<4 {
            PosixThread.start(name: "import") {
                do {
                    let image = try ImageArchive.importArchive(from: .path(path), into: store)[0]
                    let unpacked = try Unpacker(store: store, snapshots: snapshots).unpack(image.target.digest)
                    results.add("\(image.target.digest) \(unpacked.chainID.map(\.description) ?? "none")")
                } catch {
                    results.add("\(error)")
                }
                done.signal()
            }
        }
        for _ in 0..<4 { done.wait() }
        #expect(results.all.count == 4)
        #expect(Set(results.all).count == 1, "\(results.all)")
        #expect(try store.list().count == 4)
        #expect(try snapshots.list().count == 2)
        #expect(try Files.list(fixture.root + "/snapshots/l").count == 2)
        let before = try fixture.leftovers()
        _ = try fixture.importBytes(bytes)
        #expect(try fixture.leftovers() == before)
    }

    @Test("old archives that lean on links between layers come in")
    func links() throws {
        let fixture = try ImageFixture()
        let bytes = layer("one")
        let diffID = ContentHash.digest(of: bytes)
        let config = Archive.config([diffID, diffID])
        var tar = TarBuilder()
        tar.file("./config.json", bytes: config)
        tar.file("./a/layer.tar", bytes: bytes)
        tar.symlink("./b/layer.tar", to: "../a/layer.tar")
        let entry = DockerArchiveEntry(config: "config.json", repoTags: nil, layers: ["a/layer.tar", "b/layer.tar"])
        tar.file("./manifest.json", bytes: Archive.json([entry]))
        let images = try fixture.importBytes(tar.finished())
        #expect(images.map(\.names) == [[]])
        #expect(try fixture.store.list().count == 3)
    }

    @Test("an index for several platforms keeps what the archive has, and this machine's manifest is chosen")
    func index() throws {
        let fixture = try ImageFixture()
        let plain = layer("one")
        let diffID = ContentHash.digest(of: plain)
        let absent = ContentHash.digest(of: Array("absent".utf8))
        let bytes = Archive.layout([(plain, .imageLayer, diffID)]) { files in
            guard let top = try? ImageDocument.index(files["index.json"] ?? [], what: "") else { return }
            var own = top.manifests[0]
            own.platform = Platform(architecture: Platform.host.architecture, os: "linux")
            var other = own
            other.digest = absent
            other.platform = Platform(architecture: "s390x", os: "linux")
            let index = Archive.json(ImageIndex(schemaVersion: 2, mediaType: .imageIndex, manifests: [other, own]))
            let digest = ContentHash.digest(of: index)
            files[ImageLayout.path(of: digest)] = index
            var target = ContentDescriptor(mediaType: .imageIndex, digest: digest, size: Int64(index.count))
            target.annotations = ["org.opencontainers.image.ref.name": "1.0"]
            files["index.json"] = Archive.json(ImageIndex(schemaVersion: 2, manifests: [target]))
        }
        let images = try fixture.importBytes(bytes)
        #expect(images[0].names == [])
        #expect(images[0].tag == "1.0")
        #expect(images[0].target.mediaType == .imageIndex)
        #expect(images[0].manifest?.platform?.architecture == Platform.host.architecture)
        let unpacked = try Unpacker(store: fixture.store, snapshots: fixture.snapshots).unpack(images[0].target.digest)
        #expect(unpacked.manifest.digest == images[0].manifest?.digest)
        #expect(throws: ImageError.self) {
            try ImageGraph(store: fixture.store)
                .resolve(images[0].target.digest, platform: Platform(architecture: "riscv64", os: "linux"))
        }
    }
}

/// What threads found out.
final class Results: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
