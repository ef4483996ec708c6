import OCI

extension Step {
    /// In the order of the kernel's numbers.
    static let memoryPolicyModes = [
        "MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY",
        "MPOL_WEIGHTED_INTERLEAVE",
    ]
    static let memoryPolicyFlags: [(name: String, bit: UInt64)] = [
        ("MPOL_F_STATIC_NODES", 1 << 15), ("MPOL_F_RELATIVE_NODES", 1 << 14), ("MPOL_F_NUMA_BALANCING", 1 << 13),
    ]

    /// set_mempolicy(2) as the configuration describes it.
    ///
    /// - Returns: nil for an empty policy, which changes nothing.
    static func memoryPolicy(_ policy: RuntimeSpec.MemoryPolicy) throws(RuntimeError) -> Step? {
        func refuse(_ what: String, _ cause: String) -> RuntimeError {
            RuntimeError(.invalid, step: "invalid memory policy \(what)", cause: cause)
        }
        if policy == RuntimeSpec.MemoryPolicy() { return nil }
        guard let mode = memoryPolicyModes.firstIndex(of: policy.mode ?? "") else {
            throw refuse("mode", "\"\(policy.mode ?? "")\" is not known")
        }
        var flags: UInt64 = 0
        for name in policy.flags ?? [] {
            guard let flag = memoryPolicyFlags.first(where: { $0.name == name }) else {
                throw refuse("flag", "\"\(name)\" is not known")
            }
            flags |= flag.bit
        }
        let nodes = policy.nodes ?? ""
        guard !nodes.isEmpty else { return .memoryPolicy(mode: UInt64(mode) | flags, nodes: []) }
        do {
            let mask = try NumberList.mask(nodes, subject: "linux.memoryPolicy.nodes")
            return .memoryPolicy(mode: UInt64(mode) | flags, nodes: mask)
        } catch {
            throw refuse("node", error.cause)
        }
    }
}
