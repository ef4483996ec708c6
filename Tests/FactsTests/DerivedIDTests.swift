import Facts
import Testing

struct DerivedIDTests {
    static let uid = "7f6c9a52-3c1d-4d8e-9b6e-5a4d2c1b0a99"

    @Test("an id is 64 lower-case hexadecimal digits and always the same")
    func shape() {
        let id = DerivedID.container(podUID: Self.uid, name: "web", attempt: 0)
        #expect(id.count == 64)
        #expect(id.allSatisfy { "0123456789abcdef".contains($0) })
        // A change of the derivation would orphan every container that runs during an upgrade.
        #expect(id == "0bc55a8ece02faef77454727b88ff5ae9d9a2c047b9777b2cca5f61c80678fdd")
        #expect(DerivedID.statusID(of: id) == "swiftlet://\(id)")
    }

    @Test("pod, name, attempt and kind all count, and their borders too")
    func distinctions() {
        let ids = [
            DerivedID.container(podUID: Self.uid, name: "web", attempt: 0),
            DerivedID.container(podUID: Self.uid, name: "web", attempt: 1),
            DerivedID.container(podUID: Self.uid, name: "we", attempt: 0),
            DerivedID.container(podUID: Self.uid + "w", name: "eb", attempt: 0),
            DerivedID.container(podUID: Self.uid, name: "web1", attempt: 0),
            DerivedID.container(podUID: Self.uid, name: "", attempt: 0),
            DerivedID.sandbox(podUID: Self.uid, attempt: 0),
            DerivedID.sandbox(podUID: Self.uid, attempt: 1),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test("60,000 ids of similar names do not collide, not even in any 16 digits")
    func collisions() {
        var whole: Set<String> = []
        var parts: [Set<Substring>] = [[], [], [], []]
        for pod in 0..<20 {
            for name in 0..<30 {
                for attempt in 0..<100 {
                    let id = DerivedID.container(podUID: "pod-\(pod)", name: "c\(name)", attempt: attempt)
                    whole.insert(id)
                    for part in 0..<4 { parts[part].insert(id.dropFirst(part * 16).prefix(16)) }
                }
            }
        }
        #expect(whole.count == 60_000)
        #expect(parts.map(\.count) == [60_000, 60_000, 60_000, 60_000])
    }
}
