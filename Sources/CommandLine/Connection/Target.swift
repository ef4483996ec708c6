/// The path and query of a request, put together from parts that may contain anything.
package struct Target: CustomStringConvertible {
    package private(set) var description: String

    /// - Parameter path: Segments, each encoded here: `["api", "v1", "pods"]`.
    package init(_ path: [String]) {
        description = path.map { "/" + Target.encode($0) }.joined()
    }

    /// Adds a parameter to the query; nil and empty values are left out.
    package func with(_ name: String, _ value: String?) -> Target {
        guard let value, !value.isEmpty else { return self }
        var result = self
        result.description += (description.contains("?") ? "&" : "?") + Target.encode(name) + "=" + Target.encode(value)
        return result
    }

    /// Adds a parameter to the query, also an empty one.
    func with(always name: String, _ value: String) -> Target {
        var result = self
        result.description += (description.contains("?") ? "&" : "?") + Target.encode(name) + "=" + Target.encode(value)
        return result
    }

    /// Percent encoding: all but letters, digits and "-._~" (RFC 3986, unreserved).
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
