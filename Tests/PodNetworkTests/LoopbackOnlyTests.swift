import Glibc
import Linux
import PodNetwork
import Testing

@Suite("Loopback-only network")
struct LoopbackOnlyTests {
    @Test(
        "brings lo up inside the given namespace and leaves the caller in its own",
        .enabled(if: getuid() == 0, "needs root")
    )
    func bringsLoopbackUp() throws {
        let output = try Pipe()
        let holder = try Spawn.start(
            ["/usr/bin/unshare", "--net", "/bin/sleep", "60"],
            environment: ["PATH=/usr/bin:/bin"],
            standardOutput: output.writeNumber,
            standardError: 2
        )
        defer {
            kill(holder, SIGKILL)
            _ = try? Spawn.wait(holder)  // the test has its verdict; the child is ours and dead
        }
        let namespace = "/proc/\(holder)/ns/net"
        let own = try linkTarget("/proc/self/ns/net")
        for _ in 0..<3000 where try linkTarget(namespace) == own { usleep(10_000) }
        try #require(try linkTarget(namespace) != own)

        let attachment = try LoopbackOnly().attach(sandboxID: "s1", namespacePath: namespace)

        #expect(attachment.podIPs.isEmpty)
        #expect(attachment.limitation?.contains("loopback") == true)
        #expect(try linkTarget("/proc/thread-self/ns/net") == own)
        let flags = try Spawn.run(
            ["/usr/bin/nsenter", "--net=\(namespace)", "/bin/sh", "-c", "ip -o link show lo"],
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        )
        #expect(String(decoding: flags.output, as: UTF8.self).contains("LOOPBACK,UP"))
    }

    @Test("a namespace that is gone is an error that names it")
    func missingNamespace() {
        #expect(throws: NetworkError.self) {
            try LoopbackOnly().attach(sandboxID: "s1", namespacePath: "/proc/1/fd/99999")
        }
    }

    private func linkTarget(_ path: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink(path, &buffer, buffer.count)
        try #require(count > 0)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
