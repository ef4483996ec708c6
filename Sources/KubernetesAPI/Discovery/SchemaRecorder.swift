import JSON

/// Learns the fields of a type by letting it decode itself from nothing and writing down what it asks for.
///
/// So the OpenAPI document names exactly the fields that the server reads, and cannot fall behind them.
final class SchemaRecorder {
    /// The schemas so far, by the name of the type.
    private(set) var schemas: [String: JSONValue] = [:]

    /// The schema of a type: for objects a reference to ``schemas``, into which it is put.
    func schema<T: Decodable>(of type: T.Type) throws -> JSONValue {
        if let known = type as? any SchemaValue.Type { return try known.schema(self) }
        let name = "\(type)"
        let reference: JSONValue = ["$ref": .string("#/components/schemas/\(SchemaRecorder.qualified(name))")]
        guard schemas[name] == nil else { return reference }
        schemas[name] = [:]
        let fields = Fields(self)
        _ = try T(from: RecordingDecoder(fields: fields))
        schemas[name] = ["type": "object", "properties": .object(fields.properties)]
        return reference
    }

    /// The name that Kubernetes gives a type in its documents.
    static func qualified(_ name: String) -> String {
        let meta: Set = [
            "ObjectMeta", "OwnerReference", "ManagedFieldsEntry", "ListMeta", "LabelSelector",
            "LabelSelectorRequirement",
            "Status", "StatusDetails", "StatusCause", "DeleteOptions", "Preconditions",
        ]
        return meta.contains(name) ? "io.k8s.apimachinery.pkg.apis.meta.v1.\(name)" : "io.k8s.api.core.v1.\(name)"
    }

    /// What one type asked for.
    final class Fields {
        let recorder: SchemaRecorder
        var properties = JSONObject()

        init(_ recorder: SchemaRecorder) { self.recorder = recorder }
    }
}

/// A type whose schema is not a list of fields.
protocol SchemaValue {
    static func schema(_ recorder: SchemaRecorder) throws -> JSONValue
}

extension String: SchemaValue { static func schema(_: SchemaRecorder) -> JSONValue { ["type": "string"] } }
extension Bool: SchemaValue { static func schema(_: SchemaRecorder) -> JSONValue { ["type": "boolean"] } }
extension Int32: SchemaValue {
    static func schema(_: SchemaRecorder) -> JSONValue { ["type": "integer", "format": "int32"] }
}
extension Int64: SchemaValue {
    static func schema(_: SchemaRecorder) -> JSONValue { ["type": "integer", "format": "int64"] }
}
extension Time: SchemaValue {
    static func schema(_: SchemaRecorder) -> JSONValue { ["type": "string", "format": "date-time"] }
}
extension MicroTime: SchemaValue {
    static func schema(_: SchemaRecorder) -> JSONValue { ["type": "string", "format": "date-time"] }
}
extension Quantity: SchemaValue {
    static func schema(_: SchemaRecorder) -> JSONValue { ["oneOf": [["type": "string"], ["type": "number"]]] }
}
extension IntOrString: SchemaValue {
    static func schema(_: SchemaRecorder) -> JSONValue {
        ["format": "int-or-string", "oneOf": [["type": "integer"], ["type": "string"]]]
    }
}
extension Base64Bytes: SchemaValue {
    static func schema(_: SchemaRecorder) -> JSONValue { ["type": "string", "format": "byte"] }
}
extension JSONValue: SchemaValue {
    static func schema(_: SchemaRecorder) -> JSONValue { ["type": "object"] }
}
extension Array: SchemaValue where Element: Decodable {
    static func schema(_ recorder: SchemaRecorder) throws -> JSONValue {
        ["type": "array", "items": try recorder.schema(of: Element.self)]
    }
}
extension Dictionary: SchemaValue where Value: Decodable {
    static func schema(_ recorder: SchemaRecorder) throws -> JSONValue {
        ["type": "object", "additionalProperties": try recorder.schema(of: Value.self)]
    }
}

/// A decoder that has nothing: every optional field is absent.
private struct RecordingDecoder: Decoder {
    let fields: SchemaRecorder.Fields
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RecordingContainer<Key>(fields: fields))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw unexpected }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw unexpected }

    private var unexpected: DecodingError { refusal("only objects have fields to record") }
}

private struct RecordingContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let fields: SchemaRecorder.Fields
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    private func record<T: Decodable>(_ type: T.Type, _ key: Key) throws {
        var schema = try fields.recorder.schema(of: type)
        if case .object(var members) = schema, members["type"] == "array" {
            // kubectl computes its patches with these: without them, it sends whole lists.
            for (name, value) in StrategicMerge.schemaExtensions(of: key.stringValue) { members[name] = value }
            schema = .object(members)
        }
        fields.properties[key.stringValue] = schema
    }

    /// Yes: the field wrappers ask for the key before they tell the type.
    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) -> Bool { true }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try record(type, key)
        return nil
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try absent(type, key) }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try absent(type, key) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try absent(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try absent(type, key) }

    private func absent<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T? {
        try record(type, key)
        return nil
    }

    // The types of this module ask for nothing that must be there.
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        throw DecodingError.keyNotFound(key, DecodingError.Context(codingPath: [], debugDescription: "required"))
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
        -> KeyedDecodingContainer<Nested>
    {
        throw DecodingError.keyNotFound(key, DecodingError.Context(codingPath: [], debugDescription: "nested"))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw DecodingError.keyNotFound(key, DecodingError.Context(codingPath: [], debugDescription: "nested"))
    }

    func superDecoder() throws -> any Decoder { RecordingDecoder(fields: fields) }
    func superDecoder(forKey key: Key) throws -> any Decoder { RecordingDecoder(fields: fields) }
}
