/// Lists of CPUs and memory nodes as in cpuset(7): "0-3,7".
enum NumberList {
    /// More than any kernel is built for.
    private static let most: UInt32 = 8192

    /// The list as a bit mask of whole 64-bit words, lowest number first.
    static func mask(_ list: String, subject: String) throws(RuntimeError) -> [UInt8] {
        var mask: [UInt8] = []
        func refuse(_ cause: String) -> RuntimeError {
            RuntimeError(.invalid, step: "config.json", subject: subject, cause: "\"\(list.prefix(64))\" \(cause)")
        }
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = ends.map { end in number(end) }
            guard let first = numbers.first ?? nil, let last = numbers.last ?? nil, first <= last else {
                throw refuse("is no list of numbers and ranges as \"0-3,7\"")
            }
            guard last < most else { throw refuse("goes beyond \(most - 1)") }
            while mask.count <= Int(last) / 8 { mask += [UInt8](repeating: 0, count: 8) }
            for number in first...last { mask[Int(number) / 8] |= 1 << UInt8(number % 8) }
        }
        return mask
    }

    private static func number(_ text: Substring) -> UInt32? {
        let digits = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        // UInt32 would accept "+1".
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return UInt32(String(digits))
    }
}
