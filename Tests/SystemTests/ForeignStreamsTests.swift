import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite(
        "the streams of containers that runc's shim makes",
        .enabled(if: ForeignShim.isInstalled),
        .serialized
    )
    struct ForeignStreamsTests {
        private static let runc = "runtimeClassName: runc"

        @Test("exec with a terminal: input, output, size and its changes, exit code")
        func execTerminal() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("on", Manifest.sleeper, spec: Self.runc))
                try agent.waitForPhase("on", "Running")
                let session = try Terminal.run(agent, ["exec", "-it", "on", "--", "sh"], last: "exit 5")
                #expect(session.code == 5, "\(session.text)")
                #expect(session.hasSizes, "\(session.text)")
                // Seen to fail with "the client went away": the size came after the end, and runc's shim refused it.
                for _ in 0..<3 {
                    let text = try Shell.run(
                        "script -qec \"$1 exec --socket $2 -it on -- sh -c 'echo short; exit 3'\" /dev/null </dev/null; echo $?",
                        Needs.binaries + "/swiftlet",
                        agent.socket
                    )
                    #expect(text.contains("short") && text.hasSuffix("3\n"), "\(text)")
                }
                try agent.delete("on")
                try agent.expectNoLeftovers()
            }
        }

        @Test("attach with a terminal, again and again; the shell that is left ends the container")
        func attachTerminal() throws {
            try RunningAgent.with { agent in
                try agent.create(
                    Manifest.pod("shell", "exec sh", container: "tty: true\n    stdin: true", spec: Self.runc)
                )
                try agent.waitForPhase("shell", "Running")
                // A client that goes away leaves the shell's input open for the next.
                let first = try Terminal.run(agent, ["attach", "-it", "shell"], last: nil)
                #expect(first.hasSizes, "\(first.text)")
                let second = try Terminal.run(agent, ["attach", "-it", "shell"], last: "exit 3")
                #expect(second.hasSizes, "\(second.text)")
                try agent.waitForPhase("shell", "Failed")
                #expect(try agent.container("shell")["state"]?["terminated"]?["exitCode"] == 3)
                #expect(try agent.logText("shell").contains("40 120"))
                try agent.delete("shell")
                try agent.expectNoLeftovers()
            }
        }

        @Test("attach without a terminal: the input from the first byte to its end, right after the start and later")
        func attachInput() throws {
            try RunningAgent.with { agent in
                for number in 0..<5 {
                    let name = "in\(number)"
                    try agent.create(
                        Manifest.pod(
                            name,
                            "read x; echo got $x; echo bad >&2; read y || echo closed",
                            container: "stdin: true\n    stdinOnce: true",
                            spec: Self.runc
                        )
                    )
                    try agent.waitForPhase(name, "Running")
                    let attached = try Shell.run(
                        "echo hello | $1 attach --socket $2 -i $3 2>&1",
                        Needs.binaries + "/swiftlet",
                        agent.socket,
                        name
                    )
                    #expect(attached.split(separator: "\n").sorted() == ["bad", "closed", "got hello"])
                    try agent.waitForPhase(name, "Succeeded")
                }
                // Without stdinOnce the input outlives its clients, and an agent that is killed.
                let script = "while read x; do echo got $x; [ $x = end ] && exit 4; done; exit 9"
                try agent.create(Manifest.pod("many", script, container: "stdin: true", spec: Self.runc))
                try agent.waitForPhase("many", "Running")
                for word in ["one", "two", "end"] {
                    let client = try BackgroundProcess([
                        "bash", "-c", "echo \(word) | $0 attach --socket $1 -i many", Needs.binaries + "/swiftlet",
                        agent.socket,
                    ])
                    try agent.wait("the word to be read") { try agent.logText("many").contains("got \(word)\n") }
                    try client.kill()
                    if word == "one" {
                        try agent.kill()
                        try agent.start()
                    }
                }
                try agent.waitForPhase("many", "Failed")
                #expect(try agent.container("many")["state"]?["terminated"]?["exitCode"] == 4)
                #expect(try agent.logText("many") == "got one\ngot two\ngot end\n")
            }
        }
    }
}

/// The client on a terminal of its own, at which somebody types.
struct Terminal {
    /// What the client returned; 128 + the signal if it was ended.
    let code: Int32
    /// All that the terminal showed.
    let text: String

    var hasSizes: Bool { text.contains("40 120") && text.contains("50 100") }

    /// Asks a shell for the size of its terminal until the answer is right, before and after the size is changed.
    ///
    /// - Parameter last: What is typed at the end; nil ends the client.
    static func run(_ agent: RunningAgent, _ arguments: [String], last: String?) throws -> Terminal {
        let outcome = try Spawn.run(
            ["python3", "-c", script, last ?? "", Needs.binaries + "/swiftlet"] + arguments,
            environment: Shell.environment + ["SWIFTLET_SOCKET=\(agent.socket)", "TERM=xterm"]
        )
        return Terminal(
            code: outcome.code,
            text: String(decoding: outcome.output + outcome.errors, as: UTF8.self)
        )
    }

    private static let script = """
        import fcntl, os, pty, select, signal, struct, sys, termios, time
        def size(fd, rows, columns):
            fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        last, command = sys.argv[1], sys.argv[2:]
        pid, fd = pty.fork()
        if pid == 0:
            size(0, 40, 120)
            os.execv(command[0], command)
        seen = b""
        end = time.monotonic() + 60
        def read(seconds):
            global seen
            if select.select([fd], [], [], seconds)[0]:
                try:
                    part = os.read(fd, 65536)
                except OSError:
                    part = b""
                seen += part
                return len(part) > 0
            return True
        def ask(text):
            while text not in seen and time.monotonic() < end:
                os.write(fd, b"busybox stty size\\n")
                stop = time.monotonic() + 0.5
                while text not in seen and time.monotonic() < stop:
                    if not read(0.1): return
        ask(b"40 120")
        size(fd, 50, 100)
        ask(b"50 100")
        if last:
            os.write(fd, last.encode() + b"\\n")
            while read(1) and time.monotonic() < end: pass
        else:
            os.kill(pid, signal.SIGKILL)
        if time.monotonic() >= end: os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        sys.stdout.write(seen.decode(errors="replace"))
        sys.exit(os.waitstatus_to_exitcode(status) % 256)
        """
}
