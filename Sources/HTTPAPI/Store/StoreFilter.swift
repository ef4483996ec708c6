import JSON
import KubernetesAPI

/// A filter as clients of containerd write it (its package pkg/filters): `FIELD`, `FIELD==VALUE`, `FIELD!=VALUE` and
/// `FIELD~=EXPRESSION`, several with commas between, which must all hold. Of several filters one has to match.
///
/// Fields are those of the JSON that is served; names with other characters stand in quotes: `labels."a.b/c"==d`.
struct StoreFilter {
    private enum Test {
        case present
        case equals(String)
        case differs(String)
        case matches(Regex<AnyRegexOutput>)
    }

    private struct Selector {
        var path: [String]
        var test: Test
    }

    private let alternatives: [[Selector]]

    /// - Parameter texts: None matches everything, as in containerd.
    init(_ texts: [String]) throws(APIError) {
        var alternatives: [[Selector]] = []
        for text in texts where !text.isEmpty {
            var scanner = FilterScanner(text)
            alternatives.append(try Self.selectors(&scanner))
        }
        self.alternatives = alternatives
    }

    func matches(_ value: JSONValue) -> Bool {
        alternatives.isEmpty || alternatives.contains { $0.allSatisfy { Self.holds($0, value) } }
    }

    private static func selectors(_ scanner: inout FilterScanner) throws(APIError) -> [Selector] {
        var selectors: [Selector] = []
        repeat {
            var path = [try scanner.field()]
            while scanner.take(".") { path.append(try scanner.field()) }
            selectors.append(Selector(path: path, test: try test(&scanner)))
        } while scanner.take(",")
        guard scanner.isAtEnd else { throw scanner.failure("expected a comma or the end") }
        return selectors
    }

    private static func test(_ scanner: inout FilterScanner) throws(APIError) -> Test {
        if scanner.take("==") { return .equals(try scanner.value()) }
        if scanner.take("!=") { return .differs(try scanner.value()) }
        guard scanner.take("~=") else { return .present }
        let text = try scanner.value()
        do {
            return .matches(try Regex(text))
        } catch {
            throw scanner.failure("\"\(text)\" is no regular expression")
        }
    }

    private static func holds(_ selector: Selector, _ value: JSONValue) -> Bool {
        var found: JSONValue? = value
        for name in selector.path { found = found?[name] }
        let text = found.flatMap { $0.isNull ? nil : $0.stringValue ?? $0.text() }
        return switch selector.test {
        case .present: text != nil
        case .equals(let wanted): text == wanted
        case .differs(let other): text != other
        case .matches(let expression): text?.contains(expression) ?? false
        }
    }
}

/// The words of a filter.
struct FilterScanner {
    private let text: String
    private var rest: Substring

    init(_ text: String) {
        self.text = text
        rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ word: String) -> Bool {
        guard rest.hasPrefix(word) else { return false }
        rest = rest.dropFirst(word.count)
        return true
    }

    mutating func field() throws(APIError) -> String {
        if rest.first == "\"" { return try quoted() }
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        guard !name.isEmpty else { throw failure("expected the name of a field") }
        rest = rest.dropFirst(name.count)
        return String(name)
    }

    mutating func value() throws(APIError) -> String {
        if rest.first == "\"" { return try quoted() }
        let word = rest.prefix { $0 != "," && !$0.isWhitespace }
        guard !word.isEmpty else { throw failure("expected a value") }
        rest = rest.dropFirst(word.count)
        return String(word)
    }

    private mutating func quoted() throws(APIError) -> String {
        rest = rest.dropFirst()
        var word = ""
        while let character = rest.popFirst() {
            if character == "\"" { return word }
            if character == "\\", let next = rest.popFirst() { word.append(next) } else { word.append(character) }
        }
        throw failure("the quotes do not end")
    }

    func failure(_ what: String) -> APIError {
        .badRequest(
            "filter \"\(text)\": \(what) at \"\(rest.prefix(20))\"; write it as in name==web,labels.\"a/b\"~=^v1"
        )
    }
}
