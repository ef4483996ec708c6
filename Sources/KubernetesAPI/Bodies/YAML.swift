package import JSON
import Yams

/// Why a text is not YAML that means JSON. The description is one sentence with the place.
package struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    /// From 1; nil where no place is known.
    package let line: Int?
    package let column: Int?

    init(_ message: String, line: Int? = nil, column: Int? = nil) {
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String {
        guard let line else { return "yaml: \(message)" }
        return "yaml: line \(line)\(column.map { ", column \($0)" } ?? ""): \(message)"
    }
}

/// YAML to JSON values and back. The only file that knows the parser.
package enum YAML {
    /// What aliases may expand to, in nodes. A pod has a few hundred.
    static let mostNodes = 1_000_000
    /// How deep a document may nest, as for JSON.
    static let mostLevels = 100

    /// All documents of a text. A text of blanks and comments has none; an empty document between two others is null.
    ///
    /// Plain scalars mean what they mean to Kubernetes (YAML 1.1): yes, no, on and off are booleans, 0644 is octal, dates
    /// are strings. Keys become strings. Merge keys (<<) are followed. Duplicate keys are errors.
    package static func decode(_ bytes: [UInt8]) throws(YAMLError) -> [JSONValue] {
        // A byte order mark is no part of the text (YAML 1.2, section 5.2).
        let unmarked = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: unmarked, as: UTF8.self) else {
            throw YAMLError("the text is not valid UTF-8")
        }
        try YAMLComplexity.check(text)
        do {
            // Without rules of its own: scalars are resolved here, in the way of Kubernetes.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            var documents: [JSONValue] = []
            while let root = try parser.nextRoot() {
                var conversion = Conversion()
                documents.append(try conversion.value(of: root, level: 1))
            }
            return documents
        } catch let error as YAMLError {
            throw error
        } catch let error as YamlError {
            throw YAMLError(error)
        } catch {
            throw YAMLError("\(error)")
        }
    }

    /// Turns the parser's nodes into JSON values, counting them.
    private struct Conversion {
        var nodes = 0

        mutating func value(of node: Yams.Node, level: Int) throws(YAMLError) -> JSONValue {
            nodes += 1
            guard nodes <= YAML.mostNodes else {
                throw YAMLError("document contains excessive aliasing", node.mark)
            }
            guard level <= YAML.mostLevels + 1 else {
                throw YAMLError("mappings and sequences nest deeper than \(YAML.mostLevels) levels", node.mark)
            }
            switch node {
            case .scalar(let scalar): return try value(of: scalar)
            case .sequence(let sequence):
                var elements: [JSONValue] = []
                elements.reserveCapacity(sequence.count)
                for element in sequence { elements.append(try value(of: element, level: level + 1)) }
                return .array(elements)
            case .mapping(let mapping): return .object(try object(of: mapping, level: level))
            case .alias(let alias): throw YAMLError("found undefined alias", alias.mark)
            }
        }

        private func value(of scalar: Yams.Node.Scalar) throws(YAMLError) -> JSONValue {
            let tag = scalar.tag.description
            if scalar.style == .plain, tag.isEmpty {
                return try YAMLScalar.value(of: scalar.string, scalar.mark)
            }
            switch tag {
            case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
                return try YAMLScalar.value(of: scalar.string, scalar.mark)
            default: return .string(scalar.string)
            }
        }

        private mutating func object(of mapping: Yams.Node.Mapping, level: Int) throws(YAMLError) -> JSONObject {
            var object = JSONObject()
            var merged = JSONObject()
            for (key, node) in mapping {
                let name = try keyText(key)
                let value = try self.value(of: node, level: level + 1)
                if name == "<<", key.scalar?.style == .plain {
                    try merge(value, into: &merged, node.mark)
                    continue
                }
                guard object[name] == nil else {
                    throw YAMLError("key \"\(name)\" already set in map", key.mark)
                }
                object[name] = value
            }
            for (name, value) in merged where object[name] == nil { object[name] = value }
            return object
        }

        /// Earlier sources of a merge win over later ones.
        private func merge(_ value: JSONValue, into merged: inout JSONObject, _ mark: Mark?) throws(YAMLError) {
            switch value {
            case .object(let source): for (name, value) in source where merged[name] == nil { merged[name] = value }
            case .array(let sources):
                for source in sources {
                    guard case .object = source else {
                        throw YAMLError("map merge requires map or sequence of maps as the value", mark)
                    }
                    try merge(source, into: &merged, mark)
                }
            default: throw YAMLError("map merge requires map or sequence of maps as the value", mark)
            }
        }

        private func keyText(_ node: Yams.Node) throws(YAMLError) -> String {
            guard let scalar = node.scalar else {
                throw YAMLError("a key must be a string, not a mapping or a sequence", node.mark)
            }
            guard scalar.style == .plain else { return scalar.string }
            switch try YAMLScalar.value(of: scalar.string, scalar.mark) {
            case .bool(let value): return value ? "true" : "false"
            case .number(let number): return number.literal
            case .null: return "null"
            default: return scalar.string
            }
        }
    }
}

extension YAMLError {
    fileprivate init(_ message: String, _ mark: Mark?) {
        self.init(message, line: mark?.line, column: mark?.column)
    }

    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            self.init((context.map { "\($0.text): " } ?? "") + problem, mark)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
            self.init("key \(keys) already set in map", context.mark)
        case .reader(let problem, _, _, _): self.init(problem)
        case .memory: self.init("out of memory")
        default: self.init("\(error)")
        }
    }
}

extension YAMLScalar {
    fileprivate static func value(of text: String, _ mark: Mark?) throws(YAMLError) -> JSONValue {
        guard let value = value(of: text) else {
            throw YAMLError("\"\(text)\" has no meaning in JSON; put it in quotes", mark)
        }
        return value
    }
}
