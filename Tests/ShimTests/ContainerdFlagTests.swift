import Glibc
import Linux
import TestSupport
import Testing

/// The flags and the ways of input and output that people use with ctr.
extension ContainerdTests {
    @Test("ctr run honours --cwd, --env, --mount, --read-only, exec --user; limits reach the cgroup")
    func flags() throws {
        try ContainerdHarness.with { node in
            try Files.makeDirectories(node.root + "/share")
            try Files.write(node.root + "/share/f", Array("shared\n".utf8), mode: 0o644)
            let outcome = try node.run(
                "f1",
                ["sh", "-c", "pwd; echo $COLOUR; cat /mnt/f; touch /x 2>/dev/null || echo read-only"],
                flags: [
                    "--cwd", "/bin", "--env", "COLOUR=blue", "--read-only", "--mount",
                    "type=bind,src=\(node.root)/share,dst=/mnt,options=rbind:ro",
                ]
            )
            #expect(String(decoding: outcome.output, as: UTF8.self) == "/bin\nblue\nshared\nread-only\n")
            let limits = ["--memory-limit", "67108864", "--cpus", "0.5", "--label", "a=b"]
            #expect(try node.run("f2", ["sleep", "1000"], detached: true, flags: limits).code == 0)
            let cgroups = node.cgroupFiles("f2")
            let memory = cgroups.compactMap { try? Files.readText($0 + "/memory.limit_in_bytes") }  // one of the two
            let memory2 = cgroups.compactMap { try? Files.readText($0 + "/memory.max") }
            #expect((memory + memory2).contains("67108864"))
            let quota = cgroups.compactMap { try? Files.readText($0 + "/cpu.cfs_quota_us") }
            let quota2 = cgroups.compactMap { try? Files.readText($0 + "/cpu.max") }
            #expect(quota.contains("50000") || quota2.contains("50000 100000"))
            let metrics = try node.text(["tasks", "metrics", "f2"])
            #expect(metrics.contains("67108864"))
            let user = try node.ctr([
                "tasks", "exec", "--fifo-dir", node.root + "/fifo", "--user", "1234:99", "--cwd", "/bin", "--exec-id",
                "u",
                "f2", "sh", "-c", "id -u; id -g; pwd",
            ])
            #expect(String(decoding: user.output, as: UTF8.self) == "1234\n99\n/bin\n")
            #expect(try node.exitCode(removing: ["-f", "f2"]) == 137)
        }
    }

    @Test("ctr run -t and exec -t give a terminal; input arrives and the exit code comes back")
    func terminals() throws {
        try ContainerdHarness.with { node in
            let first = try node.onTerminal(
                node.runArguments("t1", ["sh", "-c", "test -t 0 && echo is a tty; read x; exit 4"], ["--rm", "-t"]),
                showing: "is a tty"
            )
            #expect(first.text.contains("is a tty"), "\(first.text)")
            #expect(first.code == 4)
            #expect(try node.run("t2", ["sleep", "1000"], detached: true).code == 0)
            let exec = try node.onTerminal(
                [
                    "tasks", "exec", "--fifo-dir", node.root + "/fifo", "-t", "--exec-id", "x", "t2", "sh", "-c",
                    "test -t 1 && echo also a tty; read x; exit 6",
                ],
                showing: "also a tty"
            )
            #expect(exec.text.contains("also a tty"), "\(exec.text)")
            #expect(exec.code == 6)
            #expect(try node.exitCode(removing: ["-f", "t2"]) == 137)
            // ctr closes the input for good only if its end comes after the task was made, whatever the shim.
            let isRunning = "\(node.ctrCommand(["tasks", "ls"])) | grep -q 't3 .*RUNNING'"
            let piped = try node.shell(
                "(until \(isRunning); do sleep 0.1; done; echo typed) | "
                    + node.ctrCommand(node.runArguments("t3", ["cat"], ["--rm"]))
            )
            #expect(piped.text == "typed\n")
            #expect(piped.code == 0)
        }
    }

    @Test("output goes to a file and to a logging program, as --log-uri says")
    func logTargets() throws {
        try ContainerdHarness.with { node in
            let file = node.root + "/out.log"
            let toFile = ["--log-uri", "file://" + file]
            #expect(
                try node.run("l1", ["sh", "-c", "echo one; echo two >&2"], detached: true, flags: toFile).code == 0
            )
            try node.eventually("the file holds both streams") {
                guard Files.exists(file) else { return false }
                return try Files.readText(file).split(separator: "\n").sorted() == ["one", "two"]
            }
            let logger = node.root + "/logger"
            let script = "#!/bin/sh\nexec 5>&-\ncat <&3 >\(node.root)/binary.log\n"
            try Files.write(logger, Array(script.utf8), mode: 0o755)
            let toProgram = ["--log-uri", "binary://" + logger]
            #expect(try node.run("l2", ["sh", "-c", "echo logged"], detached: true, flags: toProgram).code == 0)
            try node.eventually("the program has the line") {
                (try? Files.readText(node.root + "/binary.log")) == "logged"
            }
            // The directories of a file are made.
            let deep = node.root + "/made/for/it.log"
            let toDeep = ["--log-uri", "file://" + deep]
            #expect(try node.run("l3", ["echo", "deep"], detached: true, flags: toDeep).code == 0)
            try node.eventually("the file in new directories has the line") {
                (try? Files.readText(deep)) == "deep"
            }
            for id in ["l1", "l2", "l3"] { #expect(try node.exitCode(removing: [id]) == 0) }
            let unknown = try node.run("l4", ["true"], detached: true, flags: ["--log-uri", "nowhere:///x"])
            let words = String(decoding: unknown.errors, as: UTF8.self)
            #expect(words.contains("unknown STDIO scheme nowhere"), "\(words)")
        }
    }

    @Test("ctr events tells the life of a container, with its want of memory, in order")
    func events() throws {
        try ContainerdHarness.with { node in
            let log = try Descriptor.open(node.root + "/events", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            let listener = try Spawn.start(
                ["/usr/bin/ctr", "-a", node.root + "/c.sock", "events"],
                environment: [],
                standardOutput: log.raw,
                standardError: log.raw
            )
            defer {
                _ = Glibc.kill(listener, SIGKILL)
                _ = try? Spawn.wait(listener)  // it was started here
            }
            // The listener says nothing when it is ready: an event of our own shows it.
            try node.eventually("the listener hears") {
                _ = try node.ctr(["namespaces", "label", "default", "tick=\(UInt32.random(in: 0 ... .max))"])
                return try Files.readText(node.root + "/events").contains("/namespaces/update")
            }
            let limit = ["--memory-limit", "16777216"]
            #expect(try node.run("e1", ["sh", "-c", "cat /dev/zero | tail"], flags: limit).code != 7)
            let topics = {
                try Files.readText(node.root + "/events").split(separator: "\n")
                    .filter { $0.contains("e1") && $0.contains("/tasks/") }
                    .compactMap { $0.split(separator: " ").first { $0.hasPrefix("/tasks/") }.map(String.init) }
            }
            try node.eventually("the task is deleted") { try topics().last == "/tasks/delete" }
            let order = try topics().filter { $0 != "/tasks/oom" }
            #expect(order == ["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"])
            let all = try topics()
            #expect(all.contains("/tasks/oom"))
            #expect(all.firstIndex(of: "/tasks/oom") ?? 9 < all.firstIndex(of: "/tasks/exit") ?? 0)
        }
    }

    @Test("containers with one sandbox annotation share a shim, which ends with the last of them")
    func groups() throws {
        try ContainerdHarness.with { node in
            let group = ["--annotation", "io.kubernetes.cri.sandbox-id=pod1"]
            for id in ["g1", "g2", "g3"] {
                #expect(try node.run(id, ["sleep", "1000"], detached: true, flags: group).code == 0)
            }
            // The program that starts a shim, or deletes for containerd, has the same name and is gone soon.
            try node.eventually("one shim") { try node.shims().count == 1 }
            #expect(try node.exitCode(removing: ["-f", "g1"]) == 137)
            try node.eventually("one shim") { try node.shims().count == 1 }
            #expect(try node.text(["tasks", "ls"]).split(separator: "\n").filter { $0.contains("RUNNING") }.count == 2)
            for id in ["g2", "g3"] { #expect(try node.exitCode(removing: ["-f", id]) == 137) }
            try node.eventually("the shim ends") { try node.shims().isEmpty }
        }
    }
}
