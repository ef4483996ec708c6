import TTRPC
import Testing

@Suite struct FrameTests {
    @Test("the header of an observed Connect call is what we write")
    func header() {
        // containerd 1.6, second call: hdr=00000028000000030100
        let request = TTRPCRequest(
            service: Shim.taskServiceV2,
            method: "Connect",
            payload: Shim.ConnectRequest(id: "s2").protobuf
        )
        var bytes: [UInt8] = []
        Frame(stream: 3, kind: FrameHeader.Kind.request, payload: request.protobuf).append(to: &bytes)
        #expect(hex(bytes.prefix(10)) == "00000028000000030100")
    }

    @Test(
        "calls and answers have the length of those that containerd 1.6 and 2.3 exchanged with their shims",
        arguments: [
            (request(Shim.taskServiceV2, "Start", Shim.StartRequest(id: "s2")), 0x26),
            (request(Shim.taskServiceV2, "State", Shim.StateRequest(id: "s2")), 0x26),
            (request(Shim.taskServiceV2, "Wait", Shim.WaitRequest(id: "s2")), 0x25),
            (request(Shim.taskServiceV2, "Delete", Shim.DeleteRequest(id: "s2")), 0x27),
            (request(Shim.taskServiceV2, "State", Shim.StateRequest(id: "s2"), timeout: 1_999_984_407), 0x2C),
            (request(Shim.taskServiceV2, "Shutdown", Shim.ShutdownRequest(id: "s2"), timeout: 2_999_988_934), 0x2F),
            (request(Shim.taskServiceV3, "Connect", Shim.ConnectRequest(id: "s3"), namespace: "default"), 0x4F),
            (request(Shim.taskServiceV3, "Start", Shim.StartRequest(id: "s3"), namespace: "default"), 0x4D),
            (request(Shim.taskServiceV3, "Wait", Shim.WaitRequest(id: "s3"), namespace: "default"), 0x4C),
            (answer(Shim.CreateTaskResponse(pid: 15841)), 0x05),
            (answer(Shim.CreateTaskResponse(pid: 23362)), 0x06),
            (answer(Shim.ConnectResponse(shimPID: 15731, taskPID: 15841)), 0x08),
            (answer(Shim.ConnectResponse(shimPID: 23192, taskPID: 23362)), 0x0A),
            (answer(Shim.WaitResponse(exitStatus: 3, exitedAt: exited)), 0x12),
            (answer(Shim.DeleteResponse(pid: 15841, exitStatus: 3, exitedAt: exited)), 0x15),
            (answer(Shim.Empty()), 0x00),
        ] as [([UInt8], Int)]
    )
    func observedLengths(_ bytes: [UInt8], _ length: Int) { #expect(bytes.count == length) }

    private static let exited = Shim.Timestamp(seconds: 1_795_411_339, nanos: 570_410_968)

    private static func request(
        _ service: String,
        _ method: String,
        _ message: some ProtobufMessage,
        timeout: Int64 = 0,
        namespace: String = ""
    ) -> [UInt8] {
        TTRPCRequest(
            service: service,
            method: method,
            payload: message.protobuf,
            timeoutNanos: timeout,
            metadata: namespace.isEmpty ? [] : [StringPair(key: Shim.namespaceKey, value: namespace)]
        ).protobuf
    }

    private static func answer(_ message: some ProtobufMessage) -> [UInt8] {
        TTRPCResponse(payload: message.protobuf).protobuf
    }

    @Test("frames are found however the bytes are cut", arguments: [1, 2, 3, 7, 9, 10, 11, 64, 1000])
    func cuts(_ size: Int) {
        let frames = (0..<20).map { number in
            Frame(
                stream: UInt32(number * 2 + 1),
                kind: FrameHeader.Kind.request,
                payload: [UInt8](repeating: UInt8(number), count: number * 13)
            )
        }
        var bytes: [UInt8] = []
        for frame in frames { frame.append(to: &bytes) }
        var decoder = FrameDecoder()
        var found: [FrameDecoder.Event] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            found += decoder.feed(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(found == frames.map { .frame($0) })
    }

    @Test("a payload over 4 MiB is thrown away as it comes, and the next frame is read")
    func oversized() {
        var decoder = FrameDecoder()
        let length = UInt32(FrameHeader.maximumPayload + 1)
        var events = decoder.feed([0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0])
        #expect(events == [.oversized(FrameHeader(length: length, stream: 1, kind: 1))])
        var left = Int(length)
        let piece = [UInt8](repeating: 1, count: 1 << 20)
        while left > 0 {
            events = decoder.feed(piece.prefix(left))
            left -= min(left, piece.count)
            #expect(events.isEmpty)
        }
        let frame = Frame(stream: 3, kind: 1, payload: [5])
        var bytes: [UInt8] = []
        frame.append(to: &bytes)
        #expect(decoder.feed(bytes) == [.frame(frame)])
    }
}

@Suite struct ConnectionTests {
    private func frame(_ stream: UInt32, _ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        Frame(stream: stream, kind: kind, payload: payload).append(to: &bytes)
        return bytes
    }

    private func responses(_ output: OutputBuffer) throws -> [(UInt32, TTRPCResponse)] {
        var decoder = FrameDecoder()
        return try decoder.feed(output.pending).map { event in
            guard case .frame(let frame) = event else {
                Issue.record("oversized answer")
                return (0, TTRPCResponse())
            }
            #expect(frame.kind == FrameHeader.Kind.response)
            return (frame.stream, try TTRPCResponse(protobuf: frame.payload))
        }
    }

    @Test("calls answered out of order reach their callers")
    func outOfOrder() throws {
        var client = TTRPCClientConnection()
        var server = TTRPCServerConnection()
        let streams = try (0..<3).map { number in
            try client.request(TTRPCRequest(service: "s", method: "m\(number)", payload: [UInt8(number)]))
        }
        #expect(streams == [1, 3, 5])
        let incoming = try server.feed(client.output.pending)
        #expect(incoming.map(\.request.method) == ["m0", "m1", "m2"])
        for call in incoming.reversed() {
            server.respond(stream: call.stream, TTRPCResponse(payload: call.request.payload + [9]))
        }
        let answers = try client.feed(server.output.pending)
        #expect(answers.map(\.stream) == [5, 3, 1])
        #expect(answers.map(\.result) == [.success([2, 9]), .success([1, 9]), .success([0, 9])])
        #expect(client.openCalls == 0 && server.openCalls == 0)
    }

    @Test("a status other than OK is the caller's error")
    func status() throws {
        var client = TTRPCClientConnection()
        var server = TTRPCServerConnection()
        _ = try client.request(TTRPCRequest(service: "s", method: "m", payload: []))
        _ = try server.feed(client.output.pending)
        let status = TTRPC.Status(.notFound, "no such task")
        server.respond(stream: 1, TTRPCResponse(status: status))
        server.respond(stream: 1, TTRPCResponse(payload: [1]))
        #expect(try client.feed(server.output.pending).map(\.result) == [.failure(.status(status))])
    }

    @Test("an answer to a forgotten call is dropped")
    func forgotten() throws {
        var client = TTRPCClientConnection()
        let stream = try client.request(TTRPCRequest(service: "s", method: "m", payload: []))
        client.forget(stream)
        #expect(try client.feed(frame(stream, 2, [])).isEmpty)
    }

    @Test("an even stream, a used stream and garbage in a frame are answered with InvalidArgument")
    func refusals() throws {
        var server = TTRPCServerConnection()
        let request = TTRPCRequest(service: "s", method: "m", payload: []).protobuf
        #expect(try server.feed(frame(2, 1, request)).isEmpty)
        #expect(try server.feed(frame(5, 1, request)).count == 1)
        #expect(try server.feed(frame(5, 1, request)).isEmpty)
        #expect(try server.feed(frame(3, 1, request)).isEmpty)
        #expect(try server.feed(frame(7, 1, [0xFF])).isEmpty)
        let answers = try responses(server.output)
        #expect(answers.map(\.0) == [2, 5, 3, 7])
        #expect(answers.allSatisfy { $0.1.status?.code == .invalidArgument })
    }

    @Test("a request over 4 MiB is answered with ResourceExhausted and never buffered")
    func tooLarge() throws {
        var server = TTRPCServerConnection()
        #expect(try server.feed([0x7F, 0, 0, 0, 0, 0, 0, 1, 1, 0]).isEmpty)
        #expect(try responses(server.output).map(\.1.status?.code) == [.resourceExhausted])
        var client = TTRPCClientConnection()
        #expect(throws: TTRPCError.self) {
            try client.request(TTRPCRequest(service: "s", method: "m", payload: [UInt8](repeating: 0, count: 5 << 20)))
        }
    }

    @Test("what is not ttrpc ends the connection")
    func notTTRPC() throws {
        var server = TTRPCServerConnection()
        #expect(throws: TTRPCError.self) { try server.feed(Array("GET / HTTP/1.1\r\n\r\n".utf8)) }
        var client = TTRPCClientConnection()
        #expect(throws: TTRPCError.self) { try client.feed(frame(1, 1, [])) }
    }

    @Test("mutated traffic never traps the server or the client")
    func fuzz() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var requests: [UInt8] = []
        var answers: [UInt8] = []
        for stream in stride(from: UInt32(1), to: 9, by: 2) {
            let request = TTRPCRequest(
                service: Shim.taskServiceV2,
                method: "State",
                payload: Shim.StateRequest(id: "c\(stream)").protobuf,
                timeoutNanos: 5,
                metadata: [StringPair(key: "k", value: "v")]
            )
            requests += frame(stream, 1, request.protobuf)
            answers += frame(stream, 2, TTRPCResponse(status: TTRPC.Status(.unknown, "x")).protobuf)
        }
        for _ in 0..<5_000 {
            var traffic = requests
            for _ in 0..<3 { mutate(&traffic, &random) }
            var server = TTRPCServerConnection()
            if let incoming = try? server.feed(traffic) {  // a closed connection is fine
                for call in incoming { server.respond(stream: call.stream, TTRPCResponse(payload: [])) }
            }
            traffic = answers
            for _ in 0..<3 { mutate(&traffic, &random) }
            var client = TTRPCClientConnection()
            for _ in 0..<4 { _ = try client.request(TTRPCRequest(service: "s", method: "m", payload: [])) }
            _ = try? client.feed(traffic)  // as above
        }
    }
}
