import KubernetesAPI

/// A description as kubectl lays it out: labels with values beside them, and deeper blocks indented.
struct DescriptionText {
    private(set) var lines: [String] = []

    /// Labels and values in two columns. A value of several lines goes on below itself; one without a value stands alone.
    mutating func fields(_ fields: [(label: String, value: [String])], indent: Int = 0) {
        let width = (fields.filter { !$0.value.isEmpty }.map { $0.label.count + 1 }.max() ?? 0) + 2
        let margin = String(repeating: " ", count: indent)
        for (label, value) in fields {
            guard let first = value.first else {
                lines.append(margin + label + ":")
                continue
            }
            let name = label + ":"
            lines.append(margin + name + String(repeating: " ", count: width - name.count) + Terminal.safe(first))
            for more in value.dropFirst() {
                lines.append(margin + String(repeating: " ", count: width) + Terminal.safe(more))
            }
        }
    }

    /// A line as it is, such as a heading.
    mutating func line(_ text: String, indent: Int = 0) {
        lines.append(String(repeating: " ", count: indent) + Terminal.safe(text))
    }

    /// Rows in columns.
    mutating func table(_ rows: [[String]], indent: Int) {
        var layout = ColumnLayout()
        for line in layout.lines(rows.map { $0.map(Terminal.safeLine) }) {
            lines.append(String(repeating: " ", count: indent) + line)
        }
    }

    /// A map as "key=value" lines, by key.
    static func pairs(_ map: [String: String], separator: String = "=") -> [String] {
        map.isEmpty ? ["<none>"] : map.sorted { $0.key < $1.key }.map { "\($0.key)\(separator)\($0.value)" }
    }

    static func orNone(_ text: String) -> [String] { [text.isEmpty ? "<none>" : text] }

    /// "Mon, 23 Nov 2026 16:05:09 +0000"
    static func time(_ time: Time?) -> String {
        guard let time else { return "<unknown>" }
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let days = Int((Double(time.secondsSince1970) / 86400).rounded(.down))
        // "2026-11-23T16:05:09Z"
        let parts = time.description.split { !$0.isNumber }
        guard parts.count == 6, let month = Int(parts[1]), (1...12).contains(month) else { return time.description }
        let weekday = weekdays[((days % 7) + 7) % 7]
        return "\(weekday), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) +0000"
    }
}
