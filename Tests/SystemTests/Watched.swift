import JSON

/// What a watch printed.
struct Watched {
    struct Change: Equatable {
        let type: String
        let name: String
        let version: Int64
        let phase: String
    }

    let changes: [Change]

    /// - Throws: A line that is no JSON.
    init(_ text: String) throws {
        changes = try text.split(separator: "\n").map { line in
            let event = try JSONValue(parsing: String(line))
            let object = event["object"]
            return Change(
                type: event["type"]?.stringValue ?? "",
                name: object?["metadata"]?["name"]?.stringValue ?? "",
                version: object?["metadata"]?["resourceVersion"]?.stringValue.flatMap { Int64($0) } ?? 0,
                phase: object?["status"]?["phase"]?.stringValue ?? ""
            )
        }
    }

    /// A pod's phases in the order in which they were seen, repetitions left out.
    func phases(of name: String) -> [String] {
        changes.filter { $0.name == name }.map(\.phase).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}
