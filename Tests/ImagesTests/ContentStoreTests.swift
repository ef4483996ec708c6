import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

@Suite("Content store")
struct ContentStoreTests {
    private let hello = Array("hello".utf8)
    private var digest: Digest { ContentHash.digest(of: hello) }

    @Test("content becomes visible with its digest when it is committed, and not before")
    func commit() throws {
        let fixture = try ImageFixture()
        var writer = try fixture.store.write(label: "test")
        try writer.write(hello)
        #expect(!fixture.store.exists(digest))
        let (digest, size) = try writer.commit()
        #expect(digest.description == "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
        #expect(size == 5)
        #expect(try fixture.store.read(digest) == hello)
        #expect(try fixture.store.size(digest) == 5)
        #expect(try fixture.store.list() == [ContentStore.Info(digest: digest, size: 5)])
        #expect(try fixture.store.remove(digest))
        #expect(try !fixture.store.remove(digest))
        #expect(try fixture.leftovers() == [])
    }

    @Test("a writer that is let go of leaves nothing")
    func abandoned() throws {
        let fixture = try ImageFixture()
        do {
            var writer = try fixture.store.write(label: "test")
            try writer.write(hello)
            #expect(try fixture.leftovers().count == 1)
            _ = consume writer
        }
        #expect(try fixture.leftovers() == [])
    }

    @Test("wrong hashes and sizes are refused and leave nothing")
    func mismatch() throws {
        let fixture = try ImageFixture()
        let other = ContentHash.digest(of: [1])
        #expect(throws: ImageError.digestMismatch(what: "test", expected: other, actual: digest)) {
            var writer = try fixture.store.write(expected: other, label: "test")
            try writer.write(hello)
            _ = try writer.commit()
        }
        #expect(throws: ImageError.sizeMismatch(what: "test", expected: 4, actual: 5)) {
            var writer = try fixture.store.write(size: 4, label: "test")
            try writer.write(hello)
        }
        #expect(throws: ImageError.sizeMismatch(what: "test", expected: 6, actual: 5)) {
            var writer = try fixture.store.write(size: 6, label: "test")
            try writer.write(hello)
            _ = try writer.commit()
        }
        #expect(try fixture.leftovers() == [])
    }

    @Test("sha512 content is verified and kept apart")
    func sha512() throws {
        let fixture = try ImageFixture()
        let digest = ContentHash.digest(of: hello, .sha512)
        var writer = try fixture.store.write(expected: digest, label: "test")
        try writer.write(hello)
        #expect(try writer.commit().digest == digest)
        #expect(try fixture.store.read(digest) == hello)
        #expect(try fixture.store.list().map(\.digest) == [digest])
    }

    @Test("a disk that changed a byte is noticed when a document is read")
    func bitRot() throws {
        let fixture = try ImageFixture()
        var writer = try fixture.store.write(label: "test")
        try writer.write(hello)
        _ = try writer.commit()
        try Files.replace(fixture.store.path(of: digest), with: Array("hellp".utf8))
        #expect(throws: ImageError.self) { try fixture.store.read(digest) }
    }

    @Test("what a stopped process left is removed at the next open: ingests, and the blobs of an unfinished group")
    func sweep() throws {
        let directory = try TemporaryDirectory()
        let other = ContentHash.digest(of: [2])
        do {
            let store = try ContentStore(root: directory.path)
            for bytes in [hello, [2], [3]] {
                var writer = try store.write(label: "test")
                try writer.write(bytes)
                _ = try writer.commit()
            }
            try Files.replace(directory.path + "/content/ingest/77.1", with: [1, 2])
            try Files.replace(
                directory.path + "/content/ingest/group",
                with: Array("\(digest)\n\(other)\n".utf8)
            )
            // While somebody has the store open, a second opener removes nothing.
            _ = try ContentStore(root: directory.path)
            #expect(store.exists(digest))
        }
        let store = try ContentStore(root: directory.path)
        #expect(try store.list().map(\.digest) == [ContentHash.digest(of: [3])])
        #expect(try Files.list(directory.path + "/content/ingest") == [])
    }

    @Test("a group appears as a whole, or not at all when something it needs is missing")
    func group() throws {
        let fixture = try ImageFixture()
        func seal(_ bytes: [UInt8]) throws -> SealedContent {
            var writer = try fixture.store.write(label: "test")
            try writer.write(bytes)
            return try writer.seal()
        }
        let missing = ContentHash.digest(of: [9])
        do {
            let contents = [try seal([1]), try seal([2])]
            #expect(throws: ImageError.missingContent(missing, of: "the image")) {
                try fixture.store.publish(contents, required: [missing])
            }
        }
        #expect(try fixture.leftovers() == [])
        let fresh = try fixture.store.publish([try seal([1]), try seal([2]), try seal([1])])
        #expect(fresh == [ContentHash.digest(of: [1]), ContentHash.digest(of: [2])])
        #expect(try fixture.store.list().count == 2)
        #expect(try Files.list(fixture.root + "/content/ingest") == [])
    }

    @Test("a document that is too large is not read into memory")
    func limit() throws {
        let fixture = try ImageFixture()
        var writer = try fixture.store.write(label: "test")
        try writer.write(hello)
        _ = try writer.commit()
        #expect(throws: ImageError.tooLarge(what: "content \(digest)", limit: 4, unit: "bytes")) {
            try fixture.store.read(digest, limit: 4)
        }
    }
}
