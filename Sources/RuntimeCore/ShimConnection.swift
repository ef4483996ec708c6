import Linux
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
        let result: Result<[UInt8], TTRPCError> = await withCheckedContinuation { continuation in
            client.call(
                service: service,
                method: method,
                payload: request.protobuf,
                timeout: timeout,
                metadata: [StringPair(key: Shim.namespaceKey, value: namespace)]
            ) { continuation.resume(returning: $0) }
        }
        switch result {
        case .failure(let error): throw .shim(id: id, step: method, error)
        case .success(let payload):
            do {
                return try Response(protobuf: payload)
            } catch {
                throw .shim(id: id, step: method, .protocolViolation("\(error)"))
            }
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
        do {
            let response: Response = try await call(service, method, request)
            return response
        } catch {
            if tolerated(error) { return nil }
            throw error
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
