import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

private let hasContainerd =
    geteuid() == 0 && Files.exists("/usr/bin/containerd") && Files.exists("/usr/bin/ctr")

/// Archives cross between this program and containerd, in both directions.
@Suite("With containerd", .enabled(if: hasContainerd, "needs root, containerd and ctr (apt install containerd)"))
struct ContainerdTests {
    /// A containerd with everything of its own below one directory; stopped when it goes.
    private struct Daemon: ~Copyable {
        let directory: TemporaryDirectory
        let process: Int32

        init() throws {
            let directory = try TemporaryDirectory(prefix: "swiftlet-test-ctrd")
            let config = """
                version = 2
                root = "\(directory.path)/root"
                state = "\(directory.path)/state"
                disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs",
                  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
                [grpc]
                address = "\(directory.path)/c.sock"
                [ttrpc]
                address = "\(directory.path)/c.sock.ttrpc"
                """
            try Files.replace(directory.path + "/config.toml", with: Array(config.utf8))
            let log = try Descriptor.open(directory.path + "/log", O_WRONLY | O_CREAT, mode: 0o600)
            let process = try Spawn.start(
                ["/usr/bin/containerd", "--config", directory.path + "/config.toml"],
                environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                standardOutput: log.raw,
                standardError: log.raw
            )
            self.process = process
            self.directory = directory
        }

        /// Waits until it answers, then runs `ctr`.
        func ctr(_ arguments: String...) throws -> String {
            let command = ["/usr/bin/ctr", "-a", directory.path + "/c.sock"]
            for attempt in 0..<1000 {
                let probe = try Spawn.run(command + ["version"], environment: [])
                if probe.code == 0 { break }
                try #require(attempt < 999, "containerd does not answer")
                usleep(50_000)
            }
            let outcome = try Spawn.run(command + arguments, environment: [])
            let text = String(decoding: outcome.output, as: UTF8.self)
            #expect(outcome.code == 0, "\(text) \(String(decoding: outcome.errors, as: UTF8.self))")
            return text
        }

        deinit {
            _ = kill(process, SIGTERM)
            // It is our child and was just told to stop; a failure to wait cannot be acted on.
            _ = try? Spawn.wait(process)
        }
    }

    @Test("a docker-archive has the same digest here and there, and its export comes in here")
    func roundTrip() throws {
        let fixture = try ImageFixture()
        let daemon = try Daemon()
        let path = try fixture.file("docker.tar", Archive.docker([try Archive.busybox()], tags: ["bb:1", "bb:2"]))
        _ = try daemon.ctr("images", "import", path)
        let listing = try daemon.ctr("images", "ls")
        let ours = try ImageArchive.importArchive(from: .path(path), into: fixture.store)
        #expect(ours.count == 1)
        for name in ours[0].names {
            #expect(
                listing.contains("\(name.canonical) \(ours[0].target.mediaType) \(ours[0].target.digest)"),
                "\(listing)"
            )
        }

        let exported = daemon.directory.path + "/out.tar"
        _ = try daemon.ctr("images", "export", exported, "docker.io/library/bb:1", "docker.io/library/bb:2")
        let other = try ImageFixture()
        let again = try ImageArchive.importArchive(from: .path(exported), into: other.store)
        #expect(again.map(\.target.digest) == ours.map(\.target.digest))
        #expect(Set(again[0].names) == Set(ours[0].names))
        #expect(try other.store.list() == fixture.store.list())
        let unpacked = try Unpacker(store: other.store, snapshots: other.snapshots).unpack(again[0].target.digest)
        #expect(try Files.readText(other.top(unpacked) + "/etc/passwd") == "root:x:0:0:root:/:/bin/sh")
    }

    @Test("what is exported here comes into containerd with its names and digests, and runs through its unpacker")
    func export() throws {
        let fixture = try ImageFixture()
        let daemon = try Daemon()
        let images = try fixture.importBytes(
            Archive.docker([try Archive.busybox()], tags: ["bb:1", "localhost:5000/x:2"])
        )
        let path = fixture.directory.path + "/export.tar"
        let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        var last: (Int64, Int64) = (0, 0)
        try ImageExport.export(
            images.map { ImageExport.Image(names: $0.names, target: $0.target) },
            from: fixture.store,
            to: file.raw
        ) { last = ($0, $1) }
        let total = try fixture.store.list().reduce(0) { $0 + $1.size }
        #expect(last == (total, total))
        _ = try daemon.ctr("images", "import", path)
        let listing = try daemon.ctr("images", "ls")
        for name in images[0].names {
            #expect(listing.contains("\(name.canonical) ") && listing.contains("\(images[0].target.digest)"))
        }
        #expect(try daemon.ctr("images", "check").contains("complete ("))
        let other = try ImageFixture()
        let back = try ImageArchive.importArchive(from: .path(path), into: other.store)
        #expect(back.map(\.target.digest) == images.map(\.target.digest))
        #expect(back.map(\.names) == images.map(\.names))
    }

    @Test("three images go into containerd in one archive, come back in one, and have the digests they had")
    func several() throws {
        let fixture = try ImageFixture()
        let daemon = try Daemon()
        let (path, images) = try RoundTripTests.three(fixture)
        _ = try daemon.ctr("images", "import", path)
        let listing = try daemon.ctr("images", "ls")
        for image in images {
            for name in image.names {
                let line = listing.split(separator: "\n").first { $0.hasPrefix(name.canonical + " ") }
                #expect(line?.contains("\(image.target.digest)") == true, "\(listing)")
            }
        }
        let exported = daemon.directory.path + "/out.tar"
        let names = images.flatMap(\.names).map(\.canonical)
        _ = try daemon.ctr("images", "export", exported, names[0], names[1], names[2], names[3])
        #expect(try RoundTripTests.contents(exported) == RoundTripTests.contents(path))
    }
}
