/// A label selector as a query writes it: `app=web,tier in (a,b),!old`. All requirements must hold.
package struct LabelQuery: Hashable, Sendable {
    /// One condition on one label.
    package enum Requirement: Hashable, Sendable {
        case exists(String)
        case doesNotExist(String)
        case isIn(String, Set<String>)
        /// Also holds for objects without the label.
        case isNotIn(String, Set<String>)
        case greaterThan(String, Int64)
        case lessThan(String, Int64)
    }

    package var requirements: [Requirement]

    package init(requirements: [Requirement] = []) { self.requirements = requirements }

    /// Selects everything.
    package static let everything = LabelQuery()

    package func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): labels[key] != nil
            case .doesNotExist(let key): labels[key] == nil
            case .isIn(let key, let values): labels[key].map(values.contains) ?? false
            case .isNotIn(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .greaterThan(let key, let bound): labels[key].flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .lessThan(let key, let bound): labels[key].flatMap { Int64($0) }.map { $0 < bound } ?? false
            }
        }
    }

    /// Reads the value of a `labelSelector` parameter; nil and blanks select everything.
    package static func parse(_ text: String?) throws(APIError) -> LabelQuery {
        var parser = Parser(text: text ?? "")
        do {
            return LabelQuery(requirements: try parser.requirements())
        } catch {
            throw .badRequest("unable to parse requirement: \(error.message)")
        }
    }
}

extension LabelSelector {
    /// Whether an object with these labels is selected. A selector of an unknown operator selects nothing.
    package func matches(_ labels: [String: String]) -> Bool {
        matchLabels.allSatisfy { labels[$0.key] == $0.value }
            && matchExpressions.allSatisfy { requirement in
                let value = labels[requirement.key]
                return switch requirement.operator {
                case "In": value.map(requirement.values.contains) ?? false
                case "NotIn": value.map { !requirement.values.contains($0) } ?? true
                case "Exists": value != nil
                case "DoesNotExist": value == nil
                default: false
                }
            }
    }
}

private struct SelectorError: Error {
    let message: String
}

/// Recursive descent over identifiers and the signs ! = == != ( ) , < >.
private struct Parser {
    private enum Token: Equatable {
        case identifier(String)
        case sign(String)
        case end

        var text: String {
            switch self {
            case .identifier(let text), .sign(let text): text
            case .end: ""
            }
        }
    }

    private var tokens: [Token] = []
    private var position = 0

    init(text: String) {
        var identifier = ""
        var rest = Substring(text)
        func flush(_ tokens: inout [Token]) {
            if !identifier.isEmpty { tokens.append(.identifier(identifier)) }
            identifier = ""
        }
        while let character = rest.first {
            if let sign = ["==", "!=", "=", "!", "(", ")", ",", "<", ">"].first(where: { rest.hasPrefix($0) }) {
                flush(&tokens)
                tokens.append(.sign(sign))
                rest = rest.dropFirst(sign.count)
                continue
            }
            if character.isWhitespace { flush(&tokens) } else { identifier.append(character) }
            rest = rest.dropFirst()
        }
        flush(&tokens)
    }

    private var token: Token { position < tokens.count ? tokens[position] : .end }
    private mutating func advance() { position += 1 }

    private func unexpected(_ expected: String) -> SelectorError {
        SelectorError(message: "found '\(token.text)', expected: \(expected)")
    }

    mutating func requirements() throws(SelectorError) -> [LabelQuery.Requirement] {
        var found: [LabelQuery.Requirement] = []
        guard token != .end else { return [] }
        while true {
            found.append(try requirement())
            guard token != .end else { return found }
            guard token == .sign(",") else { throw unexpected("',' or 'end of string'") }
            advance()
            guard token != .end else { throw unexpected("identifier after ','") }
        }
    }

    private mutating func requirement() throws(SelectorError) -> LabelQuery.Requirement {
        if token == .sign("!") {
            advance()
            return .doesNotExist(try key())
        }
        let key = try key()
        switch token {
        case .end, .sign(","): return .exists(key)
        case .sign("="), .sign("=="):
            advance()
            return .isIn(key, [try value(key)])
        case .sign("!="):
            advance()
            return .isNotIn(key, [try value(key)])
        case .sign(">"):
            advance()
            return .greaterThan(key, try number(key))
        case .sign("<"):
            advance()
            return .lessThan(key, try number(key))
        case .identifier("in"):
            advance()
            return .isIn(key, try values(key))
        case .identifier("notin"):
            advance()
            return .isNotIn(key, try values(key))
        default: throw unexpected("in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func key() throws(SelectorError) -> String {
        guard case .identifier(let key) = token else { throw unexpected("!, identifier, or 'end of string'") }
        advance()
        if let message = NameRules.qualifiedName(key).first {
            throw SelectorError(message: "key: Invalid value: \(FieldError.quoted(key)): \(message)")
        }
        return key
    }

    private mutating func value(_ key: String) throws(SelectorError) -> String {
        guard case .identifier(let value) = token else {
            guard token == .end || token == .sign(",") else { throw unexpected("identifier") }
            return ""
        }
        advance()
        return try checked(value, key)
    }

    private mutating func number(_ key: String) throws(SelectorError) -> Int64 {
        let text = try value(key)
        guard let number = Int64(text) else {
            throw SelectorError(
                message:
                    "values[0][\(key)]: Invalid value: \(FieldError.quoted(text)): for 'Gt', 'Lt' operators, the value "
                    + "must be an integer"
            )
        }
        return number
    }

    /// A list in parentheses; nothing between commas is the empty value.
    private mutating func values(_ key: String) throws(SelectorError) -> Set<String> {
        guard token == .sign("(") else { throw unexpected("'('") }
        advance()
        var values: Set<String> = []
        while true {
            if case .identifier(let value) = token {
                advance()
                values.insert(try checked(value, key))
            } else {
                values.insert("")
            }
            switch token {
            case .sign(")"):
                advance()
                return values
            case .sign(","): advance()
            default: throw unexpected("',' or ')'")
            }
        }
    }

    private func checked(_ value: String, _ key: String) throws(SelectorError) -> String {
        if let message = NameRules.labelValue(value).first {
            throw SelectorError(message: "values[0][\(key)]: Invalid value: \(FieldError.quoted(value)): \(message)")
        }
        return value
    }
}
