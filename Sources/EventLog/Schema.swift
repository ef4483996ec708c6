import GRDBSQLite

/// How the two kinds of connection are set up, and the migrations of the schema.
enum Schema {
    /// Opens the one connection that writes and checkpoints.
    static func openWriter(_ path: String, _ options: StoreOptions) throws(SQLiteFailure) -> Connection {
        let connection = try Connection(
            path: path,
            flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
            vfs: options.vfs
        )
        connection.setBusyTimeout(0)
        if try connection.integer("PRAGMA page_count") == 0 {
            // Only now: in an existing database this writes to the first page.
            try connection.execute("PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL")
        }
        guard try connection.text("PRAGMA journal_mode=WAL") == "wal" else {
            throw SQLiteFailure(
                code: SQLITE_CANTOPEN,
                message: "the file system does not support WAL mode",
                subject: path
            )
        }
        let synchronous = options.mutations.synchronousNormal ? "NORMAL" : "FULL"
        try connection.execute(
            """
            PRAGMA synchronous=\(synchronous); PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-65536;
            PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA foreign_keys=OFF;
            PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA journal_size_limit=-1
            """
        )
        connection.keepWALFile()
        connection.watchWAL()
        return connection
    }

    /// Opens a connection that cannot write.
    static func openReader(_ path: String, vfs: String?) throws(SQLiteFailure) -> Connection {
        let connection = try Connection(path: path, flags: SQLITE_OPEN_READONLY, vfs: vfs)
        connection.setBusyTimeout(1000)
        try connection.execute(
            """
            PRAGMA query_only=ON; PRAGMA cache_size=-8192; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF;
            PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY
            """
        )
        return connection
    }

    /// Brings the schema up to the newest version that this program knows, one transaction a step.
    ///
    /// - Throws: `.incompatible` if the file is no store of ours, is newer, or an applied migration has changed since.
    static func migrate(_ connection: Connection, _ options: StoreOptions) throws(StoreError) {
        do {
            let applied = try appliedMigrations(connection)
            try check(applied)
            for migration in Migrations.all where !applied.contains(where: { $0.version == migration.version }) {
                try apply(migration, to: connection, options)
            }
        } catch let error as SQLiteFailure {
            throw .sqlite(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("\(error)")
        }
    }

    /// Refuses a schema that this program does not know. Writes nothing.
    static func check(_ applied: [AppliedMigration]) throws(StoreError) {
        for entry in applied {
            guard let known = Migrations.all.first(where: { $0.version == entry.version }) else {
                throw .incompatible(
                    "the store has migration \(entry.version) (\(entry.name)) of a newer swiftlet; use that version"
                )
            }
            guard Chain.sha256(Array(known.sql.utf8)) == entry.digest else {
                throw .incompatible(
                    "migration \(entry.version) (\(entry.name)) is not the one that this store was made with"
                )
            }
        }
    }

    struct AppliedMigration {
        let version: Int64
        let name: String
        let digest: [UInt8]
    }

    /// The migrations the file has; empty for a new file.
    static func appliedMigrations(_ connection: Connection) throws(StoreError) -> [AppliedMigration] {
        do {
            let tables = try connection.integer("SELECT count(*) FROM sqlite_schema") ?? 0
            if tables == 0 { return [] }
            guard try connection.integer("PRAGMA application_id") == 0x5357_4C54 else {
                throw StoreError.incompatible("the file is a database, but no event log of swiftlet")
            }
            let statement = try connection.prepare(
                "SELECT version, name, sha256 FROM schema_migration ORDER BY version"
            )
            var applied: [AppliedMigration] = []
            while try statement.step() {
                applied.append(
                    AppliedMigration(
                        version: statement.int64(0),
                        name: statement.text(1),
                        digest: statement.bytes(2) ?? []
                    )
                )
            }
            return applied
        } catch let error as SQLiteFailure {
            throw .sqlite(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("\(error)")
        }
    }

    private static func apply(
        _ migration: Migration,
        to connection: Connection,
        _ options: StoreOptions
    ) throws(SQLiteFailure) {
        let now = options.clock()
        try connection.execute("BEGIN IMMEDIATE")
        do {
            try connection.execute(migration.sql)
            if migration.version == 1 {
                let meta = try connection.prepare(
                    "INSERT INTO store_meta(one, store_id, epoch, created_us, floor, floor_chain) VALUES(1, ?1, 1, ?2, 0, ?3)"
                )
                meta.bind(1, blob: UID.random().bytes)
                meta.bind(2, now)
                meta.bind(3, blob: Chain.origin)
                try meta.run()
            }
            let row = try connection.prepare(
                "INSERT INTO schema_migration(version, name, sha256, applied_us, app_version) VALUES(?1, ?2, ?3, ?4, ?5)"
            )
            row.bind(1, migration.version)
            row.bind(2, migration.name)
            row.bind(3, blob: Chain.sha256(Array(migration.sql.utf8)))
            row.bind(4, now)
            row.bind(5, options.programVersion)
            try row.run()
            try connection.execute("COMMIT")
        } catch {
            // The first failure is the one to report; without a transaction there is nothing to roll back.
            try? connection.execute("ROLLBACK")
            throw error
        }
    }
}

/// One numbered file of `migrations/`.
struct Migration: Sendable {
    let version: Int64
    let name: String
    let sql: String
}
