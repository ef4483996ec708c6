// How the field wrappers of OmitEmpty.swift read and write. The compiler's synthesised coding calls
// `decode(Wrapper.self, forKey:)` and `encode(wrapper, forKey:)`; the overloads below are the ones it finds, because
// they are more specific than the container's own. The conformances to Codable only make the synthesis possible.

extension OmitEmpty: Codable where Value: Codable {
    package init(from decoder: any Decoder) throws { wrappedValue = try Value(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

extension Printed: Codable where Value: Codable {
    package init(from decoder: any Decoder) throws { wrappedValue = try Value(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

extension NullWhenUnset: Codable where Value: Codable {
    package init(from decoder: any Decoder) throws { wrappedValue = try Value?(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

extension Indirect: Codable where Value: Codable {
    package init(from decoder: any Decoder) throws { self.init(wrappedValue: try Value?(from: decoder)) }
    package func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

extension KeyedDecodingContainer {
    func decode<Value: ZeroValue & Codable>(_: OmitEmpty<Value>.Type, forKey key: Key) throws -> OmitEmpty<Value> {
        OmitEmpty(wrappedValue: try decodeIfPresent(Value.self, forKey: key) ?? .zeroValue)
    }

    func decode<Value: ZeroValue & Codable>(_: Printed<Value>.Type, forKey key: Key) throws -> Printed<Value> {
        Printed(wrappedValue: try decodeIfPresent(Value.self, forKey: key) ?? .zeroValue)
    }

    func decode<Value: Codable>(_: NullWhenUnset<Value>.Type, forKey key: Key) throws -> NullWhenUnset<Value> {
        NullWhenUnset(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
    }

    func decode<Value: Codable>(_: Indirect<Value>.Type, forKey key: Key) throws -> Indirect<Value> {
        Indirect(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
    }
}

extension KeyedEncodingContainer {
    mutating func encode<Value: ZeroValue & Codable>(_ field: OmitEmpty<Value>, forKey key: Key) throws {
        guard field.wrappedValue != .zeroValue else { return }
        try encode(field.wrappedValue, forKey: key)
    }

    mutating func encode<Value: ZeroValue & Codable>(_ field: Printed<Value>, forKey key: Key) throws {
        try encode(field.wrappedValue, forKey: key)
    }

    mutating func encode<Value: Codable>(_ field: NullWhenUnset<Value>, forKey key: Key) throws {
        guard let value = field.wrappedValue else {
            try encodeNil(forKey: key)
            return
        }
        try encode(value, forKey: key)
    }

    mutating func encode<Value: Codable>(_ field: Indirect<Value>, forKey key: Key) throws {
        try encodeIfPresent(field.wrappedValue, forKey: key)
    }
}

extension Decoder {
    /// The error of a value that has the right kind and no meaning; `why` is a sentence for people.
    func refusal(_ why: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: why))
    }
}
