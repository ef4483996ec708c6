/// The variables of a process, as "NAME=value".
enum EnvironmentList {
    /// Of several values for one name only the last, so that what was added later wins for whoever reads the list:
    /// getenv(3) takes the first, shells the last.
    static func effective(_ list: [String]) -> [String] {
        var seen: Set<Substring> = []
        let kept = list.reversed().filter { seen.insert(name(of: $0)).inserted }
        return kept.reversed()
    }

    private static func name(of text: String) -> Substring { text.prefix { $0 != "=" } }
}
