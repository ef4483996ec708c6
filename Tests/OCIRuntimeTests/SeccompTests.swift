import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Seccomp")
struct SeccompTests {
    /// Runs a classic BPF program over the data that the kernel would give it; the answer is the action.
    private func run(_ program: [UInt8], call: UInt32, arguments: [UInt64] = [], arch: UInt32 = 0xC000_003E) -> UInt32?
    {
        var data = [UInt32](repeating: 0, count: 16)
        data[0] = call
        data[1] = arch
        for (index, value) in arguments.enumerated() {
            data[4 + index * 2] = UInt32(truncatingIfNeeded: value)
            data[5 + index * 2] = UInt32(truncatingIfNeeded: value >> 32)
        }
        var accumulator: UInt32 = 0
        var counter = 0
        while counter * 8 + 8 <= program.count {
            let bytes = program[(counter * 8)..<(counter * 8 + 8)].map { UInt32($0) }
            let code = bytes[0] | bytes[1] << 8
            let value = bytes[4] | bytes[5] << 8 | bytes[6] << 16 | bytes[7] << 24
            counter += 1
            switch code {
            case 0x20: accumulator = data[Int(value / 4)]
            case 0x54: accumulator &= value
            case 0x05: counter += Int(value)
            case 0x15: counter += Int(accumulator == value ? bytes[2] : bytes[3])
            case 0x25: counter += Int(accumulator > value ? bytes[2] : bytes[3])
            case 0x35: counter += Int(accumulator >= value ? bytes[2] : bytes[3])
            case 0x06: return value
            default: return nil
            }
        }
        return nil
    }

    private let allow: UInt32 = 0x7FFF_0000
    private func errno(_ number: UInt32) -> UInt32 { 0x0005_0000 | number }

    #if arch(x86_64)
    @Test("the default profile allows what programs do and refuses what containers must not")
    func defaultProfile() throws {
        let program = try SeccompCompiler.compile(DefaultSeccomp.profile).bytes
        // read, write, execve, clone (as fork), openat, futex, getrandom
        for call in [0, 1, 59, 257, 202, 318] as [UInt32] { #expect(run(program, call: call) == allow, "call \(call)") }
        #expect(run(program, call: 56, arguments: [0x11]) == allow)
        // mount, umount2, setns, unshare, init_module, kexec_load, bpf, keyctl, userfaultfd, open_by_handle_at,
        // settimeofday, swapon, reboot, io_uring_setup, perf_event_open, move_mount, add_key
        for call in [165, 166, 308, 272, 175, 246, 321, 250, 323, 304, 164, 167, 169, 425, 298, 429, 248] as [UInt32] {
            #expect(run(program, call: call) == errno(1), "call \(call)")
        }
        #expect(run(program, call: 999) == errno(38), "calls of the future do not exist")
        // clone with CLONE_NEWUSER, clone3, personality(ADDR_NO_RANDOMIZE), socket(AF_VSOCK)
        #expect(run(program, call: 56, arguments: [0x1000_0011]) == errno(1))
        #expect(run(program, call: 435) == errno(38))
        #expect(run(program, call: 135, arguments: [0x0040000]) == errno(1))
        #expect(run(program, call: 135, arguments: [0xFFFF_FFFF]) == allow)
        #expect(run(program, call: 41, arguments: [40]) == errno(1))
        #expect(run(program, call: 41, arguments: [2]) == allow)
        // mount and read of 32-bit programs
        #expect(run(program, call: 21, arch: 0x4000_0003) == errno(1))
        #expect(run(program, call: 3, arch: 0x4000_0003) == allow)
    }

    @Test("capabilities open the calls that they guard")
    func guardedCalls() throws {
        let admin = try SeccompCompiler.compile(DefaultSeccomp.profile(capabilities: ["CAP_SYS_ADMIN"])).bytes
        for call in [165, 272, 308, 435] as [UInt32] { #expect(run(admin, call: call) == allow, "call \(call)") }
        #expect(run(admin, call: 161) == errno(1), "chroot needs CAP_SYS_CHROOT")
        let chroot = try SeccompCompiler.compile(DefaultSeccomp.profile(capabilities: ["CAP_SYS_CHROOT"])).bytes
        #expect(run(chroot, call: 161) == allow)
        #expect(run(chroot, call: 165) == errno(1))
    }

    @Test("a foreign architecture is killed, not allowed")
    func foreignArchitecture() throws {
        let program = try SeccompCompiler.compile(
            RuntimeSpec.Seccomp(
                defaultAction: .allow,
                syscalls: [.init(names: ["getpid"], action: .errno, errnoRet: 7)]
            )
        ).bytes
        #expect(run(program, call: 39) == errno(7))
        #expect(run(program, call: 40) == allow)
        #expect(run(program, call: 40, arch: 0x4000_0028) == 0)
    }

    @Test("the short form of a filter answers as the long one does, whatever is called")
    func folding() throws {
        var plain = DefaultSeccomp.profile(capabilities: [])
        plain.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
        // Enough to be worth folding: every second call of the profile.
        let many = (plain.syscalls ?? []).flatMap(\.names).enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        var strange = RuntimeSpec.Seccomp(defaultAction: .allow)
        strange.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"]
        strange.syscalls = [
            .init(names: ["read", "clone", "mount", "openat2"], action: .errno, errnoRet: 7),
            .init(names: many.filter { !["read", "clone", "socket", "ioctl", "write"].contains($0) }, action: .trap),
            .init(names: ["socket"], action: .killProcess, args: [.init(index: 0, value: 40, op: .equal)]),
            .init(
                names: ["ioctl"],
                action: .errno,
                args: [.init(index: 1, value: 0xFFFF, valueTwo: 2, op: .maskedEqual)]
            ),
            .init(names: ["write"], action: .log, args: [.init(index: 2, value: 1 << 33, op: .greater)]),
        ]
        var refusing = strange
        refusing.defaultAction = .killProcess
        for index in refusing.syscalls?.indices ?? 0..<0 {
            refusing.syscalls?[index].action = .allow
            refusing.syscalls?[index].errnoRet = nil
        }
        var state: UInt64 = 7
        func random() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        for profile in [strange, refusing, plain, DefaultSeccomp.profile(capabilities: ["CAP_SYS_ADMIN"])] {
            let long = try SeccompCompiler.instructions(profile)
            let short = FilterFolding.fold(long)
            #expect(short.count < long.count)
            let (before, after) = (long.flatMap(\.bytes), short.flatMap(\.bytes))
            let numbers = Array(0..<600) + [0x3FFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, UInt32.max]
            for arch: UInt32 in [0xC000_003E, 0x4000_0003, 0xC000_00B7, 0, 1, UInt32.max] {
                for number in numbers + (0..<600).map({ $0 | 0x4000_0000 }) {
                    let values: [UInt64] = [0, 1, 2, 40, 0x8000, 0xFFFF, 1 << 33, 1 << 34, 0x7E02_0000, UInt64.max]
                    let arguments = (0..<6).map { _ in values[random() % values.count] }
                    let expected = run(before, call: number, arguments: arguments, arch: arch)
                    let answer = run(after, call: number, arguments: arguments, arch: arch)
                    guard expected == nil || expected != answer else { continue }
                    Issue.record("\(arch) \(number) \(arguments): \(String(describing: answer)), not \(expected ?? 0)")
                }
            }
        }
    }

    @Test("several conditions on one argument are alternatives, on several arguments all must hold")
    func conditions() throws {
        let profile = RuntimeSpec.Seccomp(
            defaultAction: .errno,
            syscalls: [
                .init(
                    names: ["getpid"],
                    action: .allow,
                    args: [.init(index: 0, value: 1, op: .equal), .init(index: 0, value: 2, op: .equal)]
                ),
                .init(
                    names: ["getppid"],
                    action: .allow,
                    args: [
                        .init(index: 0, value: 1, op: .greater),
                        .init(index: 1, value: 0xFF, valueTwo: 0x10, op: .maskedEqual),
                    ]
                ),
            ]
        )
        let program = try SeccompCompiler.compile(profile).bytes
        #expect(run(program, call: 39, arguments: [1]) == allow)
        #expect(run(program, call: 39, arguments: [2]) == allow)
        #expect(run(program, call: 39, arguments: [3]) == errno(1))
        #expect(run(program, call: 110, arguments: [2, 0x1210]) == allow)
        #expect(run(program, call: 110, arguments: [1 << 40, 0x1210]) == allow, "64 bits are compared")
        #expect(run(program, call: 110, arguments: [1, 0x1210]) == errno(1))
        #expect(run(program, call: 110, arguments: [2, 0x11]) == errno(1))
    }

    @Test("calls beyond the last one of a profile do not exist; calls it leaves out are refused")
    func youngerCalls() throws {
        let noSuchCall = errno(38)
        let profile = RuntimeSpec.Seccomp(
            defaultAction: .errno,
            architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            syscalls: [.init(names: ["read", "getrandom"], action: .allow)]
        )
        let program = try SeccompCompiler.compile(profile).bytes
        #expect(run(program, call: 0) == allow)
        #expect(run(program, call: 318) == allow, "getrandom")
        #expect(run(program, call: 317) == errno(1))
        #expect(run(program, call: 319) == noSuchCall)
        #expect(run(program, call: 4000) == noSuchCall)
        #expect(run(program, call: 355, arch: 0x4000_0003) == allow, "getrandom of 32-bit programs")
        #expect(run(program, call: 356, arch: 0x4000_0003) == noSuchCall)
        #expect(run(program, call: 0x4000_0000) == allow, "read of x32 programs")
        #expect(run(program, call: 0x4000_0000 + 2) == errno(1), "x32 is left to the profile")
        var open = profile
        open.defaultAction = .allow
        open.syscalls = [.init(names: ["read"], action: .errno)]
        #expect(run(try SeccompCompiler.compile(open).bytes, call: 4000) == allow)
    }

    @Test("flags are the kernel's bits; one that is for listeners alone is dropped without one")
    func flagBits() throws {
        var profile = RuntimeSpec.Seccomp(defaultAction: .allow)
        profile.flags = SeccompCompiler.knownFlags.map(\.name)
        #expect(try SeccompCompiler.loadFlags(profile) == 7)
        profile.syscalls = [.init(names: ["mkdir"], action: .notify)]
        #expect(try SeccompCompiler.loadFlags(profile) == 0b11_1111)
    }
    #endif

    @Test("profiles that cannot be honoured are refused, never weakened")
    func refused() {
        let bad: [RuntimeSpec.Seccomp] = [
            .init(defaultAction: .allow, architectures: ["SCMP_ARCH_PDP11"]),
            .init(defaultAction: .allow, flags: ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]),
            .init(defaultAction: .errno, defaultErrnoRet: 4096),
            .init(defaultAction: .allow, defaultErrnoRet: 1),
            .init(defaultAction: .allow, syscalls: [.init(names: ["mkdir"], action: .kill, errnoRet: 5)]),
            .init(
                defaultAction: .allow,
                syscalls: [.init(names: ["read"], action: .errno, args: [.init(index: 6, value: 0, op: .equal)])]
            ),
        ]
        for profile in bad { #expect(throws: RuntimeError.self) { try SeccompCompiler.compile(profile) } }
    }

    @Test("calls that this libseccomp does not know are left to the default action")
    func unknownNames() throws {
        let profile = RuntimeSpec.Seccomp(
            defaultAction: .errno,
            syscalls: [.init(names: ["warp", "read"], action: .allow)]
        )
        #expect(try !SeccompCompiler.compile(profile).bytes.isEmpty)
    }

    @Test("the cache gives the same program from disk, and none for a forged or foreign file")
    func cache() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/.seccomp"
        var profile = RuntimeSpec.Seccomp(
            defaultAction: .allow,
            syscalls: [.init(names: ["getpid"], action: .errno, errnoRet: 99)]
        )
        let compiled = try SeccompCompiler.compile(profile)
        #expect(try SeccompCache.program(for: profile, directory: path) == compiled)
        let file = try #require(try Files.list(path).first)
        let content = try Files.read("\(path)/\(file)")
        let key = SeccompCache.key(profile)
        #expect(SeccompCache.stored("\(path)/\(file)", key: key) == compiled.bytes)
        // The key inside decides, not the name.
        profile.syscalls?[0].errnoRet = 98
        #expect(SeccompCache.stored("\(path)/\(file)", key: SeccompCache.key(profile)) == nil)
        // A file that others can write proves nothing.
        try Files.replaceUnsynced("\(path)/forged", with: content, mode: 0o666)
        try Files.setMode("\(path)/forged", 0o666)
        #expect(SeccompCache.stored("\(path)/forged", key: key) == nil)
        try Files.replaceUnsynced("\(path)/short", with: Array(content.dropLast(3)))
        #expect(SeccompCache.stored("\(path)/short", key: key) == nil)
    }

    @Test("profiles that differ in anything have different keys")
    func keys() {
        let base = RuntimeSpec.Seccomp(defaultAction: .allow, syscalls: [.init(names: ["a", "b"], action: .errno)])
        var variants = [base]
        var other = base
        other.defaultErrnoRet = 3
        variants.append(other)
        other = base
        other.syscalls?[0].names = ["ab"]
        variants.append(other)
        other = base
        other.syscalls?[0].args = [.init(index: 0, value: 1, op: .equal)]
        variants.append(other)
        other.syscalls?[0].args?[0].valueTwo = 1
        variants.append(other)
        other = base
        other.flags = ["SECCOMP_FILTER_FLAG_LOG"]
        variants.append(other)
        other = base
        other.architectures = ["SECCOMP_FILTER_FLAG_LOG"]
        variants.append(other)
        #expect(Set(variants.map { SeccompCache.key($0) }).count == variants.count)
    }
}
