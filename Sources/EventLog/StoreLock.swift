import Glibc
import Linux

/// The lock file that keeps every other process out of a store, for as long as this value lives.
///
/// It also remembers which boot of the machine last wrote the store.
struct StoreLock: ~Copyable {
    private let file: Descriptor
    private let path: String
    /// True if the machine has not been restarted since the store was last open.
    let sameBoot: Bool

    /// Takes `events.lock` in the directory.
    ///
    /// - Throws: `.inUse` with the holder's process id.
    static func take(directory: String) throws(StoreError) -> StoreLock {
        let path = directory + "/events.lock"
        let previous = (try? Files.readText(path)) ?? ""  // new or unreadable: another boot, the careful answer
        let words = previous.split(separator: " ")
        do {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
            try HolderLock.take(file.raw, path: path, holder: words.first.flatMap { Int32($0) })
            let sameBoot = words.count == 2 && bootID.map { $0 == words[1] } ?? false
            return StoreLock(file: file, path: path, sameBoot: sameBoot)
        } catch {
            if error.errno == .again { throw .inUse(path: directory, holder: words.first.map(String.init) ?? "") }
            throw .system(error)
        }
    }

    /// Writes down who holds the lock, in which boot. Call it only after the write-ahead log was examined.
    borrowing func sign() throws(StoreError) {
        let raw = file.raw
        let bytes = Array("\(getpid()) \(Self.bootID ?? "unknown")\n".utf8)
        do {
            try sys("ftruncate", path) { ftruncate(raw, 0) }
            try sys("pwrite", path) { unsafe pwrite(raw, bytes, bytes.count, 0) }
        } catch {
            // On a full disk the file stays empty, and the next opener does not know which boot this was.
            if error.errno != .noSpace { throw .system(error) }
        }
    }

    /// The id of this boot of the machine.
    private static var bootID: String? {
        try? Files.readText("/proc/sys/kernel/random/boot_id")  // without /proc every boot counts as another
    }
}
