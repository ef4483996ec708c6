/// The variables of a process, as "NAME=value".
enum EnvironmentList {
    /// Of several values for one name only the last, so that what was added later wins for whoever reads the list:
    /// getenv(3) takes the first, shells the last.
    static func effective(_ list: [String]) -> [String] {
        // Sorted, not in a set, whose metadata would be made for this alone and take longer.
        let named = list.indices.map { (name: name(of: list[$0]), index: $0) }
            .sorted { $0.name == $1.name ? $0.index < $1.index : $0.name < $1.name }
        var isLast = [Bool](repeating: true, count: list.count)
        for (place, entry) in named.enumerated().dropFirst() where named[place - 1].name == entry.name {
            isLast[named[place - 1].index] = false
        }
        return list.indices.filter { isLast[$0] }.map { list[$0] }
    }

    private static func name(of text: String) -> Substring { text.prefix { $0 != "=" } }
}
