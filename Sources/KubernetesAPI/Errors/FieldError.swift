package import JSON

/// One broken rule of one field, in Kubernetes' words.
package struct FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of rule is broken; the raw value is the cause's reason in a ``Status``.
    package enum Kind: String, Sendable {
        case notFound = "FieldValueNotFound"
        case required = "FieldValueRequired"
        case duplicate = "FieldValueDuplicate"
        case invalid = "FieldValueInvalid"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"

        var words: String {
            switch self {
            case .notFound: "Not found"
            case .required: "Required value"
            case .duplicate: "Duplicate value"
            case .invalid, .typeInvalid: "Invalid value"
            case .notSupported: "Unsupported value"
            case .forbidden: "Forbidden"
            case .tooLong: "Too long"
            case .tooMany: "Too many"
            }
        }

        /// Whether the sentence shows the offending value.
        var showsValue: Bool { self != .required && self != .forbidden && self != .tooLong }
    }

    package var type: Kind
    /// The path as JSON writes it: spec.containers[0].image.
    package var field: String
    /// The offending value; nil where none is shown.
    package var badValue: JSONValue?
    package var detail: String

    package init(type: Kind, field: String, badValue: JSONValue? = nil, detail: String = "") {
        self.type = type
        self.field = field
        self.badValue = badValue
        self.detail = detail
    }

    /// The sentence without the field: Invalid value: "x": must be unique.
    package var body: String {
        var text = type.words
        if type.showsValue, let badValue { text += ": \(FieldError.text(of: badValue))" }
        return detail.isEmpty ? text : "\(text): \(detail)"
    }

    /// The whole sentence.
    package var description: String { "\(field): \(body)" }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .string(let string): quoted(string)
        case .null: quoted("null")
        default: value.text()
        }
    }

    /// A string in quotation marks with what does not print escaped, as Go's %q does.
    package static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

/// The way to a field, built as validation walks down an object.
struct FieldPath: CustomStringConvertible {
    let description: String

    init(_ root: String) { description = root }

    func child(_ name: String) -> FieldPath { FieldPath("\(description).\(name)") }
    subscript(index: Int) -> FieldPath { FieldPath("\(description)[\(index)]") }
    subscript(key: String) -> FieldPath { FieldPath("\(description)[\(key)]") }
}

/// The rules found broken so far.
struct FieldErrors {
    private(set) var list: [FieldError] = []

    mutating func required(_ path: FieldPath, _ detail: String = "") { add(.required, path, nil, detail) }
    mutating func forbidden(_ path: FieldPath, _ detail: String) { add(.forbidden, path, nil, detail) }
    mutating func duplicate(_ path: FieldPath, _ value: String) { add(.duplicate, path, .string(value), "") }

    mutating func notFound(_ path: FieldPath, _ value: String, _ detail: String = "") {
        add(.notFound, path, .string(value), detail)
    }

    mutating func invalid(_ path: FieldPath, _ value: String?, _ detail: String) {
        add(.invalid, path, value.map { .string($0) } ?? .null, detail)
    }

    mutating func invalid(_ path: FieldPath, _ value: Int64?, _ detail: String) {
        add(.invalid, path, value.map { .number(JSONNumber($0)) } ?? .null, detail)
    }

    mutating func invalid(_ path: FieldPath, _ value: Int32, _ detail: String) { invalid(path, Int64(value), detail) }

    mutating func invalid(_ path: FieldPath, _ value: Bool, _ detail: String) {
        add(.invalid, path, .bool(value), detail)
    }

    mutating func invalid(_ path: FieldPath, _ values: [String], _ detail: String) {
        add(.invalid, path, .array(values.map { .string($0) }), detail)
    }

    mutating func tooLong(_ path: FieldPath, limit: Int) {
        add(.tooLong, path, nil, "may not be more than \(limit) bytes")
    }

    mutating func tooMany(_ path: FieldPath, _ count: Int, limit: Int) {
        add(.tooMany, path, .number(JSONNumber(count)), "must have at most \(limit) items")
    }

    mutating func notSupported(_ path: FieldPath, _ value: String, _ supported: [String]) {
        let list = supported.map(FieldError.quoted).joined(separator: ", ")
        add(.notSupported, path, .string(value), "supported values: \(list)")
    }

    /// One error for each message of a rule about a string.
    mutating func invalid(_ path: FieldPath, _ value: String, each messages: [String]) {
        for message in messages { invalid(path, value, message) }
    }

    mutating func append(_ error: FieldError) { list.append(error) }
    mutating func append(contentsOf other: FieldErrors) { list += other.list }

    private mutating func add(_ type: FieldError.Kind, _ path: FieldPath, _ value: JSONValue?, _ detail: String) {
        list.append(FieldError(type: type, field: path.description, badValue: value, detail: detail))
    }
}
