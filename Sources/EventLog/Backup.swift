import GRDBSQLite
import Glibc
import Linux

extension EventStore {
    /// Copies the store, as of one commit, into a new file, and checks the copy in full.
    ///
    /// The file appears under its name only when it is complete, durable and sound. The store stays usable meanwhile.
    ///
    /// - Throws: `.damaged` if the copy does not verify; then nothing is left at `path`.
    package func backup(to path: String) throws(StoreError) {
        let partial = path + ".partial"
        do {
            _ = unsafe unlink(partial)
            try readers.read { reader throws(ReadError) in
                do {
                    let target = try Connection(path: partial, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
                    defer { target.close() }
                    try reader.connection.copy(to: target)
                    // One file is the whole backup: no write-ahead log beside it.
                    try target.execute("PRAGMA journal_mode=DELETE")
                } catch { throw ReadError.failed("\(error)") }
            }
            let report = try Verification.run(partial, isAlone: true, .full, [], nil)
            if let problem = report.problems.first {
                throw StoreError.damaged("the backup does not verify: \(problem)")
            }
            let file = try Descriptor.open(partial, O_RDWR)
            let raw = file.raw
            try sys("fsync", partial) { fsync(raw) }
            try sys("rename", "\(partial) -> \(path)") { unsafe rename(partial, path) }
            let parent = path.lastIndex(of: "/").map { String(path[..<$0]) + "/" } ?? "."
            let directory = try Descriptor.open(parent, O_RDONLY | O_DIRECTORY)
            let rawDirectory = directory.raw
            try sys("fsync", parent) { fsync(rawDirectory) }
        } catch {
            _ = unsafe unlink(partial)
            switch error {
            case let error as StoreError: throw error
            case let error as SysError: throw .system(error)
            default: throw .damaged("\(error)")
            }
        }
    }
}
