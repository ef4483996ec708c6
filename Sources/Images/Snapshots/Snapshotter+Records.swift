import Glibc
import Linux
import OCI

/// What is kept about snapshots on the disk, and what a crash leaves of it.
extension Snapshotter {
    func committedFile(_ chainID: Digest) -> String { "\(directory)/committed/\(chainID.hex)" }
    func activeFile(_ key: String) -> String { "\(directory)/active/\(SnapshotRecord.fileName(of: key))" }

    func recordFiles() throws(ImageError) -> [(path: String, name: String)] {
        try doing("listing the snapshots") { () throws(SysError) in
            var result: [(path: String, name: String)] = []
            for name in try Files.list(directory + "/committed") where !name.contains(".") {
                result.append(("\(directory)/committed/\(name)", "sha256:\(name)"))
            }
            for name in try Files.list(directory + "/active") where !name.contains(".") {
                guard let key = SnapshotRecord.key(ofFile: name) else { continue }
                result.append(("\(directory)/active/\(name)", key))
            }
            return result
        }
    }

    func read(_ path: String, label: String) throws(ImageError) -> SnapshotRecord {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path, limit: 1 << 20)
        } catch {
            if error.errno == .noEntry { throw .notFound(what: label) }
            throw .system(error, doing: "reading the record of \(label)")
        }
        guard let record = SnapshotRecord(bytes) else {
            throw .malformed(
                what: path,
                reason: "it is not a record of a snapshot; remove the snapshot and unpack again"
            )
        }
        return record
    }

    func activeRecord(_ key: String) throws(ImageError) -> SnapshotRecord {
        try read(activeFile(key), label: "the snapshot \"\(key)\"")
    }

    /// Writes a record as a whole. Only layers have to outlive a loss of power: what stands on a writable snapshot does not,
    /// and a container that is made again gets a new one.
    func save(_ record: SnapshotRecord, _ path: String, label: String) throws(ImageError) {
        try doing("recording \(label)") { () throws(SysError) in
            if record.kind == .committed {
                try Files.replace(path, with: record.bytes)
            } else {
                try Files.replaceUnsynced(path, with: record.bytes)
            }
        }
    }

    func forget(_ path: String, label: String) throws(ImageError) {
        try doing("removing \(label)") { () throws(SysError) in
            try sys("unlink", path) { unsafe unlink(path) }
        }
    }

    /// The directories of a chain id, the top one first; none for no chain id.
    func stack(_ chainID: Digest?) throws(ImageError) -> [String] {
        guard let chainID else { return [] }
        let record = try read(committedFile(chainID), label: "the layers \(chainID)")
        return [record.directory].compactMap(\.self) + record.lowers
    }

    // MARK: Sweeping

    /// True for a record of a writable snapshot that was named and not on the disk yet when the machine stopped.
    private func isLost(_ path: String) -> Bool {
        guard path.hasPrefix(directory + "/active/") else { return false }
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_size == 0
    }

    /// Finishes commits that a crash cut off, and removes temporary files and directories that no record names.
    func sweep() throws(ImageError) {
        var used: Set<String> = []
        var layersInUse: Set<String> = []
        var writable: [(path: String, directory: String)] = []
        for (path, _) in try recordFiles() {
            if isLost(path) {
                _ = unsafe unlink(path)
                continue
            }
            // With a record that cannot be read nobody knows what it names: then nothing is removed.
            guard let record = try? read(path, label: path) else { return }
            guard let number = record.directory else { continue }
            used.insert(number)
            if record.kind == .committed { layersInUse.insert(number) } else { writable.append((path, number)) }
        }
        try doing("sweeping \(directory)") { () throws(SysError) in
            for (path, number) in writable where layersInUse.contains(number) {
                // It was committed; only its old name is left.
                try sys("unlink", path) { unsafe unlink(path) }
            }
            for place in ["committed", "active"] {
                for name in try Files.list("\(directory)/\(place)") where name.contains(".") {
                    try TreeWalk.remove("\(directory)/\(place)/\(name)")
                }
            }
            for name in try Files.list(directory + "/l") where !used.contains(name) {
                try TreeWalk.remove(layer(name))
            }
            for name in try Files.list(directory + "/w") where !used.contains(name) || layersInUse.contains(name) {
                try TreeWalk.remove(work(name))
            }
        }
    }
}
