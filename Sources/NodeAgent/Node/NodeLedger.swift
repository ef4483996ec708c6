import EventLog
import KubernetesAPI
import Reconciler
import Synchronization

/// What one pod takes of the node.
struct NodeClaim: Hashable, Sendable {
    var room: NodeRoom
    var isBurstable: Bool

    init(_ pod: Pod) {
        room = NodeRoom(askedBy: pod.spec)
        isBurstable = pod.status.qosClass == QOSClass.burstable.rawValue
    }
}

/// How much of the node its pods ask for. Claims are made and let go under one lock, so that two pods that are posted
/// together do not both get the last place.
final class NodeLedger: Sendable {
    private let claims = Mutex<[UID: NodeClaim]>([:])

    /// Claims room for a new pod if `decide`, which sees what the others take, finds nothing against it.
    ///
    /// - Returns: What `decide` found; then nothing is claimed.
    func claim<Refusal: Sendable>(
        _ uid: UID,
        _ claim: NodeClaim,
        unless decide: (_ used: NodeRoom) -> Refusal?
    ) -> Refusal? {
        claims.withLock { claims in
            if let refusal = decide(claims.values.map(\.room).reduce(.none, +)) { return refusal }
            claims[uid] = claim
            return nil
        }
    }

    /// A pod that runs already, whatever room there is.
    func take(_ uid: UID, _ claim: NodeClaim) { claims.withLock { $0[uid] = claim } }

    /// What burstable pods ask for together.
    var burstableCPUMilli: Int64 {
        claims.withLock { $0.values.filter(\.isBurstable).map(\.room).reduce(.none, +).cpuMilli }
    }

    /// The pod is over or gone.
    func release(_ uid: UID) { claims.withLock { $0[uid] = nil } }
}
