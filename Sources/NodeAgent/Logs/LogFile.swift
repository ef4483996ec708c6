import Linux

/// Container logs in CRI format on disk: `2026-01-01T00:00:00.000000000Z stdout F text`, a P instead of the F for a line
/// that goes on in the next entry.
package enum LogFile {
    /// One entry of a log file.
    package struct Entry: Hashable, Sendable {
        package var time: Substring
        package var stream: Substring
        package var isPartial: Bool
        package var text: Substring

        /// Parses one line without its newline; nil if it is not in CRI format.
        package init?(_ line: Substring) {
            let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count >= 3, parts[1] == "stdout" || parts[1] == "stderr" else { return nil }
            time = parts[0]
            stream = parts[1]
            isPartial = parts[2].split(separator: ":").first == "P"
            text = parts.count == 4 ? parts[3] : ""
        }
    }

    /// The last lines of a log as text, at most `limit` bytes of it; empty if there is no such file.
    static func tail(_ path: String, lines: Int, limit: Int) throws(SysError) -> String {
        guard Files.exists(path) else { return "" }
        let raw = try Files.readSuffix(path, limit: limit * 2 + lines * 64)
        var text = ""
        for line in String(decoding: raw, as: UTF8.self).split(separator: "\n").suffix(lines) {
            guard let entry = Entry(line) else { continue }
            text += entry.text
            if !entry.isPartial { text += "\n" }
        }
        return String(text.utf8.count > limit ? text.suffix(limit) : text[...])
    }
}
