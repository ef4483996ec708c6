import Glibc
package import Linux
package import OCI
import Synchronization

/// Content by digest, below `<root>/content`: `blobs/ALGORITHM/HEX`, and `ingest/…` for what is being written.
///
/// A blob that is visible is complete, verified and on the disk. One value per directory: copies share their lock.
/// All functions block; call them from threads that may.
package struct ContentStore: Sendable {
    /// What the store has under a digest.
    package struct Info: Hashable, Sendable {
        package let digest: Digest
        /// Bytes.
        package let size: Int64
    }

    private final class Shared: Sendable {
        let directory: String
        let ownership: StoreOwnership
        /// Held while content becomes visible, so that a group of blobs appears, and disappears again, as one.
        let publishing = Mutex(())
        let counter = Atomic<UInt64>(0)
        let leases = ContentLeases()

        init(directory: String, ownership: StoreOwnership) {
            self.directory = directory
            self.ownership = ownership
        }
    }

    private let shared: Shared
    private var directory: String { shared.directory }
    private var ingest: String { shared.directory + "/ingest" }

    /// Opens the store below a root directory, makes it if it is not there, and removes what a crash left behind.
    ///
    /// If another process, or another value in this one, has the store open, nothing is removed.
    package init(root: String) throws(ImageError) {
        let directory = root + "/content"
        shared = try doing("opening the content store \(directory)") { () throws(SysError) in
            try Files.makeDirectories(directory, mode: 0o700)
            try Files.makeDirectories(directory + "/ingest", mode: 0o700)
            try Files.makeDirectories(directory + "/blobs/sha256", mode: 0o700)
            return Shared(directory: directory, ownership: try StoreOwnership(directory + "/lock"))
        }
        if shared.ownership.isFirst { try sweep() }
    }

    /// What must not be collected although no name refers to it yet.
    package var leases: ContentLeases { shared.leases }

    /// Where the bytes of a digest are, or would be.
    package func path(of digest: Digest) -> String { "\(directory)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    package func exists(_ digest: Digest) -> Bool { Files.exists(path(of: digest)) }

    /// Bytes of a piece of content; nil if the store does not have it.
    package func size(_ digest: Digest) throws(ImageError) -> Int64? {
        var status = stat()
        if unsafe lstat(path(of: digest), &status) == 0 { return Int64(status.st_size) }
        let failure = Errno.current
        if failure == .noEntry { return nil }
        throw .system(SysError(call: "lstat", subject: path(of: digest), errno: failure), doing: "reading \(digest)")
    }

    /// When a piece of content was stored, in microseconds since 1970; nil if the store does not have it.
    package func storedAt(_ digest: Digest) -> Int64? { Files.modified(path(of: digest)) }

    /// Opens a piece of content for reading. The bytes were verified when they were stored.
    package func open(_ digest: Digest) throws(ImageError) -> Descriptor {
        do {
            return try Descriptor.open(path(of: digest), O_RDONLY)
        } catch {
            if error.errno == .noEntry { throw .notFound(what: "content \(digest)") }
            throw .system(error, doing: "reading \(digest)")
        }
    }

    /// Reads a small piece of content into memory and verifies it once more.
    ///
    /// - Throws: `tooLarge` if it has more than `limit` bytes; `notFound`; `digestMismatch` if the disk lost something.
    package func read(_ digest: Digest, limit: Int = 8 << 20) throws(ImageError) -> [UInt8] {
        let file = try open(digest)
        let bytes: [UInt8]
        do {
            bytes = try Files.readAll(file.raw, subject: path(of: digest), limit: limit)
        } catch {
            if error.errno.code == EFBIG {
                throw .tooLarge(what: "content \(digest)", limit: Int64(limit), unit: "bytes")
            }
            throw .system(error, doing: "reading \(digest)")
        }
        let actual = ContentHash.digest(of: bytes, digest.algorithm)
        if actual != digest { throw .digestMismatch(what: path(of: digest), expected: digest, actual: actual) }
        return bytes
    }

    /// Starts to write a piece of content.
    ///
    /// - Parameters:
    ///   - expected: What its digest must be; nil takes what comes (sha256).
    ///   - size: How many bytes it must have, if that is known.
    ///   - label: What it is, for messages.
    package func write(expected: Digest? = nil, size: Int64? = nil, label: String) throws(ImageError) -> ContentWriter {
        while true {
            let number = shared.counter.wrappingAdd(1, ordering: .relaxed).newValue
            let path = "\(ingest)/\(getpid()).\(number)"
            do {
                let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
                return ContentWriter(
                    store: self,
                    file: IngestFile(path: path),
                    descriptor: file,
                    expected: expected,
                    size: size,
                    label: label
                )
            } catch {
                if error.errno != .exists { throw .system(error, doing: "storing \(label)") }
            }
        }
    }

    /// Makes a group of sealed contents visible: all of them, or, if this throws or the machine stops, none.
    ///
    /// Content that the store has already is left as it is.
    /// - Parameters:
    ///   - required: Content that the group refers to and that must still be there, else `missingContent`.
    ///   - lease: Claims all of it, until a name refers to it.
    /// - Returns: The digests that are new in the store.
    @discardableResult
    package func publish(
        _ contents: [SealedContent],
        required: [Digest] = [],
        lease: ContentLease? = nil
    ) throws(ImageError) -> [Digest] {
        lease?.add(contents.map(\.digest) + required)
        for content in contents where !exists(content.digest) {
            // Outside of the lock: it may take long. What is renamed later is complete on the disk.
            try doing("storing \(content.digest)") { () throws(SysError) in
                let file = try Descriptor.open(content.file.path, O_RDONLY)
                let raw = file.raw
                try sys("fsync", content.file.path) { fsync(raw) }
            }
        }
        return try shared.publishing.withLock { _ throws(ImageError) in
            var fresh: [SealedContent] = []
            var seen: Set<Digest> = []
            for content in contents where seen.insert(content.digest).inserted && !exists(content.digest) {
                fresh.append(content)
            }
            for digest in required.sorted() where !seen.contains(digest) && !exists(digest) {
                throw .missingContent(digest, of: "the image")
            }
            do throws(SysError) {
                try makeVisible(fresh)
            } catch {
                for content in fresh { _ = unsafe unlink(path(of: content.digest)) }
                _ = unsafe unlink(journal)
                throw .system(error, doing: "storing content")
            }
            return fresh.map(\.digest)
        }
    }

    /// Removes a piece of content.
    ///
    /// - Returns: False if the store did not have it.
    @discardableResult
    package func remove(_ digest: Digest) throws(ImageError) -> Bool {
        if unsafe unlink(path(of: digest)) == 0 { return true }
        let failure = Errno.current
        if failure == .noEntry { return false }
        throw .system(SysError(call: "unlink", subject: path(of: digest), errno: failure), doing: "removing \(digest)")
    }

    /// Removes a piece of content unless somebody works with it.
    ///
    /// - Returns: True if it was there and is gone.
    package func collect(_ digest: Digest) throws(ImageError) -> Bool {
        var removed = false
        _ = try leases.unlessLeased(digest) { () throws(ImageError) in removed = try remove(digest) }
        return removed
    }

    /// Everything in the store, by digest.
    package func list() throws(ImageError) -> [Info] {
        var result: [Info] = []
        for algorithm in Digest.Algorithm.allCases {
            let blobs = "\(directory)/blobs/\(algorithm.rawValue)"
            guard Files.exists(blobs) else { continue }
            let names = try doing("listing \(blobs)") { () throws(SysError) in try Files.list(blobs) }
            for name in names {
                // A stranger's file in our directory is not content.
                guard let digest = try? Digest(algorithm: algorithm, hex: name) else { continue }
                // Removed by somebody else since it was listed.
                guard let size = try size(digest) else { continue }
                result.append(Info(digest: digest, size: size))
            }
        }
        return result
    }

    // MARK: Becoming visible

    /// While a group of several blobs becomes visible, this file names them: at the next open they are taken back.
    private var journal: String { ingest + "/group" }

    private func makeVisible(_ contents: [SealedContent]) throws(SysError) {
        if contents.isEmpty { return }
        var directories: Set<String> = []
        for content in contents {
            let parent = "\(directory)/blobs/\(content.digest.algorithm.rawValue)"
            if directories.insert(parent).inserted { try Files.makeDirectories(parent, mode: 0o700) }
        }
        if contents.count > 1 {
            let names = contents.map(\.digest.description).joined(separator: "\n") + "\n"
            try Files.replace(journal, with: Array(names.utf8))
        }
        for content in contents {
            let target = path(of: content.digest)
            try sys("rename", target) { unsafe rename(content.file.path, target) }
        }
        for parent in directories { try syncDirectory(parent) }
        if contents.count > 1 {
            let path = journal
            try sys("unlink", path) { unsafe unlink(path) }
            try syncDirectory(ingest)
        }
    }

    /// Removes the ingests, and the blobs of an unfinished group, that a stopped process left.
    private func sweep() throws(ImageError) {
        try doing("sweeping \(ingest)") { () throws(SysError) in
            if Files.exists(journal) {
                for line in String(decoding: try Files.read(journal), as: UTF8.self).split(separator: "\n") {
                    // The journal is replaced atomically: a line that is no digest is not ours.
                    guard let digest = try? Digest(String(line)) else { continue }
                    _ = unsafe unlink(path(of: digest))
                }
            }
            for name in try Files.list(ingest) { try TreeWalk.remove(ingest + "/" + name) }
        }
    }
}
