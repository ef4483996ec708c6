import JSON

/// One event of the log on one line: number, time, type, object, actor, and what the event says.
struct LogLine {
    private static let typeWidth = 22
    private var objectWidth = 20
    private var sequenceWidth = 4

    init() {}

    mutating func text(_ event: JSONValue) -> String {
        let sequence = event["seq"]?.int64Value.map { String($0) } ?? "?"
        let object = LogLine.title(of: event["object"] ?? .null)
        sequenceWidth = max(sequenceWidth, sequence.count)
        objectWidth = min(48, max(objectWidth, object.count))
        let parts = [
            String(repeating: " ", count: sequenceWidth - sequence.count) + sequence,
            event["time"]?.stringValue ?? "",
            LogLine.pad(event["type"]?.stringValue ?? "", LogLine.typeWidth),
            LogLine.pad(object, objectWidth),
            LogLine.pad(event["actor"]?.stringValue ?? "", 10),
            LogLine.words(event["data"] ?? .null),
        ]
        return Terminal.safeLine(parts.joined(separator: "  ")).trimmingTrailingSpaces
    }

    /// "pod/default/web"
    private static func title(of object: JSONValue) -> String {
        let parts = [
            object["kind"]?.stringValue?.lowercased(), object["namespace"]?.stringValue, object["name"]?.stringValue,
        ]
        return parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "/")
    }

    /// The data as "key=value" words; what is long or nested as JSON.
    private static func words(_ data: JSONValue) -> String {
        guard let object = data.objectValue else { return data.isNull ? "" : data.text() }
        return object.map { key, value in
            guard let text = value.stringValue else { return "\(key)=\(value.text())" }
            let isWord = !text.isEmpty && !text.contains { $0.isWhitespace || $0 == "\"" }
            return isWord ? "\(key)=\(text)" : "\(key)=\(value.text())"
        }.joined(separator: " ")
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
