import Linux
import OCI
import Synchronization

/// Compiled filters by profile: compiling costs more than the whole rest of starting a container.
///
/// A file holds the full key in front of the program, so a hash that two profiles share cannot mix them up. The directory
/// is the runtime's own (0700); a file that anybody else could have written is not used.
enum SeccompCache {
    private struct Known {
        let hash: UInt64
        let key: [UInt8]
        let program: SeccompProgram
    }

    /// Few: a node has a handful of profiles.
    private static let memory = Mutex<[Known]>([])
    private static let magic = Array("swiftlet seccomp 4\n".utf8)

    /// The program for a profile, from memory, from `directory`, or compiled and kept.
    static func program(for profile: RuntimeSpec.Seccomp, directory: String) throws(RuntimeError) -> SeccompProgram {
        // Where notifications go is no part of the program.
        try SeccompCompiler.checkNotification(profile)
        let key = key(profile)
        let hash = hash(key)
        if let known = memory.withLock({ $0.first { $0.hash == hash && $0.key == key } }) { return known.program }
        let path = "\(directory)/\(String(hash, radix: 16))"
        let flags = try SeccompCompiler.loadFlags(profile)
        if let bytes = stored(path, key: key) {
            let program = SeccompProgram(bytes: bytes, flags: flags)
            memory.withLock { $0.append(Known(hash: hash, key: key, program: program)) }
            return program
        }
        let program = try SeccompCompiler.compile(profile)
        memory.withLock { $0.append(Known(hash: hash, key: key, program: program)) }
        store(program.bytes, path: path, directory: directory, key: key)
        return program
    }

    /// Everything that the program depends on: each text behind its length, so that no two profiles share a key.
    static func key(_ profile: RuntimeSpec.Seccomp) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(16384)
        func add(_ text: String) {
            add(UInt64(text.utf8.count))
            var text = text
            // SAFETY: the bytes are copied while they are lent.
            text.withUTF8 { unsafe key.append(contentsOf: $0) }
        }
        func add(_ number: UInt64?) {
            var rest = number ?? 0
            if number == nil { key.append(UInt8(ascii: "-")) }
            repeat {
                key.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            } while rest > 0
            key.append(UInt8(ascii: ":"))
        }
        func add(_ list: [String]?) {
            add(UInt64(list?.count ?? 0))
            for text in list ?? [] { add(text) }
        }
        add(SeccompCompiler.version)
        add(machine)
        add(profile.defaultAction.rawValue)
        add(profile.defaultErrnoRet.map { UInt64($0) })
        add(profile.architectures)
        add(profile.flags)
        for rule in profile.syscalls ?? [] {
            add(rule.action.rawValue)
            add(rule.errnoRet.map { UInt64($0) })
            add(rule.names)
            add(UInt64(rule.args?.count ?? 0))
            for argument in rule.args ?? [] {
                add(UInt64(argument.index))
                add(argument.op.rawValue)
                add(argument.value)
                add(argument.valueTwo ?? 0)
            }
        }
        return key
    }

    #if arch(x86_64)
    private static let machine = "x86_64"
    #elseif arch(arm64)
    private static let machine = "aarch64"
    #else
    private static let machine = "other"
    #endif

    /// FNV-1a, to name the file; the key inside decides.
    private static func hash(_ key: [UInt8]) -> UInt64 {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return value
    }

    static func stored(_ path: String, key: [UInt8]) -> [UInt8]? {
        // Whatever is wrong with the file: it is compiled again.
        guard let owner = try? Files.owner(path), owner.uid == Privileges.userID, owner.mode & 0o170022 == 0o100000,
            let content = try? Files.read(path, limit: 4 << 20)  // as above
        else { return nil }
        let head = magic + key + [0]
        guard content.count > head.count, content.starts(with: head) else { return nil }
        let program = Array(content[head.count...])
        return program.count % 8 == 0 && program.count / 8 <= 65535 ? program : nil
    }

    private static func store(_ program: [UInt8], path: String, directory: String, key: [UInt8]) {
        // The cache is a help, not a need: without it the next container compiles again.
        try? Files.makeDirectories(directory, mode: 0o700)
        try? Files.replaceUnsynced(path, with: magic + key + [0] + program)  // as above
    }
}
