import Glibc
package import Linux
package import OCI

/// A file below `ingest/`; it goes when the last one who knows it lets go, unless it was published.
final class IngestFile: Sendable {
    let path: String

    init(path: String) { self.path = path }

    deinit {
        // After a publication the name is gone already; what a crash leaves is swept when the store is opened.
        _ = unsafe unlink(path)
    }
}

/// Takes the bytes of one piece of content and hashes them on the way; nothing is visible before `commit`.
///
/// Let go of it without `commit` or `seal` and it leaves nothing behind. One thread at a time.
package struct ContentWriter: ~Copyable {
    private let store: ContentStore
    private let file: IngestFile
    private let descriptor: Descriptor
    private var hash: ContentHash
    private let expected: Digest?
    private let expectedSize: Int64?
    /// What the content is, for messages: "layer 3 of docker.io/library/bb:1".
    package let label: String
    /// Bytes written so far.
    package private(set) var count: Int64 = 0

    init(
        store: ContentStore,
        file: IngestFile,
        descriptor: consuming Descriptor,
        expected: Digest?,
        size: Int64?,
        label: String
    ) {
        self.store = store
        self.file = file
        self.descriptor = descriptor
        self.expected = expected
        self.expectedSize = size
        self.label = label
        hash = ContentHash(expected?.algorithm ?? .sha256)
    }

    /// Appends bytes, which are read during the call only.
    ///
    /// - Throws: `sizeMismatch` as soon as there are more than were announced; `system` if the disk is full.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        if let expectedSize, count + Int64(bytes.count) > expectedSize {
            throw .sizeMismatch(what: label, expected: expectedSize, actual: count + Int64(bytes.count))
        }
        unsafe hash.update(bytes)
        var rest = unsafe bytes
        while rest.count > 0 {
            let chunk = unsafe rest
            let raw = descriptor.raw
            let path = file.path
            let written = try doing("storing \(label)") { () throws(SysError) in
                try sys("write", path) { unsafe Glibc.write(raw, chunk.baseAddress, chunk.count) }
            }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
        count += Int64(bytes.count)
    }

    /// Appends bytes.
    package mutating func write(_ bytes: [UInt8]) throws(ImageError) {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(ImageError) in
            try unsafe write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Forgets what was written, to begin again.
    package mutating func restart() throws(ImageError) {
        let raw = descriptor.raw
        let path = file.path
        try doing("storing \(label)") { () throws(SysError) in
            try sys("ftruncate", path) { ftruncate(raw, 0) }
            try sys("lseek", path) { lseek(raw, 0, SEEK_SET) }
        }
        hash = ContentHash(hash.algorithm)
        count = 0
    }

    /// Checks hash and size; the content stays invisible until it is published.
    package consuming func seal() throws(ImageError) -> SealedContent {
        let digest = hash.digest()
        if let expectedSize, count != expectedSize {
            throw .sizeMismatch(what: label, expected: expectedSize, actual: count)
        }
        if let expected, digest != expected {
            throw .digestMismatch(what: label, expected: expected, actual: digest)
        }
        let raw = descriptor.raw
        let path = file.path
        try doing("storing \(label)") { () throws(SysError) in
            try sys("fchmod", path) { fchmod(raw, 0o444) }
        }
        return SealedContent(digest: digest, size: count, file: file)
    }

    /// Checks hash and size and makes the content visible, safe against a loss of power. Content that the store has
    /// already is left as it is.
    package consuming func commit() throws(ImageError) -> (digest: Digest, size: Int64) {
        let store = store
        let sealed = try seal()
        try store.publish([sealed])
        return (sealed.digest, sealed.size)
    }
}

/// Verified content that nobody else can see yet; gone when the last copy of this value is.
package struct SealedContent: Sendable {
    package let digest: Digest
    package let size: Int64
    let file: IngestFile

    /// Opens the bytes for reading.
    package func open() throws(ImageError) -> Descriptor {
        let path = file.path
        return try doing("reading \(digest)") { () throws(SysError) in try Descriptor.open(path, O_RDONLY) }
    }
}
