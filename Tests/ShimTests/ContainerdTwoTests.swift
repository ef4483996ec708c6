import Linux
import OCI
import TTRPC
import TestSupport
import Testing

/// What containerd 2.3 does with a shim, as it was observed: Debian has no containerd 2 that could do it here.
@Suite(.enabled(if: ShimTestNeeds.areMet), .serialized) struct ContainerdTwoTests {
    /// Runs the shim as containerd does: in the bundle, with these bytes on standard input.
    private func run(
        _ shim: ShimHarness,
        _ arguments: [String],
        id: String,
        input: [UInt8] = []
    ) throws -> Spawn.Outcome {
        try Files.replace(shim.root + "/input", with: input)
        let common = [
            "-namespace", "test", "-address", shim.root + "/grpc.sock", "-publish-binary", "/bin/true", "-id", id,
        ]
        return try Spawn.run(
            ["/bin/sh", "-c", "input=$1; shift; exec \"$@\" <$input", "sh", shim.root + "/input", ShimTestNeeds.binary]
                + common + arguments,
            environment: [
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "GOMAXPROCS=2", "MAX_SHIM_VERSION=2", "NAMESPACE=test",
                "TTRPC_ADDRESS=\(shim.root)/events.sock", "GRPC_ADDRESS=\(shim.root)/grpc.sock",
                "SWIFTLET_SHIM_SOCKET_DIR=\(shim.root)/s",
            ],
            workingDirectory: shim.bundle(id)
        )
    }

    private func parameters(_ shim: ShimHarness, instance: String) -> Shim.BootstrapParams {
        Shim.BootstrapParams(
            instanceID: instance,
            namespace: "test",
            containerdVersion: "2.3.4+unknown",
            containerdTTRPCAddress: shim.root + "/events.sock",
            socketDir: shim.root + "/t"
        )
    }

    @Test(
        "a container from bootstrap to two deletes by the third version of the task service, with its events in order"
    )
    func life() async throws {
        try await ShimHarness.with { shim in
            try shim.serveEvents()
            let request = try shim.container("a", ["sh", "-c", "exit 3"])
            let started = try run(shim, ["start"], id: "a", input: parameters(shim, instance: "a").protobuf)
            // containerd reads both from one pipe.
            #expect(started.errors == [])
            let result = try Shim.BootstrapResult(protobuf: started.output)
            let client = try shim.connect(result.address)
            func call<Answer: ProtobufMessage>(_ method: String, _ request: some ProtobufMessage) async throws -> Answer
            {
                let payload = try await withCheckedThrowingContinuation { continuation in
                    client.client.call(
                        service: Shim.taskServiceV3,
                        method: method,
                        payload: request.protobuf,
                        timeout: .seconds(60),
                        metadata: [StringPair(key: "containerd-namespace-ttrpc", value: "test")]
                    ) { continuation.resume(with: $0) }
                }
                return try Answer(protobuf: payload)
            }
            let created: Shim.CreateTaskResponse = try await call("Create", request)
            let connected: Shim.ConnectResponse = try await call("Connect", Shim.ConnectRequest(id: "a"))
            #expect(connected.taskPID == created.pid)
            let start: Shim.StartResponse = try await call("Start", Shim.StartRequest(id: "a"))
            #expect(start.pid == created.pid)
            let wait: Shim.WaitResponse = try await call("Wait", Shim.WaitRequest(id: "a"))
            #expect(wait.exitStatus == 3)
            let state: Shim.StateResponse = try await call("State", Shim.StateRequest(id: "a"))
            #expect(state.status == .stopped)
            #expect(state.exitedAt == wait.exitedAt)
            let deleted: Shim.DeleteResponse = try await call("Delete", Shim.DeleteRequest(id: "a"))
            #expect(deleted.pid == created.pid && deleted.exitStatus == 3)
            let _: Shim.Empty = try await call("Shutdown", Shim.ShutdownRequest(id: "a"))
            let topics = try await shim.events(atLeast: 4).map(\.topic)
            #expect(topics == ["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"])
            try await eventually("the shim to end") { hasEnded(Int32(connected.shimPID)) }
            // After every end of a shim, a clean one too; and again, when containerd was killed meanwhile.
            for _ in 0..<2 {
                let outcome = try run(shim, ["-bundle", shim.bundle("a"), "delete"], id: "a")
                #expect(outcome.code == 0)
                _ = try Shim.DeleteResponse(protobuf: outcome.output)
            }
        }
    }

    @Test(
        "other bytes on standard input, such as the options of older versions, are no bootstrap: the address is plain"
    )
    func otherInput() async throws {
        try await ShimHarness.with { shim in
            let options = Shim.AnyMessage("containerd.runc.v1.Options", Shim.RuncOptions())
            let inputs = [options.protobuf, parameters(shim, instance: "other").protobuf, [0xFF, 0x01], []]
            for (number, input) in inputs.enumerated() {
                let id = "a\(number)"
                try Files.makeDirectories(shim.bundle(id))
                let outcome = try run(shim, ["start"], id: id, input: input)
                let address = String(decoding: outcome.output, as: UTF8.self)
                #expect(address.hasPrefix("unix:///"), "\(number): \(address)")
                #expect(outcome.errors == [])
                let client = try shim.connect(address)
                try await client.shutdown(id)
            }
        }
    }
}
