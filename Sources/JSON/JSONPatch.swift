/// Why a JSON patch is malformed or does not apply.
package struct JSONPatchError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// The patch is no array.
        case notAnArray
        case tooManyOperations(limit: Int)
        /// The operation is no object, or its `op` is none of the six.
        case unknownOperation(String)
        /// The operation lacks a member, or it has the wrong kind.
        case missingMember(String)
        /// `path` or `from` is no JSON pointer.
        case invalidPointer(String)
        /// There is nothing at the place, or nothing it could be put into.
        case notFound(String)
        /// An array index that is no number, or lies beyond the end.
        case invalidIndex(String)
        /// `test` found something else.
        case testFailed(String)
        /// `move` would put a value into itself.
        case moveIntoItself(from: String, to: String)
        /// The result would nest too deep.
        case tooDeep(limit: Int)
        /// The operations copy and move more values than a patch may.
        case tooMuchCopying(limit: Int)
    }

    package let reason: Reason
    /// Which operation, from 0; nil when the patch as a whole is wrong.
    package let operation: Int?

    package var description: String {
        guard let operation else { return "JSON patch: \(sentence)" }
        return "JSON patch: operation \(operation): \(sentence)"
    }

    /// Whether the patch is well formed and only the value is not as it expects; HTTP answers 422 then, else 400.
    package var isConflict: Bool {
        switch reason {
        case .notFound, .invalidIndex, .testFailed, .moveIntoItself, .tooDeep, .tooMuchCopying: true
        default: false
        }
    }

    private var sentence: String {
        switch reason {
        case .notAnArray: "a patch is an array of operations"
        case .tooManyOperations(let limit): "at most \(limit) operations are accepted"
        case .unknownOperation(let name): "\"\(name)\" is not one of add, remove, replace, move, copy, test"
        case .missingMember(let name): "the member \"\(name)\" is missing or has the wrong kind"
        case .invalidPointer(let text): "\"\(text)\" is not a JSON pointer"
        case .notFound(let path): "there is nothing at \"\(path)\""
        case .invalidIndex(let path): "the array index of \"\(path)\" is not a number or lies beyond the end"
        case .testFailed(let path): "the value at \"\(path)\" is not the one expected"
        case .moveIntoItself(let from, let to): "\"\(from)\" cannot be moved into itself at \"\(to)\""
        case .tooDeep(let limit): "the result would nest deeper than \(limit) levels"
        case .tooMuchCopying(let limit): "the operations copy or move more than \(limit) values"
        }
    }
}

/// A list of changes to a value (RFC 6902).
package struct JSONPatch: Hashable, Sendable {
    package enum Operation: Hashable, Sendable {
        case add(JSONPointer, JSONValue)
        case remove(JSONPointer)
        case replace(JSONPointer, JSONValue)
        case move(from: JSONPointer, to: JSONPointer)
        case copy(from: JSONPointer, to: JSONPointer)
        case test(JSONPointer, JSONValue)
    }

    /// As many operations as Kubernetes accepts.
    package static let mostOperations = 10_000
    /// `copy` can double a value with every operation: this bounds what all of them handle.
    package static let mostCopiedValues = 500_000

    package let operations: [Operation]

    package init(_ operations: [Operation]) { self.operations = operations }

    /// Reads a patch; members that RFC 6902 does not define are passed over, as it demands.
    package init(_ value: JSONValue) throws(JSONPatchError) {
        guard let list = value.arrayValue else { throw JSONPatchError(reason: .notAnArray, operation: nil) }
        guard list.count <= Self.mostOperations else {
            throw JSONPatchError(reason: .tooManyOperations(limit: Self.mostOperations), operation: nil)
        }
        var operations: [Operation] = []
        operations.reserveCapacity(list.count)
        for (position, entry) in list.enumerated() { operations.append(try Self.operation(entry, position)) }
        self.operations = operations
    }

    private static func operation(_ entry: JSONValue, _ position: Int) throws(JSONPatchError) -> Operation {
        func pointer(_ name: String) throws(JSONPatchError) -> JSONPointer {
            guard let text = entry[name]?.stringValue else {
                throw JSONPatchError(reason: .missingMember(name), operation: position)
            }
            guard let pointer = JSONPointer(text) else {
                throw JSONPatchError(reason: .invalidPointer(text), operation: position)
            }
            return pointer
        }
        func value() throws(JSONPatchError) -> JSONValue {
            guard let value = entry["value"] else {
                throw JSONPatchError(reason: .missingMember("value"), operation: position)
            }
            return value
        }
        guard let name = entry["op"]?.stringValue else {
            throw JSONPatchError(reason: .missingMember("op"), operation: position)
        }
        switch name {
        case "add": return .add(try pointer("path"), try value())
        case "remove": return .remove(try pointer("path"))
        case "replace": return .replace(try pointer("path"), try value())
        case "move": return .move(from: try pointer("from"), to: try pointer("path"))
        case "copy": return .copy(from: try pointer("from"), to: try pointer("path"))
        case "test": return .test(try pointer("path"), try value())
        default: throw JSONPatchError(reason: .unknownOperation(name), operation: position)
        }
    }

    /// The value after all operations; when one does not apply, none does.
    package func applied(to value: JSONValue, maxDepth: Int = 100) throws(JSONPatchError) -> JSONValue {
        var application = Application(value: value, maxDepth: maxDepth)
        for (position, operation) in operations.enumerated() {
            do {
                try application.apply(operation)
            } catch {
                throw JSONPatchError(reason: error.reason, operation: position)
            }
        }
        return application.value
    }
}

/// A patch on its way through a value.
private struct Application {
    struct Failure: Error { let reason: JSONPatchError.Reason }

    var value: JSONValue
    let maxDepth: Int
    var budget = JSONPatch.mostCopiedValues

    mutating func apply(_ operation: JSONPatch.Operation) throws(Failure) {
        switch operation {
        case .add(let path, let new): try add(new, at: path)
        case .remove(let path): _ = try remove(at: path)
        case .replace(let path, let new):
            _ = try existing(path)
            try checkDepth(of: new, at: path)
            try change(path) { _ in new }
        case .move(let from, let to):
            if to == from {
                _ = try existing(from)
                return
            }
            guard !to.isInside(from) else {
                throw Failure(reason: .moveIntoItself(from: from.description, to: to.description))
            }
            let moved = try remove(at: from)
            try spend(on: moved)
            try add(moved, at: to)
        case .copy(let from, let to):
            let copied = try existing(from)
            try spend(on: copied)
            try add(copied, at: to)
        case .test(let path, let expected):
            guard try existing(path) == expected else { throw Failure(reason: .testFailed(path.description)) }
        }
    }

    private func existing(_ path: JSONPointer) throws(Failure) -> JSONValue {
        guard let found = value[path] else { throw Failure(reason: .notFound(path.description)) }
        return found
    }

    private mutating func spend(on copied: JSONValue) throws(Failure) {
        copied.count(&budget)
        guard budget > 0 else { throw Failure(reason: .tooMuchCopying(limit: JSONPatch.mostCopiedValues)) }
    }

    private func checkDepth(of new: JSONValue, at path: JSONPointer) throws(Failure) {
        guard path.tokens.count + new.depth <= maxDepth else { throw Failure(reason: .tooDeep(limit: maxDepth)) }
    }

    private mutating func add(_ new: JSONValue, at path: JSONPointer) throws(Failure) {
        try checkDepth(of: new, at: path)
        guard let last = path.tokens.last else {
            value = new
            return
        }
        try change(JSONPointer(tokens: path.tokens.dropLast())) { (container) throws(Failure) in
            switch container {
            case .object(var object):
                object[last] = new
                return .object(object)
            case .array(var elements):
                let index = last == "-" ? elements.count : JSONPointer.index(last)
                guard let index, index <= elements.count else {
                    throw Failure(reason: .invalidIndex(path.description))
                }
                elements.insert(new, at: index)
                return .array(elements)
            default: throw Failure(reason: .notFound(path.description))
            }
        }
    }

    private mutating func remove(at path: JSONPointer) throws(Failure) -> JSONValue {
        let removed = try existing(path)
        guard let last = path.tokens.last else {
            value = .null
            return removed
        }
        try change(JSONPointer(tokens: path.tokens.dropLast())) { (container) throws(Failure) in
            switch container {
            case .object(var object):
                object[last] = nil
                return .object(object)
            case .array(var elements):
                // The element exists, so its index is one.
                guard let index = JSONPointer.index(last) else {
                    throw Failure(reason: .invalidIndex(path.description))
                }
                elements.remove(at: index)
                return .array(elements)
            default: throw Failure(reason: .notFound(path.description))
            }
        }
        return removed
    }

    private mutating func change(
        _ path: JSONPointer,
        _ body: (consuming JSONValue) throws(Failure) -> JSONValue
    ) throws(Failure) {
        try value.change(path.tokens[...], path, body)
    }
}

extension JSONValue {
    /// How many levels of arrays and objects this value has.
    var depth: Int {
        switch self {
        case .array(let elements): 1 + elements.reduce(0) { max($0, $1.depth) }
        case .object(let object): 1 + object.reduce(0) { max($0, $1.value.depth) }
        default: 0
        }
    }

    /// Takes the number of values in this one off a budget, and stops when it is used up.
    fileprivate func count(_ budget: inout Int) {
        budget -= 1
        guard budget > 0 else { return }
        switch self {
        case .array(let elements): for element in elements where budget > 0 { element.count(&budget) }
        case .object(let object): for member in object where budget > 0 { member.value.count(&budget) }
        default: break
        }
    }

    fileprivate mutating func change(
        _ tokens: ArraySlice<String>,
        _ path: JSONPointer,
        _ body: (consuming JSONValue) throws(Application.Failure) -> JSONValue
    ) throws(Application.Failure) {
        guard let token = tokens.first else {
            self = try body(self)
            return
        }
        switch self {
        case .object(var object):
            guard object.contains(token) else { throw Application.Failure(reason: .notFound(path.description)) }
            self = .null
            try object.update(token) { (member) throws(Application.Failure) in
                try member.change(tokens.dropFirst(), path, body)
            }
            self = .object(object)
        case .array(var elements):
            guard let index = JSONPointer.index(token), index < elements.count else {
                throw Application.Failure(reason: .notFound(path.description))
            }
            self = .null
            try elements[index].change(tokens.dropFirst(), path, body)
            self = .array(elements)
        default: throw Application.Failure(reason: .notFound(path.description))
        }
    }
}
