/// Writes the members of an object.
struct KeyedStreamContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let stream: EncodingStream
    let depth: Int
    let id: Int

    var codingPath: [any CodingKey] { [] }

    private func begin(_ key: Key) throws { try stream.text.key(key.stringValue, depth, id) }

    func encodeNil(forKey key: Key) throws {
        try begin(key)
        stream.text.null()
    }
    func encode(_ value: Bool, forKey key: Key) throws {
        try begin(key)
        stream.text.bool(value)
    }
    func encode(_ value: String, forKey key: Key) throws {
        try begin(key)
        stream.text.string(value)
    }
    func encode(_ value: Double, forKey key: Key) throws {
        try begin(key)
        try stream.text.double(value)
    }
    func encode(_ value: Float, forKey key: Key) throws {
        try begin(key)
        try stream.text.float(value)
    }
    func encode(_ value: Int, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: Int8, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: Int16, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: Int32, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: Int64, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: UInt, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: UInt8, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: UInt16, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: UInt32, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode(_ value: UInt64, forKey key: Key) throws {
        try begin(key)
        stream.text.integer(value)
    }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try begin(key)
        try stream.value(value)
    }

    // The protocol's own versions of these cost a second dispatch.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }
    func encodeIfPresent(_ value: Int32?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }
    func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder(forKey: key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder(named: "super") }
    func superEncoder(forKey key: Key) -> any Encoder { encoder(named: key.stringValue) }

    private func encoder(forKey key: Key) -> StreamEncoder { encoder(named: key.stringValue) }

    private func encoder(named name: String) -> StreamEncoder {
        do {
            try stream.text.key(name, depth, id)
            stream.text.reserve()
        } catch {
            stream.text.fail("a type writes to a container that it has already left")
        }
        return StreamEncoder(stream: stream, depth: depth + 1, start: stream.text.bytes.count)
    }
}

/// Writes the elements of an array.
struct UnkeyedStreamContainer: UnkeyedEncodingContainer {
    let stream: EncodingStream
    let depth: Int
    let id: Int
    private(set) var count = 0

    init(stream: EncodingStream, depth: Int, id: Int) {
        self.stream = stream
        self.depth = depth
        self.id = id
    }

    var codingPath: [any CodingKey] { [] }

    private mutating func begin() throws {
        try stream.text.next(depth, id)
        count += 1
    }

    mutating func encodeNil() throws {
        try begin()
        stream.text.null()
    }
    mutating func encode(_ value: Bool) throws {
        try begin()
        stream.text.bool(value)
    }
    mutating func encode(_ value: String) throws {
        try begin()
        stream.text.string(value)
    }
    mutating func encode(_ value: Double) throws {
        try begin()
        try stream.text.double(value)
    }
    mutating func encode(_ value: Float) throws {
        try begin()
        try stream.text.float(value)
    }
    mutating func encode(_ value: Int) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: Int8) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: Int16) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: Int32) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: Int64) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: UInt) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: UInt8) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: UInt16) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: UInt32) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode(_ value: UInt64) throws {
        try begin()
        stream.text.integer(value)
    }
    mutating func encode<T: Encodable>(_ value: T) throws {
        try begin()
        try stream.value(value)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        encoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }

    mutating func superEncoder() -> any Encoder { encoder() }

    private mutating func encoder() -> StreamEncoder {
        do {
            try begin()
            stream.text.reserve()
        } catch {
            stream.text.fail("a type writes to a container that it has already left")
        }
        return StreamEncoder(stream: stream, depth: depth + 1, start: stream.text.bytes.count)
    }
}

extension StreamEncoder: SingleValueEncodingContainer {
    private func begin() throws {
        let reserved = stream.text.open.count == depth + 1 && stream.text.open[depth].kind == .reserved
        guard stream.text.bytes.count == start, stream.text.open.count == depth || reserved else {
            throw JSONError(.notEncodable("a type writes more than one value where one fits"))
        }
    }

    func encodeNil() throws {
        try begin()
        stream.text.null()
    }
    func encode(_ value: Bool) throws {
        try begin()
        stream.text.bool(value)
    }
    func encode(_ value: String) throws {
        try begin()
        stream.text.string(value)
    }
    func encode(_ value: Double) throws {
        try begin()
        try stream.text.double(value)
    }
    func encode(_ value: Float) throws {
        try begin()
        try stream.text.float(value)
    }
    func encode(_ value: Int) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: Int8) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: Int16) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: Int32) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: Int64) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: UInt) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: UInt8) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: UInt16) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: UInt32) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode(_ value: UInt64) throws {
        try begin()
        stream.text.integer(value)
    }
    func encode<T: Encodable>(_ value: T) throws {
        try begin()
        try stream.value(value)
    }

    /// Writes a value of JSON without a walk through containers.
    func encode(whole value: JSONValue) throws {
        try begin()
        stream.text.json(value)
    }
}
