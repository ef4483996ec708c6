import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

/// Unpacking makes devices, owners and attributes: only root may.
private let isRoot = geteuid() == 0

@Suite("Unpacking layers", .enabled(if: isRoot, "needs root"))
struct UnpackTests {
    private func status(_ path: String) throws -> stat {
        var status = stat()
        try sys("lstat", path) { unsafe lstat(path, &status) }
        return status
    }

    private func mounted<Result>(
        _ fixture: borrowing ImageFixture,
        _ image: UnpackedImage,
        _ body: (String) throws -> Result
    ) throws -> Result {
        let target = fixture.directory.path + "/mnt"
        try Files.makeDirectories(target)
        let mounts = try fixture.snapshots.prepare(key: "test", parent: image.chainID)
        try OverlayMount.mount(mounts, at: target)
        // The test's verdict is what counts; the directory of the test cannot be removed while it is mounted.
        defer { try? OverlayMount.unmount(target) }
        return try body(target)
    }

    @Test("owners, modes with set-user-id, times, links and devices are as the layer says")
    func metadata() throws {
        let fixture = try ImageFixture()
        var tar = TarBuilder()
        tar.add("5", "./", [], TarBuilder.Options(mode: 0o751, uid: 7, gid: 8, time: 1_111))
        tar.add("5", "d/", [], TarBuilder.Options(mode: 0o2775, uid: 1, gid: 2, time: 2_222))
        tar.add("0", "d/su", Array("x".utf8), TarBuilder.Options(mode: 0o4755, uid: 3, gid: 4, time: 3_333))
        tar.add(
            "2",
            "d/link",
            link: "/nowhere/at/all",
            [],
            TarBuilder.Options(mode: 0o777, uid: 5, gid: 6, time: 4_444)
        )
        tar.hardLink("d/hard", to: "d/su")
        tar.add("3", "d/null", [], TarBuilder.Options(mode: 0o666, major: 1, minor: 3))
        tar.add("4", "d/block", [], TarBuilder.Options(mode: 0o660, gid: 6, major: 7, minor: 300))
        tar.add("6", "d/fifo", [], TarBuilder.Options(mode: 0o644))
        tar.add("0", "big-id", [], TarBuilder.Options(uid: 4_000_000_000, gid: 3_000_000))
        let top = try fixture.top(fixture.unpack([tar.finished()]))

        let root = try status(top)
        #expect(root.st_mode & 0o7777 == 0o751)
        #expect((root.st_uid, root.st_gid) == (7, 8))
        #expect(root.st_mtim.tv_sec == 1_111)
        let directory = try status(top + "/d")
        #expect(directory.st_mode == S_IFDIR | 0o2775)
        #expect((directory.st_uid, directory.st_gid) == (1, 2))
        #expect(directory.st_mtim.tv_sec == 2_222)
        let file = try status(top + "/d/su")
        #expect(file.st_mode == S_IFREG | 0o4755)
        #expect((file.st_uid, file.st_gid) == (3, 4))
        #expect(file.st_mtim.tv_sec == 3_333)
        #expect(file.st_nlink == 2)
        #expect(try status(top + "/d/hard").st_ino == file.st_ino)
        let link = try status(top + "/d/link")
        #expect(link.st_mode & S_IFMT == S_IFLNK)
        #expect((link.st_uid, link.st_gid) == (5, 6))
        #expect(link.st_mtim.tv_sec == 4_444)
        let null = try status(top + "/d/null")
        #expect(null.st_mode == S_IFCHR | 0o666)
        #expect(DeviceNumber.parts(of: UInt64(null.st_rdev)) == (1, 3))
        let block = try status(top + "/d/block")
        #expect(block.st_mode == S_IFBLK | 0o660)
        #expect(block.st_gid == 6)
        #expect(DeviceNumber.parts(of: UInt64(block.st_rdev)) == (7, 300))
        #expect(try status(top + "/d/fifo").st_mode & S_IFMT == S_IFIFO)
        #expect(try status(top + "/big-id").st_uid == 4_000_000_000)
    }

    @Test("extended attributes come along, file capabilities too, but not those of overlayfs itself")
    func attributes() throws {
        let fixture = try ImageFixture()
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let pax = [
            ("SCHILY.xattr.security.capability", capability),
            ("SCHILY.xattr.user.note", Array("a\0=b".utf8)),
            ("SCHILY.xattr.trusted.overlay.redirect", Array("/etc".utf8)),
            ("SCHILY.xattr.user.overlay.opaque", Array("y".utf8)),
        ]
        var tar = TarBuilder()
        tar.add("0", "ping", [1], TarBuilder.Options(mode: 0o755, uid: 9, pax: pax))
        tar.add("5", "dir", [], TarBuilder.Options(mode: 0o755, pax: pax))
        tar.add("2", "link", link: "ping", [], TarBuilder.Options(pax: [("SCHILY.xattr.trusted.note", [1])]))
        let top = try fixture.top(fixture.unpack([tar.finished()]))
        for name in ["ping", "dir"] {
            let names = try ExtendedAttributes.all(top + "/" + name).map { String(decoding: $0.name, as: UTF8.self) }
            #expect(Set(names).isSuperset(of: ["user.note"]))
            #expect(!names.contains { $0.contains("overlay") })
            #expect(try ExtendedAttributes.get(Array("user.note".utf8), top + "/" + name) == Array("a\0=b".utf8))
        }
        #expect(try ExtendedAttributes.get(Array("security.capability".utf8), top + "/ping") == capability)
    }

    @Test("long names, names that are not UTF-8, and names that differ only in their composition are kept")
    func names() throws {
        let fixture = try ImageFixture()
        let long = String(repeating: "d/", count: 100) + String(repeating: "n", count: 255)
        var tar = TarBuilder()
        tar.add("0", "short", Array("pax".utf8), TarBuilder.Options(pax: [("path", Array(long.utf8))]))
        let second = Array((long.dropLast() + "2").utf8)
        tar.addRaw(
            TarBuilder.header("L", Array("././@LongLink".utf8), link: [], size: Int64(second.count + 1), .init())
        )
        tar.addData(second + [0])
        tar.add("0", "ignored", Array("gnu".utf8))
        tar.add("0", [0xFF, 0xFE, 0x41], [1])
        tar.add("0", Array("e\u{301}".utf8), [1])
        tar.add("0", Array("\u{e9}".utf8), [1, 2])
        let other = TarBuilder.Options(magic: Array("ustar  \0".utf8))
        tar.add("0", "gnu", [], other)
        let top = try fixture.top(fixture.unpack([tar.finished()]))
        #expect(try Files.readText(top + "/" + long) == "pax")
        #expect(try Files.readText(top + "/" + long.dropLast() + "2") == "gnu")
        let directory = try Descriptor.open(top, O_RDONLY | O_DIRECTORY)
        let names = Set(try TreeWalk.names(in: directory.raw, subject: top))
        #expect(
            names == [
                [0xFF, 0xFE, 0x41], Array("e\u{301}".utf8), Array("\u{e9}".utf8), Array("d".utf8), Array("gnu".utf8),
            ]
        )
    }

    @Test("sparse files keep their holes, in every way that tar programs write them")
    func sparse() throws {
        let fixture = try ImageFixture()
        let head = [UInt8](repeating: 0x61, count: 512)
        let tail = Array("end".utf8)
        var tar = TarBuilder()
        for (name, records) in [
            (
                "0.1",
                [
                    ("GNU.sparse.size", "10485760"), ("GNU.sparse.numblocks", "2"),
                    ("GNU.sparse.map", "0,512,10485757,3"),
                ]
            ),
            (
                "0.0",
                [
                    ("GNU.sparse.size", "10485760"), ("GNU.sparse.offset", "0"), ("GNU.sparse.numbytes", "512"),
                    ("GNU.sparse.offset", "10485757"), ("GNU.sparse.numbytes", "3"),
                ]
            ),
        ] {
            tar.add("0", name, head + tail, .init(pax: records.map { ($0.0, Array($0.1.utf8)) }))
        }
        var map = Array("2\n0\n512\n10485757\n3\n".utf8)
        map += [UInt8](repeating: 0, count: 512 - map.count)
        let modern = [
            ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "1.0"),
            ("GNU.sparse.realsize", "10485760"),
        ]
        tar.add("0", "GNUSparseFile.0/x", map + head + tail, .init(pax: modern.map { ($0.0, Array($0.1.utf8)) }))
        var header = TarBuilder.header(
            "S",
            Array("old".utf8),
            link: [],
            size: 515,
            .init(magic: Array("ustar  \0".utf8))
        )
        for (offset, text) in [
            (386, "00000000000"), (398, "00000001000"), (410, "00047777775"), (422, "00000000003"),
            (483, "00050000000"),
        ] {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        TarBuilder.checksum(&header)
        tar.addRaw(header)
        tar.addData(head + tail)
        tar.file("after", "ok")
        let top = try fixture.top(fixture.unpack([tar.finished()]))
        for name in ["0.0", "0.1", "1.0", "old"] {
            let status = try status(top + "/" + name)
            #expect(status.st_size == 10_485_760, "\(name)")
            #expect(status.st_blocks * 512 < 100_000, "\(name)")
            let bytes = try Files.read(top + "/" + name)
            #expect(Array(bytes.prefix(512)) == head && Array(bytes.suffix(3)) == tail, "\(name)")
            #expect(bytes[512..<10_485_757].allSatisfy { $0 == 0 }, "\(name)")
        }
        #expect(try Files.readText(top + "/after") == "ok")
    }

    @Test("a later entry of a layer replaces an earlier one, and a directory keeps what is in it")
    func duplicates() throws {
        let fixture = try ImageFixture()
        var tar = TarBuilder()
        tar.file("a", "1")
        tar.file("a", "2")
        tar.directory("b/", mode: 0o700)
        tar.file("b/kept", "k")
        tar.directory("b/", mode: 0o755)
        tar.directory("c/")
        tar.file("c/gone", "g")
        tar.file("c", "file")
        tar.symlink("d", to: "a")
        tar.file("d", "not through the link")
        tar.file("e", "1")
        tar.symlink("e", to: "a")
        let top = try fixture.top(fixture.unpack([tar.finished()]))
        #expect(try Files.readText(top + "/a") == "2")
        #expect(try Files.readText(top + "/b/kept") == "k")
        #expect(try status(top + "/b").st_mode & 0o777 == 0o755)
        #expect(try Files.readText(top + "/c") == "file")
        #expect(try Files.readText(top + "/d") == "not through the link")
        #expect(try status(top + "/e").st_mode & S_IFMT == S_IFLNK)
    }

    @Test("whiteouts and opaque directories hide what lower layers have, and only that")
    func whiteouts() throws {
        let fixture = try ImageFixture()
        var lower = TarBuilder()
        for name in ["gone", "kept", "replaced"] { lower.file(name, "lower") }
        for directory in ["opaque", "removed", "again", "late"] {
            lower.directory(directory + "/")
            lower.file(directory + "/old", "lower")
        }
        var upper = TarBuilder()
        upper.file(".wh.gone")
        upper.file(".wh.never-there")
        upper.file("replaced", "upper")
        upper.file(".wh.replaced")
        upper.directory("opaque/")
        upper.file("opaque/.wh..wh..opq")
        upper.file("opaque/new", "upper")
        upper.file(".wh.removed")
        // Removed and made again in one layer: the old content must not come back.
        upper.file(".wh.again")
        upper.directory("again/")
        upper.file("again/new", "upper")
        upper.directory("late/")
        upper.file("late/new", "upper")
        upper.file(".wh.late")
        upper.file(".wh..wh.plnk/1.2")
        let image = try fixture.unpack([lower.finished(), upper.finished()])
        let names = try mounted(fixture, image) { root in
            #expect(try Files.readText(root + "/kept") == "lower")
            #expect(try Files.readText(root + "/replaced") == "upper")
            for directory in ["opaque", "again", "late"] {
                #expect(try Files.list(root + "/" + directory) == ["new"], "\(directory)")
            }
            return try Files.list(root)
        }
        #expect(names == ["again", "kept", "late", "opaque", "replaced"])
        #expect(!Files.exists(try fixture.top(image) + "/never-there"))
    }

    @Test("a directory takes the place of a lower file or link, and a file or link that of a lower directory")
    func changedKinds() throws {
        let fixture = try ImageFixture()
        var lower = TarBuilder()
        for name in ["file", "link"] {
            lower.directory("from-\(name)/")
            lower.file("from-\(name)/old", "lower")
        }
        lower.file("to-directory", "lower")
        lower.symlink("link-to-directory", to: "from-file")
        var upper = TarBuilder()
        upper.file("from-file", "upper")
        upper.symlink("from-link", to: "to-directory")
        for name in ["to-directory", "link-to-directory"] {
            upper.directory("\(name)/")
            upper.file("\(name)/new", "upper")
        }
        let image = try fixture.unpack([lower.finished(), upper.finished()])
        try mounted(fixture, image) { root throws -> Void in
            #expect(try Files.readText(root + "/from-file") == "upper")
            #expect(try status(root + "/from-link").st_mode & S_IFMT == S_IFLNK)
            #expect(try Files.list(root + "/from-link") == ["new"])
            for name in ["to-directory", "link-to-directory"] {
                #expect(try status("\(root)/\(name)").st_mode & S_IFMT == S_IFDIR)
                #expect(try Files.list("\(root)/\(name)") == ["new"])
            }
        }
    }

    @Test("a directory that a layer does not repeat keeps the owner, mode and attributes it has below")
    func implicitDirectories() throws {
        let fixture = try ImageFixture()
        var lower = TarBuilder()
        lower.add("5", "./", [], .init(mode: 0o711, uid: 5))
        lower.add("5", "srv/", [], .init(mode: 0o1770, uid: 11, gid: 12, time: 99))
        lower.add("5", "srv/data/", [], .init(mode: 0o700, uid: 13, pax: [("SCHILY.xattr.user.note", [7])]))
        var upper = TarBuilder()
        upper.file("srv/data/file", "x")
        upper.file("fresh/file", "x")
        let top = try fixture.top(fixture.unpack([lower.finished(), upper.finished()]))
        #expect(try status(top).st_mode & 0o7777 == 0o711)
        #expect(try status(top).st_uid == 5)
        let outer = try status(top + "/srv")
        #expect(outer.st_mode & 0o7777 == 0o1770)
        #expect((outer.st_uid, outer.st_gid) == (11, 12))
        #expect(outer.st_mtim.tv_sec == 99)
        #expect(try status(top + "/srv/data").st_mode & 0o7777 == 0o700)
        #expect(try ExtendedAttributes.get(Array("user.note".utf8), top + "/srv/data") == [7])
        #expect(try status(top + "/fresh").st_mode & 0o7777 == 0o755)
    }

    @Test("a hard link to a file of a lower layer brings the file up, as overlayfs does")
    func linkToLowerLayer() throws {
        let fixture = try ImageFixture()
        var lower = TarBuilder()
        lower.directory("bin/", mode: 0o751)
        lower.add("0", "bin/tool", Array("tool".utf8), .init(mode: 0o4711, uid: 3))
        var upper = TarBuilder()
        upper.hardLink("tool2", to: "bin/tool")
        let image = try fixture.unpack([lower.finished(), upper.finished()])
        try mounted(fixture, image) { root throws -> Void in
            #expect(try Files.readText(root + "/tool2") == "tool")
            let first = try status(root + "/bin/tool")
            let second = try status(root + "/tool2")
            #expect(first.st_ino == second.st_ino)
            #expect(second.st_mode & 0o7777 == 0o4711)
            #expect(second.st_uid == 3)
            #expect(try status(root + "/bin").st_mode & 0o7777 == 0o751)
        }
    }

    @Test("a busybox image runs from its snapshot, and unpacking it again does nothing")
    func busybox() throws {
        let fixture = try ImageFixture()
        let image = try fixture.unpack([Archive.busybox()])
        let output = try mounted(fixture, image) { root in
            try Spawn.run(["/usr/sbin/chroot", root, "/bin/sh", "-c", "echo hi; cat /etc/passwd"], environment: [])
        }
        #expect(String(decoding: output.output, as: UTF8.self) == "hi\nroot:x:0:0:root:/:/bin/sh\n")
        let before = try fixture.leftovers().sorted()
        var seen: [UnpackProgress] = []
        let again = try Unpacker(store: fixture.store, snapshots: fixture.snapshots)
            .unpack(image.manifest.digest) { seen.append($0) }
        #expect(again == image)
        #expect(seen == image.layers.map { .present($0.digest) })
        #expect(try fixture.leftovers().sorted() == before)
    }

    @Test("a hundred layers mount, although their names do not fit into a page")
    func manyLayers() throws {
        let fixture = try ImageFixture()
        var layers: [[UInt8]] = []
        for index in 0..<100 {
            var tar = TarBuilder()
            tar.file("file\(index)", "\(index)")
            tar.file("common", "\(index)")
            layers.append(tar.finished())
        }
        let image = try fixture.unpack(layers)
        try mounted(fixture, image) { root throws -> Void in
            #expect(try Files.list(root).count == 101)
            #expect(try Files.readText(root + "/common") == "99")
            #expect(try Files.readText(root + "/file0") == "0")
        }
        #expect(try fixture.snapshots.mounts(key: "test")[0].options.joined(separator: ",").utf8.count > 4096)
    }
}
