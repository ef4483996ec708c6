import Glibc
import Linux

/// A container's log file in the kubelet's format: `TIME stdout F text`, P for pieces of lines over 16 KiB.
///
/// Both streams go into one file, in the order in which the shim read them. Nothing is written before `flush`, so that
/// many lines cost one `write(2)`. When the disk refuses, the batch is dropped, because the container must go on: the
/// lines are counted, and the first line after the disk recovered says how many were lost.
final class ContainerLog {
    enum Stream: Int { case standardOutput, standardError }

    private static let longestLine = 16384
    /// Above this a batch is written even if more is coming.
    private static let largestBatch = 96 << 10

    private let path: String
    private let limits: LogLimits
    private var file: Handle
    private var size: Int64
    private var batch: [UInt8] = []
    private var batchLines = 0
    /// The beginning of a line whose end has not been read yet, by stream.
    private var unfinished: [[UInt8]] = [[], []]
    private var prefixes: [[UInt8]] = [[], []]
    private var lost: (lines: Int, bytes: Int, reason: Errno)?

    init(path: String, limits: LogLimits) throws(SysError) {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try Files.makeDirectories(String(path[..<slash]))
        }
        self.path = path
        self.limits = limits
        (file, size) = try Self.open(path)
    }

    /// Takes what a stream said at one moment.
    func add(_ stream: Stream, _ bytes: UnsafeRawBufferPointer, at now: Int64) {
        let time = TimestampText.bytes(now)
        prefixes[0] = time + Array(" stdout ".utf8)
        prefixes[1] = time + Array(" stderr ".utf8)
        guard let base = bytes.baseAddress else { return }
        var start = 0
        while start < bytes.count {
            let left = bytes.count - start
            let room = Self.longestLine - unfinished[stream.rawValue].count
            let newline = unsafe memchr(base + start, Int32(UInt8(ascii: "\n")), min(left, room + 1))
            if let newline = unsafe newline {
                let end = unsafe newline - UnsafeMutableRawPointer(mutating: base)
                unsafe emit(stream, UnsafeRawBufferPointer(rebasing: bytes[start..<end]), UInt8(ascii: "F"))
                start = end + 1
            } else if left > room {
                unsafe emit(stream, UnsafeRawBufferPointer(rebasing: bytes[start..<(start + room)]), UInt8(ascii: "P"))
                start += room
            } else {
                unsafe unfinished[stream.rawValue].append(contentsOf: bytes[start...])
                return
            }
        }
    }

    /// Ends a stream: what it left without a newline is its last line.
    func end(_ stream: Stream, at now: Int64) {
        guard !unfinished[stream.rawValue].isEmpty else { return }
        let newline: [UInt8] = [UInt8(ascii: "\n")]
        unsafe newline.withUnsafeBytes { unsafe add(stream, $0, at: now) }
    }

    private func emit(_ stream: Stream, _ text: UnsafeRawBufferPointer, _ tag: UInt8) {
        batch.append(contentsOf: prefixes[stream.rawValue])
        batch.append(tag)
        batch.append(UInt8(ascii: " "))
        if !unfinished[stream.rawValue].isEmpty {
            batch.append(contentsOf: unfinished[stream.rawValue])
            unfinished[stream.rawValue].removeAll(keepingCapacity: true)
        }
        unsafe batch.append(contentsOf: text)
        batch.append(UInt8(ascii: "\n"))
        batchLines += 1
        if batch.count >= Self.largestBatch { flush() }
    }

    /// Writes what was taken since the last flush, and rotates the file if it is full.
    func flush() {
        guard !batch.isEmpty else { return }
        defer {
            batch.removeAll(keepingCapacity: batch.capacity <= Self.largestBatch * 2)
            batchLines = 0
        }
        do {
            if let lost {
                let text = "\(lost.lines) lines (\(lost.bytes) bytes) were lost here: \(lost.reason)"
                let line = TimestampText.bytes(Clock.now) + Array(" stderr F [swiftlet] \(text)\n".utf8)
                try Files.writeAll(file.raw, line, subject: path)
                size += Int64(line.count)
                self.lost = nil
            }
            try Files.writeAll(file.raw, batch, subject: path)
            size += Int64(batch.count)
        } catch {
            // Half a line would spoil the file for every reader: back to the end of the last batch.
            _ = ftruncate(file.raw, Int(size))
            if lost == nil { ShimLog.error("log lines are being dropped: \(error)") }
            lost = ((lost?.lines ?? 0) + batchLines, (lost?.bytes ?? 0) + batch.count, error.errno)
            return
        }
        if limits.maximumSize > 0, size >= limits.maximumSize {
            rotate()
        } else {
            reopenIfRemoved()
        }
    }

    /// Somebody removed the file: a new one takes what follows, so that it can be seen.
    private func reopenIfRemoved() {
        var status = stat()
        guard unsafe fstat(file.raw, &status) == 0, status.st_nlink == 0 else { return }
        do {
            (file, size) = try Self.open(path)
        } catch {
            // The removed file goes on taking the lines; the next flush tries again.
            ShimLog.warning("the log was removed and cannot be made anew: \(error)")
        }
    }

    /// Opens the file anew, after somebody else renamed it.
    func reopen() throws(SysError) {
        flush()
        (file, size) = try Self.open(path)
    }

    private func rotate() {
        do {
            var time = Clock.now
            // Several rotations in one second: each name must be later than all before it, because names sort by age.
            let newest = try rotatedFiles().names.last ?? ""
            while suffix(time) <= newest { time += 1_000_000_000 }
            let name = path + "." + TimestampText.compact(time)
            let old = path
            try sys("rename", "\(old) -> \(name)") { unsafe rename(old, name) }
            (file, size) = try Self.open(path)
            try removeOldest()
        } catch {
            // The old file is still open and takes the lines; the next flush tries again.
            ShimLog.warning("log rotation: \(error)")
        }
    }

    private func removeOldest() throws(SysError) {
        guard limits.maximumFiles > 0 else { return }
        let rotated = try rotatedFiles()
        for name in rotated.names.dropLast(limits.maximumFiles - 1) {
            let victim = rotated.directory + "/" + name
            try sys("unlink", victim) { unsafe unlink(victim) }
        }
    }

    /// Older files of this log, the oldest first.
    private func rotatedFiles() throws(SysError) -> (directory: String, names: [String]) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let prefix = fileName + "."
        return (directory, try Files.list(directory).filter { $0.hasPrefix(prefix) })
    }

    private var fileName: String { path.split(separator: "/").last.map(String.init) ?? path }

    private func suffix(_ time: Int64) -> String { fileName + "." + TimestampText.compact(time) }

    private static func open(_ path: String) throws(SysError) -> (Handle, Int64) {
        let file = Handle(try Descriptor.open(path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o640))
        var status = stat()
        let number = file.raw
        try sys("fstat", path) { unsafe fstat(number, &status) }
        return (file, Int64(status.st_size))
    }
}
