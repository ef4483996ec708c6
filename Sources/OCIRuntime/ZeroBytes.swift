import JSON

/// A zero byte ends a text for the kernel: a path would be another one, and an option would lose what follows.
package enum ZeroBytes {
    /// Refuses a configuration with one in any text that may reach the kernel.
    ///
    /// - Parameters:
    ///   - bytes: JSON that has been read already.
    ///   - file: Where it is from.
    /// - Throws: `.invalid` with the name of the field.
    package static func refuse(in bytes: [UInt8], of file: String) throws(RuntimeError) {
        // Written as an escape or not at all; nearly no configuration has one, and nothing is taken apart then.
        guard hasEscape(bytes), let value = try? JSONValue(parsing: bytes) else { return }  // read before
        guard let field = first(value, "") else { return }
        throw RuntimeError(.invalid, step: "parse", subject: file, cause: "\(field) contains a zero byte")
    }

    private static let escape = Array(#"\u0000"#.utf8)

    private static func hasEscape(_ bytes: [UInt8]) -> Bool {
        var index = 0
        while let start = bytes[index...].firstIndex(of: escape[0]) {
            if bytes[start...].starts(with: escape) { return true }
            index = start + 1
        }
        return false
    }

    /// The first field with a zero byte in its name or value, as "mounts[0].source". Annotations are for people.
    private static func first(_ value: JSONValue, _ path: String) -> String? {
        switch value {
        case .string(let text): return text.utf8.contains(0) ? path : nil
        case .array(let values):
            for (index, value) in values.enumerated() {
                if let field = first(value, "\(path)[\(index)]") { return field }
            }
        case .object(let object):
            for (key, value) in object {
                let field = path.isEmpty ? key : "\(path).\(key)"
                if field == "annotations" { continue }
                if key.utf8.contains(0) { return field }
                if let field = first(value, field) { return field }
            }
        case .null, .bool, .number: break
        }
        return nil
    }
}
