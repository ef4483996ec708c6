import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    /// Many pods, crashes in the middle, and what is left of it all. Small by default; bigger by environment variable.
    @Suite("many pods and crashes", .serialized)
    struct EnduranceTests {
        private static func size(_ name: String, _ usual: Int) -> Int {
            guard let text = unsafe getenv(name) else { return usual }
            return unsafe Int(String(cString: text)) ?? usual
        }

        @Test(
            "killed with -9 again and again while containers start, print and exit: no line and no code is lost or doubled"
        )
        func killed() throws {
            // 50 for the full run.
            let count = Self.size("SWIFTLET_TEST_PODS", 12)
            let lines = 200
            try RunningAgent.with { agent in
                for number in 0..<count {
                    let script =
                        "i=0; while [ $i -lt \(lines) ]; do echo \(number) $i; i=$((i+1)); [ $((i % 20)) = 0 ] && sleep 0.1; done; "
                        + "exit \(number % 100 + 1)"
                    let spec = isForeign(number) ? "runtimeClassName: runc" : ""
                    try agent.create(Manifest.pod("p\(number)", script, spec: spec))
                    if number % (count / 3 + 1) == count / 4 {
                        try agent.kill()
                        try agent.start()
                    }
                }
                usleep(300_000)
                try agent.kill()
                usleep(700_000)
                try agent.start()
                for number in 0..<count { try agent.waitForPhase("p\(number)", "Failed", seconds: 90) }
                for number in 0..<count {
                    let status = try agent.container("p\(number)")
                    #expect(status["restartCount"] == 0)
                    let text = try agent.logText("p\(number)")
                    // runc's shim ends `runc start` when its client goes away in the middle of it, and with that the
                    // container: it is told, and not tried again.
                    if isForeign(number), text.hasPrefix("write exec fifo ") {
                        #expect(status["state"]?["terminated"]?["exitCode"] == 1, "p\(number): \(status.text())")
                        continue
                    }
                    #expect(
                        status["state"]?["terminated"]?["exitCode"]?.int64Value == Int64(number % 100 + 1),
                        "p\(number): \(status.text())"
                    )
                    let expected = (0..<lines).map { "\(number) \($0)\n" }.joined()
                    #expect(text == expected, "p\(number): \(text.utf8.count) bytes, the last are \(text.suffix(300))")
                }
                for number in 0..<count { try agent.delete("p\(number)", grace: 0, wait: false) }
                try agent.wait("all pods to be gone") {
                    try agent.get(RunningAgent.pods).json["items"]?.arrayValue?.isEmpty ?? false
                }
                try agent.expectNoLeftovers()
            }
        }

        private func isForeign(_ number: Int) -> Bool { ForeignShim.isInstalled && number % 4 == 3 }

        @Test(
            "after many lives of containers the agent has the threads and descriptors, and the machine the rest, of before"
        )
        func leaks() throws {
            // 1000 for the full run.
            let lives = Self.size("SWIFTLET_TEST_LIVES", 60)
            let batch = 12
            try RunningAgent.with { agent in
                try live(agent, batch)
                let before = try counts(agent)
                for _ in 0..<(lives / batch) { try live(agent, batch) }
                var after = try counts(agent)
                // What ends by itself may take a moment.
                for _ in 0..<600 where !after.isWithin(before) {
                    usleep(50_000)
                    after = try counts(agent)
                }
                #expect(after.isWithin(before), "before \(before), after \(after)")
                print("after \(lives) lives: \(after)")
                try agent.expectNoLeftovers()
            }
        }

        private func live(_ agent: RunningAgent, _ count: Int) throws {
            for number in 0..<count {
                let foreign = ForeignShim.isInstalled && number % 6 == 5
                try agent.create(Manifest.pod("l\(number)", "echo x", spec: foreign ? "runtimeClassName: runc" : ""))
            }
            for number in 0..<count { try agent.waitForPhase("l\(number)", "Succeeded") }
            for number in 0..<count { try agent.delete("l\(number)", wait: false) }
            try agent.wait("all pods to be gone") {
                try agent.get(RunningAgent.pods).json["items"]?.arrayValue?.isEmpty ?? false
            }
        }

        private struct Counts: CustomStringConvertible {
            var descriptors: Int
            var threads: Int
            var processes: Int
            var mounts: Int
            var namespaces: Int
            var files: Int

            /// Threads of pools and connections being closed come and go by a few.
            func isWithin(_ other: Counts) -> Bool {
                descriptors <= other.descriptors + 4 && threads <= other.threads + 8 && processes <= other.processes
                    && mounts <= other.mounts && namespaces <= other.namespaces && files <= other.files
            }

            var description: String {
                "\(descriptors) descriptors, \(threads) threads, \(processes) processes, \(mounts) mounts, "
                    + "\(namespaces) network namespaces, \(files) files of state"
            }
        }

        private func counts(_ agent: RunningAgent) throws -> Counts {
            let own = agent.processes()
            var namespaces: Set<String> = []
            for process in own {
                // A process may end while it is looked at.
                if let target = try? Files.linkTarget("/proc/\(process.pid)/ns/net") { namespaces.insert(target) }
            }
            let files = try Shell.run("find \"$1\" -not -path '*/.seccomp*' | wc -l", agent.state)
            return Counts(
                descriptors: try Files.list("/proc/\(agent.pid)/fd").count,
                threads: try Files.list("/proc/\(agent.pid)/task").count,
                processes: own.count,
                mounts: try MountTable.current().filter { $0.mountPoint.hasPrefix(agent.directory) }.count,
                namespaces: namespaces.count,
                files: Int(files.split(whereSeparator: \.isWhitespace).first ?? "") ?? -1
            )
        }
    }
}
