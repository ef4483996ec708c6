/// The server's end of one connection, as a state machine over bytes: it does no input or output itself.
///
/// Feed it what the socket gave; write what is in `output`. Requests may be answered in any order and at any later time.
package struct TTRPCServerConnection: Sendable {
    package struct Incoming: Hashable, Sendable {
        /// Names the call in this connection; the answer carries it back.
        package let stream: UInt32
        package let request: TTRPCRequest
    }

    package var output = OutputBuffer()
    private var decoder = FrameDecoder()
    private var lastStream: UInt32 = 0
    private var open: Set<UInt32> = []

    package init() {}

    /// How many calls wait for their answer.
    package var openCalls: Int { open.count }

    /// Takes bytes and returns the requests that are complete. Malformed ones are answered here and not returned.
    ///
    /// - Throws: `protocolViolation` when the peer cannot be speaking ttrpc: close the connection.
    package mutating func feed(_ bytes: some Collection<UInt8>) throws(TTRPCError) -> [Incoming] {
        var incoming: [Incoming] = []
        for event in decoder.feed(bytes) {
            switch event {
            case .oversized(let header):
                guard header.kind == FrameHeader.Kind.request else {
                    throw .protocolViolation("a message of type \(header.kind) with \(header.length) bytes")
                }
                refuse(
                    header.stream,
                    .resourceExhausted,
                    "message of \(header.length) bytes is over the limit of 4 MiB"
                )
            case .frame(let frame):
                if let request = try take(frame) { incoming.append(request) }
            }
        }
        return incoming
    }

    private mutating func take(_ frame: Frame) throws(TTRPCError) -> Incoming? {
        switch frame.kind {
        case FrameHeader.Kind.request: break
        case FrameHeader.Kind.data:
            // Part of a stream that was refused when it was opened.
            return nil
        default: throw .protocolViolation("a client sent a message of type \(frame.kind)")
        }
        guard frame.stream % 2 == 1 else {
            refuse(frame.stream, .invalidArgument, "stream \(frame.stream): a client's streams are odd")
            return nil
        }
        guard frame.stream > lastStream else {
            refuse(frame.stream, .invalidArgument, "stream \(frame.stream) was used before")
            return nil
        }
        lastStream = frame.stream
        do {
            let request = try TTRPCRequest(protobuf: frame.payload)
            open.insert(frame.stream)
            return Incoming(stream: frame.stream, request: request)
        } catch {
            refuse(frame.stream, .invalidArgument, error.description)
            return nil
        }
    }

    /// Queues the answer of a call; one for a call that is not open is dropped.
    package mutating func respond(stream: UInt32, _ response: TTRPCResponse) {
        guard open.remove(stream) != nil else { return }
        var payload = response.protobuf
        if payload.count > FrameHeader.maximumPayload {
            let status = TTRPC.Status(.resourceExhausted, "the answer of \(payload.count) bytes is over 4 MiB")
            payload = TTRPCResponse(status: status).protobuf
        }
        output.append(Frame(stream: stream, kind: FrameHeader.Kind.response, payload: payload))
    }

    private mutating func refuse(_ stream: UInt32, _ code: TTRPC.Code, _ message: String) {
        let response = TTRPCResponse(status: TTRPC.Status(code, message))
        output.append(Frame(stream: stream, kind: FrameHeader.Kind.response, payload: response.protobuf))
    }
}

/// The client's end of one connection, as a state machine over bytes.
package struct TTRPCClientConnection: Sendable {
    package struct Answer: Hashable, Sendable {
        package let stream: UInt32
        /// The payload, or the status with which the other side refused.
        package let result: Result<[UInt8], TTRPCError>
    }

    package var output = OutputBuffer()
    private var decoder = FrameDecoder()
    private var nextStream: UInt32 = 1
    private var open: Set<UInt32> = []

    package init() {}

    package var openCalls: Int { open.count }

    /// Queues a request and returns the stream that its answer will carry.
    ///
    /// - Throws: `tooLarge`; `disconnected` after 2^31 calls, when the numbers are used up.
    package mutating func request(_ request: TTRPCRequest) throws(TTRPCError) -> UInt32 {
        let payload = request.protobuf
        guard payload.count <= FrameHeader.maximumPayload else { throw .tooLarge(payload.count) }
        guard nextStream < UInt32.max - 2 else { throw .disconnected("all stream numbers are used up") }
        let stream = nextStream
        nextStream += 2
        open.insert(stream)
        output.append(Frame(stream: stream, kind: FrameHeader.Kind.request, payload: payload))
        return stream
    }

    /// Stops waiting for a call; its answer, if it comes, is dropped.
    package mutating func forget(_ stream: UInt32) { open.remove(stream) }

    /// Takes bytes and returns the answers that are complete, in the order of their arrival.
    package mutating func feed(_ bytes: some Collection<UInt8>) throws(TTRPCError) -> [Answer] {
        var answers: [Answer] = []
        for event in decoder.feed(bytes) {
            switch event {
            case .oversized(let header):
                guard open.remove(header.stream) != nil else { continue }
                let status = TTRPC.Status(.resourceExhausted, "an answer of \(header.length) bytes is over 4 MiB")
                answers.append(Answer(stream: header.stream, result: .failure(.status(status))))
            case .frame(let frame):
                guard frame.kind == FrameHeader.Kind.response else {
                    throw .protocolViolation("a server sent a message of type \(frame.kind)")
                }
                guard open.remove(frame.stream) != nil else { continue }
                answers.append(Answer(stream: frame.stream, result: Self.result(of: frame)))
            }
        }
        return answers
    }

    private static func result(of frame: Frame) -> Result<[UInt8], TTRPCError> {
        do {
            let response = try TTRPCResponse(protobuf: frame.payload)
            if let status = response.status, status.code != .ok { return .failure(.status(status)) }
            return .success(response.payload)
        } catch {
            return .failure(.protocolViolation(error.description))
        }
    }
}
