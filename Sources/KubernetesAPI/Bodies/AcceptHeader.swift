/// What a client takes as an answer, and how gladly: RFC 9110, sections 12.4.2 and 12.5.1.
package struct AcceptHeader: Hashable, Sendable {
    /// One of the client's wishes.
    package struct Range: Hashable, Sendable {
        /// "application/json", "application/*" or "*/*", in lower case.
        package let type: String
        /// What stands behind it, but for the weight: "as=Table", in the order of the header, without blanks.
        package let parameters: [String]
        /// 0 to 1000; 0 is a refusal.
        package let weight: Int

        /// 2 names a type, 1 its first half, 0 anything.
        var precision: Int { type == "*/*" ? 0 : type.hasSuffix("/*") ? 1 : 2 }

        func covers(_ offered: String) -> Bool {
            switch precision {
            case 0: true
            case 1: offered.hasPrefix(type.dropLast())
            default: offered == type
            }
        }
    }

    /// The wishes, the dearest first: by weight, then the more exact ones, then in the order of the header. Refusals are
    /// not among them.
    package let preferred: [Range]
    private let ranges: [Range]

    /// - Parameter header: nil and an empty one take anything.
    package init(_ header: String?) {
        let parsed = (header ?? "").split(separator: ",").compactMap { Self.range($0) }
        ranges = parsed.isEmpty ? [Range(type: "*/*", parameters: [], weight: 1000)] : parsed
        preferred = ranges.enumerated().filter { $0.element.weight > 0 }.sorted { one, other in
            if one.element.weight != other.element.weight { return one.element.weight > other.element.weight }
            if one.element.precision != other.element.precision {
                return one.element.precision > other.element.precision
            }
            return one.offset < other.offset
        }.map(\.element)
    }

    /// How gladly the client takes a type, by the most exact of its wishes: 0 to 1000.
    package func weight(of type: String) -> Int {
        let matching = ranges.filter { $0.covers(type) }
        guard let precision = matching.map(\.precision).max() else { return 0 }
        return matching.filter { $0.precision == precision }.map(\.weight).max() ?? 0
    }

    /// The type that the client likes best; of equal ones the one that it names, and names first, then the one that is
    /// offered first. Nil if it takes none.
    package func best(of offered: [String]) -> String? {
        var best: (type: String, weight: Int, rank: Int)?
        for type in offered {
            let weight = weight(of: type)
            guard weight > 0, let rank = preferred.firstIndex(where: { $0.covers(type) }) else { continue }
            if let known = best, (known.weight, -known.rank) >= (weight, -rank) { continue }
            best = (type, weight, rank)
        }
        return best?.type
    }

    private static func range(_ text: Substring) -> Range? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { part in
            String(part.filter { $0 != " " && $0 != "\t" })
        }
        guard let type = parts.first?.lowercased(), type.contains("/") else { return nil }
        var weight = 1000
        var parameters: [String] = []
        for part in parts.dropFirst() where !part.isEmpty {
            if part.lowercased().hasPrefix("q=") {
                weight = self.weight(part.dropFirst(2))
            } else {
                parameters.append(part)
            }
        }
        return Range(type: type, parameters: parameters, weight: weight)
    }

    /// A weight in thousandths. What is none, such as "high", counts as 1, as if it were not there.
    private static func weight(_ text: Substring) -> Int {
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let digits = halves.count == 2 ? halves[1] : ""
        guard halves[0] == "0" || halves[0] == "1", digits.utf8.count <= 3,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return 1000 }
        let thousandths = Int(digits + String(repeating: "0", count: 3 - digits.utf8.count)) ?? 0
        return min(1000, (halves[0] == "1" ? 1000 : 0) + thousandths)
    }
}
