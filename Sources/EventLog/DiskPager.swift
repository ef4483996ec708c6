/// Reads pages of the log for cursors that have left the ring: on two threads of its own, so that the pool of the tasks
/// never waits for the disk and no number of slow watchers opens more than two connections.
final class DiskPager: Sendable {
    private typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var threads = 0
        var isClosed = false
    }

    private let state = Mailbox(State())
    private let threadLimit = 2

    /// Runs `read` on one of the threads; they are started when they are first needed.
    func run<Value: Sendable>(
        _ read: @escaping @Sendable () throws(ReadError) -> Value
    ) async throws(ReadError) -> Value {
        let result: Result<Value, ReadError> = await withCheckedContinuation { continuation in
            let job: Job = {
                do throws(ReadError) {
                    continuation.resume(returning: .success(try read()))
                } catch { continuation.resume(returning: .failure(error)) }
            }
            let (isTaken, needsThread) = state.change { state in
                if state.isClosed { return ((false, false), false) }
                state.jobs.append(job)
                let needsThread = state.threads < threadLimit
                if needsThread { state.threads += 1 }
                return ((true, needsThread), true)
            }
            if !isTaken { continuation.resume(returning: .failure(.closed)) }
            if needsThread { Thread.start("eventlog-pager") { self.work() } }
        }
        return try result.get()
    }

    private func work() {
        while true {
            let job = state.wait { state -> Mailbox<State>.Look<Job?> in
                if !state.jobs.isEmpty { return .found(state.jobs.removeFirst()) }
                if state.isClosed { return .found(nil) }
                return .wait
            }
            guard let job else { return }
            job()
        }
    }

    /// Lets the threads end when they have done what is waiting.
    func close() {
        state.change { state in
            state.isClosed = true
            return ((), true)
        }
    }
}
