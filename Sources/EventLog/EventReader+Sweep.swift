/// What retention and the sweeper ask.
extension EventReader {
    /// Events in `after+1 ... upTo`, in order, without their contents.
    func rows(after seq: Seq, upTo: Seq, limit: Int) throws(ReadError) -> [SweepPlan.Row] {
        try select(
            "SELECT seq, obj, after IS NOT NULL FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT \(limit)",
            seq,
            upTo
        ) { SweepPlan.Row(seq: $0.int64(0), object: $0.int64(1), hasImage: $0.int64(2) != 0) }
    }

    /// The same with their hashes.
    func hashedRows(after seq: Seq, upTo: Seq, limit: Int) throws(ReadError) -> [(row: SweepPlan.Row, hash: [UInt8])] {
        try select(
            "SELECT seq, obj, after IS NOT NULL, hash FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT \(limit)",
            seq,
            upTo
        ) { statement in
            let row = SweepPlan.Row(
                seq: statement.int64(0),
                object: statement.int64(1),
                hasImage: statement.int64(2) != 0
            )
            return (row, statement.bytes(3) ?? [])
        }
    }

    /// The objects that lived at a floor, with the numbers of their resources.
    func alive(at floor: Seq) throws(ReadError) -> [(object: Int64, resource: Int64)] {
        try select(
            "SELECT obj, resource FROM object WHERE created_seq <= ?1 AND (deleted_seq IS NULL OR deleted_seq > ?2)",
            floor,
            floor
        ) { ($0.int64(0), $0.int64(1)) }
    }

    func hasDead(upTo floor: Seq) throws(ReadError) -> Bool {
        try !select("SELECT 1 FROM object WHERE deleted_seq BETWEEN ?1 AND ?2 LIMIT 1", 0, floor) { _ in () }.isEmpty
    }

    func hasCommit(upTo floor: Seq) throws(ReadError) -> Bool {
        try !select("SELECT 1 FROM batch WHERE last_seq BETWEEN ?1 AND ?2 LIMIT 1", 0, floor) { _ in () }.isEmpty
    }

    /// The last commit that ends at `seq` or before.
    func lastCommit(upTo seq: Seq) throws(ReadError) -> FloorCandidate? {
        try select(
            "SELECT last_seq, chain FROM batch WHERE last_seq BETWEEN ?1 AND ?2 ORDER BY last_seq DESC LIMIT 1",
            0,
            seq
        ) { FloorCandidate(seq: $0.int64(0), chain: $0.bytes(1) ?? []) }.first
    }

    func freePages() throws(ReadError) -> Int64 { try number("PRAGMA freelist_count") }

    /// Bytes of the database that hold something.
    func usedBytes() throws(ReadError) -> Int64 {
        try (number("PRAGMA page_count") - freePages()) * number("PRAGMA page_size")
    }

    private func number(_ sql: String) throws(ReadError) -> Int64 {
        do { return try connection.integer(sql) ?? 0 } catch { throw .failed(error.description) }
    }

    private func select<Value>(
        _ sql: String,
        _ first: Int64,
        _ second: Int64,
        _ value: (Statement) -> Value
    ) throws(ReadError) -> [Value] {
        do throws(SQLiteFailure) {
            let statement = try connection.prepare(sql)
            statement.bind(1, first)
            statement.bind(2, second)
            var values: [Value] = []
            while try statement.step() { values.append(value(statement)) }
            return values
        } catch { throw .failed(error.description) }
    }
}
