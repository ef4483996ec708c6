import Glibc
import Journal
import Synchronization

/// A log of records in memory: record number n is at position n.
final class FakeSource: JournalSource {
    struct Failure: Error {}

    private struct State {
        var records: [JournalRecord] = []
        var saved: [Int64] = []
        var failsReading = false
        var failsSaving = false
    }

    private let state = Mutex(State())

    var saved: [Int64] { state.withLock { $0.saved } }

    func setFailing(reading: Bool = false, saving: Bool = false) {
        state.withLock { state in
            state.failsReading = reading
            state.failsSaving = saving
        }
    }

    func append(_ record: JournalRecord) { state.withLock { $0.records.append(record) } }

    /// Appends records whose SWIFTLET_EVENT_SEQ is their position.
    func append(count: Int, text: String = "something happened") throws {
        for _ in 0..<count {
            let position = state.withLock { $0.records.count + 1 }
            append(try JournalRecord(message: text, fields: [.init(JournalRecord.Field.Name.sequence, "\(position)")]))
        }
    }

    func records(after position: Int64, limit: Int) throws -> [(position: Int64, record: JournalRecord)] {
        try state.withLock { state in
            if state.failsReading { throw Failure() }
            return state.records.enumerated().dropFirst(Int(position)).prefix(limit).map { (Int64($0 + 1), $1) }
        }
    }

    func savePosition(_ position: Int64) throws {
        try state.withLock { state in
            if state.failsSaving { throw Failure() }
            state.saved.append(position)
        }
    }
}

/// Waits until something is so; gives up after half a minute, which is no limit of the thing tested but of patience.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<3000 {
        if try condition() { return true }
        usleep(10_000)
    }
    return false
}
