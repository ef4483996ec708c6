import Linux
import OCI
import Testing

@testable import OCIRuntime

@Suite("Device rules")
struct DeviceRuleTests {
    private let denyAll = RuntimeSpec.DeviceRule(allow: false, access: "rwm")

    @Test("everything is denied first, and the devices of every container come last")
    func v1() throws {
        let rules = try DeviceRules([denyAll, .init(allow: true, type: "c", major: 10, minor: 229, access: "rw")])
        let writes = rules.v1
        #expect(writes.prefix(3).map(\.value) == ["a", "c 10:229 rw", "c *:* m"])
        #expect(writes.prefix(3).map(\.file) == ["devices.deny", "devices.allow", "devices.allow"])
        #expect(writes.contains(CgroupWrite("devices", "devices.allow", "c 136:* rwm")))
        #expect(writes.contains(CgroupWrite("devices", "devices.allow", "b *:* m")))
    }

    @Test("a configuration without rules does not mean that all devices are allowed")
    func noRules() throws {
        let rules = try DeviceRules([])
        #expect(!rules.allowsEverything)
        #expect(rules.v1.first == CgroupWrite("devices", "devices.deny", "a"))
    }

    @Test("a privileged container needs no rule at all")
    func privileged() throws {
        #expect(try DeviceRules([denyAll, .init(allow: true, access: "rwm")]).v1.isEmpty)
        #expect(try !DeviceRules([.init(allow: true), .init(allow: false, type: "b", major: 8)]).allowsEverything)
    }

    @Test("types and kinds of access that do not exist are refused")
    func refused() {
        #expect(throws: RuntimeError.self) { try DeviceRules([.init(allow: true, type: "x")]) }
        #expect(throws: RuntimeError.self) { try DeviceRules([.init(allow: true, type: "c", access: "rx")]) }
    }

    /// Seen failing where every negative number meant "all": a rule for no device allowed each of its kind.
    @Test("-1 means every number, what is no device number is refused", arguments: [-2, Int64.min, 1 << 32])
    func numbers(_ wrong: Int64) throws {
        let rule = RuntimeSpec.DeviceRule(allow: true, type: "c", major: -1, minor: 3, access: "r")
        #expect(try DeviceRules([rule]).v1.contains(CgroupWrite("devices", "devices.allow", "c *:3 r")))
        #expect(throws: RuntimeError.self) {
            try DeviceRules([.init(allow: true, type: "c", major: wrong, minor: 3, access: "r")])
        }
        #expect(throws: RuntimeError.self) {
            try DeviceRules([.init(allow: true, type: "c", major: 1, minor: wrong, access: "r")])
        }
    }

    /// Runs the instructions that the filter uses, as the kernel would.
    private func run(_ program: [UInt8], type: UInt32, access: UInt32, major: UInt32, minor: UInt32) -> UInt32? {
        let context = [access << 16 | type, major, minor]
        var registers = [UInt32](repeating: 0, count: 11)
        var counter = 0
        while counter * 8 + 8 <= program.count {
            let bytes = program[(counter * 8)..<(counter * 8 + 8)].map { UInt32($0) }
            let (destination, source) = (Int(bytes[1] & 0xF), Int(bytes[1] >> 4))
            let jump = Int(Int16(bitPattern: UInt16(bytes[2] | bytes[3] << 8)))
            let value = bytes[4] | bytes[5] << 8 | bytes[6] << 16 | bytes[7] << 24
            counter += 1
            switch bytes[0] {
            case 0x61: registers[destination] = context[jump / 4]
            case 0xBC: registers[destination] = registers[source]
            case 0x54: registers[destination] &= value
            case 0x74: registers[destination] >>= value
            case 0xB4: registers[destination] = value
            case 0x56: if registers[destination] != value { counter += jump }
            case 0x16: if registers[destination] == value { counter += jump }
            case 0x95: return registers[0]
            default: return nil
            }
        }
        return nil
    }

    /// What the rules mean when they are applied one after the other, bit by bit of the access.
    private func meaning(_ rules: DeviceRules, type: UInt32, access: UInt32, major: UInt32, minor: UInt32) -> Bool {
        [(1, "m"), (2, "r"), (4, "w")].allSatisfy { bit, letter in
            guard access & UInt32(bit) != 0 else { return true }
            var allowed = false
            for rule in rules.rules {
                let typeMatches = rule.type == "a" || rule.type == (type == 1 ? "b" : "c")
                let numbers =
                    (rule.major.map { $0 == Int64(major) } ?? true) && (rule.minor.map { $0 == Int64(minor) } ?? true)
                if typeMatches, numbers, rule.access.contains(letter) { allowed = rule.allow }
            }
            return allowed
        }
    }

    /// A version 2 tree of this machine, also one beside version 1.
    private static let unifiedTree: String? = {
        guard Ability.root, let mounts = try? MountTable.current() else { return nil }
        return mounts.first { $0.type == "cgroup2" && $0.mountPoint.hasPrefix("/sys/fs/cgroup") }?.mountPoint
    }()

    @Test(
        "the kernel's verifier accepts the program",
        .enabled(if: unifiedTree != nil, "needs root and a cgroup2 mount")
    )
    func verifier() throws {
        let path = try #require(Self.unifiedTree) + "/swiftlet-test-devices-\(Program.id)"
        try Files.makeDirectories(path)
        defer { try? Files.removeDirectory(path) }
        for list in lists { try DeviceFilter.attach(try DeviceRules(list), to: path) }
    }

    private var lists: [[RuntimeSpec.DeviceRule]] {
        [
            [], [denyAll], [.init(allow: true)],
            [
                denyAll, .init(allow: true, type: "c", major: 10, minor: 229),
                .init(allow: true, type: "b", major: 8, access: "r"),
            ],
            [
                .init(allow: true), .init(allow: false, type: "b", major: 8),
                .init(allow: false, type: "c", major: 1, minor: 3),
            ],
        ]
    }

    @Test("the program for version 2 decides as the rules in order do")
    func filter() throws {
        for list in lists {
            let rules = try DeviceRules(list)
            let program = DeviceFilter.program(rules)
            #expect(program.count % 8 == 0)
            for type in [1, 2] as [UInt32] {
                for access in 1...7 as ClosedRange<UInt32> {
                    for (major, minor) in [(1, 3), (8, 0), (10, 229), (136, 5), (5, 1)] as [(UInt32, UInt32)] {
                        // A request for several kinds that two rules grant together is refused by a filter that looks for
                        // one rule; none of these lists has such a pair but "m" with others.
                        let answer = run(program, type: type, access: access, major: major, minor: minor)
                        let expected = meaning(rules, type: type, access: access, major: major, minor: minor)
                        if access & 1 == 0 || access == 1 || answer == 1 {
                            #expect(
                                answer == (expected ? 1 : 0),
                                "type \(type) access \(access) \(major):\(minor) of \(list)"
                            )
                        }
                    }
                }
            }
        }
    }
}
