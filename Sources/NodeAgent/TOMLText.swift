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
        // The parser ends the process over such a line.
        if let line = namelessTable(Array(text.utf8)) { throw Refusal(line: line) }
        return try TOMLTable(string: text)
    }

    /// The first line that begins a table without a name; a line of a list or of a long string begins none.
    private static func namelessTable(_ text: [UInt8]) -> Int? {
        var place = TOMLPlace()
        var line = 1
        var index = 0
        var beginsLine = true
        while index < text.count {
            if beginsLine, place.isOutside, opensNothing(text[index...].prefix { $0 != 0x0A }) { return line }
            beginsLine = text[index] == 0x0A
            if beginsLine { line += 1 }
            index += place.enter(text[index...])
        }
        return nil
    }

    /// True for "[" or "[[" before anything but a name in letters or quotes, or the end of an empty list.
    private static func opensNothing(_ line: ArraySlice<UInt8>) -> Bool {
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

/// Where in a TOML text something stands: in a comment, in which kind of string, in how many lists.
///
/// Only for texts that are right so far: the parser stops at the first mistake, and what comes after it does not matter.
private struct TOMLPlace {
    private enum Kind { case plain, comment, basic, literal, longBasic, longLiteral }

    private var kind = Kind.plain
    private var lists = 0

    /// Neither in a list nor in a string: a line that begins here is a key, a table or nothing.
    var isOutside: Bool { kind == .plain && lists == 0 }

    /// Goes on by what is at the front of the text.
    ///
    /// - Returns: How many bytes that was. A newline is always taken alone.
    mutating func enter(_ rest: ArraySlice<UInt8>) -> Int {
        guard let byte = rest.first else { return 0 }
        switch (kind, byte) {
        case (.comment, 0x0A), (.basic, 0x0A), (.literal, 0x0A): kind = .plain
        case (.plain, UInt8(ascii: "#")): kind = .comment
        case (.plain, UInt8(ascii: "[")): lists += 1
        case (.plain, UInt8(ascii: "]")): lists = max(0, lists - 1)
        case (.plain, UInt8(ascii: "\"")): return open(rest, long: .longBasic, short: .basic)
        case (.plain, UInt8(ascii: "'")): return open(rest, long: .longLiteral, short: .literal)
        case (.basic, UInt8(ascii: "\\")), (.longBasic, UInt8(ascii: "\\")):
            // What is escaped ends nothing.
            return rest.dropFirst().first.map { $0 == 0x0A ? 1 : 2 } ?? 1
        case (.basic, UInt8(ascii: "\"")), (.literal, UInt8(ascii: "'")): kind = .plain
        case (.longBasic, UInt8(ascii: "\"")), (.longLiteral, UInt8(ascii: "'")):
            let quotes = rest.prefix(5).prefix { $0 == byte }.count
            guard quotes >= 3 else { return quotes }
            // Up to two more belong to the string.
            kind = .plain
            return quotes
        default: break
        }
        return 1
    }

    private mutating func open(_ rest: ArraySlice<UInt8>, long: Kind, short: Kind) -> Int {
        let quotes = rest.prefix(3).prefix { $0 == rest.first }.count
        if quotes == 2 { return 2 }
        kind = quotes == 3 ? long : short
        return quotes
    }
}
