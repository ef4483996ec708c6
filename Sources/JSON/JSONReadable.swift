/// A type that takes its members out of an object itself, without the keyed containers of `Codable`.
///
/// For types that are read often, or once at the start of a short-lived program: `Codable` makes generic containers for
/// each type of keys at its first use, and asks them for each field through three tables of functions. Reading in the
/// order of the text is fastest. Any decoder can read such a type; decoders of others do so by way of `JSONValue`.
@usableFromInline
package protocol JSONReadable: Decodable {
    /// - Throws: what `members` throws, or any error whose description says what is wrong with the value.
    init(reading members: JSONMembers) throws
}

extension JSONReadable {
    @inlinable
    package init(from decoder: any Decoder) throws {
        guard let node = JSONNode(decoder) else {
            self = try Self.readFromOther(decoder)
            return
        }
        try self.init(reading: try node.members())
    }

    @usableFromInline
    static func readFromOther(_ decoder: any Decoder) throws -> Self {
        try JSONCoding.decode(Self.self, from: JSONValue(from: decoder))
    }
}
