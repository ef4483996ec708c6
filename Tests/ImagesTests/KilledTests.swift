import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

private let roleVariable = "SWIFTLET_TEST_KILLED_IMPORT"

/// Where the killed process shall pull from, in the place of an archive.
private let registryVariable = "SWIFTLET_TEST_KILLED_PULL"

private func role() -> String? { unsafe getenv(roleVariable).map { unsafe String(cString: $0) } }

/// A real process is killed in the middle of imports and unpacking, again and again.
@Suite("Killed in the middle", .enabled(if: geteuid() == 0, "needs root"))
struct KilledTests {
    /// What the killed process does: it imports and unpacks until it is killed. Started by the other test only.
    @Test("(the process that is killed)", .enabled(if: role() != nil, "only inside \"kill -9 leaves nothing half\""))
    func victim() throws {
        let root = try #require(role())
        while true {
            let store = try ContentStore(root: root)
            let snapshots = try Snapshotter(root: root)
            let unpacker = Unpacker(store: store, snapshots: snapshots)
            let unpacked: UnpackedImage
            if let place = unsafe getenv(registryVariable).map({ unsafe String(cString: $0) }) {
                unpacked = try RegistryClient(store: store)
                    .pull(ImageReference(place), unpackingWith: unpacker, options: PullOptions()) { _ in }.1
            } else {
                let image = try ImageArchive.importArchive(from: .path(root + ".tar"), into: store)[0]
                unpacked = try unpacker.unpack(image.target.digest)
            }
            for layer in unpacked.layers.reversed() { try snapshots.removeCommitted(layer.chainID) }
            for info in try store.list() { try store.remove(info.digest) }
        }
    }

    @Test(
        "kill -9 leaves nothing half: what is visible is whole, the rest goes at the next open, and the next try succeeds",
        arguments: [false, true]
    )
    func kill(pulls: Bool) throws {
        try #require(role() == nil)
        let seed = unsafe getenv("SWIFTLET_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
        var random = SplitMix(state: seed ?? .random(in: 0 ... .max))
        print("KilledTests: SWIFTLET_SEED=\(random.state) waits as long again")
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-images")
        let root = directory.path + "/root"
        var layers: [[UInt8]] = []
        for index in 0..<3 {
            var tar = TarBuilder()
            for number in 0..<40 { tar.file("d\(index)/f\(number)", String(repeating: "x", count: 3000)) }
            layers.append(tar.finished())
        }
        try Files.replace(root + ".tar", with: Archive.docker(layers))
        let server = try ArchiveServer(root + ".tar")
        defer { server.stop() }
        let link = try LayerTree.readLink(PathResolution.cPath("/proc/self/exe".utf8), in: AT_FDCWD)
        let program = String(decoding: link, as: UTF8.self)
        let null = try Descriptor.open("/dev/null", O_WRONLY)
        var states: Set<String> = []
        for _ in 0..<20 {
            let victim = try Spawn.start(
                [program, "--testing-library", "swift-testing", "--filter", "KilledTests/victim"],
                environment: ["\(roleVariable)=\(root)", "PATH=/usr/bin:/bin"]
                    + (pulls ? ["\(registryVariable)=\(server.reference)"] : []),
                standardOutput: null.raw,
                standardError: null.raw
            )
            // Wait until it is at work, then a random while more.
            for _ in 0..<400 where !Files.exists(root + "/snapshots/lock") { usleep(5000) }
            usleep(useconds_t.random(in: 0..<500_000, using: &random))
            _ = Glibc.kill(victim, SIGKILL)
            #expect(try Spawn.wait(victim) == 128 + SIGKILL)
            guard Files.exists(root + "/snapshots/lock") else { continue }

            let store = try ContentStore(root: root)
            let snapshots = try Snapshotter(root: root)
            #expect(try Files.list(root + "/content/ingest") == [])
            let contents = try store.list()
            for info in contents { _ = try store.read(info.digest) }
            let infos = try snapshots.list()
            #expect(try Files.list(root + "/snapshots/l").count == infos.count)
            #expect(try Files.list(root + "/snapshots/w") == [])
            for info in infos {
                let chain = try Digest(info.name)
                #expect(try snapshots.usage(committed: chain).inodes == 42)
                #expect(info.parent.map { snapshots.committed($0) } != false)
            }
            let (_, whole) = try RegistryClient(store: store)
                .pull(
                    ImageReference(server.reference),
                    unpackingWith: Unpacker(store: store, snapshots: snapshots),
                    options: PullOptions()
                ) { _ in }
            #expect(whole.layers.count == 3)
            #expect(try Files.list(root + "/content/ingest") == [])
            states.insert("\(contents.count) blobs, \(infos.count) layers")
            // Gone before the next one starts.
            try Files.removeTree(root)
        }
        print("KilledTests: found after the kills: \(states.sorted())")
        #expect(!states.isEmpty)
    }
}
