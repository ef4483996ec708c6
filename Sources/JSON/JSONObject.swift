/// An object of JSON: keys in the order of their insertion, each once.
///
/// Keys are compared by their bytes, as RFC 8259 section 8.3 advises: two spellings of `é` are two keys. Two objects are
/// equal when they hold the same pairs in any order.
package struct JSONObject: Sendable {
    /// One member, in place.
    package typealias Element = (key: String, value: JSONValue)

    private struct Member: Sendable {
        let key: String
        var value: JSONValue
    }

    private var members: [Member] = []
    /// Position of every key, kept only when a search from the front would be slow.
    private var positions: [ByteKey: Int]?
    private static let indexedFrom = 32

    package init() {}

    package init(_ pairs: some Sequence<(String, JSONValue)>) {
        for (key, value) in pairs { self[key] = value }
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    /// The keys in their order.
    package var keys: [String] { members.map(\.key) }
    package var values: [JSONValue] { members.map(\.value) }

    /// The value of a key. Setting an existing key keeps its place; setting nil removes it (JSON's null is `.null`).
    package subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    @discardableResult
    package mutating func removeValue(forKey key: String) -> JSONValue? {
        guard let position = position(of: key) else { return nil }
        let value = members[position].value
        remove(at: position)
        return value
    }

    package func contains(_ key: String) -> Bool { position(of: key) != nil }

    /// Changes the value of an existing member in place.
    mutating func update<E: Error>(_ key: String, _ body: (inout JSONValue) throws(E) -> Void) throws(E) {
        guard let position = position(of: key) else { return }
        try body(&members[position].value)
    }

    /// Adds a member whose key is known to be new.
    mutating func append(_ key: String, _ value: JSONValue) {
        positions?[ByteKey(key)] = members.count
        members.append(Member(key: key, value: value))
        if positions == nil, members.count >= Self.indexedFrom { indexKeys() }
    }

    mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    private mutating func remove(at position: Int) {
        members.remove(at: position)
        if positions != nil { indexKeys() }
    }

    private mutating func indexKeys() {
        guard members.count >= Self.indexedFrom else {
            positions = nil
            return
        }
        var index = [ByteKey: Int](minimumCapacity: members.count)
        for (position, member) in members.enumerated() { index[ByteKey(member.key)] = position }
        positions = index
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[ByteKey(key)] }
        return members.firstIndex { $0.key.hasSameBytes(as: key) }
    }
}

extension JSONObject: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { members.count }
    package subscript(position: Int) -> Element { (members[position].key, members[position].value) }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        for (position, member) in left.members.enumerated() {
            let other = right.members[position]
            // Most equal objects also have equal orders.
            if other.key.hasSameBytes(as: member.key) {
                guard other.value == member.value else { return false }
            } else {
                guard right[member.key] == member.value else { return false }
            }
        }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        var sum = 0
        for member in members {
            var one = Hasher()
            one.combine(member.key)
            one.combine(member.value)
            sum &+= one.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The last of two equal keys wins.
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}

/// A string that is equal only to the same bytes; Swift's own equality also accepts another Unicode normalisation.
struct ByteKey: Hashable {
    let text: String
    init(_ text: String) { self.text = text }
    static func == (left: ByteKey, right: ByteKey) -> Bool { left.text.hasSameBytes(as: right.text) }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension String {
    func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && self == other && utf8.elementsEqual(other.utf8)
    }
}
