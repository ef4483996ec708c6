import Linux
import OCI

extension HostFacts {
    /// Reads what a plan for `spec` needs.
    static func read(for spec: RuntimeSpec) throws(RuntimeError) -> HostFacts {
        try doing("look at the host") { () throws(SysError) in
            let capabilities = CapabilitySet(bits: try Privileges.capabilities().permitted)
            var limits: [HardLimit] = []
            // Who may raise them does not ask.
            if !capabilities.contains("CAP_SYS_RESOURCE") {
                for limit in spec.process?.rlimits ?? [] {
                    guard let number = ResourceLimits.number(limit.type) else { continue }
                    limits.append(HardLimit(resource: number, most: try Privileges.limit(number).hard))
                }
            }
            let last = UInt64(try Files.readText("/proc/sys/kernel/cap_last_cap")) ?? 40
            var facts = HostFacts(
                capabilities: capabilities,
                lastCapability: last,
                hardLimits: limits,
                mounts: try MountTable.current()
            )
            // The machine's own namespace maps all ids to themselves.
            let map = try Files.readText("/proc/self/uid_map").split(whereSeparator: \.isWhitespace)
            facts.inUserNamespace = map != ["0", "0", "4294967295"]
            if spec.process?.oomScoreAdj != nil {
                facts.oomScoreAdj = Int(try Files.readText("/proc/self/oom_score_adj")) ?? 0
            }
            // Asked for only if the configuration names a label: a module that cannot be read is not there.
            if spec.process?.apparmorProfile?.isEmpty == false {
                facts.appArmor = (try? Files.readText("/sys/module/apparmor/parameters/enabled")) == "Y"  // as above
            }
            if spec.process?.selinuxLabel?.isEmpty == false || spec.linux?.mountLabel?.isEmpty == false {
                facts.seLinux = Files.exists("/sys/fs/selinux/enforce")
            }
            return facts
        }
    }
}
