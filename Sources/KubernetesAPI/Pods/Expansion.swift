/// The expansion of $(VARIABLE) in commands, arguments and environment values.
///
/// "$$" is a dollar sign, "$(NAME)" the value of a variable that exists; everything else stays as it is, also "$(NAME)"
/// for a variable that does not exist. Source: k8s.io/kubernetes, third_party/forked/golang/expansion.
package enum Expansion {
    package static func expand(_ text: String, variables: [String: String]) -> String {
        expand(text) { variables[$0] }
    }

    /// As ``expand(_:variables:)`` with a function, so that later variables can refer to earlier ones.
    package static func expand(_ text: String, value: (String) -> String?) -> String {
        guard text.utf8.contains(dollar) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard bytes[position] == dollar, position + 1 < bytes.count else {
                result.append(bytes[position])
                position += 1
                continue
            }
            switch bytes[position + 1] {
            case dollar:
                result.append(dollar)
                position += 2
            case UInt8(ascii: "("):
                guard let end = bytes[(position + 2)...].firstIndex(of: UInt8(ascii: ")")) else {
                    result += [dollar, UInt8(ascii: "(")]
                    position += 2
                    continue
                }
                let name = String(decoding: bytes[(position + 2)..<end], as: UTF8.self)
                result += value(name).map { Array($0.utf8) } ?? Array(bytes[position...end])
                position = end + 1
            default:
                result += bytes[position...(position + 1)]
                position += 2
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let dollar = UInt8(ascii: "$")
}
