import EventLog
import Facts
import KubernetesAPI
import Reconciler
import Synchronization

/// The pods of the node: which worker owns which pod, and the workers' life.
final class PodTable: Sendable {
    private let workers = Mutex<[UID: PodWorker]>([:])
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

    func remove(_ uid: UID) { workers.withLock { $0[uid] = nil } }

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
