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

    /// What the decoded type never asked for, and every repeated key that it did, in the order of the text. Call it after decoding.
    func strictIssues() -> [JSONIssue] {
        var issues: [JSONIssue] = []
        var path = JSONPath()
        collectIssues(at: 0, &path, &issues, onlyDuplicates: false)
        return issues
    }

    /// Every repeated key, in the order of the text.
    func duplicateFields() -> [JSONIssue] {
        var issues: [JSONIssue] = []
        var path = JSONPath()
        collectIssues(at: 0, &path, &issues, onlyDuplicates: true)
        return issues
    }

    private func collectIssues(at index: Int, _ path: inout JSONPath, _ issues: inout [JSONIssue], onlyDuplicates: Bool)
    {
        let node = nodes[index]
        let end = Int(node.next)
        var child = index + 1
        var position = 0
        guard node.kind == .array || node.kind == .object else { return }
        let judged = !onlyDuplicates && node.kind == .object && node.flags.contains(.opened)
        while child < end, issues.count < Self.mostIssues {
            let flags = nodes[child].flags
            if node.kind == .array {
                path.steps.append(.index(position))
                collectIssues(at: child, &path, &issues, onlyDuplicates: onlyDuplicates)
            } else {
                path.steps.append(.key(string(at: child)))
                if flags.contains(.repeated) { issues.append(.duplicateField(path.text)) }
                if judged, !flags.contains(.shadowed), !flags.contains(.asked) {
                    issues.append(.unknownField(path.text))
                } else if !flags.contains(.shadowed) {
                    collectIssues(at: child + 1, &path, &issues, onlyDuplicates: onlyDuplicates)
                }
            }
            path.steps.removeLast()
            child = Int(nodes[child].next)
            position += 1
        }
    }
}
