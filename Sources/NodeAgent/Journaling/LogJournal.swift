import EventLog
import Journal

/// The event log as the source of the journal: one record per event, in the log's order.
///
/// The position up to which journald has everything is a consumer position in the log itself, so a restart goes on
/// where the last agent stopped, with repetitions rather than gaps (`SWIFTLET_EVENT_SEQ` tells).
struct LogJournal: JournalSource {
    static let consumer = "journald"

    let store: EventStore
    let nodeName: String

    func records(after position: Int64, limit: Int) throws -> [(position: Int64, record: JournalRecord)] {
        // What was removed from the log before it reached the journal cannot be told any more.
        var requests: [Seq: String] = [:]
        return try store.events(after: max(position, store.floor), limit: limit).map { event in
            let request = try event.request ?? originalRequest(of: event, known: &requests)
            return (
                event.seq,
                try EventRecordSentence(event: event, nodeName: nodeName, request: request).journalRecord()
            )
        }
    }

    /// The request that began the story of an event, however late the event is; nil if none did.
    private func originalRequest(of event: EventRecord, known: inout [Seq: String]) throws -> String? {
        let first = event.correlation
        guard first < event.seq else { return nil }
        if let known = known[first] { return known.isEmpty ? nil : known }
        let request = try store.event(first)?.request
        known[first] = request ?? ""
        return request
    }

    func savePosition(_ position: Int64) throws {
        // Losing this write means repetitions, not gaps, so nobody waits for it.
        store.submitConsumerPosition(Self.consumer, position)
    }
}
