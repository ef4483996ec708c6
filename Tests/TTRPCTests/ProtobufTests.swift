import TTRPC
import Testing

/// Lower-case hex, to compare bytes with transcripts.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}

@Suite struct ProtobufTests {
    @Test("the exit event of a real shim is read, and written back byte for byte")
    func exitEvent() throws {
        // From a transcript of containerd 1.6: "\n\002s2\022\002s2\030\341{ \003*\014\010\213\233\217\330\006\020\330\217\377\217\002"
        let bytes: [UInt8] = [
            0x0A, 0x02, 0x73, 0x32, 0x12, 0x02, 0x73, 0x32, 0x18, 0xE1, 0x7B, 0x20, 0x03, 0x2A, 0x0C, 0x08, 0x8B, 0x9B,
            0x8F, 0xD8, 0x06, 0x10, 0xD8, 0x8F, 0xFF, 0x8F, 0x02,
        ]
        let event = try Shim.TaskExit(protobuf: bytes)
        #expect(event.containerID == "s2")
        #expect(event.pid == 15841)
        #expect(event.exitStatus == 3)
        #expect(event.exitedAt == Shim.Timestamp(seconds: 1_795_411_339, nanos: 570_410_968))
        #expect(hex(event.protobuf) == hex(bytes))
    }

    @Test("the bootstrap result of containerd 2.3's shim is written byte for byte")
    func bootstrap() throws {
        let text = "unix:///run/containerd/s/268733e7025748034116926dd0b30091e52b393aca70f9d08ee5a6f4738f22cc"
        let result = Shim.BootstrapResult(version: 3, address: text, protocolName: "ttrpc")
        #expect(result.protobuf == [0x08, 0x03, 0x12, 0x59] + Array(text.utf8) + [0x1A, 0x05] + Array("ttrpc".utf8))
    }

    @Test("containerd 2.3's bootstrap parameters are read")
    func bootstrapParameters() throws {
        let bytes =
            Array("\n\u{2}s3\u{12}\u{7}default\"\r2.3.4+unknown*'/srv/c2/c.sock.ttrpc2!/srv/c2/c.sock:'".utf8)
            .dropLast(3)
        let parameters = try Shim.BootstrapParams(
            protobuf: Array("\n\u{2}s3\u{12}\u{7}default\"\r2.3.4+unknown".utf8)
        )
        #expect(parameters.instanceID == "s3")
        #expect(parameters.namespace == "default")
        // The length of field 5 says more than there is.
        #expect(throws: ProtobufError.truncated) { try Shim.BootstrapParams(protobuf: bytes) }
    }

    @Test("negative numbers take ten bytes and come back")
    func negative() throws {
        let never = Shim.Timestamp.never
        #expect(hex(never.protobuf) == "088092b8c398feffffff01")
        #expect(try Shim.Timestamp(protobuf: never.protobuf) == never)
        #expect(Shim.Timestamp(nanosecondsSince1970: -1) == Shim.Timestamp(seconds: -1, nanos: 999_999_999))
    }

    @Test(
        "a full message of every kind survives a round trip",
        arguments: [
            Shim.CreateTaskRequest(
                id: "a",
                bundle: "/b",
                rootfs: [
                    Shim.Mount(type: "overlay", source: "overlay", options: ["lowerdir=/x:/y", ""]),
                    Shim.Mount(type: "bind", source: "/s", target: "/t"),
                ],
                terminal: true,
                stdin: "/run/in",
                stdout: "cri:///log?max-size=1",
                stderr: "é\u{1F600}",
                checkpoint: "c",
                parentCheckpoint: "p",
                options: Shim.AnyMessage(
                    "containerd.runc.v1.Options",
                    Shim.RuncOptions(root: "/r", systemdCgroup: true)
                )
            ), Shim.CreateTaskRequest(),
        ]
    )
    func roundTrip(_ request: Shim.CreateTaskRequest) throws {
        #expect(try Shim.CreateTaskRequest(protobuf: request.protobuf) == request)
    }

    @Test("maps are written in the order of their keys and read in any order")
    func maps() throws {
        let status = Shim.SandboxStatusResponse(sandboxID: "s", info: ["b": "2", "a": "1", "": ""])
        #expect(try Shim.SandboxStatusResponse(protobuf: status.protobuf) == status)
        #expect(
            status.protobuf == Shim.SandboxStatusResponse(sandboxID: "s", info: ["": "", "a": "1", "b": "2"]).protobuf
        )
    }

    @Test(
        "unknown fields of every wire type are skipped",
        arguments: [
            [0xA0, 0x06, 0x01],  // varint
            [0xA1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],  // 64 bits
            [0xA2, 0x06, 0x02, 9, 9],  // bytes
            [0xA5, 0x06, 1, 2, 3, 4],  // 32 bits
            [0xA3, 0x06, 0x08, 0x01, 0x13, 0x14, 0xA4, 0x06],  // a group with a number and a group in it
        ] as [[UInt8]]
    )
    func unknownFields(_ unknown: [UInt8]) throws {
        let known = Shim.KillRequest(id: "x", signal: 9).protobuf
        #expect(try Shim.KillRequest(protobuf: unknown + known + unknown) == Shim.KillRequest(id: "x", signal: 9))
    }

    @Test(
        "malformed bytes are refused with the reason",
        arguments: [
            ([0x0A], .truncated),
            ([0x0A, 0x05, 0x61], .truncated),
            ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .truncated),
            ([0x18, 0x80], .truncated),
            ([0x18] + [UInt8](repeating: 0x80, count: 10) + [0x01], .overlongVarint),
            ([0x00, 0x01], .badFieldNumber),
            ([0x0A, 0x01, 0xFF], .badText(field: 1)),
            ([0x08, 0x01], .wrongType(field: 1)),
            ([0x0F], .badWireType(7)),
            ([0x0C], .badWireType(4)),
            ([0x53, 0x5C], .badWireType(4)),
            ([0x53], .truncated),
            ([UInt8](repeating: 0x53, count: 100), .tooDeep),
            ([0x19, 0, 0, 0], .truncated),
        ] as [([UInt8], ProtobufError)]
    )
    func malformed(_ bytes: [UInt8], _ reason: ProtobufError) {
        #expect(throws: reason) { try Shim.KillRequest(protobuf: bytes) }
    }

    @Test("mutated and random messages never do more than fail")
    func fuzz() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let seeds = [
            Shim.CreateTaskRequest(
                id: "a",
                bundle: "/b",
                rootfs: [Shim.Mount(type: "bind", source: "/s", options: ["ro"])],
                options: Shim.AnyMessage(typeURL: "t", value: [1, 2, 3])
            ).protobuf,
            Shim.ForwardRequest(
                envelope: Shim.Envelope(
                    timestamp: .never,
                    namespace: "n",
                    topic: "/t",
                    event: Shim.AnyMessage("x", Shim.TaskExit(containerID: "c", exitedAt: .never))
                )
            ).protobuf,
            Shim.SandboxStatusResponse(sandboxID: "s", info: ["a": "b"], createdAt: .never).protobuf,
        ]
        var accepted = 0
        for round in 0..<30_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0...Int.random(in: 0..<4, using: &random) { mutate(&bytes, &random) }
            if let message = try? Shim.CreateTaskRequest(protobuf: bytes) {  // refusal is fine, a trap is not
                // What was accepted is a value like any other: it can be written and read again.
                #expect(try Shim.CreateTaskRequest(protobuf: message.protobuf) == message, "seed \(seed)")
                accepted += 1
            }
            _ = try? Shim.ForwardRequest(protobuf: bytes)  // as above
            _ = try? Shim.SandboxStatusResponse(protobuf: bytes)  // as above
        }
        #expect(accepted > 0)
    }
}

/// A small generator (SplitMix64) whose seed reproduces a failing run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Changes, removes, inserts or copies a few bytes.
func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    guard let place = bytes.indices.randomElement(using: &random) else {
        bytes.append(UInt8.random(in: 0...255, using: &random))
        return
    }
    switch Int.random(in: 0..<5, using: &random) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2: bytes.remove(at: place)
    case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
    default: bytes.removeLast(Int.random(in: 0...min(8, bytes.count), using: &random))
    }
}
