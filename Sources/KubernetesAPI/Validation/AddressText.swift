/// Whether a text is an IP address.
enum AddressText {
    static func isAddress(_ text: String) -> Bool { isIPv4(Substring(text)) || isIPv6(text) }

    /// Four decimal numbers below 256 without leading zeros, as Go's parser wants them.
    static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                    let number = Int(part)
                else { return false }
                return number < 256 && (part.utf8.count == 1 || part.utf8.first != 48)
            }
    }

    /// Eight groups of hexadecimal digits, one run of zero groups as "::", the last two perhaps as an IPv4 address.
    static func isIPv6(_ text: String) -> Bool {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard text.contains(":"), halves.count <= 2 else { return false }
        var groups = 0
        for (position, half) in halves.enumerated() where !half.isEmpty {
            let parts = half.split(separator: ":", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                if part.contains("."), position == halves.count - 1, index == parts.count - 1 {
                    guard isIPv4(part) else { return false }
                    groups += 2
                } else {
                    guard (1...4).contains(part.utf8.count), UInt16(part, radix: 16) != nil, part.first != "+" else {
                        return false
                    }
                    groups += 1
                }
            }
        }
        return halves.count == 2 ? groups <= 7 : groups == 8
    }
}
