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
        var isHeld = false
        for await _ in changes {
            if Files.exists(spare) { isHeld = true }
            guard isHeld, !Files.exists(path) else { continue }
            isHeld = restore()
        }
        removeSpare()
    }

    /// - Returns: False if there is nothing left that could be restored.
    private func restore() -> Bool {
        do {
            try linkFile(from: spare, to: path)
            logger.warning("the socket's file was removed; it is there again", metadata: ["socket": "\(path)"])
            return true
        } catch {
            logger.error(
                "the socket's file was removed and cannot be made again; start the agent anew, its containers go on",
                metadata: ["socket": "\(path)", "error": "\(error)"]
            )
            return false
        }
    }

    private func removeSpare() {
        _ = unsafe unlink(spare)  // one that stays is harmless: nothing looks at it but `hold`, which says so
    }

    private func linkFile(from old: String, to new: String) throws(SysError) {
        _ = try sys("link", new) { unsafe link(old, new) }
    }
}
