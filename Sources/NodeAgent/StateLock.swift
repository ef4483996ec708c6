import Glibc
import Linux

/// Keeps a second agent away from a state directory for as long as this value lives.
///
/// The event log has a lock of its own, but two agents with different roots and the same state directory would take
/// each other's shims for leftovers and end them.
struct StateLock: ~Copyable {
    private let file: Descriptor

    /// Takes `agent.lock` in the directory, which must exist. Shims do not inherit it.
    ///
    /// - Throws: `ConfigurationError` with the holder's pid; `SysError`.
    init(directory: String) throws {
        let path = directory + "/agent.lock"
        let holder = (try? Files.readText(path)) ?? ""  // new: nobody holds it
        let file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        let raw = file.raw
        do {
            try HolderLock.take(raw, path: path, holder: Int32(holder))
        } catch {
            guard error.errno == .again else { throw error }
            throw ConfigurationError(
                "another agent\(holder.isEmpty ? "" : " (pid \(holder))") uses the state directory \(directory); "
                    + "stop it, or give this one a --state of its own"
            )
        }
        try HolderLock.sign(raw, path: path)
        self.file = file
    }
}
