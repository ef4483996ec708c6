package import EventLog
package import Images
import Linux
package import OCI
package import PodNetwork
import Synchronization

/// The front of the core for one containerd namespace: images, sandboxes and tasks.
///
/// Everything is idempotent under the ids of the caller. What can block runs on the core's threads.
package final class RuntimeCore: Sendable {
    /// What happens without being asked for.
    package struct Observer: Sendable {
        /// A sandbox's shim is gone, and with it the supervision of its containers.
        package var shimLost: @Sendable (_ sandboxID: String) -> Void
        /// A shim said something of a task. Called on the thread of the shims' loop: it must not block.
        package var taskEvent: @Sendable (TaskEvent) -> Void
        /// Somebody removed a file without which a sandbox or container cannot go on; it is ended. The error is what
        /// keeps it from being ended. Called on a thread of the core.
        package var filesLost: @Sendable (_ path: String, _ error: (any Error)?) -> Void

        package init(
            shimLost: @escaping @Sendable (_ sandboxID: String) -> Void,
            taskEvent: @escaping @Sendable (TaskEvent) -> Void = { _ in },
            filesLost: @escaping @Sendable (_ path: String, _ error: (any Error)?) -> Void = { _, _ in }
        ) {
            self.shimLost = shimLost
            self.taskEvent = taskEvent
            self.filesLost = filesLost
        }
    }

    /// Pods' containers and images live in this namespace, as with containerd's CRI plugin.
    package static let podNamespace = "k8s.io"

    let images: ImageService
    private let sandboxes: SandboxService
    private let tasks: TaskService
    private let execs: ExecService
    private let pool: ThreadPool
    private let strays: StrayShims
    private let loop: LoopThread
    private let events: ShimEvents
    private let files: FileRemovals
    private let losses: AsyncStream<String>
    private let filesLost: @Sendable (_ path: String, _ error: (any Error)?) -> Void

    package init(
        configuration: CoreConfiguration,
        network: any PodNetworkProvider,
        store: EventStore,
        registries: RegistryConfiguration = RegistryConfiguration(),
        observer: Observer
    ) throws {
        let namespace = Self.podNamespace
        loop = try Self.prepare(configuration)
        pool = ThreadPool(name: "swl-core", limit: 16)
        strays = StrayShims(configuration: configuration, namespace: namespace)
        images = try ImageService(
            root: configuration.root,
            store: store,
            pool: pool,
            registries: registries
        )
        let (losses, loss) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .unbounded)
        self.losses = losses
        filesLost = observer.filesLost
        do {
            files = try FileRemovals(loop: loop) { loss.yield($0) }
        } catch {
            throw CoreError.system(step: "look after the files of sandboxes", error)
        }
        sandboxes = SandboxService(
            configuration: configuration,
            namespace: namespace,
            network: network,
            pool: pool,
            loop: loop,
            files: files,
            onShimLost: observer.shimLost
        )
        tasks = TaskService(
            configuration: configuration,
            namespace: namespace,
            sandboxes: sandboxes,
            snapshots: images.snapshots,
            pool: pool,
            files: files
        )
        do {
            events = try ShimEvents(path: configuration.eventsSocket, loop: loop) { [tasks] event in
                if case .outOfMemory(let id) = event { tasks.noteOutOfMemory(id) }
                observer.taskEvent(event)
            }
        } catch {
            throw CoreError.system(step: "serve the events of shims", error)
        }
        execs = try ExecService(
            configuration: configuration,
            namespace: namespace,
            tasks: tasks,
            pool: pool
        )
    }

    private static func prepare(_ configuration: CoreConfiguration) throws(CoreError) -> LoopThread {
        do {
            try Files.makeDirectories(configuration.state, mode: 0o711)
            try Files.makeDirectories(configuration.shimSockets, mode: 0o700)
            try Files.makeDirectories(configuration.root, mode: 0o711)
            return try LoopThread(name: "swl-shims")
        } catch {
            throw .system(step: "prepare the directories of the runtime core", error)
        }
    }

    /// Lets go of all shims, which go on without us. What is waiting for one of them fails; nothing new is begun.
    package func close() { sandboxes.disconnectAll() }

    /// Ends the core's threads, once nobody waits for them any more.
    package func stop() {
        events.stop()
        images.stop()
        pool.stop()
        loop.stop()
        execs.stop()
    }

    // MARK: Images

    /// The images of a namespace, or of all for nil, by name.
    package func listImages(namespace: String?) throws -> [ImageRecord] { try images.list(namespace: namespace) }

    /// The image that a reference stands for.
    package func findImage(_ reference: String, namespace: String = podNamespace) throws(CoreError) -> ImageRecord {
        try images.find(reference, namespace: namespace)
    }

    /// Imports an archive from a descriptor, which is read to its end and stays the caller's.
    package func importImages(
        from descriptor: Int32,
        source: String,
        namespace: String,
        origin: LogOrigin,
        now: @escaping @Sendable () -> Int64,
        progress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws -> [ImageRecord] {
        try await images.importArchive(
            from: descriptor,
            source: source,
            namespace: namespace,
            origin: origin,
            now: now,
            progress: progress
        )
    }

    /// Unpacks an image; at once if it is unpacked already.
    package func unpack(_ image: ImageRecord) async throws -> UnpackedContainerImage {
        try await images.unpack(image)
    }

    /// A file of an image as text, for example /etc/passwd; nil if there is none. Blocks: call it on a thread of a pool.
    package func readText(_ path: String, of image: UnpackedContainerImage) throws -> String? {
        guard let chainID = image.chainID else { return nil }
        return try images.readText(path, chainID: chainID)
    }

    /// Removes a name from the image store and what nothing refers to any more.
    ///
    /// - Returns: What the name stood for, and the ids of the containers that were made of it: what they stand on stays
    ///   until they are gone.
    package func removeImage(
        _ reference: String,
        namespace: String,
        origin: LogOrigin
    ) async throws -> (image: ImageRecord, containers: [String]) {
        let image = try await images.remove(reference, namespace: namespace, origin: origin)
        guard namespace == Self.podNamespace else { return (image, []) }
        return (image, try containers(ofImage: image.name))
    }

    // MARK: Sandboxes and tasks

    /// The ids of all sandboxes and containers that have a bundle.
    func bundles() throws -> [String] { try sandboxes.bundles() }

    func bundle(_ id: String) -> String { tasks.bundle(id) }

    func containerRecord(_ id: String) throws -> ContainerRecord? { try tasks.record(id) }

    /// Starts a sandbox; one that runs already is returned as it is.
    package func createSandbox(_ request: SandboxRequest) async throws -> SandboxHandle {
        try await sandboxes.create(request)
    }

    /// The namespaces of a running sandbox, by their names in the OCI runtime specification.
    package func namespaces(ofSandbox id: String) async throws -> [String: String] {
        try await sandboxes.namespaces(of: id)
    }

    /// Ends a sandbox with all that is in it.
    ///
    /// Containers go first: when the shim is gone, their processes may still run, and nobody else would end them.
    ///
    /// - Parameter cgroup: The cgroup above its containers, removed with it; nil if it is not known.
    package func removeSandbox(_ id: String, cgroup: String?) async throws {
        // Of some there may be no bundle any more, because somebody has removed it.
        let bundles = try sandboxes.bundles().filter { try tasks.sandbox(ofBundle: $0) == id }
        for bundle in Set(bundles).union(tasks.known(in: id)) {
            try await tasks.destroy(bundle, sandboxID: id)
            images.noteRemoved(container: bundle)
        }
        try await sandboxes.remove(id)
        guard let cgroup else { return }
        try await pool.run {
            do {
                try EmptyCgroups.remove(cgroup)
            } catch let error as SysError {
                throw CoreError.system(step: "remove the cgroup of sandbox \(id.prefix(12))", error)
            }
        }
    }

    /// True if the sandbox's shim answers.
    package func isAlive(sandbox id: String) async -> Bool { await sandboxes.isAlive(id) }

    /// Creates a container's task; its process waits for `startTask`.
    package func createTask(_ request: ContainerRequest) async throws -> CreatedTask { try await tasks.create(request) }

    package func startTask(_ id: String, sandboxID: String) async throws {
        try await tasks.start(id, sandboxID: sandboxID)
    }

    package func signalTask(_ id: String, sandboxID: String, signal: Int32, all: Bool) async throws {
        try await tasks.signal(id, sandboxID: sandboxID, signal: signal, all: all)
    }

    /// Waits for the end of a task. Costs no thread.
    package func waitTask(_ id: String, sandboxID: String) async throws -> TaskExit {
        try await tasks.wait(id, sandboxID: sandboxID)
    }

    package func taskState(_ id: String, sandboxID: String) async throws -> TaskState {
        try await tasks.state(id, sandboxID: sandboxID)
    }

    /// What a container's writable layer occupies on disk. Walks its files: ask only when somebody wants to know.
    package func writableLayer(of id: String) async throws -> (bytes: Int64, inodes: Int64) {
        try await pool.run { [images] in
            do {
                let usage = try images.snapshots.usage(key: id)
                return (usage.bytes, usage.inodes)
            } catch let error as ImageError {
                throw CoreError.image(error)
            }
        }
    }

    /// Which sandbox a container was made in; nil if nothing is left of it.
    // What cannot be read is gone.
    package func sandbox(ofTask id: String) -> String? { try? tasks.sandbox(ofBundle: id) }

    /// Holds all processes of a container where they are.
    package func pauseTask(_ id: String, sandboxID: String) async throws {
        try await tasks.pause(id, sandboxID: sandboxID)
    }

    /// Lets the processes of a paused container go on.
    package func resumeTask(_ id: String, sandboxID: String) async throws {
        try await tasks.resume(id, sandboxID: sandboxID)
    }

    /// Changes the limits of a running container.
    package func updateTask(_ id: String, sandboxID: String, resources: RuntimeSpec.Resources) async throws {
        try await tasks.update(id, sandboxID: sandboxID, resources: resources)
    }

    /// Starts a further process in a running container; it runs when this returns.
    ///
    /// - Throws: `ExecFailure`.
    package func exec(_ request: ExecRequest) async throws -> ExecProcess { try await execs.start(request) }

    /// Connects to the streams of a container's first process.
    ///
    /// - Throws: `ExecFailure`.
    package func attach(_ containerID: String, stdin: Bool) async throws -> AttachedContainer {
        try await execs.attach(containerID, stdin: stdin)
    }

    /// Ends what an earlier agent started by exec: the clients of it are gone.
    ///
    /// - Returns: What was noted of each, with its exit code if it could be had.
    package func endLeftoverExecs() async throws -> [(note: [String: String], exitCode: Int32?)] {
        try await execs.endLeftovers()
    }

    /// Ends a container, if it still runs, and removes it with its writable layer.
    package func removeTask(_ id: String, sandboxID: String) async throws {
        try await tasks.destroy(id, sandboxID: sandboxID)
        images.noteRemoved(container: id)
    }

    /// Ends sandboxes and containers whose files somebody removes, until the task is cancelled: their shims could neither
    /// stop them nor say how they ended. What becomes of them is told as any other end.
    package func followLostFiles() async {
        for await path in losses {
            var parts = path.split(separator: "/")
            let name = parts.popLast().map(String.init)
            guard let id = parts.popLast().map(String.init) else { continue }
            do {
                try await pool.run { [strays, tasks] in
                    if name == ContainerRecord.fileName {
                        try tasks.killProcesses(of: id)
                    } else {
                        tasks.noteLost(sandboxID: id)
                        try strays.end(id)
                    }
                }
                filesLost(path, nil)
            } catch {
                filesLost(path, error)
            }
        }
    }

    /// Looks whether the files of sandboxes and containers are where they were, after something changed above them.
    package func checkFiles() { files.check() }

    /// Ends shims whose bundle is gone, with all that they hold. To be called before pods are taken over.
    ///
    /// - Returns: The ids of their sandboxes.
    package func endStrayShims() async throws -> [String] {
        try await pool.run { [strays] in try strays.end() }
    }

    /// Removes bundles that the log does not know: leftovers of a crash before the first record, or of another log.
    ///
    /// - Returns: The ids that were removed, and those that could not be, with the reason: they must not keep the agent
    ///   from serving all others.
    package func removeUnknownBundles(known: Set<String>) async throws -> (removed: [String], failed: [String: String])
    {
        var removed: [String] = []
        var failed: [String: String] = [:]
        for id in try sandboxes.bundles() where !known.contains(id) {
            do {
                if let sandbox = try tasks.sandbox(ofBundle: id) {
                    try await tasks.destroy(id, sandboxID: sandbox)
                } else {
                    try await removeSandbox(id, cgroup: nil)
                }
                removed.append(id)
            } catch {
                failed[id] = "\(error)"
            }
        }
        let left = try await images.removeUnknownLayers(known: known.union(try sandboxes.bundles()))
        return (removed + left.removed, failed.merging(left.failed) { first, _ in first })
    }
}
