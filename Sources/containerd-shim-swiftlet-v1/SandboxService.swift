import Glibc
import Linux
import OCIRuntime
import TTRPC

/// `containerd.runtime.sandbox.v1`: the life of a pod without a pause container.
struct SandboxService {
    private static let stopLimit: UInt64 = 10_000_000_000

    let state: ShimState
    let shutdown: () -> Void

    func handle(_ request: TTRPCRequest, _ reply: TTRPCReply) {
        do throws(TTRPC.Status) {
            switch request.method {
            case "CreateSandbox": reply.send(try create(try parse(request)))
            case "StartSandbox":
                reply.send(try start(try parse(request)))
                // Not before what was sent together with this request has its answers.
                state.loop.after(nanoseconds: 0) { prepareForContainers() }
            case "Platform":
                let machine = Machine.architecture
                reply.send(Shim.PlatformResponse(platform: Shim.Platform(os: "linux", architecture: machine)))
            case "StopSandbox": try stop(try parse(request), reply)
            case "WaitSandbox": try wait(try parse(request), reply)
            case "SandboxStatus": reply.send(try status(try parse(request)))
            case "PingSandbox": reply.send(Shim.PingResponse())
            case "ShutdownSandbox": try shutdown(try parse(request), reply)
            default:
                throw TTRPC.Status(.unimplemented, "\(request.service)/\(request.method) is not served by this shim")
            }
        } catch {
            reply.send(TTRPCResponse(status: error))
        }
    }

    private func sandbox(_ id: String) throws(TTRPC.Status) -> Sandbox {
        guard let sandbox = state.sandbox, sandbox.id == id else {
            throw TTRPC.Status(.notFound, "sandbox \(id): not found")
        }
        return sandbox
    }

    private func create(_ request: Shim.CreateSandboxRequest) throws(TTRPC.Status) -> Shim.CreateSandboxResponse {
        try checkID(request.sandboxID)
        guard state.sandbox == nil else {
            throw TTRPC.Status(.alreadyExists, "sandbox \(request.sandboxID) already exists in this shim")
        }
        let options = try SandboxOptions(request.options)
        // Checked now, so that a mistake is told before anything exists.
        _ = try options.plan(networkPath: request.netnsPath)
        let sandbox = Sandbox(id: request.sandboxID, options: options, networkPath: request.netnsPath)
        state.sandbox = sandbox
        record(sandbox)
        return Shim.CreateSandboxResponse()
    }

    private func start(_ request: Shim.StartSandboxRequest) throws(TTRPC.Status) -> Shim.StartSandboxResponse {
        let sandbox = try sandbox(request.sandboxID)
        guard sandbox.phase == .created else {
            throw TTRPC.Status(.failedPrecondition, "sandbox \(sandbox.id) is \(sandbox.phase.rawValue), not created")
        }
        try sandbox.start()
        record(sandbox)
        return Shim.StartSandboxResponse(
            pid: UInt32(sandbox.pid),
            createdAt: Shim.Timestamp(nanosecondsSince1970: sandbox.createdAt)
        )
    }

    /// Does now what the first container would wait for, while the agent writes down that there is a sandbox and gathers
    /// what the container is made of. What fails here is told when a container is made.
    private func prepareForContainers() {
        do {
            try OCIRuntime.Container.rehearse()
        } catch {
            ShimLog.info("before the first container: \(error)")
        }
    }

    private func status(_ request: Shim.SandboxStatusRequest) throws(TTRPC.Status) -> Shim.SandboxStatusResponse {
        let sandbox = try sandbox(request.sandboxID)
        return Shim.SandboxStatusResponse(
            sandboxID: sandbox.id,
            pid: UInt32(sandbox.pid),
            state: sandbox.phase == .ready ? "SANDBOX_READY" : "SANDBOX_NOTREADY",
            info: sandbox.paths,
            createdAt: sandbox.createdAt == 0 ? .never : Shim.Timestamp(nanosecondsSince1970: sandbox.createdAt),
            exitedAt: sandbox.exitedAt
        )
    }

    private func wait(_ request: Shim.WaitSandboxRequest, _ reply: TTRPCReply) throws(TTRPC.Status) {
        let sandbox = try sandbox(request.sandboxID)
        guard sandbox.phase == .stopped else {
            sandbox.waiters.removeAll { !$0.isConnected }
            sandbox.waiters.append(reply)
            return
        }
        reply.send(Shim.WaitSandboxResponse(exitStatus: 0, exitedAt: sandbox.exitedAt))
    }

    /// Kills what runs, and answers when all of it has ended.
    private func stop(_ request: Shim.StopSandboxRequest, _ reply: TTRPCReply) throws(TTRPC.Status) {
        let sandbox = try sandbox(request.sandboxID)
        stopAll(sandbox) { remaining in
            if remaining.isEmpty {
                reply.send(Shim.StopSandboxResponse())
            } else {
                reply.fail(.deadlineExceeded, "containers that do not end: \(remaining.joined(separator: ", "))")
            }
        }
    }

    private func shutdown(_ request: Shim.ShutdownSandboxRequest, _ reply: TTRPCReply) throws(TTRPC.Status) {
        let sandbox = try sandbox(request.sandboxID)
        stopAll(sandbox) { _ in
            state.events.whenIdle(within: 1_000_000_000) {
                reply.send(Shim.ShutdownSandboxResponse())
                shutdown()
            }
        }
    }

    private func stopAll(_ sandbox: Sandbox, _ done: @escaping ([String]) -> Void) {
        for container in state.containers.values where container.first.end == nil {
            do throws(TTRPC.Status) {
                try container.engine.kill(container.reference, signal: SIGKILL, all: true)
            } catch {
                // Its first process is our child: this always works.
                _ = Glibc.kill(container.first.pid, SIGKILL)
            }
        }
        sandbox.kill()
        let deadline = EventLoop.now + Self.stopLimit
        let timer = state.loop.after(nanoseconds: Self.stopLimit) { check(sandbox, deadline: deadline, done) }
        check(sandbox, deadline: deadline) { remaining in
            state.loop.cancel(timer)
            sandbox.finish()
            record(sandbox)
            done(remaining)
        }
    }

    private func check(_ sandbox: Sandbox, deadline: UInt64, _ done: @escaping ([String]) -> Void) {
        let running = state.containers.values.filter { !$0.first.isAnnounced }.map(\.reference.id).sorted()
        if running.isEmpty && !sandbox.hasInit || EventLoop.now >= deadline { return done(running) }
        state.afterExit.append { check(sandbox, deadline: deadline, done) }
    }

    private func record(_ sandbox: Sandbox) {
        do {
            try Files.replaceUnsynced(state.bundle + "/sandbox.json", with: sandbox.record)
        } catch {
            ShimLog.warning("sandbox.json: \(error)")
        }
    }
}

/// The machine in Go's words, as images and containerd name it.
enum Machine {
    #if arch(x86_64)
    static let architecture = "amd64"
    #elseif arch(arm64)
    static let architecture = "arm64"
    #else
    static let architecture = "unknown"
    #endif
}
