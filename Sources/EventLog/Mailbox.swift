import Glibc
import Linux

/// State under a lock that threads can wait on.
///
/// `Synchronization.Mutex` cannot be waited on, so this one is a pthread mutex with a condition.
@safe final class Mailbox<State>: @unchecked Sendable {
    // SAFETY: `state` is read and written only while `mutex` is held.
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init(_ initial: State) {
        state = initial
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe condition = .allocate(capacity: 1)
        unsafe condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe condition.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Changes the state under the lock; wakes the waiting threads if the closure says so, once they can have the lock.
    func change<Value>(_ body: (inout State) -> (value: Value, wake: Bool)) -> Value {
        unsafe pthread_mutex_lock(mutex)
        let (value, wake) = body(&state)
        unsafe pthread_mutex_unlock(mutex)
        if wake { unsafe pthread_cond_broadcast(condition) }
        return value
    }

    /// What a waiting thread finds when it looks.
    enum Look<Value> {
        case found(Value)
        case wait
        /// Look again at this time of the monotonic clock, in microseconds, if nothing wakes the thread before.
        case waitUntil(Int64)
    }

    /// Looks, and looks again after every wake-up, until something is found.
    func wait<Value>(_ look: (inout State) -> Look<Value>) -> Value {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            switch look(&state) {
            case .found(let value): return value
            case .wait: unsafe pthread_cond_wait(condition, mutex)
            case .waitUntil(let microseconds):
                var limit = timespec(
                    tv_sec: Int(microseconds / 1_000_000),
                    tv_nsec: Int(microseconds % 1_000_000) * 1000
                )
                unsafe pthread_cond_timedwait(condition, mutex, &limit)
            }
        }
    }
}

/// Threads and clocks of the store.
enum Thread {
    /// Starts a thread that runs `body` once. `name` has at most 15 bytes.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let name: String
            let body: @Sendable () -> Void
            init(_ name: String, _ body: @escaping @Sendable () -> Void) {
                self.name = name
                self.body = body
            }
        }
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(Box(name, body)).toOpaque()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                let box = unsafe Unmanaged<Box>.fromOpaque(context).takeRetainedValue()
                // The name only helps whoever looks at the process with ps.
                try? Files.put(box.name, to: "/proc/thread-self/comm")
                box.body()
                return nil
            },
            box
        )
        guard code == 0 else {
            fatalError("pthread_create for \(name): errno \(code); the limit of threads is reached")
        }
        pthread_detach(thread)
    }
}

/// The two clocks, in microseconds.
enum Clock {
    static var monotonic: Int64 { read(CLOCK_MONOTONIC) }
    static var wall: Int64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
