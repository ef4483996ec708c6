import Hummingbird
import KubernetesAPI
import NIOCore
import NodeAgent

/// …/pods/NAME/exec in Kubernetes' form, over WebSocket; and the form for plain HTTP in `ExecRun`.
struct ExecHandlers: Sendable {
    let agent: Agent

    /// What a client gets that asks for WebSocket.
    func upgrade(_ request: APIRequest) throws(APIError) -> any UpgradedService {
        let options = try Self.options(request)
        let target = try agent.execTarget(namespace: request["namespace"], pod: request["name"], options: options)
        return WebSocketService { client in
            await ExecStreaming(agent: agent, options: options, target: target, origin: request.origin).serve(client)
        }
    }

    /// What a client gets that does not: what is wrong with the request, or that it has to ask for WebSocket.
    func needsUpgrade(_ request: APIRequest) throws(APIError) -> Response {
        let options = try Self.options(request)
        _ = try agent.execTarget(namespace: request["namespace"], pod: request["name"], options: options)
        throw Self.upgradeRequired(
            request,
            "for plain HTTP: POST /v1/namespaces/\(request["namespace"])/pods/\(request["name"])/exec"
        )
    }

    static func upgradeRequired(_ request: APIRequest, _ hint: String) -> APIError {
        // A client that asks for WebSocket in order, but for other subprotocols, comes here, too.
        let unknown = request.raw.headers[.secWebSocketProtocol].map { asked in
            asked.split(separator: ",").map(\.trimmed).contains(where: WebSocketClient.protocols.contains)
                ? "" : "; the subprotocol \(FieldError.quoted(asked)) is not spoken here"
        }
        return .badRequest(
            "Upgrade request required: ask for WebSocket with the subprotocol "
                + "\(WebSocketClient.protocols.joined(separator: " or "))\(unknown ?? ""); \(hint)"
        )
    }

    static func options(_ request: APIRequest) throws(APIError) -> ExecOptions {
        ExecOptions(
            container: request.query("container"),
            command: request.queries("command"),
            stdin: try request.flag("stdin"),
            stdout: try request.flag("stdout", default: true),
            stderr: try request.flag("stderr", default: true),
            tty: try request.flag("tty")
        )
    }

    /// The form for curl and scripts.
    func run(_ request: APIRequest) async throws -> Response { try await ExecRun(agent: agent).answer(request) }
}

/// Something that is served over WebSocket in Kubernetes' form.
struct WebSocketService: UpgradedService {
    let body: @Sendable (WebSocketClient) async -> Void

    func serve(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        allocator: ByteBufferAllocator,
        watcher: DisconnectWatcher
    ) async {
        let client = WebSocketClient(inbound: inbound, outbound: outbound, allocator: allocator, watcher: watcher)
        await withTaskGroup { group in
            group.addTask { await client.keepAlive() }
            await body(client)
            group.cancelAll()
        }
        await client.leave()
    }
}
