import Hummingbird
import KubernetesAPI
import NodeAgent
import RuntimeCore
import ServiceLifecycle

/// …/pods/NAME/attach in Kubernetes' form, over WebSocket: the streams of a container's first process, from now on.
struct AttachHandlers: Sendable {
    let agent: Agent

    func upgrade(_ request: APIRequest) throws(APIError) -> any UpgradedService {
        let streams = try self.streams(request)
        let target = try self.target(request)
        let streaming = AttachStreaming(
            agent: agent,
            target: target,
            stdin: streams.stdin,
            stdout: streams.stdout,
            stderr: streams.stderr,
            origin: request.origin
        )
        return WebSocketService { client in await streaming.serve(client) }
    }

    func needsUpgrade(_ request: APIRequest) throws(APIError) -> Response {
        _ = try streams(request)
        _ = try target(request)
        throw ExecHandlers.upgradeRequired(
            request,
            "to only read: …/namespaces/\(request["namespace"])/pods/\(request["name"])/log?follow=1"
        )
    }

    private func streams(_ request: APIRequest) throws(APIError) -> (stdin: Bool, stdout: Bool, stderr: Bool) {
        let streams = (
            stdin: try request.flag("stdin"), stdout: try request.flag("stdout", default: true),
            stderr: try request.flag("stderr", default: true)
        )
        guard streams.stdin || streams.stdout || streams.stderr else { throw ContainerTarget.noStream }
        return streams
    }

    private func target(_ request: APIRequest) throws(APIError) -> ContainerTarget {
        try agent.target(
            namespace: request["namespace"],
            pod: request["name"],
            container: request.query("container")
        )
    }
}

/// One client at a container's streams.
struct AttachStreaming: Sendable {
    let agent: Agent
    let target: ContainerTarget
    let stdin: Bool
    let stdout: Bool
    let stderr: Bool
    let origin: RequestOrigin

    private enum Event: Sendable {
        case containerEnded
        case gone
        case inputEnded
    }

    /// Returns when the container has ended or the client has gone.
    func serve(_ client: some RemoteClient) async {
        let attached: AttachedContainer
        do {
            attached = try await agent.attach(to: target, stdin: stdin, origin: origin)
        } catch {
            await client.finish(.failure("\(error)"))
            return
        }
        await cancelWhenGracefulShutdown { await run(attached, client) }
    }

    private func run(_ attached: AttachedContainer, _ client: some RemoteClient) async {
        await withTaskGroup(of: Event.self) { group in
            group.addTask { await passOutput(from: attached, to: client) }
            group.addTask { await passInput(from: client, to: attached) }
            group.addTask {
                await client.waitForDisconnect()
                return .gone
            }
            loop: while let event = await group.next() {
                switch event {
                case .containerEnded:
                    await client.finish(.success)
                    break loop
                case .gone: break loop
                case .inputEnded: continue
                }
            }
            group.cancelAll()
        }
        // The first client that had the input leaves it closed, if the pod says so.
        if stdin, target.stdin, target.stdinOnce {
            try? await attached.closeInput()  // a container that has ended needs none
        }
    }

    private func passOutput(from attached: AttachedContainer, to client: some RemoteClient) async -> Event {
        do {
            while let piece = try await attached.next() {
                if piece.isError ? stderr : stdout {
                    try await client.send(piece.isError ? .stderr : .stdout, piece.bytes)
                }
            }
            return .containerEnded
        } catch {
            return .gone
        }
    }

    private func passInput(from client: some RemoteClient, to attached: AttachedContainer) async -> Event {
        var input = attached.takeInput()
        do {
            while let event = try await client.next() {
                switch event {
                case .stdin(let bytes):
                    guard let open = input else { continue }
                    do {
                        try await open.write(bytes)
                    } catch {
                        input = nil  // the container has closed its input
                    }
                case .stdinClosed:
                    input = nil
                    if target.stdinOnce { try await attached.closeInput() }
                case .resize(let width, let height):
                    if target.tty { try await attached.resize(width: width, height: height) }
                }
            }
            return .gone
        } catch {
            return Task.isCancelled ? .inputEnded : .gone
        }
    }
}
