/// Ids of sandboxes and containers, derived from what they are for.
///
/// The same pod, container and attempt always give the same id. So a step that is done again after a crash meets what
/// the first try left behind, under its own name, and the runtime answers "exists" instead of starting a second one.
package enum DerivedID {
    /// The id of a pod's sandbox.
    package static func sandbox(podUID: String, attempt: Int) -> String {
        hash(["sandbox", podUID, "", String(attempt)])
    }

    /// The id of one start of a container.
    package static func container(podUID: String, name: String, attempt: Int) -> String {
        hash(["container", podUID, name, String(attempt)])
    }

    /// The id of the core/v1 Event that shows the fact at this position of the log.
    static func event(podUID: String, seq: Int64) -> String {
        hash(["event", podUID, "", String(seq)])
    }

    /// What a pod's status shows as `containerID`.
    package static func statusID(of containerID: String) -> String { "swiftlet://\(containerID)" }

    /// 256 bits as 64 lower-case hexadecimal digits: four FNV-1a hashes with different starts, each mixed to the end.
    private static func hash(_ parts: [String]) -> String {
        var text = ""
        text.reserveCapacity(64)
        for lane in UInt64(0)..<4 {
            var state: UInt64 = 0xcbf2_9ce4_8422_2325 ^ (lane &* 0x9e37_79b9_7f4a_7c15)
            for part in parts {
                for byte in part.utf8 {
                    state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
                }
                // A byte that UTF-8 never contains keeps ("ab", "c") and ("a", "bc") apart.
                state = (state ^ 0xff) &* 0x0000_0100_0000_01b3
            }
            state = mix(state &+ lane)
            let digits = String(state, radix: 16)
            text += String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return text
    }

    /// The finaliser of SplitMix64: every bit of the argument reaches every bit of the result.
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
