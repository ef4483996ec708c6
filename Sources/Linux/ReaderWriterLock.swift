import Glibc

/// A lock between threads that many readers or one writer may hold, `pthread_rwlock_init(3)`. Waiting blocks the thread.
@safe package final class ReaderWriterLock: Sendable {
    // SAFETY: a pthread_rwlock_t is made to be used by several threads; it lives until deinit and never moves.
    private nonisolated(unsafe) let raw: UnsafeMutablePointer<pthread_rwlock_t>

    package init() {
        unsafe raw = .allocate(capacity: 1)
        unsafe pthread_rwlock_init(raw, nil)
    }

    deinit {
        unsafe pthread_rwlock_destroy(raw)
        unsafe raw.deallocate()
    }

    package func shared<T>(_ body: () throws -> T) rethrows -> T {
        unsafe pthread_rwlock_rdlock(raw)
        defer { unsafe pthread_rwlock_unlock(raw) }
        return try body()
    }

    package func exclusive<T>(_ body: () throws -> T) rethrows -> T {
        unsafe pthread_rwlock_wrlock(raw)
        defer { unsafe pthread_rwlock_unlock(raw) }
        return try body()
    }
}
