import Glibc
import JSON
import KubernetesAPI
package import Linux

/// A container's log being read: entries as text, from wherever the last reading stopped, through all files of the log.
///
/// Not Sendable: one reader owns it.
package struct LogReader: ~Copyable {
    private let files: LogFiles
    private let options: LogOptions
    private var file: Descriptor
    /// Of the newest file that is open.
    private var inode: UInt64
    /// The files after the one being read, held open: the shim may remove them before they are read.
    private var successors: [LogFiles.Held] = []
    private let since: String?
    private var offset: Int
    private var rest: [UInt8] = []
    private var left: Int
    /// True while the next entry begins a new line of the container's.
    private var atLineStart = true
    /// The beginning of a line that goes on, for JSON.
    private var begun: [UInt8] = []

    /// Above this, a line is given in several JSON objects.
    private static let longestJSONLine = 1 << 20

    /// What a slow reader may keep on the disk.
    private static let mostHeld = 32

    /// Opens the log and, for `tailLines`, finds where the last lines begin.
    package init(path: String, options: LogOptions) throws(SysError) {
        files = LogFiles(path: path)
        self.options = options
        let begin = try Self.begin(files, options)
        file = begin.file
        inode = begin.inode
        offset = begin.offset
        left = options.limitBytes ?? .max
        since = options.since.map { String($0.description.dropLast()) }
    }

    /// True when `limitBytes` is used up.
    package var isFull: Bool { left <= 0 }

    /// The text of what was written since the last call; empty only if nothing of it is wanted.
    package mutating func next() throws(SysError) -> [UInt8] {
        var text: [UInt8] = []
        // What is filtered out is no reason to stop: behind it may be something.
        while text.isEmpty, left > 0 {
            // Before reading: a file that has a successor does not grow any more, so its end is final.
            try holdSuccessors()
            let bytes = try Files.read(file.raw, at: offset, count: 256 << 10, subject: files.path)
            if bytes.isEmpty {
                guard !successors.isEmpty else { break }
                file = successors.removeFirst().take()
                offset = 0
                rest = []
                continue
            }
            offset += bytes.count
            rest += bytes
            var start = rest.startIndex
            while left > 0, let newline = rest[start...].firstIndex(of: 0x0A) {
                append(rest[start..<newline], to: &text)
                start = newline + 1
            }
            rest.removeSubrange(..<start)
        }
        return text
    }

    private mutating func append(_ line: ArraySlice<UInt8>, to text: inout [UInt8]) {
        guard let entry = LogFile.Entry(line) else { return }
        if let stream = options.stream, entry.stream != stream { return }
        // Without the zone's letter the text of a second comes before all of its fractions.
        if let since, entry.time < since { return }
        var piece: [UInt8] = []
        if options.asJSON {
            begun += entry.text
            guard !entry.isPartial || begun.count >= Self.longestJSONLine else { return }
            piece = Self.json(entry, begun)
            begun = []
        } else {
            if options.timestamps, atLineStart { piece += Array(entry.time.utf8) + [0x20] }
            piece += entry.text
            if !entry.isPartial { piece.append(0x0A) }
            atLineStart = !entry.isPartial
        }
        if piece.count > left {
            // Half a JSON object is of no use.
            piece.removeLast(options.asJSON ? piece.count : piece.count - left)
            left = 0
        } else {
            left -= piece.count
        }
        text += piece
    }

    private static func json(_ entry: LogFile.Entry, _ text: [UInt8]) -> [UInt8] {
        var pairs: [(String, JSONValue)] = [
            ("time", .string(entry.time)), ("stream", .string(entry.stream)),
            ("log", .string(String(decoding: text, as: UTF8.self))),
        ]
        if entry.isPartial { pairs.append(("partial", .bool(true))) }
        return JSONValue.object(JSONObject(pairs)).bytes() + [0x0A]
    }

    private mutating func holdSuccessors() throws(SysError) {
        while successors.count < Self.mostHeld, let next = try files.successor(of: inode) {
            inode = next.inode
            successors.append(LogFiles.Held(next.takeDescriptor()))
        }
    }

    // MARK: Where to begin

    private struct Beginning: ~Copyable {
        var file: Descriptor
        var inode: UInt64
        var offset: Int
    }

    /// The oldest file that holds something wanted, and the position in it.
    private static func begin(_ files: LogFiles, _ options: LogOptions) throws(SysError) -> Beginning {
        let newest = try Descriptor.open(files.path, O_RDONLY)
        let number = try Files.inode(newest.raw, subject: files.path)
        var found = Beginning(file: newest, inode: number, offset: 0)
        var wanted = options.tailLines
        if let lines = wanted {
            let tail = try start(ofLast: lines, found.file.raw, files.path)
            found.offset = tail.position
            wanted = lines - tail.found
        }
        for path in try files.rotated().reversed() {
            if let wanted, wanted <= 0 { break }
            guard let older = try LogFiles.open(path) else { break }
            // The newest file was renamed since it was opened: it is known already.
            if older.inode == found.inode { continue }
            if let since = options.since, try modified(older.descriptor.raw, path) < since.microsecondsSince1970 {
                break
            }
            var offset = 0
            if let lines = wanted {
                let tail = try start(ofLast: lines, older.descriptor.raw, path)
                offset = tail.position
                wanted = lines - tail.found
            }
            let inode = older.inode
            found = Beginning(file: older.takeDescriptor(), inode: inode, offset: offset)
        }
        return found
    }

    /// When the file was written last, in microseconds since 1970.
    private static func modified(_ raw: Int32, _ path: String) throws(SysError) -> Int64 {
        var status = stat()
        try sys("fstat", path) { unsafe fstat(raw, &status) }
        return Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000
    }

    /// The position of the entry with which the last `lines` lines begin, found from the end of the file, and how many
    /// there are. A line is what the container ended with a newline, in however many entries, and what it has begun.
    private static func start(
        ofLast lines: Int,
        _ raw: Int32,
        _ path: String
    ) throws(SysError) -> (position: Int, found: Int) {
        let size = try Files.size(raw, subject: path)
        if lines <= 0 { return (size, 0) }
        var found = 0
        // Where the oldest entry that is wanted begins.
        var begin = size
        var end = size
        // The part of a page that belongs to an entry which begins in the page before.
        var carried: [UInt8] = []
        while end > 0 {
            let start = max(0, end - (64 << 10))
            let page = try Files.read(raw, at: start, count: end - start, subject: path) + carried
            var upper = page.count
            while true {
                // An entry lies between two newlines; the one at its end is part of it.
                let last = upper > 0 && page[upper - 1] == 0x0A ? upper - 1 : upper
                guard let newline = page[..<last].lastIndex(of: 0x0A) ?? (start == 0 ? -1 : nil) else { break }
                let entry = LogFile.Entry(page[(newline + 1)..<last])
                let endsLine = entry.map { !$0.isPartial } ?? true
                // The first entry seen is the newest: it is a line of its own even if it goes on.
                if endsLine || begin == size {
                    if found == lines { return (begin, found) }
                    found += 1
                }
                begin = start + newline + 1
                upper = newline + 1
                if upper == 0 { return (begin, found) }
            }
            carried = Array(page[..<upper])
            end = start
        }
        return (0, found)
    }
}
