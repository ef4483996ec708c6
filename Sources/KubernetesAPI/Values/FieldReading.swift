import JSON

// How the types of which a pod has several read themselves: `field` for what has a zero value, `optional` for the others.

extension JSONMembers {
    /// A field that takes its zero value when the text does not mention it or says null.
    func field<Value: ZeroValue & Decodable>(_ name: StaticString, as type: Value.Type = Value.self) throws -> Value {
        try optional(name, as: type) ?? .zeroValue
    }

    func field<Element: Equatable & Decodable>(
        _ name: StaticString,
        as type: [Element].Type = [Element].self
    ) throws -> [Element] {
        try optional(name, as: type) ?? []
    }

    func field<Value: Equatable & Decodable>(
        _ name: StaticString,
        as type: [String: Value].Type = [String: Value].self
    ) throws -> [String: Value] {
        try optional(name, as: type) ?? [:]
    }
}
