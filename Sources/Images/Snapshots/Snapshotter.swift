import Glibc
package import Linux
package import OCI
import Synchronization

/// Layers and writable directories for overlayfs, below `<root>/snapshots`.
///
///     l/NUMBER          the directory of a snapshot; short, because a mount names all of them in one page
///     w/NUMBER          what overlayfs needs beside a writable one
///     committed/HEX     record of the layers up to a chain id
///     active/KEY        record of a writable directory or a view
///
/// A snapshot exists when its record does, and a record appears, changes and goes by one rename or unlink; so a crash at
/// any point leaves directories without a record, which are removed at the next open. One value per directory: copies
/// share their lock. All functions block.
package struct Snapshotter: Sendable {
    final class Shared: Sendable {
        let directory: String
        let ownership: StoreOwnership
        let hasIndexOption: Bool
        /// Held while records are compared and changed. The value is the number to try for the next directory.
        let records: Mutex<UInt64>

        init(directory: String, ownership: StoreOwnership, next: UInt64) {
            self.directory = directory
            self.ownership = ownership
            hasIndexOption = Files.exists("/sys/module/overlay/parameters/index")
            records = Mutex(next)
        }
    }

    let shared: Shared
    var directory: String { shared.directory }

    /// Opens the snapshots below a root directory, makes the directories if they are not there, and removes what a crash
    /// left behind, unless another process, or another value in this one, has them open.
    package init(root: String) throws(ImageError) {
        let directory = root + "/snapshots"
        shared = try doing("opening the snapshots \(directory)") { () throws(SysError) in
            try Files.makeDirectories(directory, mode: 0o700)
            for name in ["l", "w", "committed", "active"] {
                try Files.makeDirectories(directory + "/" + name, mode: 0o700)
            }
            let ownership = try StoreOwnership(directory + "/lock")
            let last = try Files.list(directory + "/l").compactMap { UInt64($0) }.max() ?? 0
            return Shared(directory: directory, ownership: ownership, next: last + 1)
        }
        if shared.ownership.isFirst { try sweep() }
    }

    // MARK: Layers

    /// True if the layers up to a chain id are there.
    package func committed(_ chainID: Digest) -> Bool { Files.exists(committedFile(chainID)) }

    /// A private directory to unpack a layer into; it goes with its last reference unless it is committed.
    package final class StagedLayer: Sendable {
        /// The directory's name among the snapshots.
        let number: String
        /// The directory to unpack into: empty, mode 0755, with the owner and mode of the layer below if there is one.
        package let path: String
        fileprivate let committed = Atomic<Bool>(false)

        fileprivate init(number: String, path: String) {
            self.number = number
            self.path = path
        }

        deinit {
            if committed.load(ordering: .relaxed) { return }
            // What cannot be removed now is removed when the snapshots are opened again.
            try? TreeWalk.remove(path)
        }
    }

    /// Makes a directory for the layer above `below`.
    ///
    /// - Parameter below: The directory of the next lower layer, whose root the new one takes its owner and mode from.
    package func stage(above below: String?) throws(ImageError) -> StagedLayer {
        try doing("making a directory for a layer") { () throws(SysError) in
            let number = try makeDirectory(like: below, writable: false)
            return StagedLayer(number: number, path: layer(number))
        }
    }

    /// Gives the root of an unpacked layer the look of the one below, for a layer that says nothing of its root.
    func dress(_ staged: StagedLayer, like below: String) throws(ImageError) {
        try doing("describing the root of a layer") { () throws(SysError) in try dress(staged.path, like: below) }
    }

    /// Turns an unpacked layer into the committed snapshot of a chain id. If there is one already, that one stays.
    ///
    /// Whoever calls has put the layer's files on the disk (syncfs) before.
    package func commit(_ staged: StagedLayer, as chainID: Digest, parent: Digest?) throws(ImageError) {
        try shared.records.withLock { _ throws(ImageError) in
            if committed(chainID) { return }
            let lowers = try stack(parent)
            let record = SnapshotRecord(kind: .committed, directory: staged.number, parent: parent, lowers: lowers)
            try save(record, committedFile(chainID), label: "the layers \(chainID)")
            staged.committed.store(true, ordering: .relaxed)
        }
    }

    /// The directories of the layers up to a chain id, the top one first.
    package func layers(_ chainID: Digest) throws(ImageError) -> [String] {
        try stack(chainID).map { layer($0) }
    }

    // MARK: Writable snapshots and views

    /// Makes a writable directory on top of the layers up to `parent`.
    ///
    /// - Returns: How to mount it.
    /// - Throws: `alreadyExists`, or `notFound` for the parent.
    package func prepare(key: String, parent: Digest?) throws(ImageError) -> [Mount] {
        try create(.active, key: key, parent: parent)
    }

    /// Makes a read-only view of the layers up to `parent`.
    package func view(key: String, parent: Digest?) throws(ImageError) -> [Mount] {
        try create(.view, key: key, parent: parent)
    }

    /// How to mount a writable snapshot or a view.
    package func mounts(key: String) throws(ImageError) -> [Mount] { mounts(try activeRecord(key)) }

    /// The writable directory of a snapshot, on the host.
    package func upperDirectory(key: String) throws(ImageError) -> String? {
        let record = try activeRecord(key)
        return record.directory.map { layer($0) }
    }

    /// Turns a writable snapshot into the committed snapshot of a chain id; the key is free again.
    ///
    /// Nothing may have it mounted any more. If the chain id is committed already, the writable snapshot is dropped.
    package func commit(key: String, as chainID: Digest) throws(ImageError) {
        let (number, wasThere) = try shared.records.withLock { _ throws(ImageError) in
            var record = try activeRecord(key)
            guard record.kind == .active, let number = record.directory else {
                throw .unsupported(
                    what: "committing the view \"\(key)\"",
                    reason: "it is read-only",
                    advice: "prepare a writable snapshot instead"
                )
            }
            let wasThere = committed(chainID)
            if !wasThere {
                try doing("committing \"\(key)\"") { () throws(SysError) in
                    let file = try Descriptor.open(layer(number), O_RDONLY | O_DIRECTORY)
                    try syncFileSystem(file.raw, subject: layer(number))
                }
                record.kind = .committed
                try save(record, committedFile(chainID), label: "the layers \(chainID)")
            }
            try forget(activeFile(key), label: "the snapshot \"\(key)\"")
            return (number, wasThere)
        }
        try removeDirectories(number, keepLayer: !wasThere)
    }

    /// Removes a writable snapshot or a view.
    ///
    /// - Returns: False if there was none.
    @discardableResult
    package func remove(key: String) throws(ImageError) -> Bool {
        let removed: SnapshotRecord? = try shared.records.withLock { _ throws(ImageError) in
            guard Files.exists(activeFile(key)) else { return nil }
            let record = try activeRecord(key)
            try forget(activeFile(key), label: "the snapshot \"\(key)\"")
            return record
        }
        guard let removed else { return false }
        if let number = removed.directory { try removeDirectories(number) }
        return true
    }

    /// Removes the top layer of a chain id.
    ///
    /// - Parameter leases: What somebody works with; that stays.
    /// - Returns: False if there was none, or if it stays.
    /// - Throws: `inUse` while another snapshot lies on top of it.
    @discardableResult
    package func removeCommitted(_ chainID: Digest, unless leases: ContentLeases? = nil) throws(ImageError) -> Bool {
        let removed: SnapshotRecord? = try shared.records.withLock { _ throws(ImageError) in
            guard committed(chainID) else { return nil }
            let record = try read(committedFile(chainID), label: "the layers \(chainID)")
            for info in try list() where info.parent == chainID {
                throw .inUse(what: "the layers \(chainID)", by: "the \(info.kind.rawValue) snapshot \(info.name)")
            }
            let forgotten = { () throws(ImageError) in
                try forget(committedFile(chainID), label: "the layers \(chainID)")
            }
            if let leases {
                guard try leases.unlessLeased(chainID, forgotten) else { return nil }
            } else {
                try forgotten()
            }
            return record
        }
        guard let removed else { return false }
        if let number = removed.directory { try removeDirectories(number) }
        return true
    }

    /// All snapshots: committed ones by chain id, then the others by key.
    package func list() throws(ImageError) -> [SnapshotInfo] {
        var result: [SnapshotInfo] = []
        for (path, name) in try recordFiles() {
            // Removed by somebody else since it was listed, or not ours.
            guard let record = try? read(path, label: path) else { continue }
            let kind: SnapshotInfo.Kind =
                switch record.kind {
                case .committed: .committed
                case .active: .active
                case .view: .view
                }
            result.append(SnapshotInfo(kind: kind, name: name, parent: record.parent))
        }
        return result
    }

    /// When a snapshot became what it is, in microseconds since 1970; nil if it is gone.
    package func createdAt(_ info: SnapshotInfo) -> Int64? {
        // A committed snapshot's name is a chain id.
        let chain = info.kind == .committed ? try? Digest(info.name) : nil
        return Files.modified(chain.map { committedFile($0) } ?? activeFile(info.name))
    }

    /// What a writable snapshot occupies; a view occupies nothing.
    package func usage(key: String) throws(ImageError) -> TreeWalk.Usage { try usage(try activeRecord(key)) }

    /// What the top layer of a chain id occupies.
    package func usage(committed chainID: Digest) throws(ImageError) -> TreeWalk.Usage {
        try usage(try read(committedFile(chainID), label: "the layers \(chainID)"))
    }

    // MARK: Directories

    func layer(_ number: String) -> String { "\(directory)/l/\(number)" }
    func work(_ number: String) -> String { "\(directory)/w/\(number)" }

    private func usage(_ record: SnapshotRecord) throws(ImageError) -> TreeWalk.Usage {
        guard let number = record.directory else { return TreeWalk.Usage() }
        return try doing("measuring a snapshot") { () throws(SysError) in try TreeWalk.usage(layer(number)) }
    }

    private func makeDirectory(like below: String?, writable: Bool) throws(SysError) -> String {
        while true {
            let number = shared.records.withLock { next in
                defer { next += 1 }
                return String(next)
            }
            let path = layer(number)
            if unsafe mkdir(path, 0o700) != 0 {
                let failure = Errno.current
                if failure == .exists { continue }
                throw SysError(call: "mkdir", subject: path, errno: failure)
            }
            do {
                try dress(path, like: below)
                if writable {
                    let beside = work(number)
                    try sys("mkdir", beside) { unsafe mkdir(beside, 0o700) }
                }
            } catch {
                _ = unsafe rmdir(path)
                throw error
            }
            return number
        }
    }

    /// Overlayfs shows the root of the top directory: it must look like the one below.
    private func dress(_ path: String, like below: String?) throws(SysError) {
        var status = stat()
        guard let below else {
            try sys("chmod", path) { unsafe chmod(path, 0o755) }
            return
        }
        try sys("stat", below) { unsafe stat(below, &status) }
        try sys("chown", path) { unsafe chown(path, status.st_uid, status.st_gid) }
        try sys("chmod", path) { unsafe chmod(path, status.st_mode & 0o7777) }
        for (name, value) in try ExtendedAttributes.all(below) where !Overlay.owns(name) {
            let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
            try ExtendedAttributes.set(name, to: value, of: directory.raw, subject: path)
        }
        let times = [status.st_mtim, status.st_mtim]
        try sys("utimensat", path) { unsafe utimensat(AT_FDCWD, path, times, 0) }
    }

    private func removeDirectories(_ number: String, keepLayer: Bool = false) throws(ImageError) {
        try doing("removing a snapshot") { () throws(SysError) in
            try TreeWalk.remove(work(number))
            if !keepLayer { try TreeWalk.remove(layer(number)) }
        }
    }

    // MARK: Making one

    private func create(_ kind: SnapshotRecord.Kind, key: String, parent: Digest?) throws(ImageError) -> [Mount] {
        guard !key.isEmpty, SnapshotRecord.fileName(of: key).utf8.count <= 240 else {
            throw .malformed(what: "the snapshot key \"\(key)\"", reason: "it must have 1 to 240 bytes")
        }
        let below = try stack(parent)
        let number: String? =
            kind == .view && !below.isEmpty
            ? nil
            : try doing("making the snapshot \"\(key)\"") { () throws(SysError) in
                try makeDirectory(like: below.first.map { layer($0) }, writable: true)
            }
        let record = SnapshotRecord(kind: kind, directory: number, parent: parent, lowers: below)
        do throws(ImageError) {
            try shared.records.withLock { _ throws(ImageError) in
                if Files.exists(activeFile(key)) { throw .alreadyExists(what: "the snapshot \"\(key)\"") }
                // The layers may have been removed since.
                if let parent, !committed(parent) { throw .notFound(what: "the layers \(parent)") }
                try save(record, activeFile(key), label: "the snapshot \"\(key)\"")
            }
        } catch {
            // The first error is the one to tell; what stays is removed at the next open.
            if let number { try? removeDirectories(number) }
            throw error
        }
        return mounts(record)
    }

    private func mounts(_ record: SnapshotRecord) -> [Mount] {
        let own = record.directory.map { layer($0) }
        let lowers = record.lowers.map { layer($0) }
        if record.kind == .view {
            return Mount.stack(
                upper: nil,
                work: nil,
                lowers: [own].compactMap(\.self) + lowers,
                hasIndexOption: shared.hasIndexOption
            )
        }
        return Mount.stack(
            upper: own,
            work: record.directory.map { work($0) },
            lowers: lowers,
            hasIndexOption: shared.hasIndexOption
        )
    }
}
