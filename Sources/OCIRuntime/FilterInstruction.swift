/// One instruction of the classic BPF, in which seccomp filters are written (`struct sock_filter`; seccomp(2)).
struct FilterInstruction: Hashable {
    static let load: UInt16 = 0x20
    static let jump: UInt16 = 0x05
    static let jumpIfEqual: UInt16 = 0x15
    static let jumpIfGreater: UInt16 = 0x25
    static let jumpIfAtLeast: UInt16 = 0x35
    static let answer: UInt16 = 0x06
    /// What `load` takes from `struct seccomp_data`: the number of the call, and its architecture.
    static let callOffset: UInt32 = 0
    static let architectureOffset: UInt32 = 4
    static let size = 8

    var code: UInt16
    var whenTrue: UInt8
    var whenFalse: UInt8
    var value: UInt32

    init(_ code: UInt16, _ value: UInt32, true whenTrue: UInt8 = 0, false whenFalse: UInt8 = 0) {
        self.code = code
        self.value = value
        self.whenTrue = whenTrue
        self.whenFalse = whenFalse
    }

    /// Reads a program; a rest that is no whole instruction is left out.
    static func list(_ bytes: [UInt8]) -> [FilterInstruction] {
        stride(from: 0, to: bytes.count - size + 1, by: size).map { at in
            let value = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + 4 + $1]) << (8 * UInt32($1)) }
            return FilterInstruction(
                UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8,
                value,
                true: bytes[at + 2],
                false: bytes[at + 3]
            )
        }
    }

    var bytes: [UInt8] {
        [UInt8(truncatingIfNeeded: code), UInt8(code >> 8), whenTrue, whenFalse]
            + (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    var isConditional: Bool { code & 7 == 5 && code != Self.jump }

    /// Where it may go on, for an instruction at `index`.
    func successors(of index: Int) -> [Int] {
        if code & 7 == Self.answer { return [] }
        if code == Self.jump { return [index + 1 + Int(value)] }
        if isConditional { return [index + 1 + Int(whenTrue), index + 1 + Int(whenFalse)] }
        return [index + 1]
    }
}
