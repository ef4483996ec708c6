import EventLog
import Facts
import KubernetesAPI
import Reconciler
import TestSupport
import Testing

@testable import NodeAgent

@Suite("A pod's facts in the log")
struct PodStreamTests {
    @Test("replaying a pod's history gives the record that was folded while it was written")
    func replay() async throws {
        let directory = try TemporaryDirectory()
        let store = try EventStore.open(directory: directory.path)
        let stream = PodStream(store: store)
        let uid = try #require(UID(Fixture.uid))
        let now: Int64 = 1_795_000_000_000_000
        let node = NodeContext(name: "n1", hostIPs: ["192.0.2.7"])
        let pod = Reconciler.admit(try Fixture.pod(container: ""), node: node, uid: Fixture.uid, now: now)
        let container = ContainerRef(name: "main", kind: .main)
        let sandbox = DerivedID.sandbox(podUID: Fixture.uid, attempt: 0)
        let id = DerivedID.container(podUID: Fixture.uid, name: "main", attempt: 0)
        var patched = pod
        patched.metadata.labels["resourceVersion"] = "0"
        patched.metadata.labels["new"] = "yes"
        let facts: [(PodFact, Pod?)] = [
            (.created(PodCreated(nodeName: "n1")), pod),
            (
                .sandboxCreated(
                    SandboxCreated(sandboxID: sandbox, attempt: 0, shimPID: 7, podIPs: ["10.1.1.1"], createdAt: now + 1)
                ), nil
            ),
            (.patched(PodPatched(patchType: "application/merge-patch+json", changedAt: now + 2)), patched),
            (
                .containerCreated(
                    ContainerCreated(container: container, containerID: id, attempt: 0, image: "bb:1", imageID: "i")
                ), nil
            ),
            (
                .containerStarted(
                    ContainerStarted(container: container, containerID: id, attempt: 0, pid: 8, startedAt: now + 3)
                ), nil
            ),
            (.warned(PodWarned(reason: "Note", message: "nothing changes")), nil),
        ]
        var record: PodRecord?
        var images = 0
        for (fact, object) in facts {
            let before = record?.pod
            record = Reconciler.fold(record, fact, object: object)
            let new = try stream.newFact(fact, before: before, after: record?.pod)
            if new.after != nil { images += 1 }
            _ = try await store.append(
                Proposal(
                    stream: PodStream.reference(namespace: "default", name: "p"),
                    uid: uid,
                    expected: before == nil ? .absent : .uid(uid),
                    facts: [new],
                    actor: "test"
                )
            )
        }
        #expect(images < facts.count, "a fact that changes nothing of the pod has no image")
        let replayed = try stream.replay(uid: uid)
        #expect(replayed?.runtime == record?.runtime)
        #expect(replayed?.pod == record?.pod)
        #expect(replayed?.pod.status.phase == "Running")
        #expect(replayed?.pod.metadata.labels["new"] == "yes")
        #expect(throws: ReadError.self) { try stream.replay(uid: UID.random()) }
        await store.close()
    }

    @Test("a pod that was removed replays to nothing")
    func removed() async throws {
        let directory = try TemporaryDirectory()
        let store = try EventStore.open(directory: directory.path)
        let stream = PodStream(store: store)
        let uid = try #require(UID(Fixture.uid))
        let node = NodeContext(name: "n1", hostIPs: [])
        let pod = Reconciler.admit(
            try Fixture.pod(container: ""),
            node: node,
            uid: Fixture.uid,
            now: 1_795_000_000_000_000
        )
        let facts = [
            try stream.newFact(.created(PodCreated(nodeName: "n1")), before: nil, after: pod),
            try stream.newFact(.removed(PodRemoved()), before: pod, after: nil),
        ]
        let reference = PodStream.reference(namespace: "default", name: "p")
        _ = try await store.append(
            Proposal(stream: reference, uid: uid, expected: .absent, facts: facts, actor: "test")
        )
        #expect(store.object(reference) == nil)
        #expect(try stream.replay(uid: uid) == nil)
        await store.close()
    }

    @Test("an event that is not known stops the replay")
    func unknown() async throws {
        let directory = try TemporaryDirectory()
        let store = try EventStore.open(directory: directory.path)
        let uid = UID.random()
        _ = try await store.append(
            Proposal(
                stream: PodStream.reference(namespace: "default", name: "p"),
                uid: uid,
                expected: .absent,
                facts: [NewFact(type: "FromTheFuture", data: Array("{}".utf8))],
                actor: "test"
            )
        )
        #expect(throws: FactError.self) { try PodStream(store: store).replay(uid: uid) }
        await store.close()
    }
}
