package import Linux

/// Why the store takes no ordinary proposals at the moment. Reads and watches go on.
package enum ReadOnlyReason: Hashable, Sendable, CustomStringConvertible {
    /// The disk is full. Deletions and facts of the runtime are still tried; ends by itself when there is room.
    case noSpace
    /// Reading or writing failed, with SQLite's words. Never retried on the same handle.
    case inputOutput(String)
    /// The log or a projection is damaged, with what was found where.
    case damaged(String)
    /// Somebody else locked the database although this process holds the lock file.
    case foreignProcess(String)
    /// After an I/O failure the disk holds less than was acknowledged. The agent should exit with code 75.
    case acknowledgedLost(acknowledged: Seq, found: Seq)

    package var description: String {
        switch self {
        case .noSpace:
            "the disk is full; free some space (320 MB, or a fifth of a smaller disk), the store resumes by itself"
        case .inputOutput(let what): "input/output failed (\(what)); check the disk and the kernel log, then restart"
        case .damaged(let what): "the store is damaged (\(what)); run `swiftlet db verify`, restore a backup"
        case .foreignProcess(let what):
            "another process has locked the database (\(what)); end it, then restart"
        case .acknowledgedLost(let acknowledged, let found):
            "acknowledged events were lost (acknowledged \(acknowledged), found \(found)); restore a backup"
        }
    }
}

/// Why a proposal was not accepted, or why that is not known.
package enum AppendError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The object is not at the expected version; `current` is its resourceVersion.
    case conflict(current: Seq, version: Int64)
    case alreadyExists(UID)
    case notFound
    /// A living object has the reference, but another uid.
    case uidMismatch(UID)
    /// The idempotency key was used for another request.
    case idempotencyMismatch
    /// Too much is waiting; nothing was done.
    case overloaded(retryAfter: Duration)
    case readOnly(ReadOnlyReason)
    /// One `data` or `after` is over 1.5 MiB, or the proposal as a whole over 16 MiB.
    case tooLarge(String)
    /// The proposal contradicts itself: no facts, no uid for a new object, a cause that is not in the past.
    case invalid(String)
    /// It may or may not be in the log. Ask again with the same idempotency key; never report it as failed.
    case outcomeUnknown(String)
    case closed

    package var description: String {
        switch self {
        case .conflict(let current, let version):
            "the object has been modified: it is at resourceVersion \(current) (version \(version)); read it again"
        case .alreadyExists(let uid): "the object already exists (uid \(uid))"
        case .notFound: "the object does not exist"
        case .uidMismatch(let uid): "the object of this name is another one (uid \(uid))"
        case .idempotencyMismatch: "the idempotency key was used for a different request; use a new key"
        case .overloaded(let delay): "too many writes are waiting; try again after \(delay)"
        case .readOnly(let reason): "the store is read-only: \(reason)"
        case .tooLarge(let what): "too large: \(what)"
        case .invalid(let what): "not a valid proposal: \(what)"
        case .outcomeUnknown(let why):
            "the write may or may not have happened (\(why)); repeat it with the same idempotency key"
        case .closed: "the store is closed"
        }
    }
}

/// Why a read gave no answer.
package enum ReadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// History before `floor` has been removed.
    case expired(floor: Seq)
    /// The asked-for seq has not been reached.
    case future(head: Seq)
    case notFound
    case failed(String)
    case closed

    package var description: String {
        switch self {
        case .expired(let floor): "history before \(floor) has been removed; read the current state"
        case .future(let head): "the log has only reached \(head)"
        case .notFound: "nothing of that identity is in the log"
        case .failed(let what): "reading the store failed: \(what)"
        case .closed: "the store is closed"
        }
    }
}

/// Why a watch ended or could not begin.
package enum WatchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The resume point is below the floor (HTTP 410). Nothing else is ever answered so.
    case expired(floor: Seq)
    /// The resume point lies ahead of the log and was not reached within three seconds.
    case tooLarge(head: Seq)
    case failed(String)

    package var description: String {
        switch self {
        case .expired(let floor): "too old resource version: the oldest one that can be resumed is \(floor)"
        case .tooLarge(let head): "too large resource version: the current one is \(head)"
        case .failed(let what): "reading the store failed: \(what)"
        }
    }
}

/// Why a store could not be opened, checked or copied.
package enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process holds the lock file.
    case inUse(path: String, holder: String)
    case system(SysError)
    case sqlite(SQLiteFailure)
    /// Written by a newer program, or a migration that was applied has since changed.
    case incompatible(String)
    case damaged(String)
    case closed

    package var description: String {
        switch self {
        case .inUse(let path, let holder):
            "\(path) is in use\(holder.isEmpty ? "" : " by process \(holder)"); stop it or choose another --root"
        case .system(let error): error.description
        case .sqlite(let error): error.description
        case .incompatible(let what): what
        case .damaged(let what): "the store is damaged: \(what)"
        case .closed: "the store is closed"
        }
    }
}
