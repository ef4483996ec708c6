import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

@Suite("Snapshots")
struct SnapshotterTests {
    private func digest(_ number: UInt8) -> Digest { ContentHash.digest(of: [number]) }

    /// Commits empty layers, each on top of the one before.
    private func commit(_ numbers: [UInt8], in snapshots: Snapshotter) throws {
        var parent: Digest?
        for number in numbers {
            if !snapshots.committed(digest(number)) {
                let below = try parent.flatMap { try snapshots.layers($0).first }
                try snapshots.commit(try snapshots.stage(above: below), as: digest(number), parent: parent)
            }
            parent = digest(number)
        }
    }

    @Test("mounts follow the rules of containerd's overlay snapshotter")
    func mounts() {
        func stack(_ upper: String?, _ lowers: [String], index: Bool = true, user: Bool = false) -> [Mount] {
            Mount.stack(
                upper: upper,
                work: upper.map { $0 + "w" },
                lowers: lowers,
                hasIndexOption: index,
                inUserNamespace: user
            )
        }
        #expect(stack("/u", []) == [Mount(type: "bind", source: "/u", options: ["rw", "rbind"])])
        #expect(stack(nil, ["/l"]) == [Mount(type: "bind", source: "/l", options: ["ro", "rbind"])])
        #expect(
            stack("/u", ["/2", "/1"])
                == [
                    Mount(
                        type: "overlay",
                        source: "overlay",
                        options: ["index=off", "workdir=/uw", "upperdir=/u", "lowerdir=/2:/1"]
                    )
                ]
        )
        #expect(
            stack(nil, ["/2", "/1"], index: false, user: true)
                == [Mount(type: "overlay", source: "overlay", options: ["userxattr", "lowerdir=/2:/1"])]
        )
        #expect(stack(nil, []) == [])
    }

    @Test("a writable snapshot lies on its parent, is counted, and goes when it is removed")
    func prepare() throws {
        let fixture = try ImageFixture()
        let snapshots = fixture.snapshots
        try commit([1, 2], in: snapshots)
        let mounts = try snapshots.prepare(key: "k8s.io/a.b", parent: digest(2))
        #expect(mounts == (try snapshots.mounts(key: "k8s.io/a.b")))
        #expect(mounts[0].type == "overlay")
        let upper = try #require(try snapshots.upperDirectory(key: "k8s.io/a.b"))
        let empty = try snapshots.usage(key: "k8s.io/a.b")
        try Files.replace(upper + "/file", with: [UInt8](repeating: 1, count: 100_000))
        let usage = try snapshots.usage(key: "k8s.io/a.b")
        #expect(usage.inodes == empty.inodes + 1)
        #expect(usage.bytes >= empty.bytes + 100_000)
        #expect(throws: ImageError.alreadyExists(what: "the snapshot \"k8s.io/a.b\"")) {
            try snapshots.prepare(key: "k8s.io/a.b", parent: nil)
        }
        #expect(
            try snapshots.list()
                == [digest(1), digest(2)].sorted().map {
                    SnapshotInfo(kind: .committed, name: $0.description, parent: $0 == digest(2) ? digest(1) : nil)
                } + [SnapshotInfo(kind: .active, name: "k8s.io/a.b", parent: digest(2))]
        )
        #expect(try snapshots.remove(key: "k8s.io/a.b"))
        #expect(try !snapshots.remove(key: "k8s.io/a.b"))
        #expect(try Files.list(fixture.root + "/snapshots/l").count == 2)
        #expect(try Files.list(fixture.root + "/snapshots/w") == [])
        #expect(throws: ImageError.notFound(what: "the snapshot \"k8s.io/a.b\"")) {
            try snapshots.mounts(key: "k8s.io/a.b")
        }
    }

    @Test("layers go from the top, and never while something lies on them")
    func removeCommitted() throws {
        let fixture = try ImageFixture()
        let snapshots = fixture.snapshots
        try commit([1, 2], in: snapshots)
        _ = try snapshots.view(key: "look", parent: digest(2))
        for number in [1, 2] as [UInt8] {
            #expect(throws: ImageError.self) { try snapshots.removeCommitted(digest(number)) }
        }
        #expect(try snapshots.remove(key: "look"))
        #expect(throws: ImageError.self) { try snapshots.removeCommitted(digest(1)) }
        #expect(try snapshots.removeCommitted(digest(2)))
        #expect(try snapshots.removeCommitted(digest(1)))
        #expect(try !snapshots.removeCommitted(digest(1)))
        #expect(try fixture.leftovers() == [])
    }

    @Test("a writable snapshot becomes a layer, and its key is free again")
    func commitKey() throws {
        let fixture = try ImageFixture()
        let snapshots = fixture.snapshots
        try commit([1], in: snapshots)
        for key in ["a", "b"] {
            _ = try snapshots.prepare(key: key, parent: digest(1))
            let upper = try #require(try snapshots.upperDirectory(key: key))
            try Files.replace(upper + "/file", with: Array(key.utf8))
            try snapshots.commit(key: key, as: digest(2))
            #expect(throws: ImageError.self) { try snapshots.mounts(key: key) }
        }
        // The second one found the layer there and was dropped.
        #expect(try Files.readText(try snapshots.layers(digest(2))[0] + "/file") == "a")
        #expect(try snapshots.layers(digest(2)).count == 2)
        #expect(try Files.list(fixture.root + "/snapshots/l").count == 2)
        #expect(try Files.list(fixture.root + "/snapshots/w") == [])
    }

    @Test("what is unpacked and stored is for its owner alone, set-user-id programs or not (CVE-2021-41103)")
    func isPrivate() throws {
        let fixture = try ImageFixture()
        for place in ["/snapshots", "/content"] {
            var status = stat()
            let path = fixture.root + place
            try sys("stat", path) { unsafe stat(path, &status) }
            #expect(status.st_mode & 0o077 == 0, "\(place)")
        }
    }

    @Test("keys of any text are kept apart and come back")
    func keys() throws {
        let fixture = try ImageFixture()
        let keys = ["a", "a/b", "a%2Fb", "..", ".", "a.tmp1", "ä", "A b\n"]
        for key in keys { _ = try fixture.snapshots.prepare(key: key, parent: nil) }
        #expect(Set(try fixture.snapshots.list().map(\.name)) == Set(keys))
        for key in ["", String(repeating: "x", count: 300)] {
            #expect(throws: ImageError.self) { try fixture.snapshots.prepare(key: key, parent: nil) }
        }
    }

    @Test("what a stopped process left is removed at the next open, and everything recorded stays")
    func sweep() throws {
        let directory = try TemporaryDirectory()
        let place = directory.path + "/snapshots"
        do {
            let snapshots = try Snapshotter(root: directory.path)
            try commit([1], in: snapshots)
            _ = try snapshots.prepare(key: "kept", parent: digest(1))
            _ = try snapshots.prepare(key: "committing", parent: digest(1))
            try Files.makeDirectories(place + "/l/77/deep/er")
            try Files.makeDirectories(place + "/w/78/work")
            try Files.replace(place + "/active/x.tmp9", with: Array("kind".utf8))
            // As if the power had gone before the record was on the disk.
            _ = try snapshots.prepare(key: "lost", parent: digest(1))
            try Files.write(place + "/active/lost", [], mode: 0o600)
            // As if the process had stopped between the two steps of a commit.
            let record = try Files.read(place + "/active/committing")
            let text = String(decoding: record, as: UTF8.self)
            try Files.replace(
                place + "/committed/" + digest(2).hex,
                with: Array(("kind committed" + text.dropFirst("kind active".count)).utf8)
            )
        }
        let snapshots = try Snapshotter(root: directory.path)
        #expect(try snapshots.list().map(\.kind) == [.committed, .committed, .active])
        #expect(try snapshots.mounts(key: "kept").count == 1)
        #expect(snapshots.committed(digest(2)))
        #expect(try Files.list(place + "/l").count == 3)
        #expect(try Files.list(place + "/w").count == 1)
        #expect(try Files.list(place + "/active") == ["kept"])
    }

    @Test("trees deeper than PATH_MAX and than the limit of descriptors are measured and removed")
    func deep() throws {
        let directory = try TemporaryDirectory()
        var current = try Descriptor.open(directory.path, O_RDONLY | O_DIRECTORY)
        let name = [CChar](repeating: 0x61, count: 200) + [0]
        for _ in 0..<1500 {
            let raw = current.raw
            try sys("mkdirat", "") { unsafe mkdirat(raw, name, 0o700) }
            current = Descriptor(owning: try sys("openat", "") { unsafe openat(raw, name, O_RDONLY | O_DIRECTORY) })
        }
        // Names need not be text.
        let raw = current.raw
        let odd: [CChar] = [-1, -2, 0x41, 0]
        try sys("mknodat", "") { unsafe mknodat(raw, odd, S_IFREG | 0o600, 0) }
        #expect(try TreeWalk.usage(directory.path).inodes == 1502)
        try TreeWalk.remove(directory.path + "/" + String(repeating: "a", count: 200))
        #expect(try Files.list(directory.path) == [])
    }
}
