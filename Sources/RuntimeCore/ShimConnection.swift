import Linux
import Synchronization
import TTRPC

/// The connection to one shim, with its calls as async functions.
final class ShimConnection: Sendable {
    let id: String
    private let namespace: String
    private let client: TTRPCClient
    /// The task service in the version that the shim speaks.
    let taskService: String

    /// - Parameters:
    ///   - address: What the shim printed when it was started.
    ///   - loop: Where answers arrive.
    /// - Throws: `CoreError.shim` with `.disconnected` when nobody listens.
    init(
        id: String,
        namespace: String,
        address: ShimAddress,
        loop: LoopThread,
        onDisconnect: @escaping @Sendable () -> Void
    ) throws(CoreError) {
        self.id = id
        self.namespace = namespace
        taskService = address.taskService
        do {
            client = try TTRPCClient.connect(path: address.path, mailbox: loop.mailbox) { _ in onDisconnect() }
        } catch {
            throw .shim(id: id, step: "connect", .disconnected("\(error)"))
        }
    }

    func close() { client.close() }

    var isConnected: Bool { client.isConnected }

    /// Calls a method and decodes its answer.
    ///
    /// - Parameter timeout: nil waits as long as the shim lives.
    func call<Request: ProtobufMessage, Response: ProtobufMessage>(
        _ service: String,
        _ method: String,
        _ request: Request,
        timeout: Duration? = .seconds(30)
    ) async throws(CoreError) -> Response {
        try await outcome(of: begin(service, method, request, timeout: timeout))
    }

    /// Sends a request without waiting for its answer. Requests arrive in the order in which they were begun.
    func begin(
        _ service: String,
        _ method: String,
        _ request: some ProtobufMessage,
        timeout: Duration? = .seconds(30)
    ) -> ShimCall {
        let call = ShimCall(method: method)
        client.call(
            service: service,
            method: method,
            payload: request.protobuf,
            timeout: timeout,
            metadata: [StringPair(key: Shim.namespaceKey, value: namespace)]
        ) { call.finish($0) }
        return call
    }

    /// The answer to a request that was begun.
    func outcome<Response: ProtobufMessage>(of call: ShimCall) async throws(CoreError) -> Response {
        switch await call.result {
        case .failure(let error): throw .shim(id: id, step: call.method, error)
        case .success(let payload):
            do {
                return try Response(protobuf: payload)
            } catch {
                throw .shim(id: id, step: call.method, .protocolViolation("\(error)"))
            }
        }
    }

    /// As above; nil where the shim's refusal means that it is done already.
    func outcome<Response: ProtobufMessage>(
        of call: ShimCall,
        as response: Response.Type,
        tolerating tolerated: (CoreError) -> Bool
    ) async throws(CoreError) -> Response? {
        do {
            let response: Response = try await outcome(of: call)
            return response
        } catch {
            if tolerated(error) { return nil }
            throw error
        }
    }

    /// As `call`; nil where the shim's refusal means that it is done already.
    ///
    /// - Parameter tolerated: Which failures those are.
    func attempt<Request: ProtobufMessage, Response: ProtobufMessage>(
        _ service: String,
        _ method: String,
        _ request: Request,
        expecting response: Response.Type,
        tolerating tolerated: (CoreError) -> Bool
    ) async throws(CoreError) -> Response? {
        try await outcome(of: begin(service, method, request), as: response, tolerating: tolerated)
    }
}

/// A request on its way. Its result is asked for once.
final class ShimCall: Sendable {
    typealias Outcome = Result<[UInt8], TTRPCError>

    private enum State {
        case open
        case awaited(CheckedContinuation<Outcome, Never>)
        case finished(Outcome)
    }

    let method: String
    private let state = Mutex(State.open)

    init(method: String) { self.method = method }

    func finish(_ result: Outcome) {
        let waiting: CheckedContinuation<Outcome, Never>? = state.withLock { state in
            defer { state = .finished(result) }
            if case .awaited(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(returning: result)
    }

    var result: Outcome {
        get async {
            await withCheckedContinuation { continuation in
                let known: Outcome? = state.withLock { state in
                    if case .finished(let result) = state { return result }
                    state = .awaited(continuation)
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }
}

extension CoreError {
    /// The shim, or what it was asked about, is not there any more.
    var isGone: Bool { isDisconnected || code == .notFound }

    /// The shim's answer code, if this is an answer.
    var code: TTRPC.Code? {
        if case .shim(_, _, .status(let status)) = self { return status.code }
        return nil
    }
}
