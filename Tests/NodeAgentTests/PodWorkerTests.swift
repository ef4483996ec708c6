import EventLog
import Facts
import Glibc
import KubernetesAPI
import Linux
import Logging
import Reconciler
import Synchronization
import TestSupport
import Testing

@testable import NodeAgent

@Suite("The owner of a pod")
struct PodWorkerTests {
    /// One worker on a log of its own.
    private struct Bench: Sendable {
        let store: EventStore
        let node: FakeNode
        let worker: PodWorker
        let uid: UID
        let ended: Counter

        /// The types of the pod's events without intents.
        func facts() throws -> [String] {
            try store.history(uid: uid).map(\.type).filter { $0 != "ReconcileStepPlanned" }
        }

        var pod: Pod? {
            store.object(PodStream.reference(namespace: "default", name: "p")).flatMap {
                try? ObjectDocument.decodePod($0.bytes)  // unreadable counts as absent, and the test fails
            }
        }

        func wait(for what: String, _ test: () throws -> Bool) async throws {
            for _ in 0..<6000 {
                if try test() { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            Issue.record("waited in vain for \(what): \(try facts()), begun: \(node.performed)")
            throw CancellationError()
        }

        func command(_ change: @escaping @Sendable (Pod) throws -> PodCommand.Change?) async -> Result<Seq?, APIError> {
            await withCheckedContinuation { continuation in
                worker.send(
                    .command(
                        PodCommand(change: change, origin: RequestOrigin(actor: "unix:test", request: "r1")) {
                            continuation.resume(returning: $0)
                        }
                    )
                )
            }
        }

        func delete(grace: Int64 = 0) async -> Result<Seq?, APIError> {
            await command { _ in
                let now = PodWorkerTests.now()
                return PodCommand.Change(
                    fact: .deletionRequested(
                        PodDeletionRequested(gracePeriodSeconds: grace, deletionTimestamp: now + grace * 1_000_000)
                    ),
                    isDeletion: true
                )
            }
        }

        func deleteByForce() async -> Result<Seq?, APIError> {
            await command { _ in
                let fact = PodDeletionRequested(gracePeriodSeconds: 0, deletionTimestamp: PodWorkerTests.now())
                return PodCommand.Change(fact: .deletionRequested(fact), isDeletion: true, isForced: true)
            }
        }

        func exit(attempt: Int, code: Int32) {
            worker.send(
                .facts([
                    .containerExited(
                        ContainerExited(
                            container: ContainerRef(name: "main", kind: .main),
                            containerID: DerivedID.container(podUID: Fixture.uid, name: "main", attempt: attempt),
                            attempt: attempt,
                            exitCode: code,
                            oomKilled: false,
                            finishedAt: PodWorkerTests.now()
                        )
                    )
                ])
            )
        }
    }

    private static func now() -> Microseconds {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }

    /// Runs a worker for a new pod while `body` runs.
    private func run(
        _ pod: Pod? = nil,
        adopts: Bool = false,
        policy: Policy = .kubernetes,
        nodeName: String = "n1",
        options: StoreOptions = StoreOptions(),
        in place: String? = nil,
        prepare: (FakeNode) -> Void = { _ in },
        _ body: @escaping @Sendable (Bench) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let store = try EventStore.open(directory: place ?? directory.path, options: options)
        let stream = PodStream(store: store)
        let uid = try #require(UID(Fixture.uid))
        let node = FakeNode { Self.now() }
        prepare(node)
        let admitted = Reconciler.admit(
            try pod ?? Fixture.pod(container: ""),
            node: NodeContext(name: "n1", hostIPs: ["192.0.2.7"]),
            uid: Fixture.uid,
            now: Self.now()
        )
        let created = PodFact.created(PodCreated(nodeName: "n1"))
        let record = try #require(Reconciler.fold(nil, created, object: admitted))
        let appended = try await store.append(
            Proposal(
                stream: PodStream.reference(namespace: "default", name: "p"),
                uid: uid,
                expected: .absent,
                facts: [try stream.newFact(created, before: nil, after: record.pod)],
                actor: "test"
            )
        )
        let ended = Counter(0)
        let worker = PodWorker(
            uid: uid,
            record: record,
            cause: appended.last,
            adopts: adopts,
            environment: PodWorkerEnvironment(
                stream: stream,
                actions: node,
                policy: policy,
                clock: { Self.now() },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                actor: "system:reconciler",
                nodeName: nodeName,
                settled: { _ in },
                orphaned: { _ in },
                ended: { _, _ in ended.value.withLock { $0 += 1 } }
            )
        )
        let bench = Bench(store: store, node: node, worker: worker, uid: uid, ended: ended)
        let result: Result<Void, any Error> = await withTaskGroup { group in
            group.addTask { await worker.run() }
            let result: Result<Void, any Error>
            do {
                try await body(bench)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            node.release()
            return result
        }
        await store.close()
        try result.get()
    }

    @Test("a pod is brought up step by step, and the log has its facts in that order")
    func order() async throws {
        try await run { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            let facts = try bench.facts()
            #expect(facts.first == "PodCreated")
            #expect(
                Set(facts) == ["PodCreated", "ImagePulled", "SandboxCreated", "ContainerCreated", "ContainerStarted"]
            )
            #expect(facts.suffix(2) == ["ContainerCreated", "ContainerStarted"])
            #expect(bench.node.mostPerforming == 1)
            let stored = try bench.store.history(uid: bench.uid)
            #expect(stored.dropFirst().allSatisfy { $0.actor == "system:reconciler" && $0.cause != nil })
            #expect(try PodStream(store: bench.store).replay(uid: bench.uid)?.pod.status == bench.pod?.status)
        }
    }

    @Test("intents stand in the log before what came of them")
    func intents() async throws {
        try await run { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            let types = try bench.store.history(uid: bench.uid).map { event -> String in
                guard
                    case .pod(.stepPlanned(let plan)) = try FactCoding.decode(
                        typeName: event.type,
                        schemaVersion: event.schema,
                        data: event.data
                    )
                else { return event.type }
                return plan.action
            }
            for (plan, outcome) in [("CreateSandbox", "SandboxCreated"), ("StartContainer", "ContainerStarted")] {
                let before = try #require(types.firstIndex(of: plan))
                let after = try #require(types.firstIndex(of: outcome))
                #expect(before < after)
            }
        }
    }

    @Test("a container is started while the fact of its sandbox is still on its way to the disk")
    func startsAheadOfLog() async throws {
        try await run(prepare: { $0.hold("create-sandbox/") }) { bench in
            try await bench.wait(for: "the sandbox") {
                let types = try bench.facts()
                return types.contains("ImagePulled")
                    && bench.node.performed.contains { $0.hasPrefix("create-sandbox/") }
            }
            // From here on no fact reaches the disk.
            await bench.store.close()
            bench.node.release()
            try await bench.wait(for: "the start") { bench.node.performed.contains { $0.hasPrefix("start/") } }
        }
    }

    @Test("nothing is taken away before the log knows why")
    func removesBehindLog() async throws {
        try await run { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            await bench.store.close()
            bench.exit(attempt: 0, code: 1)
            try await bench.wait(for: "the end of the worker") { bench.ended.value.withLock { $0 } == 1 }
            #expect(!bench.node.performed.contains { $0.hasPrefix("remove") })
            #expect(bench.node.performed.filter { $0.hasPrefix("start/") }.count == 1)
        }
    }

    @Test("commands are answered while an action runs, and nothing is begun twice meanwhile")
    func commandsMeanwhile() async throws {
        try await run(prepare: { $0.hold("start/") }) { bench in
            try await bench.wait(for: "the start") { bench.node.performed.contains { $0.hasPrefix("start/") } }
            for number in 0..<5 {
                let seq = try await bench.command { pod in
                    var pod = pod
                    pod.metadata.labels["n"] = String(number)
                    return PodCommand.Change(
                        fact: .patched(PodPatched(patchType: "application/merge-patch+json", changedAt: Self.now())),
                        object: pod
                    )
                }.get()
                #expect(seq != nil)
                bench.worker.send(.shimLost(sandboxID: "another"))
            }
            #expect(bench.pod?.metadata.labels["n"] == "4")
            #expect(bench.node.performed.filter { $0.hasPrefix("start/") }.count == 1)
            bench.node.release()
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            #expect(bench.pod?.metadata.labels["n"] == "4")
            #expect(bench.node.performed.filter { $0.hasPrefix("start/") }.count == 1)
        }
    }

    @Test("a command may change nothing or be refused, and the log stays as it is")
    func refusedCommands() async throws {
        try await run(prepare: { $0.hold("") }) { bench in
            try await bench.wait(for: "the first action") { !bench.node.performed.isEmpty }
            #expect(try await bench.command { _ in nil }.get() == nil)
            let refused = await bench.command { _ in throw APIError.badRequest("no") }
            #expect(throws: APIError.badRequest("no")) { try refused.get() }
            // Intents of what is held may come meanwhile; facts may not.
            #expect(try bench.facts() == ["PodCreated"])
        }
    }

    @Test("a deleted pod is stopped, cleaned up and removed; whoever asks it later is answered")
    func deletion() async throws {
        try await run { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            #expect(try await bench.delete().get() != nil)
            try await bench.wait(for: "the worker's end") { bench.ended.value.withLock { $0 } == 1 }
            let facts = try bench.facts()
            #expect(facts.last == "PodRemoved")
            let order = [
                "PodDeletionRequested", "ContainerKillRequested", "ContainerExited", "SandboxRemoved", "PodRemoved",
            ]
            let places = try order.map { try #require(facts.firstIndex(of: $0)) }
            #expect(places == places.sorted())
            #expect(bench.pod == nil)
            for _ in 0..<3 {
                let late = await bench.delete()
                #expect(throws: APIError.self) { try late.get() }
            }
        }
    }

    @Test("a pod deleted by force is gone from the log at once, and the machine is cleaned up all the same")
    func force() async throws {
        try await run(prepare: { $0.hold("remove") }) { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            let seq = try #require(try await bench.deleteByForce().get())
            #expect(bench.pod == nil)
            let history = try bench.store.history(uid: bench.uid)
            #expect(history.first { $0.seq == seq }?.type == "PodDeletionRequested")
            #expect(history.last?.type == "PodRemoved")
            try await bench.wait(for: "the cleaning up") { bench.node.performed.contains { $0.hasPrefix("remove") } }
            // The name is free: another pod may have it meanwhile.
            let rival = try #require(UID("00000000-0000-4000-8000-000000000001"))
            _ = try await bench.store.append(
                Proposal(
                    stream: PodStream.reference(namespace: "default", name: "p"),
                    uid: rival,
                    expected: .absent,
                    facts: [NewFact(type: "PodCreated", schema: 1, data: Array(#"{"nodeName":"n1"}"#.utf8))],
                    actor: "test"
                )
            )
            let late = await bench.delete()
            #expect(throws: APIError.self) { try late.get() }
            bench.node.release()
            try await bench.wait(for: "the worker's end") { bench.ended.value.withLock { $0 } == 1 }
            #expect(bench.node.performed.last == "remove-pod")
            #expect(try bench.store.history(uid: bench.uid).count == history.count)
            #expect(bench.store.object(PodStream.reference(namespace: "default", name: "p"))?.uid == rival)
        }
    }

    @Test("finalizers keep a pod that is deleted by force")
    func forceWithFinalizers() async throws {
        var pod = try Fixture.pod(container: "")
        pod.metadata.finalizers = ["example.com/keep"]
        try await run(pod) { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            _ = try await bench.deleteByForce().get()
            #expect(bench.pod?.metadata.deletionTimestamp != nil)
        }
    }

    @Test("the pod of another node is left alone until it is deleted")
    func otherNode() async throws {
        try await run(adopts: true, nodeName: "n2") { bench in
            try await bench.wait(for: "the adoption") { bench.node.adoptions == 1 }
            #expect(try await bench.command { _ in nil }.get() == nil)
            #expect(bench.node.performed.isEmpty)
            _ = try await bench.delete().get()
            try await bench.wait(for: "the worker's end") { bench.ended.value.withLock { $0 } == 1 }
            #expect(bench.node.performed == ["remove-pod"])
        }
    }

    @Test(
        "while the disk is full a deleted pod's container is stopped; the pod goes when there is room again",
        .enabled(if: geteuid() == 0, "mounting a small tmpfs needs root")
    )
    func fullDisk() async throws {
        let directory = try TemporaryDirectory()
        let disk = directory.path + "/disk"
        try Files.makeDirectories(disk)
        try sys("mount", disk) { unsafe mount("swiftlet-test", disk, "tmpfs", 0, "size=12m") }
        defer { _ = unsafe umount2(disk, Int32(MNT_DETACH)) }
        var options = StoreOptions()
        options.ballastBytes = 0
        options.walBytes = 0
        options.resumeFreeBytes = 2 << 20
        try await run(options: options, in: disk + "/store", prepare: { $0.hold("signal") }) { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            _ = try await bench.delete().get()
            try await bench.wait(for: "the signal") { bench.node.performed.contains { $0.hasPrefix("signal") } }
            try fill(disk)
            let words = #"{"reason":"R","message":""# + String(repeating: "x", count: 64 << 10) + #""}"#
            let large = NewFact(type: "PodWarned", schema: 1, data: Array(words.utf8))
            while bench.store.isReadOnly == nil {
                _ = try? await bench.store.append(  // until it is refused
                    Proposal(
                        stream: PodStream.reference(namespace: "default", name: "p"),
                        expected: .uid(bench.uid),
                        facts: [large],
                        actor: "test",
                        priority: .runtime
                    )
                )
            }
            bench.node.release()
            try await bench.wait(for: "the end of the container") { bench.node.performing == 0 }
            let refused = await bench.delete()
            #expect(throws: APIError.self) { try refused.get() }
            #expect(try !bench.facts().contains("ContainerExited"))
            #expect(!bench.node.performed.contains { $0.hasPrefix("remove") })
            try Files.remove(disk + "/rival")
            try await bench.wait(for: "the worker's end") { bench.ended.value.withLock { $0 } == 1 }
            #expect(try bench.facts().contains("ContainerExited"))
            #expect(bench.pod == nil)
        }
    }

    private func fill(_ disk: String) throws {
        let rival = try Descriptor.open(disk + "/rival", O_WRONLY | O_CREAT, mode: 0o600)
        #expect(throws: SysError.self) {
            try Files.writeAll(rival.raw, [UInt8](repeating: 1, count: 16 << 20), subject: "rival")
        }
    }

    @Test("commands that are under way when the pod goes are all answered")
    func commandsAtTheEnd() async throws {
        try await run(prepare: { $0.hold("remove-pod") }) { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            _ = await bench.delete()
            try await bench.wait(for: "the last action") { bench.node.performed.contains("remove-pod") }
            await withTaskGroup { group in
                for _ in 0..<20 { group.addTask { _ = await bench.delete() } }
                group.addTask { bench.node.release() }
                await group.waitForAll()
            }
            try await bench.wait(for: "the worker's end") { bench.ended.value.withLock { $0 } == 1 }
        }
    }

    @Test("a container that fails is restarted, at once and then after its back-off")
    func timers() async throws {
        try await run(policy: Policy(backOffBase: 1)) { bench in
            for attempt in 0..<3 {
                try await bench.wait(for: "start \(attempt)") {
                    try bench.facts().filter { $0 == "ContainerStarted" }.count == attempt + 1
                }
                bench.exit(attempt: attempt, code: 1)
            }
            try await bench.wait(for: "the fourth start") {
                try bench.facts().filter { $0 == "ContainerStarted" }.count == 4
            }
            #expect(bench.pod?.status.containerStatuses.first?.restartCount == 3)
            #expect(try bench.facts().contains("ContainerBackedOff"))
            #expect(Set(bench.node.performed.filter { $0.hasPrefix("start/") }).count == 4)
        }
    }

    @Test("the same exit told twice is written once")
    func repeatedFacts() async throws {
        let pod = try Fixture.pod(container: "", spec: "restartPolicy: Never")
        try await run(pod) { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            for _ in 0..<3 { bench.exit(attempt: 0, code: 0) }
            try await bench.wait(for: "the end of the pod") { bench.pod?.status.phase == "Succeeded" }
            #expect(try bench.facts().filter { $0 == "ContainerExited" }.count == 1)
        }
    }

    @Test("an older pod is compared with the machine before anything is done, however often that takes")
    func adoption() async throws {
        try await run(adopts: true, prepare: { $0.failAdoption(times: 2, then: []) }) { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            #expect(bench.node.adoptions == 3)
            #expect(bench.node.performedBeforeAdoption.isEmpty)
        }
    }

    @Test("an action that brings only warnings is tried again later each time, not at once")
    func stuckAction() async throws {
        try await run(prepare: { $0.stick("remove") }) { bench in
            try await bench.wait(for: "a running pod") { bench.pod?.status.phase == "Running" }
            _ = await bench.delete()
            try await bench.wait(for: "two tries") {
                bench.node.performed.filter { $0.hasPrefix("remove") }.count >= 2
            }
            #expect(try bench.facts().filter { $0 == "PodWarned" }.count <= 3)
            #expect(bench.pod != nil)
        }
    }
}

/// A counter that closures may hold.
private final class Counter: Sendable {
    let value: Mutex<Int>

    init(_ value: Int) { self.value = Mutex(value) }
}
