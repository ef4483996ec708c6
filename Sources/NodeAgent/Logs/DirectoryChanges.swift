import Glibc
import Linux
import Synchronization

/// Tells when files in a directory are written, made, renamed or removed, with `inotify(7)`.
///
/// One descriptor serves all directories: the kernel gives a user few of them.
final class DirectoryChanges: Sendable {
    private let descriptor: Descriptor
    private let state = Mutex(State())

    private struct State {
        /// By watch descriptor: who wants to know.
        var listeners: [Int32: [Int: AsyncStream<Void>.Continuation]] = [:]
        var last = 0
    }

    private static let interest = UInt32(
        IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR
    )

    /// - Parameter loop: Where changes are noticed.
    init(loop: LoopThread) throws(SysError) {
        let number = try sys("inotify_init1", "") { inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }
        descriptor = Descriptor(owning: number)
        loop.mailbox.post { [self] loop in
            do {
                // Held as long as the loop lives.
                try loop.add(descriptor.raw, .readable) { [self] _ in take() }
            } catch {
                fatalError("inotify cannot be waited for: \(error)")
            }
        }
    }

    /// A stream with an element whenever something has changed since the last one was taken: changes do not pile up.
    ///
    /// Look at the directory after the stream was made, then wait for its elements: nothing is missed so.
    func stream(of directory: String) throws(SysError) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let raw = descriptor.raw
        // Under the lock: a watch of the same directory that ends at this moment must not take ours with it.
        let result: Result<(Int32, Int), SysError> = state.withLock { state in
            let watch = unsafe inotify_add_watch(raw, directory, Self.interest)
            guard watch >= 0 else {
                return .failure(SysError(call: "inotify_add_watch", subject: directory, errno: .current))
            }
            state.last += 1
            state.listeners[watch, default: [:]][state.last] = continuation
            return .success((watch, state.last))
        }
        let (watch, number) = try result.get()
        continuation.onTermination = { [weak self] _ in self?.remove(watch, number) }
        return stream
    }

    private func remove(_ watch: Int32, _ number: Int) {
        let raw = descriptor.raw
        state.withLock { state in
            state.listeners[watch]?[number] = nil
            guard let left = state.listeners[watch], left.isEmpty else { return }
            state.listeners[watch] = nil
            _ = inotify_rm_watch(raw, watch)  // fails only for a directory that is gone
        }
    }

    private func take() {
        let changed = InotifyEvents.drain(descriptor.raw)
        let all = changed.contains(InotifyEvents.overflow)
        let woken = state.withLock { state in
            state.listeners.filter { all || changed.contains($0.key) }.flatMap { $0.value.values }
        }
        for continuation in woken { continuation.yield() }
    }
}
