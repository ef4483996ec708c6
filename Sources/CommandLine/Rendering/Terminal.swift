/// Text of others on a terminal.
enum Terminal {
    /// The text with control characters made visible, so that it cannot move the cursor or change colours.
    static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if !isControl(scalar) {
                result.append(scalar)
            } else if scalar.value < 0x20 {
                result.append("^")
                result.append(Unicode.Scalar(UInt8(scalar.value) + 0x40))
            } else {
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            }
        }
        return String(result)
    }

    /// As `safe`, on one line: what follows the first line feed is cut off and marked by "...".
    static func safeLine(_ text: String) -> String {
        guard let end = text.firstIndex(where: \.isNewline) else { return safe(text) }
        return safe(String(text[..<end])) + "..."
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
    }
}

/// Columns of text as kubectl lays them out: three spaces apart, the last one not filled up.
struct ColumnLayout {
    private var widths: [Int] = []

    init() {}

    /// The lines for some rows. Columns never get narrower than they were for earlier rows.
    mutating func lines(_ rows: [[String]]) -> [String] {
        for row in rows {
            for (column, cell) in row.enumerated().dropLast() {
                let width = max(6, cell.count + 3)
                if column < widths.count { widths[column] = max(widths[column], width) } else { widths.append(width) }
            }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count) }
            }
            return line
        }
    }
}
