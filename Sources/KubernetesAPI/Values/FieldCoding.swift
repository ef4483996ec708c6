import JSON

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
        OmitEmpty(wrappedValue: try decodeIfContained(Value.self, forKey: key) ?? .zeroValue)
    }

    func decode<Value: ZeroValue & Codable>(_: Printed<Value>.Type, forKey key: Key) throws -> Printed<Value> {
        Printed(wrappedValue: try decodeIfContained(Value.self, forKey: key) ?? .zeroValue)
    }

    func decode<Value: Codable>(_: NullWhenUnset<Value>.Type, forKey key: Key) throws -> NullWhenUnset<Value> {
        NullWhenUnset(wrappedValue: try decodeIfContained(Value.self, forKey: key))
    }

    func decode<Value: Codable>(_: Indirect<Value>.Type, forKey key: Key) throws -> Indirect<Value> {
        Indirect(wrappedValue: try decodeIfContained(Value.self, forKey: key))
    }

    func decode<Element: Equatable & Codable>(_: OmitEmpty<[Element]>.Type, forKey key: Key) throws
        -> OmitEmpty<[Element]>
    {
        OmitEmpty(wrappedValue: try decodeIfContained(key) { try $0.value([Element].self) } ?? [])
    }

    func decode<Element: Equatable & Codable>(_: Printed<[Element]>.Type, forKey key: Key) throws -> Printed<[Element]>
    {
        Printed(wrappedValue: try decodeIfContained(key) { try $0.value([Element].self) } ?? [])
    }

    func decode<Value: Equatable & Codable>(_: OmitEmpty<[String: Value]>.Type, forKey key: Key) throws
        -> OmitEmpty<[String: Value]>
    {
        OmitEmpty(wrappedValue: try decodeIfContained(key) { try $0.value([String: Value].self) } ?? [:])
    }

    private func decodeIfContained<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        try decodeIfContained(key) { try $0.value(type) }
    }

    /// Most fields are absent. To ask for the key alone takes no generic code; to ask for an optional value of the type
    /// would make the runtime look the type up each time, and so would the container's own way to a value that is there:
    /// a text of ours is read directly instead.
    private func decodeIfContained<Value: Decodable>(_ key: Key, _ read: (JSONNode) throws -> Value) throws -> Value? {
        guard contains(key) else { return nil }
        guard let node = JSONNode(try superDecoder(forKey: key)) else {
            return try decodeIfPresent(Value.self, forKey: key)
        }
        return node.isNull ? nil : try read(node)
    }
}

extension KeyedEncodingContainer {
    mutating func encode<Value: ZeroValue & Codable>(_ field: OmitEmpty<Value>, forKey key: Key) throws {
        guard !field.wrappedValue.isZero else { return }
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
        guard let value = field.wrappedValue else { return }
        try encode(value, forKey: key)
    }
}

// The same for the simple types by name. Without it each access would go through generic code, which looks the type up.

extension KeyedDecodingContainer {
    func decode(_: OmitEmpty<String>.Type, forKey key: Key) throws -> OmitEmpty<String> {
        OmitEmpty(wrappedValue: try decodeIfPresent(String.self, forKey: key) ?? "")
    }
    func decode(_: OmitEmpty<Bool>.Type, forKey key: Key) throws -> OmitEmpty<Bool> {
        OmitEmpty(wrappedValue: try decodeIfPresent(Bool.self, forKey: key) ?? false)
    }
    func decode(_: OmitEmpty<Int32>.Type, forKey key: Key) throws -> OmitEmpty<Int32> {
        OmitEmpty(wrappedValue: try decodeIfPresent(Int32.self, forKey: key) ?? 0)
    }
    func decode(_: OmitEmpty<Int64>.Type, forKey key: Key) throws -> OmitEmpty<Int64> {
        OmitEmpty(wrappedValue: try decodeIfPresent(Int64.self, forKey: key) ?? 0)
    }
    func decode(_: Printed<String>.Type, forKey key: Key) throws -> Printed<String> {
        Printed(wrappedValue: try decodeIfPresent(String.self, forKey: key) ?? "")
    }
    func decode(_: Printed<Bool>.Type, forKey key: Key) throws -> Printed<Bool> {
        Printed(wrappedValue: try decodeIfPresent(Bool.self, forKey: key) ?? false)
    }
    func decode(_: Printed<Int32>.Type, forKey key: Key) throws -> Printed<Int32> {
        Printed(wrappedValue: try decodeIfPresent(Int32.self, forKey: key) ?? 0)
    }
    func decode(_: Printed<Int64>.Type, forKey key: Key) throws -> Printed<Int64> {
        Printed(wrappedValue: try decodeIfPresent(Int64.self, forKey: key) ?? 0)
    }
}

extension KeyedEncodingContainer {
    mutating func encode(_ field: OmitEmpty<String>, forKey key: Key) throws {
        if !field.wrappedValue.isEmpty { try encode(field.wrappedValue, forKey: key) }
    }
    mutating func encode(_ field: Printed<String>, forKey key: Key) throws {
        try encode(field.wrappedValue, forKey: key)
    }
    mutating func encode(_ field: OmitEmpty<Bool>, forKey key: Key) throws {
        if field.wrappedValue { try encode(field.wrappedValue, forKey: key) }
    }
    mutating func encode(_ field: Printed<Bool>, forKey key: Key) throws { try encode(field.wrappedValue, forKey: key) }
    mutating func encode(_ field: OmitEmpty<Int32>, forKey key: Key) throws {
        if field.wrappedValue != 0 { try encode(field.wrappedValue, forKey: key) }
    }
    mutating func encode(_ field: Printed<Int32>, forKey key: Key) throws {
        try encode(field.wrappedValue, forKey: key)
    }
    mutating func encode(_ field: OmitEmpty<Int64>, forKey key: Key) throws {
        if field.wrappedValue != 0 { try encode(field.wrappedValue, forKey: key) }
    }
    mutating func encode(_ field: Printed<Int64>, forKey key: Key) throws {
        try encode(field.wrappedValue, forKey: key)
    }
}

extension Decoder {
    /// The error of a value that has the right kind and no meaning; `why` is a sentence for people.
    func refusal(_ why: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: why))
    }
}
