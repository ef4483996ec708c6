import CLinux
package import Linux

/// The device rules as a program for a version 2 cgroup (BPF_PROG_TYPE_CGROUP_DEVICE).
///
/// The kernel runs it for every open and mknod with `{u32 access << 16 | type, u32 major, u32 minor}`; 1 permits. Rules are
/// tested from the last to the first and the first that matches decides, which is the same as applying them in order.
package enum DeviceFilter {
    /// One instruction of struct bpf_insn, eight bytes.
    private struct Instruction {
        var code: UInt8
        var destination: UInt8 = 0
        var source: UInt8 = 0
        var offset: Int16 = 0
        var immediate: Int32 = 0

        var bytes: [UInt8] {
            let jump = UInt16(bitPattern: offset)
            let value = UInt32(bitPattern: immediate)
            return [
                code, destination | source << 4, UInt8(jump & 0xFF), UInt8(jump >> 8), UInt8(value & 0xFF),
                UInt8(value >> 8 & 0xFF), UInt8(value >> 16 & 0xFF), UInt8(value >> 24),
            ]
        }
    }

    // Register 1: context; 2: type; 3: access; 4: major; 5: minor; 6: scratch; 0: the answer.
    private static let load: UInt8 = 0x61  // BPF_LDX | BPF_MEM | BPF_W
    private static let and: UInt8 = 0x54  // BPF_ALU | BPF_AND | BPF_K
    private static let shiftRight: UInt8 = 0x74  // BPF_ALU | BPF_RSH | BPF_K
    private static let copy: UInt8 = 0xBC  // BPF_ALU | BPF_MOV | BPF_X
    private static let set: UInt8 = 0xB4  // BPF_ALU | BPF_MOV | BPF_K
    private static let jumpUnlessEqual: UInt8 = 0x56  // BPF_JMP32 | BPF_JNE | BPF_K
    private static let exit: UInt8 = 0x95

    /// The bytes of the program.
    package static func program(_ rules: DeviceRules) -> [UInt8] {
        var program = [
            Instruction(code: load, destination: 2, source: 1, offset: 0),
            Instruction(code: copy, destination: 3, source: 2),
            Instruction(code: and, destination: 2, immediate: 0xFFFF),
            Instruction(code: shiftRight, destination: 3, immediate: 16),
            Instruction(code: load, destination: 4, source: 1, offset: 4),
            Instruction(code: load, destination: 5, source: 1, offset: 8),
        ]
        for rule in rules.rules.reversed() {
            program += block(rule)
            // Nothing may follow it: the kernel refuses programs with instructions that are never reached.
            if rule.matchesAll { return program.flatMap(\.bytes) }
        }
        program += [Instruction(code: set, immediate: 0), Instruction(code: exit)]
        return program.flatMap(\.bytes)
    }

    /// Loads the program and attaches it to a cgroup directory, for as long as the cgroup exists.
    package static func attach(_ rules: DeviceRules, to path: String) throws(SysError) {
        let program = program(rules)
        let directory = try Descriptor.open(path, Descriptor.readOnly)
        let raw = directory.raw
        try swl("bpf", path) {
            unsafe program.withUnsafeBytes { bytes -> Int32 in
                guard let base = bytes.baseAddress else { return -22 }
                return unsafe swl_attach_device_filter(raw, base, UInt32(bytes.count / 8))
            }
        }
    }

    private static func block(_ rule: DeviceRules.Rule) -> [Instruction] {
        var tests: [Instruction] = []
        if rule.type == "b" { tests.append(Instruction(code: jumpUnlessEqual, destination: 2, immediate: 1)) }
        if rule.type == "c" { tests.append(Instruction(code: jumpUnlessEqual, destination: 2, immediate: 2)) }
        if let major = rule.major {
            tests.append(
                Instruction(code: jumpUnlessEqual, destination: 4, immediate: Int32(truncatingIfNeeded: major))
            )
        }
        if let minor = rule.minor {
            tests.append(
                Instruction(code: jumpUnlessEqual, destination: 5, immediate: Int32(truncatingIfNeeded: minor))
            )
        }
        let mask: Int32 =
            (rule.access.contains("m") ? 1 : 0) | (rule.access.contains("r") ? 2 : 0)
            | (rule.access.contains("w") ? 4 : 0)
        if mask != 7 {
            if rule.allow {
                // All that is asked for must be in the rule.
                tests.append(Instruction(code: copy, destination: 6, source: 3))
                tests.append(Instruction(code: and, destination: 6, immediate: ~mask))
                tests.append(Instruction(code: jumpUnlessEqual, destination: 6, immediate: 0))
            } else {
                // Anything that is asked for and in the rule is denied: jump over unless (access & mask) != 0.
                tests.append(Instruction(code: copy, destination: 6, source: 3))
                tests.append(Instruction(code: and, destination: 6, immediate: mask))
                tests.append(Instruction(code: 0x16, destination: 6, immediate: 0))  // BPF_JMP32 | BPF_JEQ | BPF_K
            }
        }
        let answer = [Instruction(code: set, immediate: rule.allow ? 1 : 0), Instruction(code: exit)]
        let total = tests.count + answer.count
        for index in tests.indices where tests[index].code == jumpUnlessEqual || tests[index].code == 0x16 {
            tests[index].offset = Int16(total - index - 1)
        }
        return tests + answer
    }
}
