/// Something in a text that decoding passes over, and that a strict reader refuses.
package enum JSONIssue: Hashable, Sendable, CustomStringConvertible {
    /// The type has no such field.
    case unknownField(String)
    /// The object names the field more than once; the last value was used.
    case duplicateField(String)

    /// The field in Kubernetes' style: `spec.containers[0].env[1].foo`.
    package var path: String {
        switch self {
        case .unknownField(let path), .duplicateField(let path): path
        }
    }

    /// The sentence Kubernetes uses in its warnings and errors.
    package var description: String {
        switch self {
        case .unknownField(let path): "unknown field \"\(path)\""
        case .duplicateField(let path): "duplicate field \"\(path)\""
        }
    }
}

extension Tape {
    /// As many issues as are collected; a text with more is hopeless anyway. Kubernetes has the same limit.
    static let mostIssues = 100

    /// What the decoded type never asked for, and every repeated key, in the order of the text. Call it after decoding.
    ///
    /// Objects that no type opened key by key were taken whole or not at all: they have no unknown fields.
    func strictIssues() -> [JSONIssue] {
        var issues: [JSONIssue] = []
        collectIssues(at: 0, &issues, judging: true)
        return issues
    }

    /// Every repeated key, in the order of the text.
    func duplicateFields() -> [JSONIssue] {
        var issues: [JSONIssue] = []
        collectIssues(at: 0, &issues, judging: false)
        return issues
    }

    private func collectIssues(at index: Int, _ issues: inout [JSONIssue], judging: Bool) {
        let node = nodes[index]
        guard node.kind == .array || node.kind == .object else { return }
        let opened = judging && node.flags.contains(.opened)
        var child = index + 1
        while child < Int(node.next), issues.count < Self.mostIssues {
            let next = Int(nodes[child].next)
            if node.kind == .array {
                collectIssues(at: child, &issues, judging: judging)
            } else {
                let flags = nodes[child].flags
                if flags.contains(.repeated) { issues.append(.duplicateField(path(to: child).text)) }
                // What is below a replaced or an unknown key is not looked at.
                if !flags.contains(.shadowed) {
                    if opened, !flags.contains(.asked) {
                        issues.append(.unknownField(path(to: child).text))
                    } else {
                        collectIssues(at: child + 1, &issues, judging: judging)
                    }
                }
            }
            child = next
        }
    }
}
