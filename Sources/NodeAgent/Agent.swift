package import EventLog
import Facts
import Glibc
import Journal
import KubernetesAPI
import Linux
package import Logging
import OCI
import PodNetwork
import Reconciler
package import RuntimeCore
import ServiceLifecycle
import Synchronization

/// The node agent: everything but its front doors.
///
/// `init` opens the log and fails if something is wrong; `run` takes over the pods that the log knows and serves until
/// it is cancelled. Containers go on when it ends.
package final class Agent: Service {
    package let configuration: Configuration
    package let version: String
    package let store: EventStore
    package let core: RuntimeCore
    package let machine: Machine
    package let logger: Logger
    let node: NodeContext
    let table = PodTable()
    let stream: PodStream
    let directories: PodDirectories
    let clock: @Sendable () -> Microseconds
    /// Who the log names for what the agent does by itself.
    let systemActor = "system:reconciler"

    let directoryChanges: DirectoryChanges

    private let watching: LoopThread
    private let stateLock: StateLock
    private let assembly: ContainerAssembly
    private let exits: ExitWatch
    private let capacity: NodeCapacity
    let ledger = NodeLedger()
    let hasAppArmor = Files.isDirectory("/sys/kernel/security/apparmor")
    private let pool: ThreadPool
    /// Measuring what containers use; apart, so that nobody's start waits for it.
    let statsPool: ThreadPool
    let rates = CPURates()
    let journal: JournalSender?
    private let lostShims: AsyncStream<String>
    private let taskEvents: AsyncStream<TaskEvent>
    private let phase = Mutex(Phase.starting)

    private enum Phase {
        case starting
        case serving
        case stopping
    }

    /// Opens the log and prepares the directories.
    ///
    /// - Throws: What keeps the agent from starting, in one sentence: another agent on the same root, a damaged log, a
    ///   missing shim.
    package init(configuration: Configuration, version: String, logger: Logger) throws {
        try configuration.validate()
        self.configuration = configuration
        self.version = version
        self.logger = logger
        clock = { Self.wallClock() }
        // Pods' specs and volumes are nobody's business but root's.
        try Files.makeDirectories(configuration.root, mode: 0o711)
        for directory in [configuration.state, configuration.logDirectory] { try Files.makeDirectories(directory) }
        try Files.makeDirectories(configuration.root + "/pods", mode: 0o711)
        stateLock = try StateLock(directory: configuration.state)
        machine = Machine.read(root: configuration.root)
        let name = configuration.nodeName.isEmpty ? machine.hostName.lowercased() : configuration.nodeName
        node = NodeContext(name: name, hostIPs: machine.addresses)
        capacity = NodeCapacity(
            processors: machine.processors,
            memoryBytes: machine.memoryBytes,
            pods: configuration.maximumPods
        )
        var options = StoreOptions()
        options.programVersion = version
        options.wholeHistory = [PodStream.resource]
        store = try EventStore.open(directory: configuration.root, options: options)
        directories = PodDirectories(
            root: configuration.root,
            logs: configuration.logDirectory,
            state: configuration.state
        )
        stream = PodStream(store: store)

        let (losses, loss) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .unbounded)
        lostShims = losses
        // Events only add to what waiting tells: under a flood of them the oldest may go.
        let (happenings, happening) = AsyncStream.makeStream(
            of: TaskEvent.self,
            bufferingPolicy: .bufferingNewest(4096)
        )
        taskEvents = happenings
        core = try RuntimeCore(
            configuration: CoreConfiguration(
                root: configuration.root,
                state: configuration.state,
                shim: try Self.shim(configuration)
            ),
            network: LoopbackOnly(),
            store: store,
            registries: try configuration.registries(),
            observer: RuntimeCore.Observer(
                shimLost: { loss.yield($0) },
                taskEvent: { happening.yield($0) },
                filesLost: { path, error in
                    logger.warning(
                        error == nil
                            ? "somebody removed a file of a container or sandbox, which was ended; its pod goes on by its policy"
                            : "somebody removed a file of a container or sandbox, which cannot be ended",
                        metadata: ["file": "\(path)", "error": "\(error.map { "\($0)" } ?? "none")"]
                    )
                }
            )
        )
        pool = ThreadPool(name: "swl-pods", limit: 8)
        statsPool = ThreadPool(name: "swl-stats", limit: 2)
        watching = try LoopThread(name: "swl-inotify")
        directoryChanges = try DirectoryChanges(loop: watching)
        assembly = ContainerAssembly(
            core: core,
            store: store,
            pool: pool,
            directories: directories,
            defaults: ContainerDefaults(
                seccomp: DefaultSeccomp.profile,
                seccompByDefault: configuration.seccompDefault,
                podPidsLimit: configuration.podPidsLimit > 0 ? configuration.podPidsLimit : nil
            ),
            nodeName: name,
            hostIPs: machine.addresses,
            capacity: capacity,
            cgroupRoot: configuration.cgroupRoot,
            logMaxSize: configuration.logMaxSize,
            logMaxFiles: configuration.logMaxFiles,
            runtimes: configuration.runtimes,
            ledger: ledger
        )
        exits = ExitWatch(core: core, assembly: assembly, table: table, clock: clock, logger: logger)
        journal =
            configuration.journalSocket.isEmpty
            ? nil
            : try JournalSender(
                source: LogJournal(store: store, nodeName: name),
                startAfter: store.consumerPosition(LogJournal.consumer),
                socketPath: configuration.journalSocket
            )
    }

    /// What the pods of the node share.
    var room: NodeRoom {
        NodeRoom(
            cpuMilli: Int64(capacity.processors) * 1000,
            memoryBytes: capacity.memoryBytes,
            pods: Int64(capacity.pods)
        )
    }

    /// The name of the node object that stands for this machine.
    package var nodeName: String { node.name }

    /// The cgroup above a pod's containers.
    func podCgroup(_ pod: Pod) -> String { assembly.cgroupParent(of: pod) }

    /// True once the pods of the log are under care.
    package var isReady: Bool { phase.withLock { $0 } == .serving }

    /// Lets a change wait until the pods of the log are under care: before that, a new pod would get two owners, and an
    /// old one would have none.
    func requireReady() async throws(APIError) {
        for _ in 0..<1000 {
            switch phase.withLock({ $0 }) {
            case .serving: return
            case .stopping: throw .serviceUnavailable("the agent is stopping", retryAfter: 5)
            case .starting: break
            }
            do {
                try await Task.sleep(for: .milliseconds(10))
            } catch {
                break
            }
        }
        throw .serviceUnavailable("the agent is starting", retryAfter: 5)
    }

    /// The journal's state for people: connected, or why there is none.
    package var journalStatus: String {
        guard let status = journal?.status else { return "off: journal.socket is empty in the configuration" }
        let records = "\(status.sent) records sent"
        return switch status.connection {
        case .connected: "connected; \(records)"
        case .absent(let reason): "absent: \(reason); nothing is lost, records are sent when journald is there"
        case .stalled: "stalled: journald takes nothing; \(records)"
        }
    }

    /// An element whenever something in the state directory has come, gone or changed.
    ///
    /// - Throws: `SysError` if the directory cannot be watched.
    package func stateChanges() throws -> AsyncStream<Void> { try directoryChanges.stream(of: configuration.state) }

    /// True if journald takes records.
    var isJournalConnected: Bool { journal?.status.connection == .connected }

    /// Serves until cancelled or until the service group shuts down.
    package func run() async throws {
        let isIntroduced = try await introduceIfPossible()
        if !isIntroduced {
            logger.error(
                "the disk is full: pods go on, changes are refused until there is room",
                metadata: ["root": "\(configuration.root)", "error": "\(ReadOnlyReason.noSpace)"]
            )
        }
        try await takeOverPods()
        journal?.start()
        phase.withLock { $0 = .serving }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.serve(isIntroduced: isIntroduced) }
            group.addTask {
                guard (try? await gracefulShutdown()) != nil else { return }  // cancelled: there is no time left
                self.phase.withLock { $0 = .stopping }
                await self.finishDeletions()
            }
            await group.next()
            group.cancelAll()
        }
        phase.withLock { $0 = .stopping }
        await stop()
    }

    /// Looks after everything until it is cancelled.
    private func serve(isIntroduced: Bool) async {
        // Waits for the ends of containers have no end of their own: letting go of the shims ends them.
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.table.run() }
                group.addTask { await self.endLeftoverExecs() }
                group.addTask { await self.exits.run() }
                group.addTask { await self.followLostShims() }
                group.addTask { await self.followTaskEvents() }
                group.addTask { await self.core.followLostFiles() }
                group.addTask { await self.followState() }
                group.addTask { await self.followLog() }
                group.addTask { await self.collectGarbage() }
                group.addTask { await self.keepHistoryShort() }
                if !isIntroduced { group.addTask { await self.introduceLater() } }
            }
        } onCancel: {
            core.close()
        }
    }

    /// How long the agent stays after SIGTERM for pods that were deleted by force: their two seconds, and some for the
    /// rest.
    private static let timeForDeletions = Duration.seconds(10)

    /// Lets the workers end what was deleted by force. The log has forgotten it: without an agent it would run on, and
    /// nobody could find it.
    private func finishDeletions() async {
        let left = await withTaskGroup(of: Set<UID>?.self) { group in
            group.addTask { await self.table.waitForOrphans() }
            group.addTask {
                try? await Task.sleep(for: Self.timeForDeletions)  // cancelled when nothing is left
                return nil
            }
            let first = await group.next()
            group.cancelAll()
            if case .some(.some(let left)) = first { return left }
            return await group.next().flatMap { $0 } ?? []
        }
        guard !left.isEmpty else { return }
        logger.warning(
            "pods that were deleted by force are not gone yet; the next start removes what is left",
            metadata: ["uids": "\(left.map(\.description).sorted())"]
        )
    }

    private func stop() async {
        pool.stop()
        statsPool.stop()
        core.stop()
        watching.stop()
        journal?.stop()
        await store.close()
    }

    // MARK: Start

    /// Folds every pod's history and gives it to a worker, which first asks its shim what happened meanwhile.
    private func takeOverPods() async throws {
        await endStrayShims()
        var known: Set<String> = []
        for object in store.objects(resource: PodStream.resource, namespace: nil).items {
            guard let record = try stream.replay(uid: object.uid) else { continue }
            // What runs of another node's pod is removed: nobody would look after it.
            guard !record.isBound || record.pod.spec.nodeName == node.name else {
                addWorker(object.uid, record, cause: object.lastSeq, adopt: true)
                continue
            }
            known.insert(Reconciler.sandboxToFind(of: record).id)
            for (name, container) in record.runtime.containers {
                if !container.containerID.isEmpty { known.insert(container.containerID) }
                known.insert(
                    DerivedID.container(podUID: object.uid.description, name: name, attempt: container.plannedAttempt)
                )
            }
            for name in record.pod.spec.initContainers.map(\.name) + record.pod.spec.containers.map(\.name) {
                known.insert(DerivedID.container(podUID: object.uid.description, name: name, attempt: 0))
            }
            addWorker(object.uid, record, cause: object.lastSeq, adopt: true)
        }
        let (removed, failed) = try await core.removeUnknownBundles(known: known)
        if !removed.isEmpty {
            logger.notice("removed sandboxes and containers that no pod owns", metadata: ["ids": "\(removed)"])
        }
        await removeOrphans()
        for (id, reason) in failed {
            logger.error(
                "what no pod owns cannot be removed; it is tried again at the next start",
                metadata: ["id": "\(id)", "error": "\(reason)"]
            )
        }
    }

    private func endStrayShims() async {
        do {
            let ended = try await core.endStrayShims()
            if !ended.isEmpty {
                logger.warning(
                    "ended shims whose files somebody had removed, with their containers",
                    metadata: ["sandboxes": "\(ended)"]
                )
            }
        } catch {
            logger.error("shims without files cannot be looked for", metadata: ["error": "\(error)"])
        }
    }

    /// Removes what is left of pods that the log does not know: they were deleted by force, and the agent ended before it
    /// had cleaned up after them.
    private func removeOrphans() async {
        let known = Set(store.objects(resource: PodStream.resource, namespace: nil).items.map(\.uid.description))
        do {
            let removed = try await assembly.removeOrphans(except: known)
            if !removed.isEmpty {
                logger.notice("removed what deleted pods had left", metadata: ["uids": "\(removed)"])
            }
        } catch {
            logger.error(
                "what deleted pods have left cannot be removed; it is tried again at the next start",
                metadata: ["error": "\(error)"]
            )
        }
    }

    func addWorker(_ uid: UID, _ record: PodRecord, cause: Seq, adopt: Bool) {
        let isOurs = record.pod.spec.nodeName == node.name
        if adopt, !record.isOver, isOurs { ledger.take(uid, NodeClaim(record.pod)) }
        table.add(
            PodWorker(uid: uid, record: record, cause: cause, adopts: adopt, environment: workerEnvironment)
        )
    }

    private var workerEnvironment: PodWorkerEnvironment {
        let exits = exits
        let watch: ActionExecutor.Watch = { pod, container, id, attempt, sandboxID in
            guard let uid = UID(pod.metadata.uid) else { return }
            exits.watch(
                ExitWatch.Subject(
                    podUID: uid,
                    pod: pod,
                    container: container,
                    containerID: id,
                    attempt: attempt,
                    sandboxID: sandboxID
                )
            )
        }
        let tell: @Sendable (Pod, [PodFact]) -> Void = { [table] pod, facts in
            guard let uid = UID(pod.metadata.uid) else { return }
            table.worker(uid)?.send(.facts(facts))
        }
        return PodWorkerEnvironment(
            stream: stream,
            actions: ActionExecutor(
                core: core,
                assembly: assembly,
                directories: directories,
                clock: clock,
                watch: watch,
                pulling: ImagePulling(core: core, store: store, clock: clock, tell: tell, actor: systemActor)
            ),
            policy: .kubernetes,
            clock: clock,
            logger: logger,
            actor: systemActor,
            nodeName: node.name,
            settled: { [ledger] uid in ledger.release(uid) },
            orphaned: { [table] uid in table.noteOrphan(uid) },
            ended: { [weak self] uid, namespace in self?.workerEnded(uid, namespace) }
        )
    }

    private func workerEnded(_ uid: UID, _ namespace: String) {
        table.remove(uid)
        emptied.withLock { _ = $0.insert(namespace) }
        emptiedSignal.continuation.yield()
    }

    private let emptied = Mutex<Set<String>>([])
    private let emptiedSignal = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// Removes namespaces whose last pod is gone.
    private func followEmptied() async {
        for await _ in emptiedSignal.stream {
            let names = emptied.withLock { names in
                defer { names = [] }
                return names
            }
            for name in names {
                do {
                    try await removeEmptyNamespace(name)
                } catch {
                    logger.error(
                        "a namespace cannot be removed",
                        metadata: ["namespace": "\(name)", "error": "\(error)"]
                    )
                }
            }
        }
    }

    /// Writes down the node and the first namespaces.
    ///
    /// - Returns: False if the disk is full: the pods of the log are taken care of all the same.
    private func introduceIfPossible() async throws -> Bool {
        do {
            try await registerNode()
            try await retireOtherNodes()
            try await createInitialNamespaces()
            return true
        } catch {
            guard store.isReadOnly == .noSpace else { throw error }
            return false
        }
    }

    private func introduceLater() async {
        while !Task.isCancelled {
            do {
                // Nothing tells when there is room again; the log itself looks once a second, too.
                try await Task.sleep(for: .seconds(1))
                if try await introduceIfPossible() { return }
            } catch {
                if !(error is CancellationError) { logger.error("the node cannot be registered: \(error)") }
                return
            }
        }
    }

    private func registerNode() async throws {
        let stream = StreamRef(resource: Self.nodeResource, namespace: "", name: node.name)
        let known = store.object(stream)
        let before = try known.map { try decode(Node.self, $0.bytes) }
        let uid = known?.uid ?? UID.random()
        let now = clock()
        let object = NodeObject.describe(
            machine,
            name: node.name,
            capacity: capacity,
            version: version,
            known: before,
            uid: uid.description,
            now: now
        )
        var facts: [NewFact] = []
        if known == nil { facts.append(try newFact(NodeRegistered(nodeName: node.name), after: object, \.metadata)) }
        let started = NodeStarted(
            bootID: machine.bootID,
            agentVersion: version,
            agentPID: getpid(),
            kernelVersion: machine.kernelVersion,
            rebooted: before.map { $0.status.nodeInfo.bootID != machine.bootID } ?? false,
            startedAt: now
        )
        facts.append(try newFact(started, after: object, \.metadata))
        _ = try await store.append(
            Proposal(stream: stream, uid: uid, expected: .any, facts: facts, actor: "system:node:\(node.name)")
        )
    }

    /// A machine has one name at a time: nodes under which it was known before are not ready any more.
    private func retireOtherNodes() async throws {
        for object in store.objects(resource: Self.nodeResource, namespace: nil).items {
            let before = try decode(Node.self, object.bytes)
            guard before.metadata.name != node.name,
                let (after, fact) = NodeObject.retire(before, successor: node.name, now: clock())
            else { continue }
            let stream = StreamRef(resource: Self.nodeResource, namespace: "", name: before.metadata.name)
            _ = try await store.append(
                Proposal(
                    stream: stream,
                    uid: object.uid,
                    expected: .uid(object.uid),
                    facts: [try newFact(fact, after: after, \.metadata)],
                    actor: "system:node:\(node.name)"
                )
            )
        }
    }

    static let nodeResource = ResourceKey(group: "", version: "v1", plural: "nodes")

    private func createInitialNamespaces() async throws {
        for name in Self.initialNamespaces where store.object(Self.namespaceStream(name)) == nil {
            let origin = RequestOrigin(actor: systemActor)
            _ = try await createNamespace(Namespace(metadata: ObjectMeta(name: name)), origin: origin)
        }
    }

    // MARK: While running

    /// Tells the pods' workers of shims that are gone; the worker that owns the sandbox looks what is left.
    private func followLostShims() async {
        for await sandboxID in lostShims {
            logger.warning("a shim is gone", metadata: ["sandbox": "\(sandboxID)"])
            table.sendToAll(.shimLost(sandboxID: sandboxID))
        }
    }

    /// Somebody may move the bundles away together with a directory above them.
    private func followState() async {
        do {
            for await _ in try stateChanges() { core.checkFiles() }
        } catch {
            logger.error("the state directory cannot be looked after", metadata: ["error": "\(error)"])
        }
    }

    /// Turns what shims say between start and end of a container into facts of its pod.
    private func followTaskEvents() async {
        for await event in taskEvents { exits.note(event) }
    }

    /// Removes content and layers that nothing needs any more, as removals leave them.
    private func collectGarbage() async {
        await core.collectAsScheduled { [logger] error in
            logger.error("garbage cannot be collected, the next removal tries again", metadata: ["error": "\(error)"])
        }
    }

    /// Wakes the journal for each batch of events and removes namespaces that became empty.
    private func followLog() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followEmptied() }
            do {
                let cursor = try await store.watch(after: store.head)
                while !Task.isCancelled {
                    let events = try await cursor.next(max: 1000)
                    if events.isEmpty { break }
                    journal?.wake()
                }
            } catch {
                logger.error("the log cannot be followed for the journal", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Microseconds since 1970.
    private static func wallClock() -> Microseconds {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }

    static func shim(_ configuration: Configuration) throws -> String {
        var directory = configuration.binaryDirectory
        if directory.isEmpty {
            let own = try Files.linkTarget("/proc/self/exe")
            directory = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
        }
        let path = directory + "/containerd-shim-swiftlet-v1"
        guard Files.exists(path) else {
            throw ConfigurationError(
                "there is no shim at \(path): install containerd-shim-swiftlet-v1 beside swiftlet, or set "
                    + "runtime.binary_dir in the configuration"
            )
        }
        return path
    }
}
