import Glibc
import Synchronization

/// Tells when files go that must not go, by `inotify(7)` on the files themselves: what happens beside them, and to
/// their contents, wakes nobody.
package final class FileRemovals: Sendable {
    private let descriptor: Descriptor
    private let state = Mutex(State())
    private let onRemoval: @Sendable (_ path: String) -> Void

    private struct State {
        var paths: [Int32: String] = [:]
        var watches: [String: Int32] = [:]
    }

    private static let interest = UInt32(IN_DELETE_SELF | IN_MOVE_SELF)

    /// - Parameters:
    ///   - loop: Where removals are noticed.
    ///   - onRemoval: Called on the loop's thread, once for a file: it must not block.
    package init(loop: LoopThread, onRemoval: @escaping @Sendable (_ path: String) -> Void) throws(SysError) {
        self.onRemoval = onRemoval
        descriptor = Descriptor(owning: try sys("inotify_init1", "") { inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) })
        loop.mailbox.post { [self] loop in
            do {
                // Held as long as the loop lives.
                try loop.add(descriptor.raw, .readable) { [self] _ in take() }
            } catch {
                fatalError("inotify cannot be waited for: \(error)")
            }
        }
    }

    /// Looks after a file from now on; one that is watched already stays so.
    ///
    /// - Throws: `SysError`: there is no such file, or the user's inotify watches are used up.
    package func watch(_ path: String) throws(SysError) {
        let raw = descriptor.raw
        let result: Result<Void, SysError> = state.withLock { state in
            guard state.watches[path] == nil else { return .success(()) }
            let watch = unsafe inotify_add_watch(raw, path, Self.interest)
            guard watch >= 0 else {
                return .failure(SysError(call: "inotify_add_watch", subject: path, errno: .current))
            }
            state.paths[watch] = path
            state.watches[path] = watch
            return .success(())
        }
        try result.get()
    }

    /// Lets a file go: to be called before one removes it oneself.
    package func forget(_ path: String) {
        let raw = descriptor.raw
        state.withLock { state in
            guard let watch = state.watches.removeValue(forKey: path) else { return }
            state.paths[watch] = nil
            _ = inotify_rm_watch(raw, watch)  // fails only for a file that is gone
        }
    }

    /// Looks at every file by its path: a directory above it that was moved away tells no watch of its files.
    package func check() {
        for path in state.withLock({ Array($0.watches.keys) }) where !Files.exists(path) { lose(path) }
    }

    private func lose(_ path: String) {
        guard state.withLock({ $0.watches[path] != nil }) else { return }
        forget(path)
        // A file that was replaced by another one of its name is there.
        if (try? watch(path)) != nil { return }  // as likely as not there is none, which is the news
        onRemoval(path)
    }

    private func take() {
        for watch in InotifyEvents.drain(descriptor.raw) {
            if watch == InotifyEvents.overflow {
                check()
            } else if let path = state.withLock({ $0.paths[watch] }) {
                lose(path)
            }
        }
    }
}

/// Reading from an inotify descriptor.
package enum InotifyEvents {
    /// Takes all that waits.
    ///
    /// - Returns: The watches that something happened to; -1 among them means that the kernel has dropped some.
    package static func drain(_ descriptor: Int32) -> Set<Int32> {
        var changed: Set<Int32> = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return changed }
            var offset = 0
            // struct inotify_event: wd, mask, cookie, len, name[len]
            while offset + 16 <= count {
                let field = { (at: Int) in
                    (0..<4).reduce(UInt32(0)) { $0 | UInt32(buffer[offset + at + $1]) << UInt32(8 * $1) }
                }
                let isOverflow = field(4) & UInt32(IN_Q_OVERFLOW) != 0
                changed.insert(isOverflow ? overflow : Int32(bitPattern: field(0)))
                offset += 16 + Int(field(12))
            }
        }
    }

    package static let overflow: Int32 = -1
}
