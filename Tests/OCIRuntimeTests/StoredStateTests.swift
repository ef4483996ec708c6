import JSON
import OCI
import Testing

@testable import OCIRuntime

/// The state file is written and read by hand: as synthesised Codable would.
struct StoredStateTests {
    private static let hook = RuntimeSpec.Hook(path: "/h", args: ["h"], env: ["A=b"], timeout: 3)
    private static let complete = StoredState(
        ociVersion: "1.2.0",
        id: "c1",
        bundle: "/b \"quoted\"",
        rootfs: "/b/ä",
        annotations: ["z": "1", "a": "\n"],
        created: "2026-11-28T10:00:00Z",
        owner: .max,
        ownPidNamespace: true,
        cgroupMode: "hybrid",
        cgroups: [
            .init(version: 1, controllers: ["cpu", "cpuacct"], mountPoint: "/sys/fs/cgroup/cpu", path: "/a"),
            .init(version: 2, controllers: [], mountPoint: "/sys/fs/cgroup/unified", path: "/"),
        ],
        unit: .init(name: "c1.scope", slice: "system.slice", user: false),
        hooks: RuntimeSpec.Hooks(poststop: [hook]),
        mountsBefore: ["/x", "/y"],
        resctrlGroups: ["/sys/fs/resctrl/c1"]
    )

    private static var least: StoredState {
        var state = complete
        state.annotations = nil
        state.unit = nil
        state.hooks = nil
        state.mountsBefore = nil
        state.resctrlGroups = nil
        state.cgroups = []
        return state
    }

    @Test("the text is Codable's, and gives the state back", arguments: [complete, least])
    func text(state: StoredState) throws {
        let text = try state.text()
        #expect(try text == JSONCoding.encode(state))
        #expect(try JSONCoding.decode(StoredState.self, from: text) == state)
    }

    @Test("a state that lacks what is needed is refused, with the name of the field")
    func damaged() throws {
        let whole = try #require(try JSONValue(parsing: Self.complete.text()).objectValue)
        for key in ["version", "id", "rootfs", "owner", "ownPidNamespace", "cgroupMode", "cgroups"] {
            var changed = whole
            changed.removeValue(forKey: key)
            let text = JSONValue.object(changed).bytes()
            let refusal = #expect(throws: JSONError.self) { try JSONCoding.decode(StoredState.self, from: text) }
            #expect(refusal?.reason == .missingField(key))
            changed[key] = ["x"]
            #expect(throws: JSONError.self) {
                try JSONCoding.decode(StoredState.self, from: JSONValue.object(changed).bytes())
            }
        }
    }
}
