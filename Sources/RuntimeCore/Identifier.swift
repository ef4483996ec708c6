/// The rules of containerd for names and labels, with its words (its packages identifiers and labels). Pure.
package enum Identifier {
    /// The most bytes of a name.
    package static let limit = 76
    /// The most bytes of a label, name and value together.
    package static let labelLimit = 4096
    /// What of a label's name a message tells.
    private static let toldOfLabel = 64

    /// Why a text is no name of a namespace; nil if it is one: letters and digits, in groups with one separator between.
    package static func refusal(_ text: String) -> String? {
        if text.isEmpty { return "identifier must not be empty" }
        if text.utf8.count > limit {
            return "identifier \(quoted(text)) greater than maximum length (\(limit) characters)"
        }
        let groups = text.utf8.split(omittingEmptySubsequences: false) { [0x2D, 0x2E, 0x5F].contains($0) }
        guard groups.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isAlphanumeric) }) else {
            return "identifier \(quoted(text)) must match `^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$`"
        }
        return nil
    }

    /// Why a label is not taken; nil if it is.
    package static func refusal(label name: String, _ value: String) -> String? {
        if name.isEmpty { return "label key must not be empty" }
        let size = name.utf8.count + value.utf8.count
        if size > labelLimit {
            let told = String(decoding: name.utf8.prefix(toldOfLabel), as: UTF8.self)
            return "label key and value length (\(size) bytes) greater than maximum size (\(labelLimit) bytes), "
                + "key: \(told.map { $0.isNewline ? "?" : "\($0)" }.joined())"
        }
        return nil
    }

    /// Why a text cannot be the name of a lease; nil if it can. containerd makes names such as 123456-Ab_- itself, so its
    /// rule for other names does not hold here; but a lease has to be reachable by a path.
    package static func refusal(lease text: String) -> String? {
        let isName =
            (1...128).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2F }
        return isName
            ? nil : "id \(quoted(text)): use 1 to 128 visible ASCII characters without a slash, and not . or .."
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// A text in quotes and in one line, cut where it is very long.
    private static func quoted(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(200).map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "\n": "\\n"
            case "\t": "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: "\\x" + hexadecimal(scalar.value)
            default: "\(scalar)"
            }
        }
        return "\"" + shown.joined() + (text.unicodeScalars.count > 200 ? "…\"" : "\"")
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        (value < 0x10 ? "0" : "") + String(value, radix: 16)
    }
}
