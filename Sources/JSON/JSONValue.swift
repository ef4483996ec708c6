/// Any value of JSON.
///
/// Strings are equal when their bytes are, numbers when they mean the same, objects when they hold the same pairs.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// Reads one value from UTF-8 text; anything but white space around it is an error.
    package init(parsing bytes: some Collection<UInt8>, limits: JSONLimits = .default) throws(JSONError) {
        let tape = try Tape(scanning: bytes, limits: limits)
        self = tape.value(at: 0)
    }

    package init(parsing text: String, limits: JSONLimits = .default) throws(JSONError) {
        try self.init(parsing: text.utf8, limits: limits)
    }

    /// Reads one value and lists every key that an object repeats, in the order of the text. The last value counts.
    package static func parsingWithIssues(
        _ bytes: some Collection<UInt8>,
        limits: JSONLimits = .default
    ) throws(JSONError) -> (JSONValue, [JSONIssue]) {
        var limits = limits
        limits.duplicateKeys = .report
        let tape = try Tape(scanning: bytes, limits: limits)
        return (tape.value(at: 0), tape.duplicateFields())
    }

    /// The text in UTF-8. Not pretty: no white space at all; pretty: two spaces a level, as `kubectl -o json`.
    package func bytes(pretty: Bool = false, sortedKeys: Bool = false) -> [UInt8] {
        var out = TextBuffer(capacity: 256)
        append(to: &out, pretty: pretty, sortedKeys: sortedKeys, level: 0)
        return out.bytes
    }

    package func text(pretty: Bool = false, sortedKeys: Bool = false) -> String {
        String(decoding: bytes(pretty: pretty, sortedKeys: sortedKeys), as: UTF8.self)
    }
}

extension JSONValue {
    /// The member of an object; nil when absent or when this is no object. Setting turns a null into an object and is
    /// without effect on other kinds; setting nil removes the member.
    package subscript(key: String) -> JSONValue? {
        get {
            guard case .object(let object) = self else { return nil }
            return object[key]
        }
        set {
            switch self {
            case .object(var object):
                self = .null
                object[key] = newValue
                self = .object(object)
            case .null:
                guard let newValue else { return }
                self = .object([key: newValue])
            default: return
            }
        }
    }

    /// The element of an array; nil when out of range or when this is no array.
    package subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    package var isNull: Bool {
        guard case .null = self else { return false }
        return true
    }
    package var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }
    package var numberValue: JSONNumber? {
        guard case .number(let number) = self else { return nil }
        return number
    }
    /// The number when it is whole and fits.
    package var int64Value: Int64? { numberValue?.int64 }
    package var doubleValue: Double? { numberValue?.double }
    package var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }
    package var arrayValue: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
    package var objectValue: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// The kind in words for messages: `a string`, `null`.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: Hashable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0 as UInt8)
        case .bool(let value): hasher.combine(value)
        case .number(let number): hasher.combine(number)
        case .string(let value): hasher.combine(value)
        case .array(let elements): hasher.combine(elements)
        case .object(let object): hasher.combine(object)
        }
    }
}

extension JSONValue: CustomStringConvertible {
    package var description: String { text() }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
    /// A literal without a finite value becomes null, as in JavaScript.
    package init(floatLiteral value: Double) { self = JSONNumber(value).map { .number($0) } ?? .null }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}
