/// A set of capabilities, one bit each, as capset(2) takes them.
package struct CapabilitySet: Hashable, Sendable {
    package var bits: UInt64

    package init(bits: UInt64 = 0) { self.bits = bits }

    /// In the order of <linux/capability.h>; the index is the bit.
    package static let names: [String] = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// Reads a list of names; "cap_" in any case and without prefix is accepted, as by other runtimes.
    ///
    /// - Returns: The set, and the names that nobody knows (the specification wants a warning for them, not an error).
    package static func parse(_ list: [String]) -> (set: CapabilitySet, unknown: [String]) {
        var set = CapabilitySet()
        var unknown: [String] = []
        for text in list {
            let upper = text.uppercased()
            let name = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
            if let bit = names.firstIndex(of: name) {
                set.bits |= 1 << UInt64(bit)
            } else {
                unknown.append(text)
            }
        }
        return (set, unknown)
    }

    package var list: [String] {
        Self.names.indices.filter { bits >> UInt64($0) & 1 == 1 }.map { Self.names[$0] }
    }

    package func contains(_ name: String) -> Bool {
        guard let bit = Self.names.firstIndex(of: name) else { return false }
        return bits >> UInt64(bit) & 1 == 1
    }

    package func intersection(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(bits: bits & other.bits) }

    package func subtracting(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(bits: bits & ~other.bits) }

    package var isEmpty: Bool { bits == 0 }
}
