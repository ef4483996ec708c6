import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

@Suite("Clocks, CPUs, memory and personality", .enabled(if: Ability.containers, "needs root and /bin/busybox"))
struct PlacementTests {
    @Test("a time namespace has its offsets, and the program is in it")
    func time() throws {
        let bundle = try TestBundle()
        bundle.spec.linux?.namespaces?.append(.init(type: .time))
        bundle.spec.linux?.timeOffsets = [
            "monotonic": .init(secs: 7881, nanosecs: 2_718_281), "boottime": .init(secs: 100_000),
        ]
        bundle.shell("readlink /proc/self/ns/time; cat /proc/self/timens_offsets; cat /proc/uptime")
        let lines = try bundle.run().output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        try #require(lines.count == 4)
        #expect(try lines[0] != [Files.linkTarget("/proc/self/ns/time")])
        #expect(lines[1] == ["monotonic", "7881", "2718281"])
        #expect(lines[2] == ["boottime", "100000", "0"])
        let own = try Files.readText("/proc/uptime").split(separator: " ").first.flatMap { Double($0) }
        #expect(try #require(Double(lines[3][0])) > #require(own) + 99_000)
    }

    @Test("time offsets without a new time namespace, and clocks that have none, are refused")
    func badOffsets() {
        #expect(throws: RuntimeError.self) { try Samples.plan { $0.linux?.timeOffsets = ["boottime": .init(secs: 1)] } }
        for offsets in [["realtime": RuntimeSpec.TimeOffset(secs: 1)], ["boottime": .init(nanosecs: 1_000_000_000)]] {
            #expect(throws: RuntimeError.self) {
                try Samples.plan {
                    $0.linux?.namespaces?.append(.init(type: .time))
                    $0.linux?.timeOffsets = offsets
                }
            }
        }
    }

    @Test("personality, scheduler, io priority and memory policy are the configuration's")
    func attributes() throws {
        let bundle = try TestBundle()
        bundle.spec.linux?.personality = .init(domain: "LINUX32")
        bundle.spec.linux?.memoryPolicy = .init(mode: "MPOL_INTERLEAVE", nodes: "0")
        bundle.spec.process?.scheduler = .init(policy: .batch, nice: 7)
        bundle.spec.process?.ioPriority = .init(class: .bestEffort, priority: 6)
        bundle.shell(
            """
            cat /proc/self/personality; busybox ionice -p $$
            read a < /proc/self/stat; set -- $a; echo ${19} ${41}; read a b c < /proc/self/numa_maps; echo $b
            """
        )
        #expect(try bundle.run().output == "00000008\nbest-effort: prio 6\n7 3\ninterleave:0\n")
    }

    @Test(
        "placements that the specification does not know are refused",
        arguments: [
            { $0.linux?.personality = .init(domain: "LINUX64") },
            { $0.linux?.personality = .init(domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]) },
            { $0.linux?.memoryPolicy = .init(mode: "INTERLEAVE", nodes: "0") },
            { $0.linux?.memoryPolicy = .init(mode: "MPOL_BIND", nodes: "0-9876543210") },
            { $0.linux?.memoryPolicy = .init(mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_OTHER"]) },
            { $0.process?.execCPUAffinity = .init(initial: "1-") },
            { $0.process?.execCPUAffinity = .init(final: "a") },
            { $0.linux?.mountLabel = "system_u:object_r:container_file_t:s0" },
        ] as [@Sendable (inout RuntimeSpec) -> Void]
    )
    func refused(_ change: @Sendable (inout RuntimeSpec) -> Void) {
        #expect(throws: RuntimeError.self) { try Samples.plan(change) }
    }

    @Test("lists of numbers are masks of whole words")
    func lists() throws {
        #expect(try NumberList.mask("0-3,7", subject: "") == [0x8F, 0, 0, 0, 0, 0, 0, 0])
        #expect(try NumberList.mask("64", subject: "") == [UInt8](repeating: 0, count: 8) + [1, 0, 0, 0, 0, 0, 0, 0])
        for bad in ["", "3-1", "-1", "1,,2", "0x1", "8192", "+1", "1-2-3"] {
            #expect(throws: RuntimeError.self, "\(bad)") { try NumberList.mask(bad, subject: "") }
        }
    }

    @Test("a further process runs on the CPUs of its affinity")
    func affinity() throws {
        let bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
        let created = try bundle.create()
        try created.container.start()
        let pipe = try Pipe()
        var process = RuntimeSpec.Process(
            args: [
                "sh", "-c",
                "while read a b; do case $a in Cpus_allowed_list:) echo $b;; esac; done < /proc/self/status",
            ],
            env: ["PATH=/bin"],
            cwd: "/"
        )
        process.execCPUAffinity = .init(initial: "0", final: "0")
        let executed = try created.container.exec(
            process,
            options: ExecOptions(stdio: .descriptors(input: pipe.readEnd.raw, output: pipe.writeNumber, errors: 2))
        )
        pipe.closeWriteEnd()
        #expect(try Files.readAll(pipe.readEnd.raw, subject: "output") == Array("0\n".utf8))
        #expect(try Child.wait(executed.pid) == 0)
        try created.container.delete(force: true)
        _ = try Child.wait(created.pid)
    }
}
