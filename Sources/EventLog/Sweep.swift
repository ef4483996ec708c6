/// Which events at or below the floor stay: those that objects alive at the floor are made of.
///
/// Of an object the newest image stays and every event since, so that a walk along its events from above the floor finds
/// an image without a gap. Of objects whose state is a fold of all their events, everything stays. Pure.
struct SweepPlan {
    private enum Rule {
        case whole
        case from(Seq, isImage: Bool)
    }

    /// One event, as far as the plan is concerned.
    struct Row: Hashable, Sendable {
        let seq: Seq
        let object: Int64
        let hasImage: Bool
    }

    private var rules: [Int64: Rule] = [:]

    /// An object that is alive at the floor. Every object must be told before the first event.
    mutating func add(object: Int64, keepsWholeHistory: Bool) {
        rules[object] = keepsWholeHistory ? .whole : .from(0, isImage: false)
    }

    /// An event at or below the floor. All of them must be told, in order, before `keeps` is asked.
    mutating func see(_ row: Row) {
        guard case .from(_, let isImage) = rules[row.object] else { return }
        if row.hasImage || !isImage { rules[row.object] = .from(row.seq, isImage: row.hasImage) }
    }

    func keeps(_ row: Row) -> Bool {
        switch rules[row.object] {
        case nil: false
        case .whole: true
        case .from(let first, _): row.seq >= first
        }
    }
}

/// One small piece of removing what lies below the floor; it becomes part of one commit.
enum SweepStep: Hashable, Sendable {
    /// Neighbouring events that go, and anchors for those behind them that stay. Anchors within `range` whose event is gone
    /// go as well.
    case events([ClosedRange<Seq>], anchors: [Anchor], range: ClosedRange<Seq>)
    /// At most so many objects that died at or below the floor; their events must be gone.
    case objects(upTo: Seq, limit: Int)
    /// At most so many records of commits at or below the floor, oldest first. The last ones that go: as long as there are
    /// any, a sweep is not finished.
    case commits(upTo: Seq, limit: Int)
    /// Gives back at most so many free pages at the end of the file.
    case pages(limit: Int)

    /// The chain's value before an event.
    struct Anchor: Hashable, Sendable {
        let seq: Seq
        let before: [UInt8]
    }

    /// What to do about events that follow each other in the log below the floor; nil if all of them stay.
    static func events(_ rows: [(row: SweepPlan.Row, hash: [UInt8])], _ plan: SweepPlan) -> SweepStep? {
        guard let first = rows.first?.row.seq, let last = rows.last else { return nil }
        var runs: [ClosedRange<Seq>] = []
        var anchors: [Anchor] = []
        var removed: Anchor?
        for (row, hash) in rows {
            if plan.keeps(row) {
                if let removed, removed.seq == row.seq { anchors.append(removed) }
                removed = nil
                continue
            }
            if let run = runs.last, run.upperBound == row.seq - 1 {
                runs[runs.count - 1] = run.lowerBound...row.seq
            } else {
                runs.append(row.seq...row.seq)
            }
            removed = Anchor(seq: row.seq + 1, before: hash)
        }
        if runs.isEmpty { return nil }
        // The event behind the last one belongs to the next step, or to the next sweep.
        if let removed { anchors.append(removed) }
        return .events(runs, anchors: anchors, range: first...last.row.seq)
    }
}
