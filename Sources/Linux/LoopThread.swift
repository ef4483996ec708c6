import CLinux
import Glibc

/// A thread of its own that runs one `EventLoop` for the life of the process, or until it is stopped.
///
/// Hundreds of connections share one: none of them may block in a handler.
package final class LoopThread: Sendable {
    /// The way to put descriptors, timers and work on the thread.
    package let mailbox: EventLoop.Mailbox

    /// Starts the thread with all signals blocked.
    ///
    /// - Parameter name: At most 15 bytes, shown by `ps -L`.
    package init(name: String) throws(SysError) {
        let handover = Handover(name: name, loop: try EventLoop())
        mailbox = handover.loop.mailbox
        var blocked = sigset_t()
        var previous = sigset_t()
        unsafe sigfillset(&blocked)
        unsafe pthread_sigmask(SIG_BLOCK, &blocked, &previous)
        defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &previous, nil) }
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(handover)
        let failure = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let handover = unsafe Unmanaged<Handover>.fromOpaque(argument).takeRetainedValue()
                unsafe swl_set_thread_name(handover.name)
                do {
                    try handover.loop.run()
                } catch {
                    fatalError("event loop \(handover.name): \(error)")
                }
                return nil
            },
            argument.toOpaque()
        )
        guard failure == 0 else {
            unsafe argument.release()
            throw SysError(call: "pthread_create", subject: name, errno: Errno(failure))
        }
        pthread_detach(thread)
    }

    /// Ends the loop and with it the thread; what was added to it is closed when its owners let go.
    package func stop() { mailbox.post { $0.stop() } }

    /// Carries the loop into its thread, which owns it from there on.
    private final class Handover {
        let name: String
        let loop: EventLoop
        init(name: String, loop: EventLoop) {
            self.name = name
            self.loop = loop
        }
    }
}
