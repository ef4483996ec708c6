/// Turns the agent's advice, which speaks of HTTP requests, into commands.
enum NextCommand {
    /// A refusal's message whose last part, if it names a request, names a command instead, or is left out.
    static func reworded(_ message: String) -> String {
        guard let cut = message.ranges(of: "; ").last else { return message }
        let sentence = String(message[..<cut.lowerBound])
        let advice = message[cut.upperBound...]
        let words = advice.split(separator: " ").map(String.init)
        let place = words.lazy.compactMap { Place($0) }.first
        switch (words.first, place) {
        case ("?dryRun=All", _): return sentence
        case ("GET", nil) where words.dropFirst().first == "/": return sentence
        case ("create", .some) where advice.hasPrefix("create it first: POST"):
            return sentence + "; create it first: `swiftlet apply -f FILE` with an object of kind Namespace"
        case ("GET", .some(let place)) where advice.hasSuffix(" lists those that are there"):
            return sentence + "; `swiftlet get \(place)` lists those that are there"
        case ("GET", .some(let place)) where advice.hasSuffix(" shows it"):
            return sentence + "; `swiftlet get \(place) -o yaml` shows it"
        case ("PUT", .some(let place)):
            return sentence + "; `swiftlet apply -f FILE` changes it, `swiftlet delete \(place)` removes it"
        default: return message
        }
    }

    /// What a path of the API is about, written as a command line has it: "pods web -n shop".
    private struct Place: CustomStringConvertible {
        var type: String
        var name: String?
        var namespace: String?

        init?(_ path: String) {
            var parts = path.split(separator: "/").map(String.init)
            guard path.hasPrefix("/api/v1/") else { return nil }
            parts.removeFirst(2)
            if parts.count > 2, parts[0] == "namespaces" {
                namespace = parts[1]
                parts.removeFirst(2)
            }
            guard let first = parts.first else { return nil }
            type = first
            name = parts.dropFirst().first
        }

        var description: String {
            let words = [type, name, namespace == "default" ? nil : namespace.map { "-n \($0)" }]
            return words.compactMap(\.self).joined(separator: " ")
        }
    }
}
