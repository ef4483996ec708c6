import Glibc

/// Locks of files that name their holder (flock(2)).
package enum HolderLock {
    /// Takes the exclusive lock of an open file; another process that lives and has it is not waited for.
    ///
    /// A program that a process is just starting holds all locks of that process until it runs (fork(2)), also when the
    /// process itself was killed in that moment. So a lock whose holder is gone, or is this process, which has let go of
    /// it, is free soon.
    ///
    /// - Parameter holder: The process that the file names; nil if it names none.
    /// - Throws: `.again` if somebody has it.
    package static func take(_ file: Int32, path: String, holder: Int32?) throws(SysError) {
        var left = holder == getpid() ? 200 : 1000
        while true {
            do {
                try sys("flock", path) { flock(file, LOCK_EX | LOCK_NB) }
                return
            } catch {
                guard error.errno == .again, left > 0, let holder, isLeaving(holder) else { throw error }
                left -= 1
                Pause.microseconds(10_000)
            }
        }
    }

    /// Writes this process into the file. On a full disk it names nobody: others learn less, and the lock holds.
    package static func sign(_ file: Int32, path: String) throws(SysError) {
        let bytes = Array(String(getpid()).utf8)
        do {
            try sys("ftruncate", path) { ftruncate(file, 0) }
            try sys("pwrite", path) { unsafe pwrite(file, bytes, bytes.count, 0) }
        } catch {
            if error.errno != .noSpace { throw error }
        }
    }

    private static func isLeaving(_ holder: Int32) -> Bool {
        if holder == getpid() { return true }
        // A process that cannot be looked at counts as one that lives: the lock is refused at once.
        guard let facts = try? ProcessFacts.of(holder) else { return !Files.exists("/proc/\(holder)") }
        return facts.isZombie
    }
}
