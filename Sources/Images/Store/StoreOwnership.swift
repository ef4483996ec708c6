import Glibc
import Linux

/// Tells the first opener of a store on disk from later ones, for as long as the first lives (flock(2)).
///
/// Only the first may sweep what a crash left behind: what a later opener sees may be the work of the first in progress.
final class StoreOwnership: Sendable {
    /// True if nobody else, in this process or another, had the store open.
    let isFirst: Bool
    private let file: Descriptor

    init(_ path: String) throws(SysError) {
        let holder = Int32((try? Files.readText(path)) ?? "")  // new: nobody has it
        file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        do {
            // Another opener in this process keeps it open: that is not waited for.
            try HolderLock.take(file.raw, path: path, holder: holder == getpid() ? nil : holder)
        } catch {
            guard error.errno == .again else { throw error }
            isFirst = false
            return
        }
        isFirst = true
        try HolderLock.sign(file.raw, path: path)
    }
}

/// Makes a rename, a creation or a removal in a directory survive a loss of power.
func syncDirectory(_ path: String) throws(SysError) {
    let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    let raw = directory.raw
    try sys("fsync", path) { fsync(raw) }
}

/// Runs system calls and says what they were for when one fails.
@discardableResult
func doing<Result: ~Copyable>(
    _ purpose: @autoclosure () -> String,
    _ body: () throws(SysError) -> Result
) throws(ImageError) -> Result {
    do {
        return try body()
    } catch {
        throw .system(error, doing: purpose())
    }
}
