import CSeccomp
import OCI

/// What comes before a filter: system calls that are younger than the profile do not exist for the program.
///
/// A profile's default action is meant for calls that its author knew and did not want. A C library that tries a new call
/// first and falls back on ENOSYS breaks on any other answer, so calls beyond the last one that the profile names get
/// ENOSYS, as under runc. It is a refusal too: nothing becomes possible by it.
enum UnknownCalls {
    private static let noSuchCall: UInt32 = 38
    /// Calls of the x32 ABI carry this bit and the architecture of x86_64.
    private static let x32Bit: UInt32 = 0x4000_0000
    private static let x86_64: UInt32 = 0xC000_003E

    /// Instructions to run before the program, which may be none.
    static func prefix(_ profile: RuntimeSpec.Seccomp) throws(RuntimeError) -> [FilterInstruction] {
        switch profile.defaultAction {
        case .allow, .log, .trace, .notify: return []
        default: break
        }
        if profile.defaultAction == .errno, profile.defaultErrnoRet == noSuchCall { return [] }
        let names = Set((profile.syscalls ?? []).flatMap(\.names))
        var tokens = [seccomp_arch_native()]
        for name in profile.architectures ?? [] {
            let token = try SeccompCompiler.architecture(name)
            if !tokens.contains(token) { tokens.append(token) }
        }
        let limits = tokens.compactMap { token in last(names, token).map { (token, $0) } }
        return program(limits)
    }

    /// The highest number that the names have on an architecture.
    private static func last(_ names: Set<String>, _ token: UInt32) -> UInt32? {
        let numbers = names.map { unsafe seccomp_syscall_resolve_name_arch(token, $0) }
        // Calls that an architecture lacks have negative numbers; x32 has a bit that other architectures do not.
        return numbers.filter { $0 >= 0 }.map { UInt32($0) & ~x32Bit }.max()
    }

    /// For each architecture: load its number, compare, and answer ENOSYS beyond the limit.
    static func program(_ limits: [(architecture: UInt32, last: UInt32)]) -> [FilterInstruction] {
        typealias I = FilterInstruction
        var blocks: [[I]] = []
        for limit in limits where limit.architecture != 0x4000_003E {
            // Only the x86_64 ABI is judged here; calls of x32 go on to the profile.
            let x32 = limit.architecture == x86_64 ? [I(I.jumpIfAtLeast, x32Bit, true: 2)] : []
            let body =
                [I(I.load, I.callOffset)] + x32 + [
                    I(I.jumpIfGreater, limit.last, false: 1),
                    I(I.answer, 0x0005_0000 | noSuchCall),
                    I(I.jump, 0),  // to the end, filled in below
                ]
            blocks.append([I(I.jumpIfEqual, limit.architecture, false: UInt8(body.count))] + body)
        }
        guard !blocks.isEmpty else { return [] }
        var instructions = [I(I.load, I.architectureOffset)] + blocks.flatMap { $0 }
        for index in instructions.indices where instructions[index].code == I.jump {
            instructions[index].value = UInt32(instructions.count - index - 1)
        }
        return instructions
    }
}
