package import JSON

/// A time of the API: RFC 3339, UTC, whole seconds ("2026-01-31T12:00:00Z").
package struct Time: Hashable, Sendable, Comparable, Codable, JSONWritable, CustomStringConvertible {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    package var secondsSince1970: Int64

    package init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }

    /// Cuts off what is finer than a second (towards the past).
    package init(microsecondsSince1970: Int64) {
        secondsSince1970 = microsecondsSince1970.flooredDivision(by: 1_000_000).quotient
    }

    /// Reads RFC 3339 with or without a fraction and with any offset; nil if `text` is something else.
    package init?(parsing text: String) {
        guard let microseconds = CivilTime.microseconds(parsing: text) else { return nil }
        self.init(microsecondsSince1970: microseconds)
    }

    /// Microseconds since 1970.
    package var microsecondsSince1970: Int64 { secondsSince1970 * 1_000_000 }

    package var description: String { CivilTime(secondsSince1970: secondsSince1970).text() }

    package static func < (left: Time, right: Time) -> Bool { left.secondsSince1970 < right.secondsSince1970 }

    package init(from decoder: any Decoder) throws {
        self.init(microsecondsSince1970: try decodeTime(decoder))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package func write(to writer: inout JSONWriter) { writer.string(description) }
}

/// A time of the API with six digits of a second ("2026-01-31T12:00:00.123456Z").
package struct MicroTime: Hashable, Sendable, Comparable, Codable, JSONWritable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var microsecondsSince1970: Int64

    package init(microsecondsSince1970: Int64) { self.microsecondsSince1970 = microsecondsSince1970 }

    /// Reads RFC 3339 with or without a fraction and with any offset; nil if `text` is something else.
    package init?(parsing text: String) {
        guard let microseconds = CivilTime.microseconds(parsing: text) else { return nil }
        self.init(microsecondsSince1970: microseconds)
    }

    package var description: String {
        let (seconds, micros) = microsecondsSince1970.flooredDivision(by: 1_000_000)
        return CivilTime(secondsSince1970: seconds).text(".\(padded(micros, 6))Z")
    }

    package static func < (left: MicroTime, right: MicroTime) -> Bool {
        left.microsecondsSince1970 < right.microsecondsSince1970
    }

    package init(from decoder: any Decoder) throws {
        self.init(microsecondsSince1970: try decodeTime(decoder))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package func write(to writer: inout JSONWriter) { writer.string(description) }
}

/// Microseconds since 1970 of a text in RFC 3339.
private func decodeTime(_ decoder: any Decoder) throws -> Int64 {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let microseconds = CivilTime.microseconds(parsing: text) else {
        throw decoder.refusal("\"\(text)\" is not a time; write it as in 2026-01-31T12:00:00Z (RFC 3339)")
    }
    return microseconds
}
