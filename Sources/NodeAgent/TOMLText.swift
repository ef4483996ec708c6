import TOMLKit

/// Reads the text of config.toml and hosts.toml.
enum TOMLText {
    /// Why a text is not even given to the parser.
    struct Refusal: Error, CustomStringConvertible {
        let line: Int
        var description: String { "line \(line): \"[\" must be followed by the name of a table" }
    }

    /// - Throws: What the parser says, or `Refusal`.
    static func table(_ text: String) throws -> TOMLTable {
        // The parser ends the process over such a line. Within a list of lists it would be right, but needs no line for it.
        for (index, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
        where opensNothing(line) {
            throw Refusal(line: index + 1)
        }
        return try TOMLTable(string: text)
    }

    /// True for "[" or "[[" before anything but a name in letters or quotes, or the end of an empty list.
    private static func opensNothing(_ line: Substring.UTF8View) -> Bool {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        var rest = line.drop(while: isBlank)
        guard rest.first == UInt8(ascii: "[") else { return false }
        rest = rest.dropFirst()
        let isDouble = rest.first == UInt8(ascii: "[")
        if isDouble { rest = rest.dropFirst() }
        guard let next = rest.drop(while: isBlank).first else { return true }
        let isName = next < 0x80 && Character(Unicode.Scalar(next)).isLetter || (0x30...0x39).contains(next)
        return !isName && !#"_-"']"#.utf8.contains(next) && (isDouble || next != UInt8(ascii: "["))
    }
}
