import CLinux
import Glibc
import Synchronization

/// Threads for calls that block (mount, unpack, waiting for a program), so that they never hold up an event loop
/// or Swift's own few pool threads.
///
/// Jobs start in the order they were given; at most `limit` run at once. Threads are made when needed and end after
/// `stop`, when the queue is empty.
package final class ThreadPool: Sendable {
    package typealias Job = @Sendable () -> Void

    private struct State {
        var waiting: [Job] = []
        var threads = 0
        var idle = 0
        var stopping = false
    }

    private let name: String
    private let limit: Int
    private let state = Mutex(State())
    private let wakeUps: Semaphore

    /// - Parameters:
    ///   - name: Shown by `ps -L`, at most 15 bytes.
    ///   - limit: How many jobs may run at once.
    package init(name: String, limit: Int) {
        self.name = name
        self.limit = limit
        wakeUps = Semaphore()
    }

    /// Queues a job; returns at once.
    package func submit(_ job: @escaping Job) {
        let needsThread = state.withLock { state in
            state.waiting.append(job)
            // An idle thread that was woken for an earlier job still counts as idle until it runs: one each.
            if state.idle >= state.waiting.count || state.threads >= limit { return false }
            state.threads += 1
            return true
        }
        if needsThread {
            PosixThread.start(name: name) { self.work() }
        } else {
            wakeUps.signal()
        }
    }

    /// Lets the threads end once the queue is empty; jobs given later still run.
    package func stop() {
        let count = state.withLock { state in
            state.stopping = true
            return state.threads
        }
        for _ in 0..<count { wakeUps.signal() }
    }

    private func work() {
        while true {
            let (next, isOver): (Job?, Bool) = state.withLock { state in
                guard state.waiting.isEmpty else { return (state.waiting.removeFirst(), false) }
                // Decided under the lock: a job that is given from now on finds either an idle thread or none.
                if state.stopping { state.threads -= 1 } else { state.idle += 1 }
                return (nil, state.stopping)
            }
            if isOver { return }
            if let next {
                next()
                continue
            }
            wakeUps.wait()
            state.withLock { $0.idle -= 1 }
        }
    }
}

/// A counting semaphore between threads, `sem_overview(7)`.
@safe package final class Semaphore: Sendable {
    // SAFETY: a sem_t is made to be used by several threads; it lives until deinit and never moves.
    private nonisolated(unsafe) let raw: UnsafeMutablePointer<sem_t>

    package init() {
        unsafe raw = .allocate(capacity: 1)
        unsafe sem_init(raw, 0, 0)
    }

    deinit {
        unsafe sem_destroy(raw)
        unsafe raw.deallocate()
    }

    package func signal() { _ = unsafe sem_post(raw) }

    package func wait() {
        while unsafe sem_wait(raw) != 0 {}
    }
}

/// A detached thread that runs a closure.
package enum PosixThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread with all signals blocked, so that only the main thread sees them.
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
        defer { unsafe pthread_attr_destroy(&attributes) }
        let box = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread,
            &attributes,
            { box in
                guard let box = unsafe box else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(box).takeRetainedValue().run()
                return nil
            },
            box
        )
        guard failure == 0 else {
            fatalError("pthread_create for \(name): \(Errno(failure)); raise the limit on tasks (TasksMax, ulimit -u)")
        }
        _ = unsafe swl_thread_setname(thread, String(name.prefix(15)))
    }
}
