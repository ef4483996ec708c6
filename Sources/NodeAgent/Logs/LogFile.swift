import Linux

/// Container logs in CRI format on disk: `2026-01-01T00:00:00.000000000Z stdout F text`, a P instead of the F for a line
/// that goes on in the next entry.
package enum LogFile {
    /// One entry of a log file. The text is bytes: what a container writes need not be UTF-8.
    package struct Entry: Hashable, Sendable {
        /// RFC 3339, UTC, nine digits of a second.
        package var time: String
        /// "stdout" or "stderr".
        package var stream: String
        package var isPartial: Bool
        package var text: ArraySlice<UInt8>

        /// Parses one line without its newline; nil if it is not in CRI format.
        package init?(_ line: ArraySlice<UInt8>) {
            let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count >= 3 else { return nil }
            time = String(decoding: parts[0], as: UTF8.self)
            stream = String(decoding: parts[1], as: UTF8.self)
            guard stream == "stdout" || stream == "stderr" else { return nil }
            let tags = parts[2].split(separator: UInt8(ascii: ":"))
            guard let tag = tags.first, tag.elementsEqual("P".utf8) || tag.elementsEqual("F".utf8) else { return nil }
            isPartial = tag.elementsEqual("P".utf8)
            text = parts.count == 4 ? parts[3] : []
        }
    }

    /// The last lines of a log as text, at most `limit` bytes of it; empty if there is no such file.
    static func tail(_ path: String, lines: Int, limit: Int) throws(SysError) -> String {
        guard Files.exists(path) else { return "" }
        let raw = try Files.readSuffix(path, limit: limit * 2 + lines * 64)
        var text: [UInt8] = []
        for line in raw.split(separator: 0x0A).suffix(lines) {
            guard let entry = Entry(line) else { continue }
            text += entry.text
            if !entry.isPartial { text.append(0x0A) }
        }
        return String(decoding: text.suffix(limit), as: UTF8.self)
    }
}
