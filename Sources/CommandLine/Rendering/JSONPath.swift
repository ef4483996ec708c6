import JSON

/// A template of kubectl's `-o jsonpath=…`: text, and in braces what is to be put in its place. Pure.
///
/// Source: kubernetes.io/docs/reference/kubectl/jsonpath. Not known: `..name` and arithmetic.
struct JSONPath {
    private indirect enum Part {
        case text(String)
        case path([Step])
        case range([Step], [Part])
    }

    private enum Step {
        case member(String)
        case all
        case slice(from: Int?, to: Int?)
        case index(Int)
        case filter([Step], Comparison?)
    }

    private struct Comparison {
        let sign: String
        let value: JSONValue
    }

    private let parts: [Part]

    init(_ template: String) throws(ClientFailure) {
        var parser = Parser(template)
        do {
            parts = try parser.parts(isInRange: false)
        } catch {
            throw .usage("-o jsonpath: \(error.message) in \"\(template)\"; write something like {.metadata.name}")
        }
    }

    /// The text for an object. What is not there is left out, as with kubectl.
    func text(of value: JSONValue) -> String { Self.text(parts, value, root: value) }

    private static func text(_ parts: [Part], _ value: JSONValue, root: JSONValue) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .path(let steps): find(steps, value).map(plain).joined(separator: " ")
            case .range(let steps, let body): find(steps, value).map { text(body, $0, root: root) }.joined()
            }
        }.joined()
    }

    private static func plain(_ value: JSONValue) -> String { value.stringValue ?? value.text() }

    private static func find(_ steps: [Step], _ value: JSONValue) -> [JSONValue] {
        var found = [value]
        for step in steps { found = found.flatMap { apply(step, $0) } }
        return found
    }

    private static func apply(_ step: Step, _ value: JSONValue) -> [JSONValue] {
        switch step {
        case .member(let name): return value[name].map { [$0] } ?? []
        case .all: return value.arrayValue ?? value.objectValue?.map(\.value) ?? []
        case .index(let index):
            guard let items = value.arrayValue else { return [] }
            let place = index < 0 ? items.count + index : index
            return items.indices.contains(place) ? [items[place]] : []
        case .slice(let from, let to):
            guard let items = value.arrayValue else { return [] }
            func place(_ index: Int) -> Int { min(max(0, index < 0 ? items.count + index : index), items.count) }
            let (begin, end) = (place(from ?? 0), place(to ?? items.count))
            return begin < end ? Array(items[begin..<end]) : []
        case .filter(let steps, let comparison):
            return (value.arrayValue ?? []).filter { item in
                let found = find(steps, item)
                guard let comparison else { return !found.isEmpty }
                return found.contains { holds($0, comparison) }
            }
        }
    }

    private static func holds(_ value: JSONValue, _ comparison: Comparison) -> Bool {
        if let left = value.int64Value, let right = comparison.value.int64Value {
            return compare(left, right, comparison.sign)
        }
        return compare(plain(value), plain(comparison.value), comparison.sign)
    }

    private static func compare<Value: Comparable>(_ left: Value, _ right: Value, _ sign: String) -> Bool {
        switch sign {
        case "==": left == right
        case "!=": left != right
        case "<=": left <= right
        case ">=": left >= right
        case "<": left < right
        default: left > right
        }
    }

    // MARK: Reading

    private struct Fault: Error {
        let message: String

        init(_ message: String) { self.message = message }
    }

    private struct Parser {
        private var rest: Substring

        init(_ text: String) { rest = text[...] }

        mutating func parts(isInRange: Bool) throws(Fault) -> [Part] {
            var parts: [Part] = []
            while let character = rest.first {
                guard character == "{" else {
                    let text = rest.prefix { $0 != "{" }
                    rest = rest.dropFirst(text.count)
                    parts.append(.text(String(text)))
                    continue
                }
                rest.removeFirst()
                skipBlanks()
                if take("range ") {
                    skipBlanks()
                    let steps = try steps()
                    try close()
                    parts.append(.range(steps, try self.parts(isInRange: true)))
                } else if take("end") {
                    try close()
                    guard isInRange else { throw Fault("{end} without {range}") }
                    return parts
                } else if rest.first == "\"" || rest.first == "'" {
                    parts.append(.text(try quoted()))
                    try close()
                } else {
                    parts.append(.path(try steps()))
                    try close()
                }
            }
            if isInRange { throw Fault("{range} without {end}") }
            return parts
        }

        private mutating func steps() throws(Fault) -> [Step] {
            if rest.first == "$" || rest.first == "@" { rest.removeFirst() }
            var steps: [Step] = []
            // kubectl also takes a name without the first dot.
            if let first = rest.first, first.isLetter { steps.append(.member(try name())) }
            while let character = rest.first, character == "." || character == "[" {
                rest.removeFirst()
                if character == "[" {
                    steps.append(try bracket())
                } else if rest.first == "*" {
                    rest.removeFirst()
                    steps.append(.all)
                } else if rest.first == "[" || rest.first == "}" || rest.isEmpty {
                    continue
                } else {
                    steps.append(.member(try name()))
                }
            }
            return steps
        }

        private mutating func name() throws(Fault) -> String {
            var name = ""
            while let character = rest.first, !" .[]{}()=!<>".contains(character) {
                rest.removeFirst()
                if character == "\\" {
                    guard let escaped = rest.popFirst() else { throw Fault("a backslash at the end") }
                    name.append(escaped)
                } else {
                    name.append(character)
                }
            }
            guard !name.isEmpty else { throw Fault("a name is missing before \"\(rest.prefix(10))\"") }
            return name
        }

        private mutating func bracket() throws(Fault) -> Step {
            defer { skipBlanks() }
            if take("?(") {
                skipBlanks()
                let steps = try steps()
                skipBlanks()
                var comparison: Comparison?
                for sign in ["==", "!=", "<=", ">=", "<", ">"] where comparison == nil && take(sign) {
                    skipBlanks()
                    comparison = Comparison(sign: sign, value: try literal())
                }
                skipBlanks()
                guard take(")]") else { throw Fault("a filter does not end with )]") }
                return .filter(steps, comparison)
            }
            if rest.first == "'" || rest.first == "\"" {
                let name = try quoted()
                guard take("]") else { throw Fault("] is missing") }
                return .member(name)
            }
            let inside = rest.prefix { $0 != "]" }
            rest = rest.dropFirst(inside.count)
            guard take("]") else { throw Fault("] is missing") }
            if inside == "*" { return .all }
            let bounds = inside.split(separator: ":", omittingEmptySubsequences: false)
            let numbers = bounds.map { Int($0) }
            guard bounds.count <= 2, zip(bounds, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else {
                throw Fault("[\(inside)] is no index")
            }
            if bounds.count == 2 { return .slice(from: numbers[0], to: numbers[1]) }
            guard let index = numbers.first ?? nil else { throw Fault("[] has no index") }
            return .index(index)
        }

        private mutating func literal() throws(Fault) -> JSONValue {
            if rest.first == "'" || rest.first == "\"" { return .string(try quoted()) }
            let word = rest.prefix { $0 != ")" && $0 != " " }
            rest = rest.dropFirst(word.count)
            // What is not JSON is a word without quotation marks.
            return (try? JSONValue(parsing: String(word))) ?? .string(String(word))
        }

        private mutating func quoted() throws(Fault) -> String {
            guard let mark = rest.popFirst() else { throw Fault("a text is missing") }
            var text = ""
            while let character = rest.popFirst() {
                if character == mark { return text }
                guard character == "\\" else {
                    text.append(character)
                    continue
                }
                switch rest.popFirst() {
                case "n": text.append("\n")
                case "t": text.append("\t")
                case "r": text.append("\r")
                case .some(let other): text.append(other)
                case nil: throw Fault("a backslash at the end")
                }
            }
            throw Fault("a text does not end with \(mark)")
        }

        private mutating func close() throws(Fault) {
            skipBlanks()
            guard take("}") else { throw Fault("} is missing before \"\(rest.prefix(10))\"") }
        }

        private mutating func take(_ text: String) -> Bool {
            guard rest.hasPrefix(text) else { return false }
            rest = rest.dropFirst(text.count)
            return true
        }

        private mutating func skipBlanks() { rest = rest.drop { $0 == " " } }
    }
}
