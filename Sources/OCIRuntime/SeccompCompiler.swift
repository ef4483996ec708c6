import CSeccomp
import Linux
package import OCI

/// Compiles a profile to the filter program that the kernel runs, by libseccomp.
package enum SeccompCompiler {
    /// Compiles for the machine's own architecture and those that the profile names.
    ///
    /// A call that this libseccomp does not know by name is left out, as other runtimes do: the default action covers it.
    /// - Throws: `RuntimeError` for unknown architectures and flags, for notify without a listener, and for rules that
    ///   libseccomp refuses.
    package static func compile(_ profile: RuntimeSpec.Seccomp) throws(RuntimeError) -> SeccompProgram {
        let flags = try loadFlags(profile)
        return SeccompProgram(bytes: FilterFolding.fold(try instructions(profile)).flatMap(\.bytes), flags: flags)
    }

    /// The filter as libseccomp writes it.
    static func instructions(_ profile: RuntimeSpec.Seccomp) throws(RuntimeError) -> [FilterInstruction] {
        let standard = try action(profile.defaultAction, errno: profile.defaultErrnoRet)
        guard let filter = unsafe seccomp_init(standard) else {
            throw RuntimeError(
                .invalid,
                step: "seccomp",
                subject: profile.defaultAction.rawValue,
                cause: "it cannot be the default action"
            )
        }
        defer { unsafe seccomp_release(filter) }
        for name in profile.architectures ?? [] {
            let token = try architecture(name)
            try check(unsafe seccomp_arch_add(filter, token), allowing: -17, "seccomp architecture", name)
        }
        // A binary tree instead of a list: what the container pays per call is then nearly the same for all calls.
        _ = unsafe seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        // no_new_privs is a step of its own.
        _ = unsafe seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0)
        for rule in profile.syscalls ?? [] {
            let action = try action(rule.action, errno: rule.errnoRet)
            // libseccomp refuses a rule that says what happens anyway.
            if action == standard { continue }
            for name in rule.names { try unsafe add(filter, name, action, rule.args ?? []) }
        }
        return try UnknownCalls.prefix(profile) + FilterInstruction.list(try unsafe export(filter))
    }

    /// Nobody could answer for these: the process tells its parent of the descriptor by write(2).
    static func checkNotification(_ profile: RuntimeSpec.Seccomp) throws(RuntimeError) {
        func refuse(_ cause: String) -> RuntimeError {
            RuntimeError(.invalid, step: "seccomp", subject: "SCMP_ACT_NOTIFY", cause: cause)
        }
        if profile.defaultAction == .notify { throw refuse("SCMP_ACT_NOTIFY cannot be used as default action") }
        guard profile.notifies else {
            if profile.listenerMetadata?.isEmpty == false, profile.listenerPath?.isEmpty != false {
                throw refuse("linux.seccomp.listenerMetadata is set without listenerPath")
            }
            return
        }
        guard let path = profile.listenerPath, !path.isEmpty else {
            throw refuse("a rule with this action needs linux.seccomp.listenerPath")
        }
        guard path.hasPrefix("/") else { throw refuse("linux.seccomp.listenerPath is not absolute: \(path)") }
        let rules = profile.syscalls ?? []
        if rules.contains(where: { $0.action == .notify && $0.names.contains("write") }) {
            throw refuse("SCMP_ACT_NOTIFY cannot be used for the write syscall")
        }
    }

    private static func add(
        _ filter: scmp_filter_ctx,
        _ name: String,
        _ action: UInt32,
        _ arguments: [RuntimeSpec.Seccomp.Argument]
    ) throws(RuntimeError) {
        let number = unsafe seccomp_syscall_resolve_name(name)
        if number == -1 { return }
        let comparisons = try arguments.map { argument throws(RuntimeError) in
            guard argument.index < 6 else {
                throw RuntimeError(
                    .invalid,
                    step: "seccomp",
                    subject: name,
                    cause: "a call has six arguments, not \(argument.index + 1)"
                )
            }
            return scmp_arg_cmp(
                arg: UInt32(argument.index),
                op: comparison(argument.op),
                datum_a: argument.value,
                datum_b: argument.valueTwo ?? 0
            )
        }
        // Several conditions on one argument cannot be one rule of libseccomp: they are alternatives, each a rule.
        let indices = Set(arguments.map(\.index))
        let groups = indices.count < arguments.count ? comparisons.map { [$0] } : [comparisons]
        for group in groups {
            let result = unsafe seccomp_rule_add_array(filter, action, number, UInt32(group.count), group)
            try check(result, allowing: -17, "seccomp rule", name)
        }
    }

    private static func check(_ result: Int32, allowing: Int32, _ step: String, _ subject: String) throws(RuntimeError)
    {
        if result < 0, result != allowing {
            throw RuntimeError(SysError(call: "libseccomp", subject: subject, errno: Errno(-result)), step: step)
        }
    }

    private static func comparison(_ name: RuntimeSpec.Seccomp.Operator) -> scmp_compare {
        switch name {
        case .notEqual: SCMP_CMP_NE
        case .less: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greater: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }

    /// MAX_ERRNO of the kernel: above it, a result would be taken for a success.
    private static let largestErrno: UInt32 = 4095

    private static func action(_ name: RuntimeSpec.Seccomp.Action, errno: UInt32?) throws(RuntimeError) -> UInt32 {
        if let errno, errno > largestErrno {
            throw RuntimeError(.invalid, step: "seccomp", subject: "errnoRet \(errno)", cause: "it is out of range")
        }
        // config-linux.md: "When the action doesn't support an errno, the runtime MUST print and error and fail."
        if errno != nil, name != .errno, name != .trace {
            throw RuntimeError(
                .invalid,
                step: "seccomp",
                subject: name.rawValue,
                cause: "errnoRet is set, but this action returns no errno"
            )
        }
        let notPermitted: UInt32 = 1
        switch name {
        case .kill, .killThread: return 0x0000_0000
        case .killProcess: return 0x8000_0000
        case .trap: return 0x0003_0000
        case .errno: return 0x0005_0000 | (errno ?? notPermitted)
        case .trace: return 0x7FF0_0000 | (errno ?? notPermitted)
        case .log: return 0x7FFC_0000
        case .allow: return 0x7FFF_0000
        case .notify: return 0x7FC0_0000
        }
    }

    private static let architectures = [
        "x86", "x86_64", "x32", "arm", "aarch64", "mips", "mips64", "mips64n32", "mipsel", "mipsel64", "mipsel64n32",
        "ppc", "ppc64", "ppc64le", "s390", "s390x", "parisc", "parisc64", "riscv64",
    ]

    /// The names that a profile may use.
    package static var architectureNames: [String] { architectures.map { "SCMP_ARCH_" + $0.uppercased() } }

    static func architecture(_ name: String) throws(RuntimeError) -> UInt32 {
        let short = name.hasPrefix("SCMP_ARCH_") ? name.dropFirst(10).lowercased() : ""
        let token = architectures.contains(short) ? unsafe seccomp_arch_resolve_name(short) : 0
        guard token != 0 else {
            throw RuntimeError(.invalid, step: "seccomp architecture", subject: name, cause: "it is not known")
        }
        return token
    }

    /// The names that `features` lists, with the kernel's bits.
    package static let knownFlags: [(name: String, bit: UInt64)] = [
        ("SECCOMP_FILTER_FLAG_TSYNC", 1), ("SECCOMP_FILTER_FLAG_LOG", 2), ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4),
        ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 32),
    ]

    private static let synchronise: UInt64 = 1
    private static let synchroniseErrno: UInt64 = 16
    /// The kernel takes it only together with a listener.
    private static let waitKillable: UInt64 = 32

    static func loadFlags(_ profile: RuntimeSpec.Seccomp) throws(RuntimeError) -> UInt64 {
        var bits: UInt64 = 0
        for name in profile.flags ?? [] {
            guard let flag = knownFlags.first(where: { $0.name == name }) else {
                throw RuntimeError(.invalid, step: "seccomp flag", subject: name, cause: "it is not known")
            }
            bits |= flag.bit
        }
        guard profile.notifies else { return bits & ~waitKillable }
        // With a listener a failing synchronisation must be an errno: the result is the descriptor.
        if bits & synchronise != 0 { bits |= synchroniseErrno }
        return bits | SeccompProgram.listenerFlag
    }

    private static func export(_ filter: scmp_filter_ctx) throws(RuntimeError) -> [UInt8] {
        try doing("compile the seccomp filter") { () throws(SysError) in
            let file = try MemoryFile(name: "seccomp")
            let raw = file.descriptor.raw
            let result = unsafe seccomp_export_bpf(filter, raw)
            if result < 0 { throw SysError(call: "seccomp_export_bpf", subject: "", errno: Errno(-result)) }
            return try file.content()
        }
    }

    /// The version of libseccomp, which is part of what a cached program depends on.
    package static var version: String {
        guard let version = unsafe seccomp_version() else { return "unknown" }
        return unsafe "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.micro)"
    }
}
