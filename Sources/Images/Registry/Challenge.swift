/// What a registry asks for with `WWW-Authenticate` (RFC 9110 section 11; distribution's token specification). Pure.
enum Challenge: Equatable {
    case basic
    /// A token from `realm`, for a service and a scope.
    case bearer(realm: String, service: String?, scope: String?)

    /// Picks the strongest challenge that we can answer from the values of the header.
    static func parse(_ values: [String]) -> Challenge? {
        var found: Challenge?
        for value in values {
            for (scheme, parameters) in schemes(value) {
                switch scheme.lowercased() {
                case "bearer":
                    guard let realm = parameters["realm"], !realm.isEmpty else { continue }
                    return .bearer(realm: realm, service: parameters["service"], scope: parameters["scope"])
                case "basic": found = .basic
                default: continue
                }
            }
        }
        return found
    }

    /// Splits "Bearer a="1",b=2, Basic realm="x"" into schemes and their parameters.
    private static func schemes(_ text: String) -> [(String, [String: String])] {
        var result: [(String, [String: String])] = []
        var rest = Array(text.utf8)[...]
        func skip(_ bytes: [UInt8]) { while let byte = rest.first, bytes.contains(byte) { rest = rest.dropFirst() } }
        func token() -> String {
            let word = rest.prefix { ![0x20, 0x09, 0x2C, 0x3D, 0x22].contains($0) }
            rest = rest.dropFirst(word.count)
            return String(decoding: word, as: UTF8.self)
        }
        while true {
            skip([0x20, 0x09, 0x2C])
            let word = token()
            if word.isEmpty { return result }
            let afterWord = rest
            skip([0x20, 0x09])
            guard rest.first == 0x3D, !result.isEmpty else {
                rest = afterWord
                result.append((word, [:]))
                continue
            }
            rest = rest.dropFirst()
            skip([0x20, 0x09])
            result[result.count - 1].1[word.lowercased()] = rest.first == 0x22 ? quoted(&rest) : token()
        }
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> String {
        rest = rest.dropFirst()
        var text: [UInt8] = []
        while let byte = rest.popFirst(), byte != 0x22 {
            if byte == 0x5C, let next = rest.popFirst() { text.append(next) } else { text.append(byte) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Text inside a URL.
enum URLText {
    /// Escapes everything but letters, digits and "-._~" (RFC 3986, unreserved).
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(byte)
            default: result += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
