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
        let stream = EncodingStream()
        try stream.value(value)
        if let failure = stream.text.failure { throw failure }
        guard pretty || sortedKeys else { return stream.text.bytes }
        return try JSONValue(parsing: stream.text.bytes, limits: .own).bytes(pretty: pretty, sortedKeys: sortedKeys)
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
        do {
            return try tape.decode(type, 0)
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
            self.init(.refused(context.debugDescription), path: JSONPath(context.codingPath).text)
        case .keyNotFound(let key, let context):
            self.init(.missingField(key.stringValue), path: JSONPath(context.codingPath).text)
        @unknown default:
            self.init(.refused("\(error)"))
        }
    }
}

extension JSONPath {
    init(_ codingPath: [any CodingKey]) {
        steps = codingPath.map { key in key.intValue.map { .index($0) } ?? .key(key.stringValue) }
    }
}

extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        if let decoder = decoder as? TapeDecoder {
            self = decoder.tape.value(at: decoder.node)
            return
        }
        self = try Self.decodeByTrial(decoder)
    }

    /// For decoders of other formats, which only tell a value's kind by failing on the wrong one.
    private static func decodeByTrial(_ decoder: any Decoder) throws -> JSONValue {
        if let container = try? decoder.container(keyedBy: PathKey.self) {  // fails: not an object
            var object = JSONObject()
            for key in container.allKeys { object[key.stringValue] = try container.decode(JSONValue.self, forKey: key) }
            return .object(object)
        }
        if var container = try? decoder.unkeyedContainer() {  // fails: not an array
            var elements: [JSONValue] = []
            while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
            return .array(elements)
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() { return .null }
        if let value = try? container.decode(Bool.self) { return .bool(value) }  // fails: not a boolean
        if let value = try? container.decode(Int64.self) { return .number(JSONNumber(value)) }  // fails: no integer
        if let value = try? container.decode(UInt64.self) { return .number(JSONNumber(value)) }  // fails: no integer
        if let value = try? container.decode(Double.self), let number = JSONNumber(value) {  // fails: not a number
            return .number(number)
        }
        return .string(try container.decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? StreamEncoder {
            try encoder.encode(whole: self)
            return
        }
        switch self {
        case .object(let object):
            var container = encoder.container(keyedBy: PathKey.self)
            for (key, value) in object { try container.encode(value, forKey: PathKey(stringValue: key)) }
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .string(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .number(let number):
            var container = encoder.singleValueContainer()
            if let value = number.int64 {
                try container.encode(value)
            } else if let value = number.uint64 {
                try container.encode(value)
            } else if let value = number.double {
                try container.encode(value)
            } else {
                let context = EncodingError.Context(codingPath: [], debugDescription: "\(number) fits no Swift number")
                throw EncodingError.invalidValue(number, context)
            }
        }
    }
}
