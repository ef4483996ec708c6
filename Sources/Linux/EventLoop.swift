import CLinux
import Glibc
import Synchronization

/// What a descriptor is watched for, and what it was found ready for; the bits of `epoll_ctl(2)`.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: 0x001)
    package static let writable = Readiness(rawValue: 0x004)
    package static let priority = Readiness(rawValue: 0x002)
    /// Reported without being asked for.
    package static let failed = Readiness(rawValue: 0x008)
    /// Reported without being asked for: the other side closed.
    package static let hungUp = Readiness(rawValue: 0x010)
}

/// Waits for descriptors, timers and posted work on one thread, with `epoll(7)`.
///
/// The loop belongs to the thread that calls `run`; everything except `mailbox` is used on that thread only. An idle
/// loop uses no CPU: it sleeps until a descriptor is ready, the earliest timer is due or something is posted.
package final class EventLoop {
    /// Names one timer, to cancel it.
    package struct Timer: Hashable, Sendable { fileprivate let number: UInt64 }

    /// The way in from other threads.
    package let mailbox: Mailbox

    /// The operations of `epoll_ctl(2)`.
    private enum Operation: Int32 {
        case add = 1
        case remove = 2
        case modify = 3
    }

    private struct Watch {
        let generation: UInt32
        let handler: (Readiness) -> Void
    }

    private struct Deadline {
        let timer: Timer
        let nanoseconds: UInt64
        let handler: () -> Void
    }

    private let epoll: Descriptor
    private var kept: [String: AnyObject] = [:]
    private var watches: [Int32: Watch] = [:]
    private var generation: UInt32 = 0
    /// Sorted by time, the latest first, so that the due ones are popped off the end.
    private var deadlines: [Deadline] = []
    private var lastTimer: UInt64 = 0
    private var stopping = false
    private var tokens = [UInt64](repeating: 0, count: 64)
    private var bits = [UInt32](repeating: 0, count: 64)

    package init() throws(SysError) {
        epoll = Descriptor(owning: try swl("epoll_create1", "") { swl_epoll_create() })
        mailbox = try Mailbox()
        try add(mailbox.descriptor, .readable) { [unowned self] _ in
            for work in mailbox.take() { work(self) }
        }
    }

    /// The monotonic clock that timers use, in nanoseconds.
    package static var now: UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Watches a descriptor (level-triggered); `handler` runs whenever it is ready.
    ///
    /// The descriptor stays the caller's: call `remove` before closing it.
    package func add(
        _ descriptor: Int32,
        _ interest: Readiness,
        handler: @escaping (Readiness) -> Void
    ) throws(SysError) {
        generation &+= 1
        try control(.add, descriptor, interest, generation)
        watches[descriptor] = Watch(generation: generation, handler: handler)
    }

    /// Changes what an added descriptor is watched for.
    package func modify(_ descriptor: Int32, _ interest: Readiness) throws(SysError) {
        guard let watch = watches[descriptor] else {
            throw SysError(call: "epoll_ctl", subject: "descriptor \(descriptor)", errno: .noEntry)
        }
        try control(.modify, descriptor, interest, watch.generation)
    }

    /// Stops watching; no handler of this descriptor runs after this call, even if it was already found ready.
    package func remove(_ descriptor: Int32) {
        guard watches.removeValue(forKey: descriptor) != nil else { return }
        // Fails only if the caller closed the descriptor too early, and then the kernel has removed it already.
        _ = swl_epoll_ctl(epoll.raw, Operation.remove.rawValue, descriptor, 0, 0)
    }

    /// Runs `handler` once, after at least `nanoseconds`.
    @discardableResult
    package func after(nanoseconds: UInt64, _ handler: @escaping () -> Void) -> Timer {
        lastTimer += 1
        let timer = Timer(number: lastTimer)
        let due = Self.now &+ nanoseconds
        let place = deadlines.firstIndex { $0.nanoseconds <= due } ?? deadlines.endIndex
        deadlines.insert(Deadline(timer: timer, nanoseconds: due, handler: handler), at: place)
        return timer
    }

    /// Cancels a timer; one that already ran is ignored.
    package func cancel(_ timer: Timer) {
        deadlines.removeAll { $0.timer == timer }
    }

    /// Keeps an object that belongs to this thread alive under a name, so that posted work can find it again.
    package func keep(_ object: AnyObject, as name: String) { kept[name] = object }

    /// Returns and forgets an object that `keep` was given.
    package func letGo(of name: String) -> AnyObject? { kept.removeValue(forKey: name) }

    /// Runs until `stop` is called by a handler.
    package func run() throws(SysError) {
        stopping = false
        while !stopping { try turn(timeout: nil) }
    }

    /// Makes `run` return after the handler that is running now.
    package func stop() { stopping = true }

    /// Waits once and runs what is ready.
    ///
    /// - Parameter timeout: The longest wait in nanoseconds; nil waits for the next event or timer.
    package func turn(timeout: UInt64?) throws(SysError) {
        var wait = timeout
        if let next = deadlines.last {
            let now = Self.now
            let left = next.nanoseconds > now ? next.nanoseconds - now : 0
            wait = min(wait ?? left, left)
        }
        // Rounded up, so that a timer is due when the wait is over.
        let milliseconds = wait.map { Int32(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
        let count = unsafe swl_epoll_wait(epoll.raw, &tokens, &bits, 64, milliseconds)
        if count < 0 {
            if -count == EINTR { return }
            throw SysError(call: "epoll_wait", subject: "", errno: Errno(-count))
        }
        // Copied: a handler may turn the loop again.
        let ready = (0..<Int(count)).map { (token: tokens[$0], bits: bits[$0]) }
        for (token, bits) in ready {
            let descriptor = Int32(truncatingIfNeeded: token)
            guard let watch = watches[descriptor], watch.generation == UInt32(token >> 32) else { continue }
            watch.handler(Readiness(rawValue: bits))
            if stopping { return }
        }
        let now = Self.now
        while let next = deadlines.last, next.nanoseconds <= now {
            deadlines.removeLast()
            next.handler()
            if stopping { return }
        }
    }

    private func control(
        _ operation: Operation,
        _ descriptor: Int32,
        _ interest: Readiness,
        _ generation: UInt32
    ) throws(SysError) {
        let token = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        try swl("epoll_ctl", "descriptor \(descriptor)") {
            swl_epoll_ctl(epoll.raw, operation.rawValue, descriptor, interest.rawValue, token)
        }
    }
}

extension EventLoop {
    /// Hands work over to a loop from any thread.
    package final class Mailbox: Sendable {
        package typealias Work = @Sendable (EventLoop) -> Void

        private let wake: Int32
        private let queue = Mutex<[Work]>([])
        fileprivate var descriptor: Int32 { wake }

        fileprivate init() throws(SysError) {
            wake = try swl("eventfd", "") { swl_eventfd() }
        }

        deinit { _ = close(wake) }

        /// Queues work; the loop runs it on its own thread, in the order of posting.
        package func post(_ work: @escaping Work) {
            let first = queue.withLock { queue in
                queue.append(work)
                return queue.count == 1
            }
            // The counter of an eventfd is at most 1 here: the write cannot block or fail.
            if first { swl_eventfd_add(wake) }
        }

        fileprivate func take() -> [Work] {
            _ = swl_eventfd_take(wake)
            return queue.withLock { queue in
                let work = queue
                queue = []
                return work
            }
        }
    }
}
