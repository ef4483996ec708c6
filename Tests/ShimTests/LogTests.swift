import Glibc
import JSON
import Linux
import TTRPC
import TestSupport
import Testing

@Suite(.enabled(if: ShimTestNeeds.areMet), .serialized) struct LogTests {
    @Test("a hundred thousand lines arrive in order and complete")
    func manyLines() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let uri = "cri://" + shim.log("a") + "?max-size=0"
            let request = try shim.container("a", ["seq", "1", "100000"], stdout: uri, stderr: uri)
            #expect(try await client.run(request).exitStatus == 0)
            let lines = try shim.lines("a")
            #expect(lines.count == 100_000)
            let wrong = lines.enumerated().first { $0.element.text != String($0.offset + 1) || $0.element.tag != "F" }
            #expect(wrong == nil)
        }
    }

    @Test("a container that prints as fast as it can: the speed is printed, no line is lost")
    func throughput() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let text = String(repeating: "x", count: 79)
            let uri = "cri://" + shim.log("a") + "?max-size=0"
            let lines = 500_000
            let request = try shim.container("a", ["sh", "-c", "yes \(text) | head -n \(lines)"], stdout: uri)
            try await client.create(request)
            let start = EventLoop.now
            try await client.start("a")
            #expect(try await client.wait("a").exitStatus == 0)
            let seconds = Double(EventLoop.now - start) / 1e9
            let pid = try shim.shimPID("a")
            let fields = try Files.readText("/proc/\(pid)/stat").split(separator: " ")
            let ticks = (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0)
            print(
                "log: \(Int(Double(lines) / seconds)) lines of 80 bytes a second, \(ticks * 10) ms CPU of the shim for \(lines)"
            )
            let size = try Files.read(shim.log("a")).count
            #expect(size == lines * (80 + "2026-01-01T00:00:00.000000000Z stdout F ".utf8.count))
        }
    }

    @Test("rotation keeps every line, and at most the wanted number of files")
    func rotation() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let uri = "cri://" + shim.log("a") + "?max-size=500000&max-files=20"
            #expect(try await client.run(try shim.container("a", ["seq", "1", "50000"], stdout: uri)).exitStatus == 0)
            let files = try Files.list(shim.root).filter { $0.hasPrefix("a.log") }
            #expect(files.count > 3)
            // The names sort by age; the one without a suffix is the newest.
            var numbers: [Int] = []
            for file in files.filter({ $0 != "a.log" }) + ["a.log"] {
                let text = String(decoding: try Files.read(shim.root + "/" + file), as: UTF8.self)
                numbers += text.split(separator: "\n").compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
            }
            #expect(numbers == Array(1...50000))
            try await client.delete("a")

            let few = "cri://" + shim.log("b") + "?max-size=100000&max-files=3"
            #expect(try await client.run(try shim.container("b", ["seq", "1", "50000"], stdout: few)).exitStatus == 0)
            let kept = try Files.list(shim.root).filter { $0.hasPrefix("b.log") }
            #expect(kept.count == 3)
            let last = try kept.reduce(0) { last, file in
                let text = String(decoding: try Files.read(shim.root + "/" + file), as: UTF8.self)
                return max(last, text.split(separator: " ").last.flatMap { Int($0.dropLast()) } ?? 0)
            }
            #expect(last == 50000)
        }
    }

    @Test("a line over 16 KiB is cut into pieces tagged P, and the last one F; a missing newline is added")
    func longLines() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let script = "head -c 40000 /dev/zero | tr '\\0' x; echo; printf end"
            let request = try shim.container(
                "a",
                ["/bin/busybox", "sh", "-c", script],
                stdout: "cri://" + shim.log("a")
            )
            #expect(try await client.run(request).exitStatus == 0)
            let lines = try shim.lines("a")
            #expect(lines.map(\.tag) == ["P", "P", "F", "F"])
            #expect(lines.map(\.text.count) == [16384, 16384, 7232, 3])
            #expect(lines.allSatisfy { $0.stream == "stdout" })
        }
    }

    @Test("a full disk drops lines and says how many, and the container goes on")
    func fullDisk() async throws {
        try await ShimHarness.with { shim in
            let mount = shim.root + "/small"
            try Files.makeDirectories(mount)
            try #require(unsafe Glibc.mount("tmpfs", mount, "tmpfs", 0, "size=200k") == 0)
            defer { _ = unsafe umount2(mount, Int32(MNT_DETACH)) }
            let client = try shim.connect(try shim.start("a"))
            let uri = "cri://\(mount)/log?max-size=0"
            let script = "trap 'echo after' USR1; seq 1 20000; while :; do sleep 0.05; done"
            try await client.create(try shim.container("a", ["sh", "-c", script], stdout: uri, stderr: uri))
            try await client.start("a")
            // All of it was printed and read, although the disk took a fraction.
            try await eventually("the shim complains") {
                (try? Files.readText(shim.bundle("a") + "/shim.log").contains("log lines are being dropped")) ?? false
            }
            // What was written of a batch that did not fit is taken back at once, but not at the same instant.
            var text = ""
            try await eventually("no half line at the end") {
                text = String(decoding: try Files.read(mount + "/log"), as: UTF8.self)
                return text.hasSuffix("\n")
            }
            try #require(unsafe Glibc.mount("tmpfs", mount, "tmpfs", UInt(MS_REMOUNT), "size=10m") == 0)
            try await client.kill("a", SIGUSR1)
            try await eventually("the line after the gap") {
                text = String(decoding: try Files.read(mount + "/log"), as: UTF8.self)
                return text.hasSuffix(" stdout F after\n")
            }
            #expect(text.contains("were lost here: No space left on device"))
            try await client.kill("a", SIGKILL)
            #expect(try await client.wait("a").exitStatus == 137)
        }
    }

    @Test("a fifo without a reader neither blocks the start nor ends the container")
    func fifoWithoutReader() async throws {
        try await ShimHarness.with { shim in
            let fifo = shim.root + "/out"
            try #require(unsafe mkfifo(fifo, 0o600) == 0)
            let client = try shim.connect(try shim.start("a"))
            let request = try shim.container("a", ["sh", "-c", "echo one; echo two; sleep 1000"], stdout: fifo)
            try await client.create(request)
            try await client.start("a")
            // A reader that comes late finds everything, and the end when the container has ended.
            let reader = try Descriptor.open(fifo, O_RDONLY | O_NONBLOCK)
            try await eventually("the lines are in the fifo") {
                var count: Int32 = 0
                return unsafe ioctl(reader.raw, UInt(FIONREAD), &count) == 0 && count == "one\ntwo\n".utf8.count
            }
            #expect(try await client.state("a").status == .running)
            try await client.kill("a", SIGKILL)
            _ = try await client.wait("a")
            #expect(String(decoding: try Files.readAll(reader.raw, subject: fifo), as: UTF8.self) == "one\ntwo\n")
        }
    }

    @Test("input through a fifo ends with CloseIO")
    func input() async throws {
        try await ShimHarness.with { shim in
            let fifo = shim.root + "/in"
            try #require(unsafe mkfifo(fifo, 0o600) == 0)
            let client = try shim.connect(try shim.start("a"))
            let request = try shim.container("a", ["cat"], stdout: "cri://" + shim.log("a"), stdin: fifo)
            try await client.create(request)
            try await client.start("a")
            do {
                let writer = try Descriptor.open(fifo, O_WRONLY | O_NONBLOCK)
                try Files.writeAll(writer.raw, Array("first\n".utf8), subject: fifo)
            }
            do {
                let writer = try Descriptor.open(fifo, O_WRONLY | O_NONBLOCK)
                try Files.writeAll(writer.raw, Array("second\n".utf8), subject: fifo)
            }
            let _: Shim.Empty = try await client.call("CloseIO", Shim.CloseIORequest(id: "a", stdin: true))
            #expect(try await client.wait("a").exitStatus == 0)
            #expect(try shim.lines("a").map(\.text) == ["first", "second"])
        }
    }

    @Test("the input of exec is taken at Start, so that a client knows the process before it can write the last byte")
    func execInput() async throws {
        try await ShimHarness.with { shim in
            let fifo = shim.root + "/in"
            try #require(unsafe mkfifo(fifo, 0o600) == 0)
            let client = try shim.connect(try shim.start("a"))
            try await client.create(try shim.container("a", ["sleep", "1000"]))
            try await client.start("a")
            let process: JSONValue = ["user": ["uid": 0, "gid": 0], "cwd": "/", "args": ["/bin/cat"], "env": []]
            let request = Shim.ExecProcessRequest(
                id: "a",
                execID: "x",
                stdin: fifo,
                stdout: "cri://" + shim.log("x"),
                spec: Shim.AnyMessage(
                    typeURL: "types.containerd.io/opencontainers/runtime-spec/1/Process",
                    value: process.bytes()
                )
            )
            let _: Shim.Empty = try await client.call("Exec", request)
            #expect(throws: SysError.self) { _ = try Descriptor.open(fifo, O_WRONLY | O_NONBLOCK) }
            try await client.start("a", exec: "x")
            do {
                let writer = try Descriptor.open(fifo, O_WRONLY | O_NONBLOCK)
                try Files.writeAll(writer.raw, Array("all\n".utf8), subject: fifo)
            }
            let end = Shim.CloseIORequest(id: "a", execID: "x", stdin: true)
            let _: Shim.Empty = try await client.call("CloseIO", end)
            #expect(try await client.wait("a", exec: "x").exitStatus == 0)
            #expect(try shim.lines("x").map(\.text) == ["all"])
        }
    }

    @Test("a terminal is a pty whose output is logged, and it can be resized")
    func terminal() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let request = try shim.container(
                "a",
                [
                    "/bin/busybox", "sh", "-c",
                    "tty; until stty size <&0 | grep -q '33 44'; do sleep 0.05; done; echo resized",
                ],
                stdout: "cri://" + shim.log("a"),
                terminal: true
            )
            try await client.create(request)
            try await client.start("a")
            let size = Shim.ResizePtyRequest(id: "a", width: 44, height: 33)
            let _: Shim.Empty = try await client.call("ResizePty", size)
            #expect(try await client.wait("a").exitStatus == 0)
            let text = try shim.lines("a").map(\.text)
            #expect(text.first?.hasPrefix("/dev/pts/") == true)
            #expect(text.last?.hasPrefix("resized") == true, "\(text)")
        }
    }

    @Test("a file target gets the output itself, and a logging program gets both streams")
    func otherTargets() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let file = shim.root + "/plain.txt"
            let first = try shim.container(
                "a",
                ["sh", "-c", "echo out; echo err >&2"],
                stdout: "file://" + file,
                stderr: "file://" + file
            )
            #expect(try await client.run(first).exitStatus == 0)
            #expect(try Files.readText(file) == "out\nerr")

            let logger = shim.root + "/logger"
            let script = "#!/bin/sh\nexec 5>&-\n(cat <&3; cat <&4; echo $CONTAINER_ID $1 $2) > \(shim.root)/logged\n"
            try Files.replace(logger, with: Array(script.utf8), mode: 0o755)
            let uri = "binary://\(logger)?key=value"
            let second = try shim.container("b", ["sh", "-c", "echo out; echo err >&2"], stdout: uri, stderr: uri)
            #expect(try await client.run(second).exitStatus == 0)
            try await eventually("the logger ends") {
                (try? Files.readText(shim.root + "/logged")) == "out\nerr\nb key value"
            }
        }
    }

    @Test("a logging program gets what is printed to a terminal, and the process goes on when the program has ended")
    func terminalLogger() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            let logger = shim.root + "/logger"
            let script = "#!/bin/sh\nexec 5>&-\nread -r line <&3\n(echo $line; cat <&3) > \(shim.root)/logged\n"
            try Files.replace(logger, with: Array(script.utf8), mode: 0o755)
            let first = try shim.container(
                "a",
                ["sh", "-c", "echo first; echo out; echo err >&2"],
                stdout: "binary://" + logger,
                terminal: true
            )
            #expect(try await client.run(first).exitStatus == 0)
            try await eventually("the logger ends") {
                (try? Files.readText(shim.root + "/logged")) == "first\r\nout\r\nerr\r"
            }
            try Files.replace(logger, with: Array("#!/bin/sh\n".utf8), mode: 0o755)
            let second = try shim.container(
                "b",
                ["sh", "-c", "i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i + 1)); done; exit 3"],
                stdout: "binary://" + logger,
                terminal: true
            )
            #expect(try await client.run(second).exitStatus == 3)
        }
    }

    @Test("a grandchild that keeps the pipe open does not hold the exit back")
    func grandchild() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("a"))
            try await client.create(try shim.container("a", ["sleep", "1000"]))
            try await client.start("a")
            let process =
                #"{"user":{"uid":0,"gid":0},"cwd":"/","args":["sh","-c","echo before; sleep 1000 & exit 4"],"env":["PATH=/bin"]}"#
            let request = Shim.ExecProcessRequest(
                id: "a",
                execID: "x",
                stdout: "cri://" + shim.log("x"),
                spec: Shim.AnyMessage(typeURL: "", value: Array(process.utf8))
            )
            let _: Shim.Empty = try await client.call("Exec", request)
            try await client.start("a", exec: "x")
            #expect(try await client.wait("a", exec: "x").exitStatus == 4)
            #expect(try shim.lines("x").map(\.text) == ["before"])
        }
    }
}
