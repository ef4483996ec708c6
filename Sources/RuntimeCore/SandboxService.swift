import Glibc
import Linux
import PodNetwork
import Synchronization
import TTRPC

/// Sandboxes: one shim process per pod, which holds the pod's namespaces open and starts its containers.
///
/// All calls are idempotent, so that a step that was interrupted by the agent's death can be done again.
final class SandboxService: Sendable {
    private let configuration: CoreConfiguration
    private let namespace: String
    private let network: any PodNetworkProvider
    private let pool: ThreadPool
    private let loop: LoopThread
    private let sealed: SealedShim?
    private let connections = Mutex<[String: ShimConnection]>([:])
    /// The namespaces of sandboxes that this process has made or asked: they never change.
    private let namespacesKnown = Mutex<[String: [String: String]]>([:])
    private let closed = Atomic(false)
    private let files: FileRemovals
    /// Called on the loop's thread when a shim's connection ends without our doing.
    private let onShimLost: @Sendable (_ sandboxID: String) -> Void

    init(
        configuration: CoreConfiguration,
        namespace: String,
        network: any PodNetworkProvider,
        pool: ThreadPool,
        loop: LoopThread,
        files: FileRemovals,
        onShimLost: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.namespace = namespace
        self.network = network
        self.pool = pool
        self.loop = loop
        self.files = files
        self.onShimLost = onShimLost
        sealed = SealedShim(configuration)
    }

    private func bundle(_ id: String) -> String { configuration.bundle(namespace: namespace, id: id) }

    /// Starts the shim, lets it make the pod's namespaces, and connects their network.
    func create(_ request: SandboxRequest) async throws -> SandboxHandle {
        let (shim, warnings) = try await startShim(request)
        let create = Shim.CreateSandboxRequest(
            sandboxID: request.id,
            bundlePath: bundle(request.id),
            options: Shim.AnyMessage(typeURL: "io.swiftlet.sandbox.v1.Options", value: request.options)
        )
        // The shim takes one after the other, whatever the first ones come to: no answer is waited for in between.
        let creation = shim.begin(Shim.sandboxService, "CreateSandbox", create)
        let start = shim.begin(
            Shim.sandboxService,
            "StartSandbox",
            Shim.StartSandboxRequest(sandboxID: request.id)
        )
        let question = beginStatus(of: shim)
        let isDone = { (error: CoreError) in error.code == .alreadyExists }
        _ = try await shim.outcome(of: creation, as: Shim.CreateSandboxResponse.self, tolerating: isDone)
        _ = try await shim.outcome(of: start, as: Shim.StartSandboxResponse.self, tolerating: isDone)
        let status: Shim.SandboxStatusResponse = try await shim.outcome(of: question)
        namespacesKnown.withLock { $0[request.id] = status.info }
        guard !request.hostNetwork, let path = status.info["network"] else {
            return SandboxHandle(
                id: request.id,
                shimPID: Int32(bitPattern: status.pid),
                namespaces: status.info,
                podIPs: [],
                limitation: nil,
                warnings: warnings
            )
        }
        let attachment = try await pool.run { [self] in try attach(request.id, path) }
        return SandboxHandle(
            id: request.id,
            shimPID: Int32(bitPattern: status.pid),
            namespaces: status.info,
            podIPs: attachment.podIPs,
            limitation: attachment.limitation,
            warnings: warnings
        )
    }

    /// The paths of a running sandbox's namespaces.
    func namespaces(of id: String) async throws -> [String: String] {
        if let known = namespacesKnown.withLock({ $0[id] }) { return known }
        let info = try await status(of: try await connection(to: id)).info
        namespacesKnown.withLock { $0[id] = info }
        return info
    }

    /// Asks the shim, so that the answer is of this moment.
    func isAlive(_ id: String) async -> Bool {
        do {
            _ = try await status(of: try await connection(to: id))
            return true
        } catch {
            return false
        }
    }

    /// Ends the shim and all that it holds, and removes the bundle. A sandbox that is not there is fine.
    func remove(_ id: String) async throws {
        _ = namespacesKnown.withLock { $0.removeValue(forKey: id) }
        let directory = bundle(id)
        forgetFiles(of: id)
        let left = ShimFiles(bundle: directory)
        if let shim = try? await connection(to: id) {  // a shim that cannot be reached is cleaned up below
            _ = try await shim.attempt(
                Shim.sandboxService,
                "StopSandbox",
                Shim.StopSandboxRequest(sandboxID: id, timeoutSecs: 2),
                expecting: Shim.StopSandboxResponse.self,
                tolerating: { $0.isGone }
            )
            connections.withLock { $0[id] = nil }
            _ = try await shim.attempt(
                Shim.sandboxService,
                "ShutdownSandbox",
                Shim.ShutdownSandboxRequest(sandboxID: id),
                expecting: Shim.ShutdownSandboxResponse.self,
                tolerating: { $0.isGone }
            )
            shim.close()
        }
        try await pool.run { [self] in
            left.waitForEnd()
            try cleanUp(id, directory)
            left.removeSocket(below: configuration.shimSockets)
        }
    }

    private func attach(_ id: String, _ path: String) throws(CoreError) -> NetworkAttachment {
        do {
            return try network.attach(sandboxID: id, namespacePath: path)
        } catch {
            throw .network(id: id, message: error.description)
        }
    }

    private func cleanUp(_ id: String, _ directory: String) throws(CoreError) {
        if Files.exists(directory) {
            try ShimProcess(configuration: configuration, namespace: namespace, id: id).delete()
            do {
                try Files.removeTree(directory)
            } catch {
                throw .system(step: "remove the bundle of sandbox \(id.prefix(12))", error)
            }
        }
        do {
            try network.detach(sandboxID: id)
        } catch {
            throw .network(id: id, message: error.description)
        }
    }

    private func launch(_ id: String) throws(CoreError) -> ShimAddress {
        do {
            try Files.makeDirectories(bundle(id), mode: 0o700)
        } catch {
            throw .system(step: "make the bundle of sandbox \(id.prefix(12))", error)
        }
        return try ShimProcess(configuration: configuration, namespace: namespace, id: id, sealed: sealed).start()
    }

    /// The connection to the shim of a bundle, opened if need be: a sandbox's own, or that of a container which another
    /// shim makes.
    ///
    /// - Throws: `CoreError.shim` with `.disconnected` when the shim is gone.
    func connection(to id: String) async throws(CoreError) -> ShimConnection {
        if let open = connections.withLock({ $0[id] }), open.isConnected { return open }
        guard let address = ShimAddress.load(bundle(id)) else {
            throw CoreError.shim(
                id: id,
                step: "connect",
                .disconnected("no shim has left its address in \(bundle(id))")
            )
        }
        return try connect(id, address)
    }

    /// Takes the connection of a bundle out of the table, so that its end is no loss. Close it when it is not needed.
    func release(_ id: String) -> ShimConnection? {
        forgetFiles(of: id)
        return connections.withLock { $0.removeValue(forKey: id) }
    }

    private func forgetFiles(of id: String) {
        for file in ShimAddress.files(bundle(id)) { files.forget(file) }
    }

    /// True once the agent stops: a shim that does not answer then is not a lost one.
    var isClosed: Bool { closed.load(ordering: .sequentiallyConsistent) }

    /// The ids of all sandboxes and containers that have a bundle, from the state directory.
    func bundles() throws(SysError) -> [String] {
        let directory = "\(configuration.state)/runtime/\(namespace)"
        return Files.exists(directory) ? try Files.list(directory) : []
    }

    /// Ends all connections; none is made afterwards.
    func disconnectAll() {
        closed.store(true, ordering: .sequentiallyConsistent)
        let open = connections.withLock { connections in
            defer { connections = [:] }
            return connections.values.map(\.self)
        }
        for shim in open { shim.close() }
    }

    private func status(of shim: ShimConnection) async throws(CoreError) -> Shim.SandboxStatusResponse {
        try await shim.outcome(of: beginStatus(of: shim))
    }

    private func beginStatus(of shim: ShimConnection) -> ShimCall {
        let request = Shim.SandboxStatusRequest(sandboxID: shim.id, verbose: true)
        return shim.begin(Shim.sandboxService, "SandboxStatus", request)
    }

    /// - Returns: The shim, and what the machine does not allow of the pod's cgroups.
    private func startShim(_ request: SandboxRequest) async throws -> (ShimConnection, [String]) {
        let id = request.id
        // A shim of an earlier attempt that still answers is the one to use.
        if let open = try? await connection(to: id) { return (open, []) }  // none that answers: start one
        // Beside each other: nothing of the pod is in its cgroups before the shim is told of the sandbox.
        async let warnings = pool.run {
            CpusetInheritance.prepare(above: request.cgroupParent)
            let warnings = request.cgroups.flatMap { ParentCgroups.set($0.path, $0.settings) }
            // Those of the other controllers as well, which the first container would have to make.
            try? EmptyCgroups.make(request.cgroupParent)  // what fails is told when that container is made
            return warnings
        }
        let address = try await pool.run { [self] in try launch(id) }
        return (try connect(id, address), try await warnings)
    }

    func connect(_ id: String, _ address: ShimAddress) throws(CoreError) -> ShimConnection {
        guard !isClosed else {
            throw .shim(id: id, step: "connect", .disconnected("the agent is stopping"))
        }
        let shim = try ShimConnection(id: id, namespace: namespace, address: address, loop: loop) { [weak self] in
            guard let self else { return }
            _ = namespacesKnown.withLock { $0.removeValue(forKey: id) }
            let wasOurs = connections.withLock { $0.removeValue(forKey: id) != nil }
            if wasOurs { onShimLost(id) }
        }
        connections.withLock { $0[id] = shim }
        // One that goes while this is done is found when the connection is used next; without inotify nobody tells.
        if let file = ShimAddress.file(bundle(id)) { try? files.watch(file) }
        return shim
    }
}

/// What a shim's bundle says of the shim, read while it is there.
private struct ShimFiles: Sendable {
    private let pid: Int32?
    private let socket: String?

    init(bundle: String) {
        // Neither file is there once the shim has ended in good order.
        pid = (try? Files.readText(bundle + "/shim.pid")).flatMap { Int32($0) }
        socket = (try? Files.readText(bundle + "/address")).map {
            $0.hasPrefix("unix://") ? String($0.dropFirst("unix://".count)) : $0
        }
    }

    /// Lets a shim that was told to end do so: it removes its files, and is not in its cgroup when that goes. Blocks.
    func waitForEnd() {
        guard let pid, let command = try? Files.readText("/proc/\(pid)/comm"), command.hasPrefix("containerd-shim")
        else {
            return  // ended already
        }
        // It only shortens what follows: the delete action ends what does not end by itself.
        _ = try? ProcessDescriptor(pid: pid).waitForEnd(milliseconds: 2000)
    }

    /// Removes the socket that a shim leaves when it is killed.
    func removeSocket(below directory: String) {
        guard let socket, socket.hasPrefix(directory + "/") else { return }
        _ = unsafe unlink(socket)  // most often it is gone
    }
}
