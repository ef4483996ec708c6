/// Codable types to JSON and back.
package enum JSONCoding {
    /// The text of a value in UTF-8.
    ///
    /// Members stand in the order in which the type encodes them, dictionaries in the order of their keys, so that equal
    /// values always give equal text. Optionals that are nil are left out where the type uses `encodeIfPresent`, as
    /// synthesised Codable does.
    ///
    /// - Throws: `JSONError` with the reason `notEncodable`, or what the type throws.
    package static func encode<T: Encodable>(
        _ value: T,
        pretty: Bool = false,
        sortedKeys: Bool = false
    ) throws -> [UInt8] {
        let bytes = try text(of: value)
        guard pretty || sortedKeys else { return bytes }
        return try JSONValue(parsing: bytes, limits: .own).bytes(pretty: pretty, sortedKeys: sortedKeys)
    }

    private static func text<T: Encodable>(of value: T) throws -> [UInt8] {
        // Asked once an encoding and not for each value: the runtime's first answer about a type takes long.
        if let type = T.self as? any JSONWritable.Type { return try text(of: value, as: type) }
        let stream = EncodingStream(capacity: 4096)
        try stream.value(value)
        if let failure = stream.text.failure { throw failure }
        return stream.text.bytes.bytes
    }

    /// The same of a type that writes itself.
    // SAFETY: W is the type of the value, under another name; it is read where it lies, because a pod is long to copy.
    private static func text<T, W: JSONWritable>(of value: T, as type: W.Type) throws -> [UInt8] {
        var writer = JSONWriter(reserving: 4096)
        try unsafe withUnsafePointer(to: value) { value in
            try unsafe value.withMemoryRebound(to: W.self, capacity: 1) { try unsafe $0.pointee.write(to: &writer) }
        }
        return writer.bytes
    }

    package static func value<T: Encodable>(of value: T) throws -> JSONValue {
        if let json = value as? JSONValue { return json }
        return try JSONValue(parsing: encode(value), limits: .own)
    }

    /// Reads a value of a type. Fields that the type does not know are passed over, and so is all but the last of equal
    /// keys unless the limits reject them.
    package static func decode<T: Decodable>(
        _ type: T.Type,
        from bytes: [UInt8],
        limits: JSONLimits = .default
    ) throws(JSONError) -> T {
        try decode(type, from: Tape(scanning: bytes, limits: limits))
    }

    /// The same for a type that reads itself, which needs nothing of Codable.
    package static func decode<T: JSONReadable>(
        _ type: T.Type,
        from bytes: [UInt8],
        limits: JSONLimits = .default
    ) throws(JSONError) -> T {
        try read(try Tape(scanning: bytes, limits: limits)) { try T(reading: JSONMembers($0)) }
    }

    package static func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws(JSONError) -> T {
        try decode(type, from: Tape(scanning: value.bytes(), limits: .own, hasSource: false))
    }

    /// Reads a value of a type, and lists every field that the type never asked for and every key that occurs twice, with
    /// their paths, in the order of the text. At most 100 are listed.
    ///
    /// A type asks for a field by any of `decode`, `decodeIfPresent`, `contains` and the nested containers; synthesised
    /// Codable asks for every property. Dictionaries and `JSONValue` ask for everything.
    package static func decodeStrictly<T: Decodable>(
        _ type: T.Type,
        from bytes: [UInt8],
        limits: JSONLimits = .default
    ) throws(JSONError) -> (T, [JSONIssue]) {
        let tape = try Tape(scanning: bytes, limits: limits)
        return (try decode(type, from: tape), tape.strictIssues())
    }

    package static func decodeStrictly<T: Decodable>(
        _ type: T.Type,
        from value: JSONValue
    ) throws(JSONError) -> (T, [JSONIssue]) {
        let tape = try Tape(scanning: value.bytes(), limits: .own, hasSource: false)
        return (try decode(type, from: tape), tape.strictIssues())
    }

    private static func decode<T: Decodable>(_ type: T.Type, from tape: Tape) throws(JSONError) -> T {
        try read(tape) { try $0.value(type) }
    }

    private static func read<T>(_ tape: Tape, _ reading: (JSONNode) throws -> T) throws(JSONError) -> T {
        do {
            return try reading(JSONNode(tape, 0))
        } catch let failure as DecodingFailure {
            throw tape.failure(failure.reason, at: failure.node)
        } catch let error as JSONError {
            throw error
        } catch let error as DecodingError {
            throw JSONError(error)
        } catch {
            throw JSONError(.refused("\(error)"))
        }
    }
}

extension JSONLimits {
    /// For text that this module wrote itself.
    static let own = JSONLimits(maxBytes: .max, maxDepth: 1000, maxNumberBytes: .max)
}

extension JSONError {
    /// An error of the standard library, which types throw that check their own values.
    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            self.init(.refused(Self.readable(context.debugDescription)), path: JSONPath(context.codingPath).text)
        case .keyNotFound(let key, let context):
            self.init(.missingField(key.stringValue), path: JSONPath(context.codingPath).text)
        @unknown default:
            self.init(.refused("\(error)"))
        }
    }

    /// For an unknown case, "Cannot initialize Kind from invalid String value x", the value instead of the Swift type.
    private static func readable(_ text: String) -> String {
        let words = text.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: false)
        guard words.count == 8, text.hasPrefix("Cannot initialize "),
            words[3...6] == ["from", "invalid", "String", "value"]
        else { return text }
        return "\"\(words[7])\" is not known"
    }
}

extension JSONPath {
    init(_ codingPath: [any CodingKey]) {
        steps = codingPath.map { key in key.intValue.map { .index($0) } ?? .key(key.stringValue) }
    }
}
