import Glibc
import Linux
import Logging

/// Keeps the file of the bound unix socket where clients look for it.
///
/// A socket cannot be bound twice, and a file without a name cannot get one again. So the file has a second name, from
/// which the first one is made again when somebody removes it.
struct SocketKeeper: Sendable {
    let path: String
    let logger: Logger

    private var spare: String { path + ".spare" }

    /// Removes what an agent that was killed left behind.
    func prepare() { removeSpare() }

    /// Gives the file of the bound socket its second name.
    func hold() {
        do {
            removeSpare()
            try linkFile(from: path, to: spare)
        } catch {
            logger.warning(
                "the socket's file has no second name; if it is removed, the agent has to be started again",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// Looks after the file until the task is cancelled, then takes the second name away.
    ///
    /// - Parameter changes: An element for changes of the directory of the socket.
    func run(changes: AsyncStream<Void>) async {
        var socket: Identity?
        for await _ in changes {
            let names = (path: Identity(path), spare: Identity(spare))
            socket = socket ?? names.spare
            guard let known = socket else { continue }
            switch Self.step(socket: known, path: names.path, spare: names.spare) {
            case .nothing: break
            case .renewSpare: hold()
            case .restore: restore()
            case .giveUp:
                logger.error(
                    "the socket's file was removed and cannot be made again; start the agent anew, its containers go on",
                    metadata: ["socket": "\(path)"]
                )
            }
        }
        removeSpare()
    }

    /// Which file of the state directory's file system a name stands for.
    struct Identity: Hashable, Sendable {
        var number: UInt64

        init(number: UInt64) { self.number = number }

        /// Nil if there is no such name.
        init?(_ path: String) {
            // Open for nothing but to ask; whatever keeps the name from being opened, it is not the socket's.
            guard let file = try? Descriptor.open(path, PathResolution.pathOnly | O_NOFOLLOW),
                let number = try? Files.inode(file.raw, subject: path)
            else { return nil }
            self.init(number: number)
        }
    }

    enum Step: Hashable, Sendable {
        case nothing
        case renewSpare
        case restore
        case giveUp
    }

    /// What to do about the two names of the socket, each of which may be gone or be another file's by now.
    static func step(socket: Identity, path: Identity?, spare: Identity?) -> Step {
        switch (path == socket, spare == socket) {
        case (true, true): .nothing
        case (true, false): .renewSpare
        case (false, true): .restore
        case (false, false): .giveUp
        }
    }

    private func restore() {
        do {
            // Beside it first: what has taken the name is replaced in one step, and a missing name is made in one, too.
            let fresh = path + ".new"
            _ = unsafe unlink(fresh)  // left by an agent that was killed here; most often there is none
            try linkFile(from: spare, to: fresh)
            _ = try sys("rename", path) { unsafe rename(fresh, path) }
            logger.warning(
                "the socket's file was removed, moved or replaced; it is there again",
                metadata: ["socket": "\(path)"]
            )
        } catch {
            _ = unsafe unlink(path + ".new")  // it may not be there
            logger.error(
                "the socket's file cannot be put back; make room for it at its path, or start the agent anew",
                metadata: ["socket": "\(path)", "error": "\(error)"]
            )
        }
    }

    private func removeSpare() {
        _ = unsafe unlink(spare)  // one that stays is harmless: nothing looks at it but `hold`, which says so
    }

    private func linkFile(from old: String, to new: String) throws(SysError) {
        _ = try sys("link", new) { unsafe link(old, new) }
    }
}
