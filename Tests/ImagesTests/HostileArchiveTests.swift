import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

@Suite("Hostile and broken archives", .enabled(if: geteuid() == 0, "needs root"))
struct HostileArchiveTests {
    @Test(
        "a hostile layer is refused or contained, and leaves nothing outside (CVE-2018-15664, CVE-2019-14271, CVE-2021-32760, CVE-2025-47290)",
        arguments: HostileLayer.all
    )
    func layers(layer: HostileLayer) throws {
        let fixture = try ImageFixture()
        let host = fixture.directory.path + "/host"
        try Files.makeDirectories(host)
        try Files.replace(host + "/canary", with: Array("innocent".utf8), mode: 0o640)
        let before = try outside(fixture)
        // A lower layer, so that whiteouts have something to hide.
        var lower = TarBuilder()
        lower.directory("d/")
        lower.file("d/file", "lower")
        let bytes = layer.build(host)
        let image = try #require(try fixture.importBytes(Archive.docker([lower.finished(), bytes])).first)
        let unpacker = Unpacker(store: fixture.store, snapshots: fixture.snapshots)
        switch layer.outcome {
        case .refused(let text):
            let error = #expect(throws: ImageError.self) { try unpacker.unpack(image.target.digest) }
            if let error {
                #expect("\(error)".contains(text), "\(error)")
                #expect(error.isCallersFault, "\(error)")
                #expect(!"\(error)".contains("\n"), "one line")
            }
            #expect(try fixture.snapshots.list().isEmpty)
            #expect(try Files.list(fixture.root + "/snapshots/l") == [])
        case .contained(let file):
            let top = try fixture.top(try unpacker.unpack(image.target.digest))
            let inside = file.hasPrefix("HOST") ? host + file.dropFirst(4) : file
            #expect(try Files.readText(top + inside) == "evil")
        }
        #expect(try outside(fixture) == before)
    }

    /// What is outside of the stores, with modes, owners and contents.
    private func outside(_ fixture: borrowing ImageFixture) throws -> [String] {
        var found: [String] = []
        for path in [fixture.directory.path + "/host", "/etc"] {
            var status = stat()
            try sys("lstat", path) { unsafe lstat(path, &status) }
            found.append("\(path) \(status.st_mode) \(status.st_uid) \(try Files.list(path))")
        }
        let canary = fixture.directory.path + "/host/canary"
        var status = stat()
        try sys("lstat", canary) { unsafe lstat(canary, &status) }
        return found + ["\(status.st_mode) \(status.st_uid) \(status.st_nlink) \(try Files.readText(canary))"]
    }

    private func small(_ text: String = "x") -> [UInt8] {
        var tar = TarBuilder()
        tar.file("file", text)
        return tar.finished()
    }

    @Test(
        "an archive cut off at any block is refused and leaves nothing",
        arguments: ["docker", "oci", "gzip", "zstd"]
    )
    func truncated(kind: String) throws {
        let fixture = try ImageFixture()
        let layer = small()
        var whole =
            kind == "docker"
            ? Archive.docker([layer, small("y")])
            : Archive.layout([(layer, .imageLayer, ContentHash.digest(of: layer))])
        // The blocks of zeros at the end may be missing; everything before is needed.
        var end = whole.count - 1024
        if kind == "gzip" || kind == "zstd" {
            whole = try Archive.compress(whole, with: kind, in: fixture.directory.path)
            end = whole.count - 16
        }
        for cut in stride(from: 0, to: end, by: kind == "gzip" || kind == "zstd" ? 37 : 512) {
            let error = #expect(throws: ImageError.self, "cut at \(cut) of \(whole.count)") {
                try fixture.importBytes(Array(whole[..<cut]))
            }
            if let error { #expect(error.isCallersFault, "\(error)") }
            #expect(try fixture.leftovers() == [], "cut at \(cut)")
        }
        #expect(try fixture.importBytes(whole).count == 1)
    }

    @Test("what is no image archive is refused in words that help")
    func otherFiles() throws {
        let fixture = try ImageFixture()
        var plain = TarBuilder()
        plain.file("readme", "x")
        var old = TarBuilder()
        old.file("repositories", "{}")
        var noIndex = TarBuilder()
        noIndex.file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
        var empty = noIndex
        empty.file("index.json", #"{"schemaVersion":2,"manifests":[]}"#)
        var notJSON = TarBuilder()
        notJSON.file("manifest.json", "[{")
        var noImages = TarBuilder()
        noImages.file("manifest.json", "[]")
        var missing = TarBuilder()
        missing.file("manifest.json", #"[{"Config":"c.json","RepoTags":null,"Layers":["l"]}]"#)
        var escaping = TarBuilder()
        escaping.file("manifest.json", #"[{"Config":"../../etc/passwd","RepoTags":null,"Layers":[]}]"#)
        var up = TarBuilder()
        up.file("../manifest.json", "[]")
        var badName = TarBuilder()
        badName.file("c.json", bytes: Archive.config([]))
        badName.file("manifest.json", #"[{"Config":"c.json","RepoTags":["UPPER:1"],"Layers":[]}]"#)
        var circle = TarBuilder()
        circle.symlink("a", to: "b")
        circle.symlink("b", to: "a")
        circle.file("manifest.json", #"[{"Config":"a","RepoTags":null,"Layers":[]}]"#)
        let cases: [([UInt8], String)] = [
            ([], "it is empty"),
            (Array("just text".utf8), "not a tar archive"),
            ([UInt8](repeating: 0xAA, count: 5000), "not a tar archive"),
            ([UInt8](repeating: 0, count: 10_240), "it is empty"),
            (plain.finished(), "neither `manifest.json`"),
            (old.finished(), "before 1.10"),
            (noIndex.finished(), "index.json"),
            (empty.finished(), "lists no image"),
            (notJSON.finished(), "manifest.json is not valid"),
            (noImages.finished(), "lists no image"),
            (missing.finished(), "names \"c.json\""),
            (escaping.finished(), "not a path of the archive"),
            (up.finished(), "leads out"),
            (badName.finished(), "must be lower case"),
            (circle.finished(), "in circles"),
        ]
        for (bytes, text) in cases {
            let error = #expect(throws: ImageError.self, "\(text)") { try fixture.importBytes(bytes) }
            if let error { #expect("\(error)".contains(text), "\(error)") }
            #expect(try fixture.leftovers() == [])
        }
        let gone = #expect(throws: ImageError.self) {
            try ImageArchive.importArchive(from: .path("/nowhere/x.tar"), into: fixture.store)
        }
        #expect(gone?.errno == .noEntry)
    }

    @Test("wrong digests, sizes and numbers of layers are found wherever they are")
    func lies() throws {
        let fixture = try ImageFixture()
        let layer = small()
        let diffID = ContentHash.digest(of: layer)
        let other = ContentHash.digest(of: [1])
        func refuse(_ bytes: [UInt8], _ text: String) throws {
            let error = #expect(throws: ImageError.self, "\(text)") { try fixture.importBytes(bytes) }
            if let error { #expect("\(error)".contains(text), "\(error)") }
            #expect(try fixture.leftovers() == [])
        }
        let place = ImageLayout.path(of: diffID)
        try refuse(Archive.docker([layer], diffIDs: [other]), "its hash is \(diffID), expected \(other)")
        try refuse(Archive.docker([layer], diffIDs: [diffID, diffID]), "it lists 2 layers, the manifest has 1")
        try refuse(Archive.layout([(layer, .imageLayer, diffID)]) { $0[place] = small("y") }, "expected \(diffID)")
        try refuse(Archive.layout([(layer, .imageLayer, diffID)]) { $0[place] = nil }, "needs \(diffID)")
        try refuse(
            Archive.layout([(layer, .imageLayer, diffID)]) { files in
                for name in files.keys where name.hasPrefix("blobs/") && name != place { files[name] = nil }
            },
            "needs sha256:"
        )
        try refuse(
            Archive.layout([(layer, .imageLayer, diffID)]) { files in
                guard var top = try? ImageDocument.index(files["index.json"] ?? [], what: "") else { return }
                top.manifests[0].size += 1
                files["index.json"] = Archive.json(top)
            },
            "bytes, expected "
        )
        // A wrong diff id of a layout is found when the layer is unpacked.
        let image = try #require(try fixture.importBytes(Archive.layout([(layer, .imageLayer, other)])).first)
        #expect(throws: ImageError.self) {
            try Unpacker(store: fixture.store, snapshots: fixture.snapshots).unpack(image.target.digest)
        }
        #expect(try Files.list(fixture.root + "/snapshots/l") == [])
    }

    @Test("limits stop what would never end: entries, bytes, layers, documents, bombs")
    func limits() throws {
        let fixture = try ImageFixture()
        var many = TarBuilder()
        for index in 0..<2000 { many.file("f\(index)") }
        var limits = UnpackLimits()
        limits.entriesPerLayer = 1000
        var error = #expect(throws: ImageError.self) { try fixture.unpack([many.finished()], limits: limits) }
        #expect(error?.description.contains("1000 entries") == true)
        limits = UnpackLimits()
        limits.bytesPerLayer = 1000
        error = #expect(throws: ImageError.self) {
            try fixture.unpack([small(String(repeating: "x", count: 1001))], limits: limits)
        }
        #expect(error?.description.contains("1000 bytes") == true)
        #expect(try Files.list(fixture.root + "/snapshots/l") == [])
        for info in try fixture.store.list() { _ = try fixture.store.remove(info.digest) }

        var importLimits = ImportLimits()
        importLimits.entries = 5
        importLimits.archiveBytes = 1 << 20
        var tooMany = TarBuilder()
        for index in 0..<6 { tooMany.file("f\(index)") }
        #expect(throws: ImageError.tooLarge(what: "the archive", limit: 5, unit: "entries")) {
            try fixture.importBytes(tooMany.finished(), limits: importLimits)
        }
        var zeros = TarBuilder()
        zeros.file("zeros", bytes: [UInt8](repeating: 0, count: 64 << 20))
        let bomb = try Archive.compress(zeros.finished(), with: "gzip", in: fixture.directory.path)
        #expect(bomb.count < 1 << 18)
        error = #expect(throws: ImageError.self) { try fixture.importBytes(bomb, limits: importLimits) }
        #expect(error?.description.contains("1048576 bytes when decompressed") == true)
        let tower = try Archive.compress(bomb, with: "gzip", in: fixture.directory.path)
        error = #expect(throws: ImageError.self) { try fixture.importBytes(tower) }
        #expect(error?.description.contains("compressed more than once") == true)

        let layers = (0..<10_000).map { "l\($0)" }
        var wide = TarBuilder()
        wide.file("c.json", bytes: Archive.config([]))
        wide.file("manifest.json", bytes: Archive.json([DockerArchiveEntry(config: "c.json", layers: layers)]))
        error = #expect(throws: ImageError.self) { try fixture.importBytes(wide.finished()) }
        #expect(error?.description.contains("10000 layers") == true)
        var long = TarBuilder()
        long.file("manifest.json", bytes: [UInt8](repeating: 0x20, count: 9 << 20))
        error = #expect(throws: ImageError.self) { try fixture.importBytes(long.finished()) }
        #expect(error?.description.contains("8388608 bytes") == true)
        #expect(try fixture.leftovers() == [])
    }

    @Test("a full disk is reported as such and leaves nothing")
    func diskFull() throws {
        let directory = try TemporaryDirectory()
        try sys("mount", directory.path) {
            unsafe mount("tmpfs", directory.path, "tmpfs", 0, "size=1m")
        }
        // The directory cannot be removed while it is mounted.
        defer { try? OverlayMount.unmount(directory.path) }
        let fixture = try ImageFixture()
        let store = try ContentStore(root: directory.path)
        let big = small(String(repeating: "x", count: 2 << 20))
        let path = try fixture.file("big.tar", Archive.docker([big]))
        var error = #expect(throws: ImageError.self) {
            try ImageArchive.importArchive(from: .path(path), into: store)
        }
        #expect(error?.isDiskFull == true)
        #expect(error?.description.contains("free some space") == true)
        #expect(try store.list() == [])
        #expect(try Files.list(directory.path + "/content/ingest") == [])

        let image = try #require(try fixture.importBytes(Archive.docker([big])).first)
        let snapshots = try Snapshotter(root: directory.path)
        error = #expect(throws: ImageError.self) {
            try Unpacker(store: fixture.store, snapshots: snapshots).unpack(image.target.digest)
        }
        #expect(error?.isDiskFull == true)
        #expect(try Files.list(directory.path + "/snapshots/l") == [])
    }

    /// A layer with an entry of every tricky kind.
    private var rich: [UInt8] {
        var tar = TarBuilder()
        tar.add("0", "x", [1], .init(pax: [("path", Array("long/name".utf8)), ("SCHILY.xattr.user.a", [1])]))
        tar.add(
            "0",
            "s",
            [1],
            .init(pax: [("GNU.sparse.size", Array("9".utf8)), ("GNU.sparse.map", Array("4,1".utf8))])
        )
        let map = Array("1\n4\n1\n".utf8) + [UInt8](repeating: 0, count: 506)
        let modern = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "9")]
        tar.add("0", "s", map + [1], .init(pax: modern.map { ($0.0, Array($0.1.utf8)) }))
        var old = TarBuilder.header("S", Array("old".utf8), link: [], size: 1, .init(magic: Array("ustar  \0".utf8)))
        for (offset, text) in [(386, "00000000000"), (398, "00000000001"), (483, "00000000011")] {
            for (index, byte) in text.utf8.enumerated() { old[offset + index] = byte }
        }
        TarBuilder.checksum(&old)
        tar.addRaw(old)
        tar.addData([1])
        tar.addRaw(TarBuilder.header("L", Array("l".utf8), link: [], size: 5, .init()))
        tar.addData(Array("long".utf8) + [0])
        tar.hardLink("h", to: "s")
        tar.file(".wh.gone")
        return tar.finished()
    }

    private static func seed() -> UInt64 {
        let given = unsafe getenv("SWIFTLET_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0 ... .max)
        print("HostileArchiveTests: SWIFTLET_SEED=\(seed) repeats this run")
        return seed
    }

    /// Changes some bytes; half of the time the checksums are right again, so that the damage gets further.
    private static func damage(_ whole: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] = UInt8.random(in: 0...255, using: &random)
            if Bool.random(using: &random) {
                let start = place / 512 * 512
                var header = Array(bytes[start..<(start + 512)])
                TarBuilder.checksum(&header)
                bytes.replaceSubrange(start..<(start + 512), with: header)
            }
        }
        return bytes
    }

    @Test("the tar reader survives any damage")
    func readerMutations() throws {
        var random = SplitMix(state: HostileArchiveTests.seed())
        let directory = try TemporaryDirectory()
        let whole = rich
        for _ in 0..<2000 {
            let file = try Descriptor.open(directory.path + "/layer", O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
            try Files.writeAll(file.raw, HostileArchiveTests.damage(whole, &random), subject: "layer")
            lseek(file.raw, 0, SEEK_SET)
            do {
                let reader = TarReader(try ByteStream(file, label: "layer", limit: 1 << 20))
                while let entry = try reader.next() {
                    if entry.storedSize < 1 << 20 { _ = try reader.readAll(limit: 1 << 20) }
                }
            } catch {
                // Refused: fine.
            }
        }
    }

    @Test("archives with random damage are taken or refused, never half")
    func mutations() throws {
        var random = SplitMix(state: HostileArchiveTests.seed())
        let fixture = try ImageFixture()
        let layer = rich
        for round in 0..<40 {
            let bytes = HostileArchiveTests.damage(layer, &random)
            do {
                _ = try fixture.unpack([bytes])
            } catch {
                // Refused: fine.
            }
            let whole = Archive.docker([layer])
            var archive = whole
            for _ in 0..<4 {
                archive[Int.random(in: 0..<archive.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                _ = try fixture.importBytes(archive)
            } catch {
                // Refused: fine.
            }
            #expect(try Files.list(fixture.root + "/content/ingest") == [], "round \(round)")
        }
        let directories = try Files.list(fixture.root + "/snapshots/l").count
        #expect(try fixture.snapshots.list().count == directories)
        for info in try fixture.store.list() { _ = try fixture.store.read(info.digest) }
    }
}

/// A small generator whose seed is printed, so that a failure can be had again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
