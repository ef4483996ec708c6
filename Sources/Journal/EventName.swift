/// The name of a type of event in the journal: lower case, the thing and what happened to it with a dot between, as
/// people query for it: `journalctl SWIFTLET_EVENT=container.exited`.
package enum EventName {
    /// Those that do not follow the rule.
    private static let exceptions = [
        "ApiRequest": "api.request", "AccessDenied": "auth.denied", "ContainerBackedOff": "container.backoff",
        "ImagePullBackedOff": "image.pull_backoff", "ReconcileStepPlanned": "reconcile.step_planned",
    ]

    /// "container.kill_requested" for "ContainerKillRequested": the first word is the thing.
    package static func dotted(_ type: String) -> String {
        if let exception = exceptions[type] { return exception }
        var words: [String] = []
        for character in type {
            if character.isUppercase || words.isEmpty { words.append("") }
            words[words.count - 1] += character.lowercased()
        }
        guard let thing = words.first, words.count > 1 else { return type.lowercased() }
        return thing + "." + words.dropFirst().joined(separator: "_")
    }
}
