/// A type that writes its text itself, beside the compiler's `encode(to:)`.
///
/// For types that are written often: `Codable` asks for each field through a box, and for each object makes containers. Both
/// ways must give the same text. Encoders of others never see this one, and a type may lose it again without any change
/// but that of speed.
@usableFromInline
package protocol JSONWritable: Encodable {
    /// Writes one value.
    ///
    /// - Throws: what a value in it throws that is encoded by `Encodable`.
    func write(to writer: inout JSONWriter) throws
}

/// A type that writes the members of its object itself.
@usableFromInline
package protocol JSONObjectWritable: JSONWritable {
    /// Writes the members, in the order in which the compiler's coding has them: that of the declarations.
    ///
    /// - Throws: what `write(to:)` throws.
    func write(membersTo writer: inout JSONWriter) throws
}

extension JSONObjectWritable {
    @inlinable
    package func write(to writer: inout JSONWriter) throws {
        writer.beginObject()
        try write(membersTo: &writer)
        writer.endObject()
    }
}

extension JSONWriter {
    @inlinable
    package mutating func member<T: JSONWritable>(_ name: StaticString, _ value: T) throws {
        key(name)
        try value.write(to: &self)
    }

    /// A member whose type has only the compiler's coding.
    @inlinable
    package mutating func member<T: Encodable>(_ name: StaticString, _ value: T) throws {
        key(name)
        try encode(value)
    }

    /// Any Encodable value.
    @usableFromInline
    package mutating func encode<T: Encodable>(_ value: T) throws {
        separate()
        // An encoding of its own: nothing that the type does wrong can touch what is around it.
        let stream = EncodingStream(capacity: 0)
        stream.text.swapBytes(with: &buffer)
        defer { stream.text.swapBytes(with: &buffer) }
        try stream.value(value)
        if let failure = stream.text.failure { throw failure }
    }
}

// MARK: Values that have no members

extension String: JSONWritable {
    @inlinable package func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Bool: JSONWritable {
    @inlinable package func write(to writer: inout JSONWriter) { writer.bool(self) }
}

extension Int: JSONWritable {
    @inlinable package func write(to writer: inout JSONWriter) { writer.int(Int64(self)) }
}

extension Int32: JSONWritable {
    @inlinable package func write(to writer: inout JSONWriter) { writer.int(Int64(self)) }
}

extension Int64: JSONWritable {
    @inlinable package func write(to writer: inout JSONWriter) { writer.int(self) }
}

extension JSONValue: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.value(self) }
}

extension Array: JSONWritable where Element: JSONWritable {
    @inlinable
    package func write(to writer: inout JSONWriter) throws {
        writer.beginArray()
        // By position, not by iterator: each element is used where it lies, without a copy of all its fields.
        for position in indices { try self[position].write(to: &writer) }
        writer.endArray()
    }
}

/// In the order of the keys.
extension Dictionary: JSONWritable where Key == String, Value: JSONWritable {
    @inlinable
    package func write(to writer: inout JSONWriter) throws {
        writer.beginObject()
        var members: [Int] = []
        members.reserveCapacity(count)
        for (key, value) in self {
            members.append(writer.sortableKey(key))
            try value.write(to: &writer)
        }
        writer.endObject(sorting: members)
    }
}
