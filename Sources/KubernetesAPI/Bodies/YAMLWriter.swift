package import JSON

extension YAML {
    /// The text of a value in the style of `kubectl -o yaml`: keys in order, two blanks a level, lists flush with their
    /// key, quotes only where a plain text would mean something else, and blocks for texts of several lines.
    package static func encode(_ value: JSONValue) -> String {
        var writer = YAMLWriter()
        writer.writeRoot(value)
        return writer.text
    }
}

private struct YAMLWriter {
    var text = ""

    mutating func writeRoot(_ value: JSONValue) {
        switch value {
        case .object(let object) where !object.isEmpty: write(object, indent: 0, firstLineIndented: true)
        case .array(let elements) where !elements.isEmpty: write(elements, indent: 0)
        default: text += scalar(value, indent: 0) + "\n"
        }
    }

    /// The members of an object. The first one may continue a line that a list's dash began.
    private mutating func write(_ object: JSONObject, indent: Int, firstLineIndented: Bool) {
        var indented = firstLineIndented
        for (key, value) in object.sorted(by: { $0.key < $1.key }) {
            if indented { text += blanks(indent) }
            indented = true
            text += self.key(key) + ":"
            switch value {
            case .object(let members) where !members.isEmpty:
                text += "\n"
                write(members, indent: indent + 2, firstLineIndented: true)
            case .array(let elements) where !elements.isEmpty:
                text += "\n"
                write(elements, indent: indent)
            default: text += " " + scalar(value, indent: indent + 2) + "\n"
            }
        }
    }

    private mutating func write(_ elements: [JSONValue], indent: Int) {
        for element in elements {
            text += blanks(indent) + "-"
            switch element {
            case .object(let members) where !members.isEmpty:
                text += " "
                write(members, indent: indent + 2, firstLineIndented: false)
            case .array(let nested) where !nested.isEmpty:
                // The first element continues this line.
                var inner = YAMLWriter()
                inner.write(nested, indent: indent + 2)
                text += " " + inner.text.dropFirst(indent + 2)
            default: text += " " + scalar(element, indent: indent + 2) + "\n"
            }
        }
    }

    private func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }

    private func key(_ key: String) -> String { key.contains("\n") ? quoted(key) : string(key, indent: 0) }

    private func scalar(_ value: JSONValue, indent: Int) -> String {
        switch value {
        case .string(let text): string(text, indent: indent)
        case .object: "{}"
        case .array: "[]"
        default: value.text()
        }
    }

    private func string(_ text: String, indent: Int) -> String {
        guard text.unicodeScalars.allSatisfy(isPrintable) else { return quoted(text) }
        if text.contains("\n") { return block(text, indent: indent) ?? quoted(text) }
        switch YAMLScalar.value(of: text) {
        case .string(let plain)? where plain == text && !YAMLScalar.looksLikeTime(text): break
        default: return quoted(text)
        }
        return canBePlain(text)
            ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF:
            // Other line breaks would end a plain scalar.
            scalar.value != 0x2028 && scalar.value != 0x2029
        default: false
        }
    }

    /// Whether a text of one line means itself without quotes.
    private func canBePlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else { return false }
        if first == " " || last == " " || last == ":" { return false }
        if text == "---" || text == "..." || text.hasPrefix("--- ") || text.hasPrefix("... ") { return false }
        if text == "<<" || text == "=" { return false }
        if "!&*#|>@`\"'%[]{},".unicodeScalars.contains(first) { return false }
        if first == "-" || first == "?" || first == ":" {
            let second = text.unicodeScalars.dropFirst().first
            if second == nil || second == " " { return false }
        }
        var previous: Unicode.Scalar = "x"
        for scalar in text.unicodeScalars {
            if scalar == " ", previous == ":" { return false }
            if scalar == "#", previous == " " { return false }
            previous = scalar
        }
        return true
    }

    /// A literal block; nil for texts that a block cannot hold (a first line that begins with a blank).
    private func block(_ text: String, indent: Int) -> String? {
        guard let first = text.first(where: { $0 != "\n" }), first != " " else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let header: String
        let body: ArraySlice<Substring>
        if text.hasSuffix("\n\n") {
            (header, body) = ("|+", lines.dropLast())
        } else if text.hasSuffix("\n") {
            (header, body) = ("|", lines.dropLast())
        } else {
            (header, body) = ("|-", lines[...])
        }
        // A block at the top level needs some indentation too.
        let margin = blanks(max(indent, 2))
        return header + body.map { $0.isEmpty ? "\n" : "\n\(margin)\($0)" }.joined()
    }

    /// Double quotes with escapes, for what nothing else can say.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            default: result += escaped(scalar.value)
            }
        }
        return result + "\""
    }

    private func escaped(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        let (mark, width) = value <= 0xFF ? ("x", 2) : value <= 0xFFFF ? ("u", 4) : ("U", 8)
        return "\\\(mark)" + String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}
