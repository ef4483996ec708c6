import Facts
import KubernetesAPI
import Reconciler

/// The reconciler under test; the mutation tests put broken ones in its place.
struct Subject: Sendable {
    var fold: @Sendable (PodRecord?, PodFact, Pod?) -> PodRecord? = { Reconciler.fold($0, $1, object: $2) }
    var decide: @Sendable (PodRecord, Int64) -> Decision = { Reconciler.decide($0, now: $1) }
    var adopt: @Sendable (PodRecord, SandboxObservation, Int64) -> [PodFact] = {
        Reconciler.adopt($0, observed: $1, now: $2)
    }
}

/// The log of one pod.
struct FakeLog {
    struct Entry {
        var time: Int64
        var fact: PodFact
        var object: Pod?
        var after: PodRecord?
    }

    var entries: [Entry] = []

    /// What the entries amount to, from the first one on.
    func replay(with subject: Subject) throws -> PodRecord? {
        var record: PodRecord?
        for (index, entry) in entries.enumerated() {
            record = subject.fold(record, entry.fact, entry.object)
            guard record == entry.after else {
                throw Violation("replaying the log gives another record after #\(index) \(entry.fact.typeName)")
            }
        }
        return record
    }
}
