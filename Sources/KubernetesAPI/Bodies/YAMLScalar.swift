import JSON

/// What a plain scalar means.
///
/// Kubernetes reads YAML with sigs.k8s.io/yaml, whose rules are those of YAML 1.1 as go-yaml v2 knows them.
enum YAMLScalar {
    /// The value, or nil for a number that JSON cannot say (.inf, .nan).
    static func value(of text: String) -> JSONValue? {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"),
            UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "o"), UInt8(ascii: "O"),
            UInt8(ascii: "~"):
            return words[text] ?? .string(text)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            if infinities.contains(text) { return nil }
            return number(text).map { .number($0) } ?? .string(text)
        default: return .string(text)
        }
    }

    /// Whether other readers of YAML 1.1 would take a text for a date (2026-01-31) or a number to base sixty (12:30).
    static func looksLikeTime(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, isDigit(first) || first == UInt8(ascii: "-") || first == UInt8(ascii: "+") else {
            return false
        }
        if bytes.count > 4, bytes.prefix(4).allSatisfy(isDigit), bytes.dropFirst(4).first == UInt8(ascii: "-") {
            return bytes.allSatisfy { isDigit($0) || "-:.TtZz+ ".utf8.contains($0) }
        }
        return bytes.contains(UInt8(ascii: ":"))
            && bytes.dropFirst().allSatisfy { isDigit($0) || ":._".utf8.contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static let words: [String: JSONValue] = {
        var words: [String: JSONValue] = [:]
        for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] { words[word] = true }
        for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] { words[word] = false }
        for word in ["~", "null", "Null", "NULL"] { words[word] = .null }
        return words
    }()

    private static let infinities: Set = [
        ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
    ]

    private static func number(_ text: String) -> JSONNumber? {
        let plain = text.filter { $0 != "_" }
        if let integer = integer(plain) { return integer }
        return isFloat(plain) ? float(plain) : nil
    }

    /// Decimal, 0x, 0b, 0o, and octal with a leading zero.
    private static func integer(_ text: String) -> JSONNumber? {
        var digits = Substring(text)
        let negative = digits.first == "-"
        if negative || digits.first == "+" { digits = digits.dropFirst() }
        var radix = 10
        if digits.first == "0", digits.utf8.count > 1 {
            switch digits.dropFirst().first {
            case "x", "X": (radix, digits) = (16, digits.dropFirst(2))
            case "b", "B": (radix, digits) = (2, digits.dropFirst(2))
            case "o", "O": (radix, digits) = (8, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        guard let first = digits.first, first != "-", first != "+" else { return nil }
        if let value = Int64((negative ? "-" : "") + digits, radix: radix) { return JSONNumber(value) }
        if !negative, let value = UInt64(digits, radix: radix) { return JSONNumber(value) }
        return nil
    }

    /// A number with a point or an exponent; the exponent needs its sign, as go-yaml has it.
    private static func isFloat(_ text: String) -> Bool {
        var rest = Substring(text)
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        if rest.first == "." {
            rest = rest.dropFirst()
            let fraction = rest.prefix(while: isDigit)
            guard !fraction.isEmpty else { return false }
            rest = rest.dropFirst(fraction.count)
        } else if whole.isEmpty {
            return false
        }
        guard let mark = rest.first else { return true }
        rest = rest.dropFirst()
        guard mark == "e" || mark == "E", let sign = rest.first, sign == "-" || sign == "+" else { return false }
        rest = rest.dropFirst()
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isWholeNumber }

    /// The literal as JSON writes it: no plus sign, no needless zeros before, a digit before the point.
    private static func float(_ text: String) -> JSONNumber? {
        var rest = Substring(text)
        let negative = rest.first == "-"
        if negative || rest.first == "+" { rest = rest.dropFirst() }
        let significant = rest.drop { $0 == "0" }
        let digits = significant.first.map(isDigit) == true ? String(significant) : "0" + significant
        return JSONNumber(literal: (negative ? "-" : "") + digits)
    }
}

/// A guard against texts that cost more than they are long.
enum YAMLComplexity {
    /// The most that a key may expand to. The parser compares keys, and a key made of nested aliases takes for ever.
    private static let mostExpansion = 1_000_000.0

    /// Refuses a text that could make a key out of nested aliases.
    ///
    /// Counts what could be anchors and aliases, whether they stand in strings and comments or not. With k anchors and n
    /// aliases a node expands to at most (n/k+1)^k; only documents beyond the limit that also have something like a
    /// collection as a key are refused. Aliases in values are counted exactly when they are read.
    static func check(_ text: String) throws(YAMLError) {
        var anchors = 0.0
        var aliases = 0.0
        var collectionKey = false
        var previous = UInt8(ascii: "\n")
        var bytes = text.utf8.makeIterator()
        var current = bytes.next()
        while let byte = current {
            let next = bytes.next()
            let nextIsBlank = next.map(isBlank) ?? true
            if !nextIsBlank, startsToken(after: previous) {
                if byte == UInt8(ascii: "&") { anchors += 1 }
                if byte == UInt8(ascii: "*") { aliases += 1 }
            }
            if byte == UInt8(ascii: "?"), nextIsBlank || startsToken(after: previous) { collectionKey = true }
            if byte == UInt8(ascii: ":"), isBlank(previous) || closesCollection(previous) { collectionKey = true }
            previous = byte
            current = next
        }
        guard collectionKey, anchors > 0 else { return }
        var expansion = 1.0
        var level = 0.0
        while level < anchors, expansion <= mostExpansion {
            expansion *= aliases / anchors + 1
            level += 1
        }
        if expansion > mostExpansion { throw YAMLError("document contains excessive aliasing") }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func startsToken(after byte: UInt8) -> Bool {
        isBlank(byte) || [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: ":")].contains(byte)
    }

    private static func closesCollection(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
    }
}
