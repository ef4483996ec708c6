/// A type that takes its members out of an object itself, without the keyed containers of `Codable`.
///
/// For types that are read often, or once at the start of a short-lived program: `Codable` makes generic containers for
/// each type of keys at its first use, and asks them for each field through three tables of functions. Reading in the
/// order of the text is fastest. Decoders of others can read such a type too, through a keyed container.
@usableFromInline
package protocol JSONReadable: Decodable {
    /// - Throws: what `members` throws, or any error whose description says what is wrong with the value.
    init(reading members: JSONMembers) throws
}

extension JSONReadable {
    @inlinable
    package init(from decoder: any Decoder) throws { try self.init(reading: JSONMembers(decoder)) }
}
