import Linux
import Testing

@Suite("What /proc says")
struct ProcfsTests {
    @Test("a process name with spaces and parentheses does not shift the fields of stat")
    func statWithHostileName() throws {
        let fields = (4...52).map(String.init).joined(separator: " ")
        let facts = try #require(ProcessFacts.parse(Array("42 (a) b (c) S 7 \(fields.dropFirst(2))\n".utf8)))
        #expect(facts.state == "S")
        #expect(facts.parent == 7)
        // Field 22 of proc(5).
        #expect(facts.startTime == 22)
        #expect(!facts.isZombie)
    }

    @Test("truncated stat files are no facts", arguments: ["", "1 (x", "1 (x) S", "1 (x) S 2 3 4"])
    func truncatedStat(_ text: String) {
        #expect(ProcessFacts.parse(Array(text.utf8)) == nil)
    }

    @Test("a process that does not exist has no facts")
    func noProcess() throws {
        #expect(try ProcessFacts.of(0x3FFF_FFF0) == nil)
    }

    @Test("mountinfo lines give root, mount point, propagation, type and options")
    func mountInfo() {
        let text = """
            26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
            30 26 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
            31 30 0:27 /docker/ab /sys/fs/cgroup/cpu rw master:3 propagate_from:2 - cgroup cgroup rw,cpu,cpuacct
            32 26 0:28 /a\\040b /mnt/with\\040space\\011tab\\134 rw - tmpfs none rw
            broken line

            """
        let entries = MountTable.parse(Array(text.utf8))
        #expect(entries.count == 4)
        #expect(entries[0].isShared)
        #expect(entries[2].root == "/docker/ab")
        #expect(entries[2].propagation == ["master:3", "propagate_from:2"])
        #expect(entries[2].superOptions == ["rw", "cpu", "cpuacct"])
        #expect(entries[3].mountPoint == "/mnt/with space\ttab\\")
        #expect(entries[3].root == "/a b")
    }

    @Test("the mount that holds a path is the deepest, and of equal ones the last")
    func holding() {
        func entry(_ point: String, _ type: String) -> MountEntry {
            MountEntry(root: "/", mountPoint: point, type: type)
        }
        let entries = [entry("/", "ext4"), entry("/run", "tmpfs"), entry("/run/x", "old"), entry("/run/x", "new")]
        #expect(MountTable.holding("/run/x/y", in: entries)?.type == "new")
        #expect(MountTable.holding("/run/xy", in: entries)?.type == "tmpfs")
        #expect(MountTable.holding("/running", in: entries)?.type == "ext4")
    }

    @Test(
        "times are written as RFC 3339, leap days and centuries included",
        arguments: [
            (0, "1970-01-01T00:00:00.000000005Z"), (951_782_399, "2000-02-28T23:59:59.000000005Z"),
            (951_782_400, "2000-02-29T00:00:00.000000005Z"), (951_868_800, "2000-03-01T00:00:00.000000005Z"),
            (1_709_164_800, "2024-02-29T00:00:00.000000005Z"), (4_107_542_400, "2100-03-01T00:00:00.000000005Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000000005Z"),
        ] as [(Int64, String)]
    )
    func wallClock(_ seconds: Int64, _ text: String) {
        #expect(WallClock.text(seconds: seconds, nanoseconds: 5) == text)
    }
}
