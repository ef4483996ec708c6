import JSON

/// What is known of a pull or push from the lines that the agent sends: the state of each layer. Pure.
struct TransferProgress {
    struct Part: Equatable {
        /// A digest.
        var id: String
        /// "downloading", "unpacked", …
        var status: String
        var current: Int64 = 0
        var total: Int64 = 0
    }

    /// In the order in which they are to be shown.
    private(set) var parts: [Part] = []
    private(set) var retry: String?

    /// Takes a line.
    ///
    /// - Returns: A text for people who read a log; nil if nothing has changed that is worth a line.
    mutating func take(_ line: JSONValue) -> String? {
        let status = line["status"]?.stringValue ?? ""
        let id = line["id"]?.stringValue ?? ""
        switch status {
        case "resolved": return "resolved \(Terminal.safe(id))"
        case "manifest":
            for layer in line["layers"]?.arrayValue ?? [] {
                let digest = layer["id"]?.stringValue ?? ""
                guard !parts.contains(where: { $0.id == digest }) else { continue }
                parts.append(Part(id: digest, status: "waiting", total: layer["total"]?.int64Value ?? 0))
            }
            return nil
        case "retrying":
            let reason = Terminal.safeLine(line["reason"]?.stringValue ?? "")
            retry =
                "\(Terminal.safeLine(TransferProgress.short(line["what"]?.stringValue ?? ""))): trying again: \(reason)"
            return retry
        case "": return nil
        default:
            let before = parts.first { $0.id == id }
            var part = before ?? Part(id: id, status: status)
            part.status = status
            if let current = line["current"]?.int64Value { part.current = current }
            if let total = line["total"]?.int64Value, total > 0 { part.total = total }
            if let index = parts.firstIndex(where: { $0.id == id }) { parts[index] = part } else { parts.append(part) }
            return before?.status == status ? nil : "\(TransferProgress.short(id)): \(Terminal.safe(status))"
        }
    }

    /// The first twelve digits of a digest; any other text as it is.
    static func short(_ text: String) -> String {
        guard text.hasPrefix("sha256:") || text.hasPrefix("sha512:") else { return text }
        return String(text.dropFirst(7).prefix(12))
    }

    /// Lines to draw, for a terminal of a size: what is done gives way if there is not room for all.
    func lines(columns: Int, rows: Int) -> [String] {
        var shown = parts
        let room = max(1, rows - 2)
        if shown.count > room {
            let busy = shown.filter { !TransferProgress.isDone($0.status) }
            let done = shown.count - busy.count
            shown = Array(busy.prefix(room - 1))
            return ["\(done) of \(parts.count) are done"] + shown.map { line($0, columns) }
        }
        return shown.map { line($0, columns) }
    }

    private static func isDone(_ status: String) -> Bool {
        ["unpacked", "exists", "pushed", "mounted", "downloaded"].contains(status)
    }

    private func line(_ part: Part, _ columns: Int) -> String {
        let status = Terminal.safe(part.status)
        let name = TransferProgress.short(Terminal.safe(part.id))
        let head = name + "  " + status + String(repeating: " ", count: max(0, 12 - status.count))
        guard part.status == "downloading" || part.status == "uploading", part.total > 0 else {
            return part.total > 0 ? head + ByteText.short(part.total) : head
        }
        return head + ByteText.bar(part.current, of: part.total, columns: columns - head.count - 1)
    }
}
