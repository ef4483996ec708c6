/// Why a text is not JSON, or why a JSON value does not fit a Swift type.
///
/// The description is one sentence for people: `spec.containers[0].image: expected a string, found a number at line 3,
/// column 7`. The position is absent when the value never had a text (`JSONCoding.decode(_:from: JSONValue)`).
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// The text is longer than `JSONLimits.maxBytes`; nothing of it was read.
        case tooLarge(bytes: Int, limit: Int)
        /// Arrays and objects nest deeper than `JSONLimits.maxDepth`.
        case tooDeep(limit: Int)
        /// A number literal is longer than `JSONLimits.maxNumberBytes`.
        case numberTooLong(limit: Int)
        /// The text stops where something was still expected.
        case endOfText(expected: String)
        /// A character that cannot stand where it stands. `byte` is its first byte.
        case unexpectedCharacter(byte: UInt8, expected: String)
        /// Something other than white space follows the value.
        case trailingText(byte: UInt8)
        /// A number that RFC 8259 does not allow, such as `01` or `1.`.
        case invalidNumber(expected: String)
        /// A character below U+0020 stands unescaped in a string.
        case controlCharacter(byte: UInt8)
        /// A backslash that does not begin one of the escapes of RFC 8259 section 7.
        case invalidEscape
        /// A `\u` escape for half of a surrogate pair.
        case loneSurrogate
        /// Bytes in a string that are not UTF-8.
        case invalidUTF8
        /// A key occurs twice in one object and the limits reject that.
        case duplicateField(String)
        /// The value is there and has the wrong kind. Both are words such as `a string`.
        case typeMismatch(expected: String, found: String)
        /// A field that the type requires is absent.
        case missingField(String)
        /// An array ended before the type had read all it wanted.
        case missingElement
        /// The number does not fit the integer or floating-point type.
        case numberOutOfRange(literal: String, type: String)
        /// The type itself refused the value; the text is its reason.
        case refused(String)
        /// A value cannot be written as JSON; the text says which and why.
        case notEncodable(String)
    }

    package let reason: Reason
    /// Byte offset in the text, from 0.
    package let offset: Int?
    /// Line in the text, from 1.
    package let line: Int?
    /// Column in Unicode scalars, from 1.
    package let column: Int?
    /// The field in Kubernetes' style, `spec.containers[0].image`; empty for the whole value.
    package let path: String

    package init(_ reason: Reason, offset: Int? = nil, line: Int? = nil, column: Int? = nil, path: String = "") {
        self.reason = reason
        self.offset = offset
        self.line = line
        self.column = column
        self.path = path
    }

    package var description: String {
        let what = path.isEmpty ? reason.sentence : "\(path): \(reason.sentence)"
        guard let line, let column else { return what }
        return "\(what) at line \(line), column \(column)\(reason.expectation)"
    }
}

extension JSONError.Reason {
    /// What is wrong, without a place.
    var sentence: String {
        switch self {
        case .tooLarge(let bytes, let limit): "the text has \(bytes) bytes, and at most \(limit) are accepted"
        case .tooDeep(let limit): "arrays and objects nest deeper than \(limit) levels"
        case .numberTooLong(let limit): "a number has more than \(limit) characters"
        case .endOfText: "unexpected end of JSON text"
        case .unexpectedCharacter(let byte, _): "invalid character \(Self.quoted(byte))"
        case .trailingText(let byte): "invalid character \(Self.quoted(byte)) after the value"
        case .invalidNumber: "invalid number"
        case .controlCharacter(let byte): "control character \(Self.quoted(byte)) in a string must be escaped"
        case .invalidEscape: "invalid escape in a string"
        case .loneSurrogate: "a \\u escape names half of a surrogate pair"
        case .invalidUTF8: "a string is not valid UTF-8"
        case .duplicateField(let name): "duplicate field \"\(name)\""
        case .typeMismatch(let expected, let found): "expected \(expected), found \(found)"
        case .missingField(let name): "required field \"\(name)\" is missing"
        case .missingElement: "the array has too few elements"
        case .numberOutOfRange(let literal, let type): "the number \(literal) does not fit \(type)"
        case .refused(let why): why
        case .notEncodable(let why): why
        }
    }

    /// What would have been right, as the end of the sentence.
    var expectation: String {
        switch self {
        case .endOfText(let expected), .unexpectedCharacter(_, let expected), .invalidNumber(let expected):
            ", expected \(expected)"
        default: ""
        }
    }

    private static func quoted(_ byte: UInt8) -> String {
        if byte >= 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        let digits = String(byte, radix: 16, uppercase: true)
        return "0x\(digits.count < 2 ? "0" : "")\(digits)"
    }
}

/// A place in a value, built step by step and written as Kubernetes writes it.
struct JSONPath: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    var steps: [Step] = []

    var text: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let key): text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}
