import Glibc
import Linux

/// Looks at a write-ahead log before SQLite does (sqlite.org/fileformat2.html, section 4).
///
/// SQLite recovers a WAL by dropping everything after the first bad frame, without an error. Because each of our
/// commits is synced before the next begins, a power cut can tear at most one commit. More commits behind a bad frame
/// are acknowledged data that was damaged: then nobody may open the file for writing.
enum WALPreflight {
    struct Report: Hashable {
        /// Frames in the file that belong to the current round of the log and are whole.
        var goodFrames = 0
        /// Commits among them.
        var goodCommits = 0
        /// Commit frames of the current round behind the first bad frame.
        var commitsBehindDamage = 0
        /// The first bad frame, counted from 1; 0 if there is none.
        var firstBadFrame = 0
        /// The header is unreadable.
        var headerIsBad = false
        /// The header is unreadable although the database lacks commits that follow it.
        var isHeaderDamage = false

        /// Nothing in the log is needed, but it has commit frames that carry the salts of the next round.
        ///
        /// SQLite takes the salts for its next round from what it can read of the header, so old frames could later be
        /// taken for new ones behind a damaged one. Such a log is to be emptied before SQLite opens it.
        var isStale: Bool { headerIsBad || goodCommits == 0 && commitsBehindDamage > 0 }

        /// What is wrong in words; nil if the log can be recovered without losing an acknowledged commit.
        ///
        /// - Parameter sameBoot: The machine has not been restarted since the log was last written. Then nothing can
        ///   be torn: a killed process leaves a log that ends early, never one with a hole.
        func damage(sameBoot: Bool) -> String? {
            if isHeaderDamage { return "the header of the write-ahead log is unreadable, commits follow it" }
            guard commitsBehindDamage > (sameBoot ? 0 : 1) else { return nil }
            return
                "frame \(firstBadFrame) of the write-ahead log is damaged and \(commitsBehindDamage) commits follow it"
        }
    }

    /// Examines the log of a database; a missing or empty one is fine. Nobody may have the database open.
    static func examine(_ path: String, of database: String) throws(SysError) -> Report {
        guard Files.exists(path) else { return Report() }
        let file = try Descriptor.open(path, O_RDONLY)
        let raw = file.raw
        var header = [UInt8](repeating: 0, count: 32)
        guard try read(raw, &header, at: 0, path) == 32 else { return Report() }
        var report = Report()
        let magic = word(header, 0)
        let pageSize = Int(word(header, 8))
        let isSane = magic & ~1 == 0x377F_0682 && pageSize >= 512 && pageSize <= 65536 && pageSize.nonzeroBitCount == 1
        let isBigEndian = magic & 1 == 1
        var sum: (UInt32, UInt32) = (0, 0)
        checksum(header[..<24], isBigEndian, &sum)
        if !isSane || sum != (word(header, 24), word(header, 28)) {
            report.headerIsBad = true
            report.isHeaderDamage = try holdsMore(raw, path, magic, than: database)
            return report
        }
        let salts = Array(header[16..<24])
        var frame = [UInt8](repeating: 0, count: 24 + pageSize)
        var index = 0
        while try read(raw, &frame, at: 32 + index * frame.count, path) == frame.count {
            index += 1
            let isCurrent = frame[8..<16].elementsEqual(salts)
            let isCommit = word(frame, 4) != 0
            if report.firstBadFrame == 0 {
                if isCurrent {
                    checksum(frame[..<8], isBigEndian, &sum)
                    checksum(frame[24...], isBigEndian, &sum)
                }
                if isCurrent, word(frame, 0) != 0, sum == (word(frame, 16), word(frame, 20)) {
                    report.goodFrames += 1
                    if isCommit { report.goodCommits += 1 }
                    continue
                }
                report.firstBadFrame = index
                continue
            }
            if isCurrent, isCommit { report.commitsBehindDamage += 1 }
        }
        return report
    }

    /// Whether a log with an unreadable header has commits that the database has not.
    ///
    /// A new round of the log begins by overwriting the header, after all frames were moved into the database. If that
    /// write fails, the old frames are still there, and each page is in the database as the last of them has it.
    private static func holdsMore(_ raw: Int32, _ path: String, _ magic: UInt32, than database: String) throws(SysError)
        -> Bool
    {
        let pageSize = 4096
        var frame = [UInt8](repeating: 0, count: 24 + pageSize)
        var salts: ArraySlice<UInt8>?
        var newest: [UInt32: Int] = [:]
        var committed: [UInt32: Int] = [:]
        var index = 0
        // Without the header the first frame cannot be checked, but each of the others against the one before it.
        let isBigEndian = magic & 1 == 1
        var sum: (UInt32, UInt32)?
        while try read(raw, &frame, at: 32 + index * frame.count, path) == frame.count {
            let page = word(frame, 0)
            if page == 0 || salts.map({ $0 != frame[8..<16] }) ?? false { break }
            salts = frame[8..<16]
            if var computed = sum {
                checksum(frame[..<8], isBigEndian, &computed)
                checksum(frame[24...], isBigEndian, &computed)
                if computed != (word(frame, 16), word(frame, 20)) { break }
            }
            sum = (word(frame, 16), word(frame, 20))
            newest[page] = index
            if word(frame, 4) != 0 { committed = newest }
            index += 1
        }
        if committed.isEmpty { return false }
        guard Files.exists(database) else { return true }
        let file = try Descriptor.open(database, O_RDONLY)
        var stored = [UInt8](repeating: 0, count: pageSize)
        for (page, index) in committed {
            _ = try read(raw, &frame, at: 32 + index * frame.count, path)
            let count = try read(file.raw, &stored, at: (Int(page) - 1) * pageSize, database)
            if count != pageSize || !frame[24...].elementsEqual(stored) { return true }
        }
        return false
    }

    private static func read(_ raw: Int32, _ buffer: inout [UInt8], at offset: Int, _ path: String) throws(SysError)
        -> Int
    {
        var done = 0
        while done < buffer.count {
            let from = done
            let count = try sys("pread", path) {
                unsafe buffer.withUnsafeMutableBytes {
                    unsafe pread(raw, $0.baseAddress?.advanced(by: from), $0.count - from, offset + from)
                }
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
    }

    /// The running checksum of the file format, over words in the byte order that the magic number tells.
    private static func checksum(_ bytes: ArraySlice<UInt8>, _ isBigEndian: Bool, _ sum: inout (UInt32, UInt32)) {
        unsafe bytes.withUnsafeBytes { buffer in
            var at = 0
            while at + 8 <= buffer.count {
                let first = unsafe buffer.loadUnaligned(fromByteOffset: at, as: UInt32.self)
                let second = unsafe buffer.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
                sum.0 &+= (isBigEndian ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ sum.1
                sum.1 &+= (isBigEndian ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ sum.0
                at += 8
            }
        }
    }
}
