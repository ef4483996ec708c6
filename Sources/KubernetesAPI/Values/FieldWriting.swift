import JSON

// How the fields of types that write themselves get into the text: by the same rules as in FieldCoding.swift, which the
// field's wrapper tells. For each wrapper there is one for values that write themselves, and one for all others.

extension JSONWriter {
    mutating func field<Value: ZeroValue & JSONWritable>(_ name: StaticString, _ field: OmitEmpty<Value>) throws {
        if !field.wrappedValue.isZero { try member(name, field.wrappedValue) }
    }

    mutating func field<Value: ZeroValue & Encodable>(_ name: StaticString, _ field: OmitEmpty<Value>) throws {
        if !field.wrappedValue.isZero { try member(name, field.wrappedValue) }
    }

    mutating func field<Value: ZeroValue & JSONWritable>(_ name: StaticString, _ field: Printed<Value>) throws {
        try member(name, field.wrappedValue)
    }

    mutating func field<Value: ZeroValue & Encodable>(_ name: StaticString, _ field: Printed<Value>) throws {
        try member(name, field.wrappedValue)
    }

    mutating func field<Value: JSONWritable>(_ name: StaticString, _ field: NullWhenUnset<Value>) throws {
        guard let value = field.wrappedValue else {
            key(name)
            null()
            return
        }
        try member(name, value)
    }

    mutating func field<Value: JSONWritable>(_ name: StaticString, _ field: Indirect<Value>) throws {
        if field.isSet { try member(name, field.storage[0]) }
    }

    mutating func field<Value: Encodable>(_ name: StaticString, _ field: Indirect<Value>) throws {
        if field.isSet { try member(name, field.storage[0]) }
    }

    mutating func field<Value: JSONWritable>(_ name: StaticString, _ value: Value?) throws {
        if let value { try member(name, value) }
    }
}
