/// A port by number or by name, or another value that may be either.
package enum IntOrString: Hashable, Sendable, Codable, ZeroValue, CustomStringConvertible {
    case int(Int32)
    case string(String)

    package static var zeroValue: IntOrString { .int(0) }

    /// The number or the name as text.
    package var description: String {
        switch self {
        case .int(let number): String(number)
        case .string(let name): name
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = .string(try container.decode(String.self))
        } catch DecodingError.typeMismatch {
            self = .int(try container.decode(Int32.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .int(let number): try container.encode(number)
        case .string(let name): try container.encode(name)
        }
    }
}

extension IntOrString: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int32) { self = .int(value) }
    package init(stringLiteral value: String) { self = .string(value) }
}
