/// The rules for names, labels and keys. Each gives the messages of the rules that a text breaks, in Kubernetes' words.
///
/// Source: k8s.io/apimachinery, util/validation.
package enum NameRules {
    // MARK: Names

    private static let label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

    /// A name of DNS without dots, at most 63 bytes: container, volume, namespace names.
    package static func dnsLabel(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 63 { messages.append(maxLength(63)) }
        if !isLabel(text.utf8) {
            messages.append(
                isSubdomain(text.utf8)
                    ? "must not contain dots"
                    : pattern(
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                            + "start and end with an alphanumeric character",
                        label,
                        "my-name",
                        "123-abc"
                    )
            )
        }
        return messages
    }

    /// Names of DNS joined by dots, at most 253 bytes: pod and node names.
    package static func dnsSubdomain(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 253 { messages.append(maxLength(253)) }
        if !isSubdomain(text.utf8) {
            messages.append(
                pattern(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                        + "must start and end with an alphanumeric character",
                    "\(label)(\\.\(label))*",
                    "example.com"
                )
            )
        }
        return messages
    }

    /// As ``dnsSubdomain(_:)``, with underscores: search domains.
    package static func dnsSubdomainWithUnderscore(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 253 { messages.append(maxLength(253)) }
        let underscored = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let fits = parts.allSatisfy { part in
            let rest = part.first == UInt8(ascii: "_") ? part.dropFirst() : part
            return bounded(rest, by: isLowerOrDigit, inside: { isLowerOrDigit($0) || $0 == dash || $0 == underscore })
        }
        if !fits {
            messages.append(
                pattern(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
                        + "and must start and end with an alphanumeric character",
                    "\(underscored)(\\.\(underscored))*",
                    "example.com"
                )
            )
        }
        return messages
    }

    /// The rule for a prefix of generated names: what it becomes with letters after it must be valid, so a dash may end it.
    package static func prefix(_ text: String, rule: (String) -> [String]) -> [String] {
        text.hasSuffix("-") ? rule(text.dropLast() + "a") : rule(text)
    }

    // MARK: Labels

    private static let nameCharacters = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
    private static let nameSentence =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

    /// A label's or annotation's key: a name, perhaps with a DNS prefix and a slash before it.
    package static func qualifiedName(_ text: String) -> [String] {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var messages: [String] = []
        let name: String
        switch parts.count {
        case 1: name = parts[0]
        case 2:
            name = parts[1]
            if parts[0].isEmpty {
                messages.append("prefix part must be non-empty")
            } else {
                messages += dnsSubdomain(parts[0]).map { "prefix part \($0)" }
            }
        default:
            return [
                "a qualified name " + pattern(nameSentence, nameCharacters, "MyName", "my.name", "123-abc")
                    + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        }
        if name.isEmpty {
            messages.append("name part must be non-empty")
        } else if name.utf8.count > 63 {
            messages.append("name part \(maxLength(63))")
        }
        if !isName(name.utf8) {
            messages.append("name part " + pattern(nameSentence, nameCharacters, "MyName", "my.name", "123-abc"))
        }
        return messages
    }

    /// A label's value: empty or a name of at most 63 bytes.
    package static func labelValue(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 63 { messages.append(maxLength(63)) }
        if !text.isEmpty, !isName(text.utf8) {
            messages.append(
                pattern(
                    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                        + "must start and end with an alphanumeric character",
                    "(\(nameCharacters))?",
                    "MyValue",
                    "my_value",
                    "12345"
                )
            )
        }
        return messages
    }

    // MARK: Other texts

    /// The name of a port: at most 15 lower case letters, digits and single dashes, with a letter.
    package static func portName(_ text: String) -> [String] {
        var messages: [String] = []
        let bytes = Array(text.utf8)
        if bytes.count > 15 { messages.append(maxLength(15)) }
        if bytes.isEmpty || !bytes.allSatisfy({ isLowerOrDigit($0) || $0 == dash }) {
            messages.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !bytes.contains(where: { (97...122).contains($0) }) {
            messages.append("must contain at least one letter (a-z)")
        }
        if zip(bytes, bytes.dropFirst()).contains(where: { $0 == dash && $1 == dash }) {
            messages.append("must not contain consecutive hyphens")
        }
        if bytes.first == dash || bytes.last == dash { messages.append("must not begin or end with a hyphen") }
        return messages
    }

    package static func portNumber(_ number: Int32) -> [String] {
        (1...65_535).contains(number) ? [] : [range(1, 65_535)]
    }

    /// User and group ids.
    package static func unixID(_ id: Int64) -> [String] {
        (0...0xFFFF_FFFF).contains(id) ? [] : [range(0, 0xFFFF_FFFF)]
    }

    /// The name of an environment variable: any printable ASCII but '='.
    package static func environmentName(_ text: String) -> [String] {
        guard !text.isEmpty else { return ["environment variable name must be non-empty"] }
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }) else {
            return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
        }
        return []
    }

    /// A key of a ConfigMap or a Secret.
    package static func configMapKey(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 253 { messages.append(maxLength(253)) }
        if text.isEmpty || !text.utf8.allSatisfy({ isNameByte($0) }) {
            messages.append(
                pattern(
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                    "[-._a-zA-Z0-9]+",
                    "key.name",
                    "KEY_NAME",
                    "key-name"
                )
            )
        }
        if text == "." || text == ".." {
            messages.append("must not be '\(text)'")
        } else if text.hasPrefix("..") {
            messages.append("must not start with '..'")
        }
        return messages
    }

    package static func httpHeaderName(_ text: String) -> [String] {
        guard text.isEmpty || !text.utf8.allSatisfy({ isAlphanumeric($0) || $0 == dash }) else { return [] }
        return [
            pattern(
                "a valid HTTP header must consist of alphanumeric characters or '-'",
                "[-A-Za-z0-9]+",
                "X-Header-Name"
            )
        ]
    }

    // MARK: Sentences

    static func range(_ least: Int64, _ most: Int64) -> String { "must be between \(least) and \(most), inclusive" }
    static func maxLength(_ length: Int) -> String { "must be no more than \(length) bytes" }

    private static func pattern(_ sentence: String, _ expression: String, _ examples: String...) -> String {
        // The two blanks before "or" are Kubernetes' own.
        let list = examples.map { "'\($0)', " }.joined(separator: " or ")
        return "\(sentence) (e.g. \(list)regex used for validation is '\(expression)')"
    }
}

// The characters.
private let dash = UInt8(ascii: "-")
private let underscore = UInt8(ascii: "_")

private func isLowerOrDigit(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
private func isAlphanumeric(_ byte: UInt8) -> Bool { isLowerOrDigit(byte) || (65...90).contains(byte) }
private func isNameByte(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || byte == dash || byte == underscore || byte == UInt8(ascii: ".")
}

/// Whether all bytes are of `inside`, and the first and the last of `edge`; false for no bytes.
private func bounded(_ bytes: some BidirectionalCollection<UInt8>, by edge: (UInt8) -> Bool, inside: (UInt8) -> Bool)
    -> Bool
{
    guard let first = bytes.first, let last = bytes.last else { return false }
    return edge(first) && edge(last) && bytes.allSatisfy(inside)
}

private func isLabel(_ bytes: String.UTF8View) -> Bool {
    bounded(bytes, by: isLowerOrDigit, inside: { isLowerOrDigit($0) || $0 == dash })
}

private func isSubdomain(_ bytes: String.UTF8View) -> Bool {
    bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        .allSatisfy { bounded($0, by: isLowerOrDigit, inside: { isLowerOrDigit($0) || $0 == dash }) }
}

private func isName(_ bytes: String.UTF8View) -> Bool {
    bounded(bytes, by: isAlphanumeric, inside: isNameByte)
}
