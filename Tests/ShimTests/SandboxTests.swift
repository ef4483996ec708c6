import Glibc
import JSON
import Linux
import TTRPC
import TestSupport
import Testing

@Suite(.enabled(if: ShimTestNeeds.areMet), .serialized) struct SandboxTests {
    private func options(_ value: JSONValue) -> Shim.AnyMessage {
        Shim.AnyMessage(typeURL: "io.swiftlet.sandbox.v1.Options", value: value.bytes())
    }

    private func sandbox<Answer: ProtobufMessage>(
        _ client: ShimClient,
        _ method: String,
        _ request: some ProtobufMessage
    ) async throws -> Answer {
        try await client.call(method, request, service: Shim.sandboxService)
    }

    private func startPod(_ shim: ShimHarness, _ client: ShimClient, _ value: JSONValue) async throws -> [String:
        String]
    {
        let create = Shim.CreateSandboxRequest(
            sandboxID: "pod",
            bundlePath: shim.bundle("pod"),
            options: options(value)
        )
        let _: Shim.CreateSandboxResponse = try await sandbox(client, "CreateSandbox", create)
        let _: Shim.StartSandboxResponse = try await sandbox(
            client,
            "StartSandbox",
            Shim.StartSandboxRequest(sandboxID: "pod")
        )
        let status: Shim.SandboxStatusResponse = try await sandbox(
            client,
            "SandboxStatus",
            Shim.SandboxStatusRequest(sandboxID: "pod", verbose: true)
        )
        #expect(status.state == "SANDBOX_READY")
        #expect(status.createdAt?.isNever == false)
        return status.info
    }

    @Test("two containers of a pod share its network, IPC and host name, which the shim holds without a pause process")
    func sharedNamespaces() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("pod"))
            let before = try Files.linkTarget("/proc/\(try shim.shimPID("pod"))/ns/net")
            let paths = try await startPod(
                shim,
                client,
                ["hostname": "web", "sysctls": ["net.ipv4.ip_unprivileged_port_start": "0"]]
            )
            #expect(Set(paths.keys) == ["network", "ipc", "uts"])
            #expect(try Files.linkTarget("/proc/\(try shim.shimPID("pod"))/ns/net") == before)
            let script =
                "for n in net ipc uts pid; do readlink /proc/self/ns/$n; done; hostname; "
                + "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; head -n 4 /proc/net/dev | tail -n 2"
            for id in ["one", "two"] {
                let request = try shim.container(
                    id,
                    ["sh", "-c", script],
                    stdout: "cri://" + shim.log(id),
                    namespaces: paths
                )
                #expect(try await client.run(request).exitStatus == 0)
            }
            let one = try shim.lines("one").map(\.text)
            let two = try shim.lines("two").map(\.text)
            #expect(one[..<3] == two[..<3])
            #expect(one[3] != (try Files.linkTarget("/proc/self/ns/pid")))
            #expect(one[4...5] == ["web", "0"])
            #expect(one[0] != before)
            for id in ["one", "two"] { try await client.delete(id) }
            // Without containers the shim stays: it is the pod.
            try await client.shutdown("pod")
            let _: Shim.PingResponse = try await sandbox(client, "PingSandbox", Shim.PingRequest(sandboxID: "pod"))
            let pid = try shim.shimPID("pod")
            let _: Shim.ShutdownSandboxResponse = try await sandbox(
                client,
                "ShutdownSandbox",
                Shim.ShutdownSandboxRequest(sandboxID: "pod")
            )
            try await eventually("the shim ends") {
                hasEnded(pid)
            }
        }
    }

    @Test("a shared process namespace has a process 1 of its own, and ends with StopSandbox")
    func sharedProcesses() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("pod"))
            let paths = try await startPod(shim, client, ["shareProcessNamespace": true])
            let record = try JSONValue(parsing: try Files.read(shim.bundle("pod") + "/sandbox.json"))
            let initPID = try #require(record["initPid"]?.int64Value)
            // Whoever is told of the sandbox finds process 1 as it stays: named, without descriptors, out of reach.
            #expect(try Files.readText("/proc/\(initPID)/comm") == "swiftlet-init")
            #expect(try Files.list("/proc/\(initPID)/fd").isEmpty)
            let script = "cat /proc/1/comm; sleep 1000"
            let request = try shim.container(
                "one",
                ["sh", "-c", script],
                stdout: "cri://" + shim.log("one"),
                namespaces: paths
            )
            let created = try await client.create(request)
            try await client.start("one")
            try await eventually("the line") { try Files.exists(shim.log("one")) && !shim.lines("one").isEmpty }
            #expect(try shim.lines("one").map(\.text) == ["swiftlet-init"])
            let _: Shim.StopSandboxResponse = try await sandbox(
                client,
                "StopSandbox",
                Shim.StopSandboxRequest(sandboxID: "pod")
            )
            #expect(try await client.wait("one").exitStatus == 137)
            #expect(kill(Int32(created.pid), 0) != 0)
            #expect(kill(Int32(initPID), 0) != 0)
            let ended: Shim.WaitSandboxResponse = try await sandbox(
                client,
                "WaitSandbox",
                Shim.WaitSandboxRequest(sandboxID: "pod")
            )
            #expect(ended.exitedAt?.isNever == false)
        }
    }

    @Test(
        "the host's namespaces are used when the pod asks for them, and sysctls that would change the host are refused"
    )
    func hostNamespaces() async throws {
        try await ShimHarness.with { shim in
            let client = try shim.connect(try shim.start("pod"))
            let bad: [JSONValue] = [
                ["sysctls": ["kernel.panic": "1"]],
                ["hostNetwork": true, "sysctls": ["net.ipv4.ip_forward": "1"]],
                ["sysctls": ["net/../kernel/panic": "1"]],
                ["hostIPC": true, "sysctls": ["kernel.shm_rmid_forced": "1"]],
            ]
            for value in bad {
                let create = Shim.CreateSandboxRequest(
                    sandboxID: "pod",
                    bundlePath: shim.bundle("pod"),
                    options: options(value)
                )
                let code = await refusal {
                    let _: Shim.CreateSandboxResponse = try await sandbox(client, "CreateSandbox", create)
                }
                #expect(code == .invalidArgument, "\(value)")
            }
            #expect(try await startPod(shim, client, ["hostNetwork": true, "hostIPC": true]).isEmpty)
        }
    }
}
