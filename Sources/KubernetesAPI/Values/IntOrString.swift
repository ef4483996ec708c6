package import JSON

/// A port by number or by name, or another value that may be either.
package enum IntOrString: Hashable, Sendable, Codable, JSONWritable, ZeroValue, CustomStringConvertible {
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
        switch try JSONValue(from: decoder) {
        case .string(let name): self = .string(name)
        case .number(let number):
            guard let value = number.integer(Int32.self) else {
                throw decoder.refusal("\(number) is not a whole number of 32 bits")
            }
            self = .int(value)
        case let other: throw decoder.refusal("expected a number or a string, found \(other.kind)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .int(let number): try container.encode(number)
        case .string(let name): try container.encode(name)
        }
    }

    package func write(to writer: inout JSONWriter) {
        switch self {
        case .int(let number): number.write(to: &writer)
        case .string(let name): writer.string(name)
        }
    }
}

extension IntOrString: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int32) { self = .int(value) }
    package init(stringLiteral value: String) { self = .string(value) }
}
