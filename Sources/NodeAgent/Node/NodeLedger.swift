import EventLog
import Reconciler
import Synchronization

/// How much of the node its pods ask for. Claims are made and let go under one lock, so that two pods that are posted
/// together do not both get the last place.
final class NodeLedger: Sendable {
    private let claims = Mutex<[UID: NodeRoom]>([:])

    /// Claims room for a new pod if `decide`, which sees what the others take, finds nothing against it.
    ///
    /// - Returns: What `decide` found; then nothing is claimed.
    func claim<Refusal: Sendable>(
        _ uid: UID,
        _ room: NodeRoom,
        unless decide: (_ used: NodeRoom) -> Refusal?
    ) -> Refusal? {
        claims.withLock { claims in
            if let refusal = decide(claims.values.reduce(.none, +)) { return refusal }
            claims[uid] = room
            return nil
        }
    }

    /// A pod that runs already, whatever room there is.
    func take(_ uid: UID, _ room: NodeRoom) { claims.withLock { $0[uid] = room } }

    /// The pod is over or gone.
    func release(_ uid: UID) { claims.withLock { $0[uid] = nil } }
}
