/// Reads a tar archive from a stream, entry by entry, in one pass.
///
/// Understands ustar, pax, GNU and star headers, long names, numbers beyond octal, and the four ways to write a sparse
/// file, as Go's archive/tar does, which is what other engines read images with.
@safe
final class TarReader {
    /// Headers of headers (long names, pax records) may have this many bytes.
    static let headerLimit: Int64 = 1 << 20

    /// No file of an archive has more bytes than this; sums of sizes cannot overflow.
    static let sizeLimit: Int64 = 1 << 60

    private let stream: ByteStream
    /// What of the stream's last bytes was not used yet.
    private var pending = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    /// Bytes of the current entry that were not read yet, and the padding behind them.
    private var remaining: Int64 = 0
    private var padding: Int64 = 0
    private var ended = false

    /// The name of the entry that was read last, for messages.
    private var lastName = ""

    init(_ stream: ByteStream) { self.stream = stream }

    /// The next entry; nil at the end of the archive. What was not read of the entry before is skipped.
    ///
    /// An archive may end without its two blocks of zeros, but not within an entry.
    func next() throws(ImageError) -> TarEntry? {
        try skip(remaining + padding)
        (remaining, padding) = (0, 0)
        var longName: [UInt8]?
        var longLink: [UInt8]?
        var records = PaxRecords()
        while !ended {
            guard let block = try readBlock() else { break }
            if TarHeader.isEnd(block) {
                // One block of zeros may be junk between entries; the second one ends the archive.
                guard let second = try readBlock(), !TarHeader.isEnd(second) else { break }
                throw malformed("data follows a block of zeros")
            }
            let header = try parse { () throws(TarHeader.Invalid) in try TarHeader(block) }
            let size = try parse { () throws(TarHeader.Invalid) in try header.size() }
            guard size >= 0 else { throw malformed("the size of an entry is negative") }
            switch header.type {
            case UInt8(ascii: "L"): longName = TarHeader.text(try metadata(size)[...])
            case UInt8(ascii: "K"): longLink = TarHeader.text(try metadata(size)[...])
            case UInt8(ascii: "x"), UInt8(ascii: "X"):
                let bytes = try metadata(size)
                records = try parse { () throws(TarHeader.Invalid) in try PaxRecords(bytes) }
            case UInt8(ascii: "g"):
                // Defaults for all entries, such as the commit of `git archive`. Other engines ignore them too.
                _ = try metadata(size)
            default:
                return try entry(header, size: size, longName: longName, longLink: longLink, records: records)
            }
        }
        ended = true
        return nil
    }

    /// Lends the data of the current entry piece by piece, without the holes of a sparse file.
    func readData(_ body: (UnsafeRawBufferPointer) throws(ImageError) -> Void) throws(ImageError) {
        while remaining > 0 {
            let piece = try unsafe take(atMost: remaining)
            remaining -= Int64(piece.count)
            try unsafe body(piece)
        }
    }

    /// The whole data of the current entry.
    ///
    /// - Throws: `tooLarge` if it has more than `limit` bytes.
    func readAll(limit: Int64) throws(ImageError) -> [UInt8] {
        if remaining > limit {
            throw .tooLarge(what: "\"\(lastName)\" in \(stream.label)", limit: limit, unit: "bytes")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(remaining))
        while remaining > 0 {
            let piece = try unsafe take(atMost: remaining)
            remaining -= Int64(piece.count)
            unsafe bytes.append(contentsOf: piece)
        }
        return bytes
    }

    // MARK: Entries

    private func entry(
        _ header: TarHeader,
        size headerSize: Int64,
        longName: [UInt8]?,
        longLink: [UInt8]?,
        records: PaxRecords
    ) throws(ImageError) -> TarEntry {
        var entry = TarEntry()
        entry.path = records.path ?? longName ?? header.path
        entry.linkTarget = records.linkTarget ?? longLink ?? header.linkTarget
        lastName = entry.name
        if let fault = records.fault {
            throw malformed("\"\(entry.name)\" has a header that is wrong: \(fault.reason)")
        }
        entry.storedSize = records.size ?? headerSize
        guard (0...TarReader.sizeLimit).contains(entry.storedSize) else {
            throw malformed("the size of \"\(entry.name)\" is out of range")
        }
        try parse { () throws(TarHeader.Invalid) in
            entry.mode = try header.mode()
            entry.uid = try header.uid()
            entry.gid = try header.gid()
            entry.modified = TarEntry.Time(seconds: try header.modified(), nanoseconds: 0)
            entry.kind = try TarReader.kind(header, path: entry.path)
        }
        entry.uid = records.uid ?? entry.uid
        entry.gid = records.gid ?? entry.gid
        entry.modified = records.modified ?? entry.modified
        entry.attributes = records.attributes
        switch entry.kind {
        case .file, .other: break
        default: entry.storedSize = 0
        }
        entry.size = entry.storedSize
        remaining = entry.storedSize
        padding = (512 - remaining % 512) % 512
        if entry.kind == .file { try readSparseMap(header, records, into: &entry) }
        return entry
    }

    private static func kind(_ header: TarHeader, path: [UInt8]) throws(TarHeader.Invalid) -> TarEntry.Kind {
        switch header.type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            // Version 7 had no type for directories.
            return path.last == 0x2F ? .directory : .file
        case UInt8(ascii: "S"): return .file
        case UInt8(ascii: "1"): return .hardLink
        case UInt8(ascii: "2"): return .symbolicLink
        case UInt8(ascii: "3"):
            let (major, minor) = try header.device()
            return .characterDevice(major: major, minor: minor)
        case UInt8(ascii: "4"):
            let (major, minor) = try header.device()
            return .blockDevice(major: major, minor: minor)
        case UInt8(ascii: "5"): return .directory
        case UInt8(ascii: "6"): return .fifo
        default: return .other(header.type)
        }
    }

    // MARK: Sparse files

    private func readSparseMap(
        _ header: TarHeader,
        _ records: PaxRecords,
        into entry: inout TarEntry
    ) throws(ImageError) {
        let sparse = records.sparse
        var numbers: [Int64]
        let realSize: Int64?
        if header.type == UInt8(ascii: "S") {
            (numbers, realSize) = try oldSparseMap(header)
        } else if sparse.major == 1, sparse.minor == 0 {
            numbers = try sparseMapInData()
            realSize = sparse.realSize
        } else if sparse.hasMap {
            (numbers, realSize) = (sparse.numbers, sparse.realSize)
        } else {
            return
        }
        if let name = sparse.name {
            entry.path = name
            lastName = entry.name
        }
        guard let realSize, realSize <= TarReader.sizeLimit, numbers.count % 2 == 0 else {
            throw malformed("the map of sparse \"\(lastName)\" is damaged")
        }
        var runs: [TarEntry.Run] = []
        var end: Int64 = 0
        var stored: Int64 = 0
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let run = TarEntry.Run(offset: numbers[index], length: numbers[index + 1])
            let (next, overflow) = run.offset.addingReportingOverflow(run.length)
            guard run.offset >= end, run.length >= 0, !overflow, next <= realSize else {
                throw malformed("the map of sparse \"\(lastName)\" is damaged")
            }
            end = next
            stored += run.length
            if run.length > 0 { runs.append(run) }
        }
        guard stored == remaining else {
            throw malformed("sparse \"\(lastName)\" has \(remaining) bytes of data, its map wants \(stored)")
        }
        entry.runs = runs
        entry.size = realSize
    }

    /// GNU's old format: four runs in the header, more in blocks behind it.
    private func oldSparseMap(_ header: TarHeader) throws(ImageError) -> ([Int64], Int64) {
        guard header.dialect == .gnu else { throw malformed("\"\(lastName)\" is sparse, but not as GNU writes it") }
        var numbers: [Int64] = []
        func append(_ block: [UInt8], from start: Int, count: Int) throws(ImageError) {
            for index in 0..<(2 * count) {
                let field = block[(start + 12 * index)..<(start + 12 * index + 12)]
                if index % 2 == 0, field.first == 0 { return }
                numbers.append(
                    try parse { () throws(TarHeader.Invalid) in try TarHeader.number(field, "sparse map") }
                )
            }
        }
        try append(header.bytes, from: 386, count: 4)
        var more = header.bytes[482] != 0
        while more {
            guard let block = try readBlock() else { throw truncated() }
            try append(block, from: 0, count: 21)
            more = block[504] != 0
            guard numbers.count <= 2 * PaxRecords.runLimit else { throw malformed("a sparse file has too many pieces") }
        }
        let size = try parse { () throws(TarHeader.Invalid) in
            try TarHeader.number(header.bytes[483..<495], "real size")
        }
        return (numbers, size)
    }

    /// Format 1.0: decimal numbers, one a line, in the first blocks of the data: how many runs, then the runs.
    private func sparseMapInData() throws(ImageError) -> [Int64] {
        var text: [UInt8] = []
        var numbers: [Int64] = []
        var wanted = 1
        while numbers.count < wanted {
            guard remaining >= 512, let block = try readBlock() else {
                throw malformed("the map of sparse \"\(lastName)\" is damaged")
            }
            remaining -= 512
            for byte in block where numbers.count < wanted {
                if byte != 0x0A {
                    text.append(byte)
                    guard text.count <= 20 else { throw malformed("the map of sparse \"\(lastName)\" is damaged") }
                    continue
                }
                guard let number = PaxRecords.integer(text), number >= 0 else {
                    throw malformed("the map of sparse \"\(lastName)\" is damaged")
                }
                if numbers.isEmpty {
                    guard number <= PaxRecords.runLimit else { throw malformed("a sparse file has too many pieces") }
                    wanted = 1 + 2 * Int(number)
                }
                numbers.append(number)
                text = []
            }
        }
        return Array(numbers.dropFirst())
    }

    // MARK: Blocks

    /// The data of a header of a header, with its padding read too.
    private func metadata(_ size: Int64) throws(ImageError) -> [UInt8] {
        guard size <= TarReader.headerLimit else {
            throw .tooLarge(what: "a header in \(stream.label)", limit: TarReader.headerLimit, unit: "bytes")
        }
        remaining = size
        let bytes = try readAll(limit: size)
        try skip((512 - size % 512) % 512)
        return bytes
    }

    /// 512 bytes; nil if the stream ends before the first of them.
    private func readBlock() throws(ImageError) -> [UInt8]? {
        var block: [UInt8] = []
        block.reserveCapacity(TarHeader.size)
        while block.count < TarHeader.size {
            if unsafe pending.count == 0 {
                guard let more = try unsafe stream.next() else {
                    if block.isEmpty { return nil }
                    throw truncated()
                }
                unsafe pending = more
            }
            let count = unsafe min(TarHeader.size - block.count, pending.count)
            unsafe block.append(contentsOf: pending[..<count])
            unsafe pending = UnsafeRawBufferPointer(rebasing: pending[count...])
        }
        return block
    }

    /// At least one and at most `limit` bytes, valid until the next call.
    private func take(atMost limit: Int64) throws(ImageError) -> UnsafeRawBufferPointer {
        if unsafe pending.count == 0 {
            guard let more = try unsafe stream.next() else { throw truncated() }
            unsafe pending = more
        }
        let count = unsafe Int(min(limit, Int64(pending.count)))
        let piece = unsafe UnsafeRawBufferPointer(rebasing: pending[..<count])
        unsafe pending = UnsafeRawBufferPointer(rebasing: pending[count...])
        return unsafe piece
    }

    private func skip(_ count: Int64) throws(ImageError) {
        var rest = count
        while rest > 0 { rest -= Int64(try unsafe take(atMost: rest).count) }
    }

    private func parse<Result>(_ body: () throws(TarHeader.Invalid) -> Result) throws(ImageError) -> Result {
        do {
            return try body()
        } catch {
            throw malformed(error.reason)
        }
    }

    private func malformed(_ reason: String) -> ImageError {
        .malformed(what: stream.label, reason: reason + after)
    }

    private func truncated() -> ImageError {
        .truncated(what: stream.label, reason: "it ends in the middle of an entry" + after)
    }

    private var after: String { lastName.isEmpty ? "" : " (at or after \"\(lastName)\")" }
}
