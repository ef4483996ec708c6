/// Removing what lies below the floor.
extension WriterStatements {
    /// Takes one step in the open transaction. Taking a step twice is harmless.
    func sweep(_ step: SweepStep) throws(SQLiteFailure) {
        switch step {
        case .events(let runs, let anchors, let range):
            let delete = try connection.prepare("DELETE FROM event WHERE seq BETWEEN ?1 AND ?2")
            for run in runs {
                delete.bind(1, run.lowerBound)
                delete.bind(2, run.upperBound)
                try delete.run()
            }
            let insert = try connection.prepare(
                "INSERT OR IGNORE INTO anchor(seq, before) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM event WHERE seq = ?1)"
            )
            for anchor in anchors {
                insert.bind(1, anchor.seq)
                insert.bind(2, blob: anchor.before)
                try insert.run()
            }
            try connection.execute(
                """
                DELETE FROM anchor WHERE seq BETWEEN \(range.lowerBound) AND \(range.upperBound) \
                AND NOT EXISTS (SELECT 1 FROM event WHERE event.seq = anchor.seq)
                """
            )
        case .objects(let floor, let limit):
            try connection.execute(
                """
                DELETE FROM object WHERE obj IN \
                (SELECT obj FROM object WHERE deleted_seq BETWEEN 0 AND \(floor) LIMIT \(limit))
                """
            )
        case .commits(let floor, let limit):
            try connection.execute(
                """
                DELETE FROM batch WHERE last_seq IN \
                (SELECT last_seq FROM batch WHERE last_seq <= \(floor) ORDER BY last_seq LIMIT \(limit))
                """
            )
        case .pages(let limit): try connection.execute("PRAGMA incremental_vacuum(\(limit))")
        }
    }
}
