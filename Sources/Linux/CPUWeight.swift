/// CPU shares of cgroup version 1 as the weight of version 2.
package enum CPUWeight {
    /// 2...262144 onto 1...10000.
    package static func of(shares: UInt64) -> UInt64 {
        let bounded = min(max(shares, 2), 262_144)
        return 1 + (bounded - 2) * 9999 / 262_142
    }
}
