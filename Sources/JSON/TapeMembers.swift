/// The members of an object of a tape, found by their names.
@usableFromInline
struct TapeMembers {
    let tape: Tape
    let object: Int
    /// One bit for each key, by its sketch: most names that an object has not are told without a search.
    private let filter: UInt64

    init(_ tape: Tape, _ object: Int) throws {
        guard tape.nodes[object].kind == .object else { throw tape.fail(object, expected: "an object") }
        tape.nodes[object].flags.insert(.opened)
        self.tape = tape
        self.object = object
        filter = tape.filter(ofKeysIn: object)
    }

    /// The node of a member's value, nil when the object has no such member. The name counts as asked for.
    func index(of name: borrowing Span<UInt8>) -> Int? {
        let sketch = KeySketch(name)
        guard filter & sketch.bit != 0 else { return nil }
        return tape.member(name, sketch, of: object)
    }
}
