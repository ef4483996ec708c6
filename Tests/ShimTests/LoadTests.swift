import Glibc
import Linux
import TTRPC
import TestSupport
import Testing

@Suite(.enabled(if: ShimTestNeeds.areMet), .serialized) struct LoadTests {
    private func openDescriptors(_ pid: Int32) throws -> Int { try Files.list("/proc/\(pid)/fd").count }

    /// In KiB.
    private func anonymousMemory(_ pid: Int32) throws -> Int {
        let line = try Files.readText("/proc/\(pid)/smaps_rollup").split(separator: "\n").first {
            $0.hasPrefix("Anonymous:")
        }
        return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    }

    @Test("forty containers one after the other leave the shim with the descriptors and the memory it had")
    func leaks() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let pid = try shim.shimPID("a")
            var before = 0
            var memory = 0
            for round in 0..<40 {
                let uri = "cri://" + shim.log("a")
                let request = try shim.container("a", ["sh", "-c", "echo \(round)"], stdout: uri, stderr: uri)
                #expect(try await client.run(request).exitStatus == 0)
                try await client.delete("a")
                if round == 1 {
                    // This one is answered when the shim is through with the deletion.
                    _ = await refusal { _ = try await client.state("a") }
                    before = try openDescriptors(pid)
                }
                if round == 9 { memory = try anonymousMemory(pid) }
            }
            // It answers before it has closed what was the container's.
            try await eventually("the descriptors of before") { try openDescriptors(pid) == before }
            #expect(try anonymousMemory(pid) <= memory + 64)
            // User and system time of the shim and of the children that it reaped, in ticks of 10 ms.
            let fields = try Files.readText("/proc/\(pid)/stat").split(separator: " ")
            let ticks = fields[13...16].compactMap { Int($0) }
            print(
                "CPU per container: shim \(Double(ticks[0] + ticks[1]) / 4) ms, its children \(Double(ticks[2] + ticks[3]) / 4) ms"
            )
            #expect(try shim.lines("a").map(\.text) == (0..<40).map(String.init))
            #expect(!(try Files.readText("/proc/self/mountinfo").contains(shim.root)))
            #expect(try Files.list("/sys/fs/cgroup/pids\(shim.cgroupParent)").allSatisfy { !$0.hasPrefix("a") })
            // Nothing unreaped.
            #expect(try Files.readText("/proc/\(pid)/task/\(pid)/children").isEmpty)
        }
    }

    @Test("the time of each step of a container's life is printed")
    func latencies() async throws {
        try await ShimHarness.with { shim in
            var times: [String: [UInt64]] = [:]
            func timed<T>(_ step: String, _ body: () async throws -> T) async rethrows -> T {
                let start = EventLoop.now
                let result = try await body()
                times[step, default: []].append((EventLoop.now - start) / 1000)
                return result
            }
            for round in 0..<15 {
                let id = "c\(round)"
                let address = try await timed("shim") { try shim.start(id) }
                let client = try shim.connect(address)
                let request = try shim.container(id, ["true"], stdout: "cri://" + shim.log(id))
                _ = try await timed("create") { try await client.create(request) }
                _ = try await timed("start") { try await client.start(id) }
                _ = try await timed("wait") { try await client.wait(id) }
                _ = try await timed("delete") { try await client.delete(id) }
                try await client.shutdown(id)
            }
            let medians = times.mapValues { $0.sorted()[$0.count / 2] }.sorted { $0.key < $1.key }
            print("median microseconds: " + medians.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
            #expect(times.count == 5)
        }
    }

    @Test("thirty containers of one shim at once: every exit code arrives, whoever is killed when")
    func manyAtOnce() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("c0"))
            let waits = (0..<30).map { seed >> UInt64($0 % 48) & 15 }
            let results = try await withThrowingTaskGroup(of: (Int, UInt32).self) { group in
                for number in 0..<30 {
                    let id = "c\(number)"
                    let isKilled = number % 3 == 0
                    let script = isKilled ? "sleep 1000" : "sleep 0.0\(waits[number]); exit \(number)"
                    let request = try shim.container(id, ["sh", "-c", script], stdout: "cri://" + shim.log(id))
                    group.addTask {
                        try await client.create(request)
                        try await client.start(id)
                        async let end = client.wait(id)
                        if isKilled {
                            try await Task.sleep(for: .milliseconds(Int(waits[number])))
                            try await client.kill(id, SIGKILL)
                        }
                        let status = try await end.exitStatus
                        try await client.delete(id)
                        return (number, status)
                    }
                }
                return try await group.reduce(into: [Int: UInt32]()) { $0[$1.0] = $1.1 }
            }
            for number in 0..<30 {
                #expect(results[number] == (number % 3 == 0 ? 137 : UInt32(number)), "seed \(seed)")
            }
            // For every container the events are in order.
            let events = try await shim.events(atLeast: 120)
            #expect(events.count == 120)
            #expect(events.filter { $0.topic == "/tasks/exit" }.count == 30)
        }
    }
}
