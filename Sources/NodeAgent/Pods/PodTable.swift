import EventLog
import Facts
import KubernetesAPI
import Reconciler
import Synchronization

/// The pods of the node: which worker owns which pod, and the workers' life.
final class PodTable: Sendable {
    private let workers = Mutex<[UID: PodWorker]>([:])
    /// Pods that were deleted by force and are not cleaned up yet.
    private let orphans = Mutex<Set<UID>>([])
    private let orphanGone = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let fresh: AsyncStream<PodWorker>
    private let sender: AsyncStream<PodWorker>.Continuation

    init() {
        (fresh, sender) = AsyncStream.makeStream(of: PodWorker.self, bufferingPolicy: .unbounded)
    }

    /// Takes a worker in; it runs as soon as `run` does.
    func add(_ worker: PodWorker) {
        workers.withLock { $0[worker.uid] = worker }
        sender.yield(worker)
    }

    func worker(_ uid: UID) -> PodWorker? { workers.withLock { $0[uid] } }

    func remove(_ uid: UID) {
        workers.withLock { $0[uid] = nil }
        if orphans.withLock({ $0.remove(uid) }) != nil { orphanGone.continuation.yield() }
    }

    /// Takes note of a pod that the log does not have any more: nobody but its worker knows what is left of it.
    func noteOrphan(_ uid: UID) { orphans.withLock { _ = $0.insert(uid) } }

    /// Returns once nothing is left of pods that were deleted by force, or when the task is cancelled. Called once.
    ///
    /// - Returns: The pods that are left.
    func waitForOrphans() async -> Set<UID> {
        if orphans.withLock({ $0.isEmpty }) { return [] }
        for await _ in orphanGone.stream where orphans.withLock({ $0.isEmpty }) { break }
        return orphans.withLock { $0 }
    }

    func sendToAll(_ message: PodWorker.Message) {
        for worker in workers.withLock({ Array($0.values) }) { worker.send(message) }
    }

    var count: Int { workers.withLock { $0.count } }

    /// Runs the workers until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await worker in fresh {
                group.addTask { await worker.run() }
            }
            group.cancelAll()
        }
    }
}
