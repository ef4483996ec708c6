import Glibc
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Images

@Suite("Unpacking layers side by side", .enabled(if: geteuid() == 0, "needs root"))
struct LayerPipelineTests {
    /// Layers of which each but the first needs something of those below: a directory's look, a file to hide, a file to
    /// link to.
    private func layers() -> [[UInt8]] {
        var first = TarBuilder()
        first.directory("./", mode: 0o750)
        first.directory("a/", mode: 0o700)
        first.file("a/one", "1")
        first.file("a/two", "2")
        var second = TarBuilder()
        second.file("a/.wh.one", "")
        second.file("a/three", "3")
        var third = TarBuilder()
        third.hardLink("b", to: "a/two")
        var fourth = TarBuilder()
        fourth.file("c", "4")
        return [first, second, third, fourth].map { $0.finished() }
    }

    private func prepare(_ fixture: borrowing ImageFixture) throws -> (LayerPipeline, ResolvedImage, [Digest]) {
        let image = try #require(try fixture.importBytes(Archive.docker(layers())).first)
        let resolved = try ImageGraph(store: fixture.store).resolve(image.target.digest)
        let unpacker = Unpacker(store: fixture.store, snapshots: fixture.snapshots)
        let pipeline = try unpacker.pipeline(try Unpacker.layers(resolved.manifest, resolved.config)) { _ in }
        return (pipeline, resolved, resolved.manifest.layers.map(\.digest))
    }

    private func check(_ fixture: borrowing ImageFixture, _ resolved: ResolvedImage) throws {
        let chain = ChainID.chain(of: resolved.config.rootfs.diffIDs) { ContentHash.digest(of: $0) }
        let top = try #require(chain.last)
        let paths = try fixture.snapshots.layers(top)
        #expect(paths.count == 4)
        #expect(try Files.readText(paths[0] + "/c") == "4")
        #expect(try Files.readText(paths[1] + "/a/two") == "2")
        #expect(try Files.readText(paths[1] + "/b") == "2")
        var status = stat()
        #expect(unsafe lstat(paths[2] + "/a/one", &status) == 0)
        #expect(ParentLayers.isWhiteout(status))
        for (path, mode) in [(paths[2] + "/a", 0o700), (paths[1] + "/a", 0o700), (paths[0], 0o750), (paths[2], 0o750)] {
            #expect(unsafe lstat(path, &status) == 0)
            #expect(status.st_mode & 0o7777 == mode_t(mode), "\(path)")
        }
    }

    @Test("layers that need each other are right in whatever order their content comes", arguments: [false, true])
    func anyOrder(backwards: Bool) throws {
        let fixture = try ImageFixture()
        let (pipeline, resolved, digests) = try prepare(fixture)
        for digest in backwards ? digests.reversed() : digests {
            pipeline.available(digest)
            usleep(20_000)
        }
        try pipeline.finish()
        try check(fixture, resolved)
    }

    @Test("what is given up while a layer waits for one that never comes leaves nothing")
    func abandoned() throws {
        let fixture = try ImageFixture()
        let (pipeline, _, digests) = try prepare(fixture)
        for digest in digests.dropFirst() { pipeline.available(digest) }
        usleep(20_000)
        pipeline.abandon()
        #expect(throws: ImageError.self) { try pipeline.finish() }
        #expect(try Files.list(fixture.root + "/snapshots/l") == [])
        #expect(try Files.list(fixture.root + "/snapshots/committed") == [])
    }

    @Test("a broken layer in the middle is what is told, and nothing stays")
    func broken() throws {
        let fixture = try ImageFixture()
        var all = layers()
        var bad = TarBuilder()
        bad.file("../../escape", "x")
        all[1] = bad.finished()
        let image = try #require(try fixture.importBytes(Archive.docker(all)).first)
        let error = #expect(throws: ImageError.self) {
            try Unpacker(store: fixture.store, snapshots: fixture.snapshots).unpack(image.target.digest)
        }
        if case .escape = error {} else { Issue.record("\(String(describing: error))") }
        #expect(try Files.list(fixture.root + "/snapshots/l") == [])
    }
}
