import GRDBSQLite

/// A failed call into SQLite: which one, on what, and SQLite's own words.
package struct SQLiteFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The extended result code (sqlite.org/rescode.html).
    package let code: Int32
    package let message: String
    /// The statement or file.
    package let subject: String

    /// The primary result code, for example `SQLITE_FULL`.
    package var primary: Int32 { code & 0xFF }

    package var description: String { "SQLite error \(code) (\(message)) in: \(subject)" }
}

/// One connection to a database file. It belongs to one thread at a time.
@safe final class Connection {
    private let handle: OpaquePointer
    private let walFrameCount: UnsafeMutablePointer<Int32>
    private(set) var isOpen = true

    /// Opens `path`.
    ///
    /// - Parameters:
    ///   - flags: As `sqlite3_open_v2`; NOMUTEX is added.
    ///   - vfs: The name of a registered VFS, nil for the default.
    init(path: String, flags: Int32, vfs: String? = nil) throws(SQLiteFailure) {
        var opened: OpaquePointer?
        let code: Int32
        if let vfs {
            code = unsafe sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX, vfs)
        } else {
            code = unsafe sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
        }
        guard code == SQLITE_OK, let opened = unsafe opened else {
            let message = unsafe opened.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            unsafe sqlite3_close_v2(opened)
            throw SQLiteFailure(code: code, message: message, subject: path)
        }
        unsafe sqlite3_extended_result_codes(opened, 1)
        unsafe handle = opened
        unsafe walFrameCount = .allocate(capacity: 1)
        unsafe walFrameCount.initialize(to: 0)
    }

    deinit {
        close()
        unsafe walFrameCount.deallocate()
    }

    /// Closes the connection and ends its statements, whoever still holds them: they fail from now on.
    ///
    /// That it is really closed matters. As long as any connection is left, SQLite keeps its index of the WAL in shared
    /// memory, and the next connection would believe that index instead of reading the WAL.
    func close() {
        guard isOpen else { return }
        isOpen = false
        while let statement = unsafe sqlite3_next_stmt(handle, nil) { unsafe sqlite3_finalize(statement) }
        unsafe sqlite3_close_v2(handle)
    }

    /// Frames in the WAL as of the last commit on this connection; needs `watchWAL()`.
    var walFrames: Int { Int(unsafe walFrameCount.pointee) }

    /// Replaces SQLite's automatic checkpoint by a count of the WAL's frames.
    func watchWAL() {
        unsafe sqlite3_wal_hook(
            handle,
            { context, _, _, frames in
                unsafe context?.assumingMemoryBound(to: Int32.self).pointee = frames
                return SQLITE_OK
            },
            walFrameCount
        )
    }

    /// Keeps the WAL file when the last connection closes: overwriting in place is what makes fsync cheap.
    func keepWALFile() {
        var on: Int32 = 1
        unsafe sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on)
    }

    /// False while a transaction is open.
    var isAutocommit: Bool { unsafe !isOpen || sqlite3_get_autocommit(handle) != 0 }

    /// Rows changed by the last statement.
    var changes: Int { isOpen ? Int(unsafe sqlite3_changes(handle)) : 0 }

    /// Runs any number of statements that return nothing of interest.
    func execute(_ sql: String) throws(SQLiteFailure) {
        try checkOpen(sql)
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        if code != SQLITE_OK { throw failure(code, sql) }
    }

    /// Compiles one statement for repeated use.
    func prepare(_ sql: String) throws(SQLiteFailure) -> Statement {
        try checkOpen(sql)
        var compiled: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &compiled, nil)
        guard code == SQLITE_OK, let compiled = unsafe compiled else { throw failure(code, sql) }
        return unsafe Statement(compiled, connection: self, sql: sql)
    }

    /// The first column of the first row of a query, as an integer; nil without a row.
    func integer(_ sql: String) throws(SQLiteFailure) -> Int64? {
        let statement = try prepare(sql)
        guard try statement.step() else { return nil }
        return statement.int64(0)
    }

    /// The first column of the first row of a query, as text; nil without a row.
    func text(_ sql: String) throws(SQLiteFailure) -> String? {
        let statement = try prepare(sql)
        guard try statement.step() else { return nil }
        return statement.text(0)
    }

    /// Moves frames of the WAL into the database (sqlite.org/c3ref/wal_checkpoint_v2.html).
    ///
    /// - Returns: Frames in the WAL and how many of them are in the database now.
    func checkpoint(_ mode: Int32) throws(SQLiteFailure) -> (frames: Int, moved: Int) {
        try checkOpen("checkpoint")
        var frames: Int32 = 0
        var moved: Int32 = 0
        let code = unsafe sqlite3_wal_checkpoint_v2(handle, nil, mode, &frames, &moved)
        if code != SQLITE_OK { throw failure(code, "checkpoint") }
        return (Int(frames), Int(moved))
    }

    /// How long a lock is waited for, in milliseconds.
    func setBusyTimeout(_ milliseconds: Int32) {
        guard isOpen else { return }
        unsafe sqlite3_busy_timeout(handle, milliseconds)
    }

    /// Copies the whole database into `target` in one step (sqlite.org/c3ref/backup_finish.html).
    func copy(to target: Connection) throws(SQLiteFailure) {
        guard let backup = unsafe sqlite3_backup_init(target.handle, "main", handle, "main") else {
            throw target.failure(unsafe sqlite3_errcode(target.handle), "backup")
        }
        let step = unsafe sqlite3_backup_step(backup, -1)
        let finish = unsafe sqlite3_backup_finish(backup)
        if step != SQLITE_DONE { throw failure(step, "backup step") }
        if finish != SQLITE_OK { throw target.failure(finish, "backup finish") }
    }

    private func checkOpen(_ subject: String) throws(SQLiteFailure) {
        if isOpen { return }
        throw SQLiteFailure(code: SQLITE_MISUSE, message: "the connection is closed", subject: subject)
    }

    fileprivate func failure(_ code: Int32, _ subject: String) -> SQLiteFailure {
        SQLiteFailure(code: code, message: unsafe String(cString: sqlite3_errmsg(handle)), subject: subject)
    }
}

/// One compiled statement. Parameters count from 1, columns from 0. It belongs to its connection's thread.
@safe final class Statement {
    private let handle: OpaquePointer
    private let connection: Connection
    private let sql: String

    fileprivate init(_ handle: OpaquePointer, connection: Connection, sql: String) {
        unsafe self.handle = unsafe handle
        self.connection = connection
        self.sql = sql
    }

    deinit {
        if connection.isOpen { unsafe sqlite3_finalize(handle) }
    }

    /// Tells SQLite to copy the bytes before the call returns.
    private static var transient: sqlite3_destructor_type? {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type?.self)
    }

    func bind(_ index: Int32, _ value: Int64) {
        guard connection.isOpen else { return }
        unsafe sqlite3_bind_int64(handle, index, value)
    }

    func bind(_ index: Int32, _ value: Int64?) {
        guard connection.isOpen else { return }
        if let value { bind(index, value) } else { unsafe sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, _ value: String) {
        guard connection.isOpen else { return }
        unsafe sqlite3_bind_text(handle, index, value, Int32(value.utf8.count), Self.transient)
    }

    func bind(_ index: Int32, blob: [UInt8]?) {
        guard connection.isOpen else { return }
        guard let blob else {
            unsafe sqlite3_bind_null(handle, index)
            return
        }
        if blob.isEmpty {
            unsafe sqlite3_bind_zeroblob(handle, index, 0)
        } else {
            unsafe sqlite3_bind_blob(handle, index, blob, Int32(blob.count), Self.transient)
        }
    }

    func bind(_ index: Int32, utf8 bytes: [UInt8]) {
        guard connection.isOpen else { return }
        unsafe bytes.withUnsafeBytes {
            let start = unsafe $0.baseAddress?.assumingMemoryBound(to: CChar.self)
            if let start = unsafe start {
                unsafe sqlite3_bind_text(handle, index, start, Int32(bytes.count), Self.transient)
            } else {
                unsafe sqlite3_bind_text(handle, index, "", 0, Self.transient)
            }
        }
    }

    /// Advances to the next row; false when there is none, and then the statement is reset.
    func step() throws(SQLiteFailure) -> Bool {
        guard connection.isOpen else {
            throw SQLiteFailure(code: SQLITE_MISUSE, message: "the connection is closed", subject: sql)
        }
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE {
            unsafe sqlite3_reset(handle)
            return false
        }
        let failure = connection.failure(code, sql)
        unsafe sqlite3_reset(handle)
        throw failure
    }

    /// Runs a statement that returns no row.
    func run() throws(SQLiteFailure) {
        while try step() {}
    }

    /// Ends a query before its last row. Bound values stay.
    func reset() {
        guard connection.isOpen else { return }
        unsafe sqlite3_reset(handle)
    }

    // The columns of the current row; to be read only after `step` has returned true.

    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

    func int64(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    /// The bytes of a blob or a text; nil for NULL.
    func bytes(_ column: Int32) -> [UInt8]? {
        if isNull(column) { return nil }
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column) ?? [], as: UTF8.self) }
}
