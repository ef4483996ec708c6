import Glibc
import NodeAgent
import RuntimeCore
import ServiceLifecycle

/// Runs a command in a container for a client that is connected to its streams.
struct ExecStreaming: Sendable {
    let agent: Agent
    let options: ExecOptions
    let target: ContainerTarget
    let origin: RequestOrigin

    /// Returns when the command has ended and the client knows how, or the client has gone and the command is ended.
    func serve(_ client: some RemoteClient) async {
        let session: ExecSession
        do {
            session = try await agent.startExec(options, in: target, origin: origin)
        } catch ExecFailure.notExecutable(let code, let message) {
            // Clients print their own sentence for an exit code; the reason goes where the program's words would go.
            let channel: RemoteChannel = options.stderr && !options.tty ? .stderr : .stdout
            try? await client.send(channel, Array((message + "\n").utf8))  // a client that has gone needs no reason
            await client.finish(.exitCode(code))
            return
        } catch {
            await client.finish(.failure("\(error)"))
            return
        }
        // A stopping agent ends what depends on its streams; containers go on.
        await cancelWhenGracefulShutdown { await run(session, client) }
    }

    private enum Event: Sendable {
        case exited(Int32)
        case gone(String)
        case outputEnded
        case inputEnded
    }

    private func run(_ session: ExecSession, _ client: some RemoteClient) async {
        let process = session.process
        await withTaskGroup(of: Event.self) { group in
            group.addTask {
                do {
                    return .exited(try await process.wait())
                } catch {
                    return .gone("the container's shim does not answer: \(error)")
                }
            }
            group.addTask {
                await client.waitForDisconnect()
                return .gone(Task.isCancelled ? "the agent is stopping" : "the client went away")
            }
            group.addTask { await Self.passInput(from: client, to: process) }
            var outputs = 0
            for (stream, channel) in [(process.stdout, RemoteChannel.stdout), (process.stderr, .stderr)] {
                guard let stream else { continue }
                outputs += 1
                group.addTask { await Self.passOutput(from: stream, to: client, channel) }
            }
            var exitCode: Int32?
            var reason: String?
            while reason == nil, exitCode == nil || outputs > 0, let event = await group.next() {
                switch event {
                case .exited(let code): exitCode = code
                case .gone(let why): reason = why
                case .outputEnded: outputs -= 1
                case .inputEnded: break
                }
            }
            // First, because a client may take its time with the last words.
            await session.end(exitCode: exitCode, reason: exitCode == nil ? reason : nil)
            if let exitCode {
                await client.finish(.exitCode(exitCode))
            } else {
                await client.finish(.failure(reason ?? "the command's end is not known"))
            }
            group.cancelAll()
        }
    }

    private static func passOutput(
        from stream: StreamEnd,
        to client: some RemoteClient,
        _ channel: RemoteChannel
    ) async -> Event {
        do {
            while let bytes = try await stream.read() { try await client.send(channel, bytes) }
            return .outputEnded
        } catch {
            return .gone("the client went away")
        }
    }

    private static func passInput(from client: some RemoteClient, to process: ExecProcess) async -> Event {
        var input = process.takeInput()
        do {
            while let event = try await client.next() {
                switch event {
                case .stdin(let bytes):
                    guard let open = input else { continue }
                    do {
                        try await open.write(bytes)
                    } catch {
                        // The process has closed its input; what the client still sends is for nobody.
                        input = nil
                    }
                case .stdinClosed:
                    input = nil
                    await Self.tell { try await process.closeInput() }
                case .resize(let width, let height):
                    await Self.tell { try await process.resize(width: width, height: height) }
                }
            }
            return .gone(Task.isCancelled ? "the agent is stopping" : "the client went away")
        } catch {
            return Task.isCancelled ? .inputEnded : .gone("the client went away")
        }
    }

    /// Tells the process something that it may be too late for: containerd's shim for runc refuses it once the process has
    /// ended, and how that ended is told by the wait for it.
    private static func tell(_ act: () async throws -> Void) async {
        do { try await act() } catch {}  // as said above; a shim that is gone fails the wait, too
    }
}
