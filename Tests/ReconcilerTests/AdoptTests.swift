import Facts
import KubernetesAPI
import Reconciler
import Testing

/// What the log lacks after an absence of the agent.
struct AdoptTests {
    private func adopted(
        _ story: inout Story,
        _ state: SandboxObservation.State,
        _ containers: [ContainerObservation] = []
    ) throws -> [String] {
        let facts = Reconciler.adopt(
            story.record,
            observed: SandboxObservation(
                sandboxID: Reconciler.sandboxToFind(of: story.record).id,
                state: state,
                containers: containers
            ),
            now: story.now
        )
        for fact in facts { try story.happens(fact) }
        return facts.map { $0.typeName + ($0.container.map { " \($0)" } ?? "") }
    }

    private let ready = SandboxObservation.State.ready(shimPID: 9, podIPs: ["10.0.0.5"])
    private let gone = SandboxObservation.State.gone(message: "the shim died")

    private func running(_ id: String) -> ContainerObservation {
        ContainerObservation(containerID: id, state: .running(pid: 7, startedAt: Story.start + 1))
    }

    private func exited(_ id: String, code: Int32) -> ContainerObservation {
        ContainerObservation(
            containerID: id,
            state: .exited(
                ContainerObservation.Exit(
                    pid: 7,
                    exitCode: code,
                    startedAt: Story.start + 1,
                    finishedAt: Story.start + 3_000_000
                )
            )
        )
    }

    @Test("what runs as the log says brings nothing")
    func nothingNew() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        #expect(try adopted(&story, ready, [running(Story.id("c", 0))]) == [])
        #expect(story.decided == [])
    }

    @Test("an exit during the absence is an exit with its own code and time")
    func missedExit() throws {
        var story = try Story(restartPolicy: "Never")
        try story.sandbox()
        try story.starts("c")
        story.at(60)
        #expect(try adopted(&story, ready, [exited(Story.id("c", 0), code: 3)]) == ["ContainerExited c"])
        #expect(story.state("c") == "terminated:Error(3)")
        #expect(story.container("c").state.terminated?.finishedAt?.microsecondsSince1970 == Story.start + 3_000_000)
    }

    @Test("a start that was not recorded is recorded, not repeated")
    func missedStart() throws {
        var story = try Story()
        try story.sandbox()
        try story.pulled("c")
        #expect(
            try adopted(&story, ready, [running(Story.id("c", 0))]) == ["ContainerCreated c", "ContainerStarted c"]
        )
        #expect(story.state("c") == "running")
        #expect(story.decided == [])
    }

    @Test("a start and its end, both missed")
    func missedRun() throws {
        var story = try Story()
        try story.sandbox()
        try story.pulled("c")
        #expect(
            try adopted(&story, ready, [exited(Story.id("c", 0), code: 1)])
                == ["ContainerCreated c", "ContainerStarted c", "ContainerExited c"]
        )
        #expect(story.decided == ["remove c #0"])
    }

    @Test("a container of which nothing is left ends as ContainerStatusUnknown")
    func lostContainer() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        #expect(try adopted(&story, ready) == ["ContainerExited c"])
        #expect(story.state("c") == "terminated:ContainerStatusUnknown(137)")
    }

    @Test("a dead shim: recorded exits count, the rest is unknown, then the sandbox is lost")
    func deadShim() throws {
        var story = try Story(["a", "b"])
        try story.sandbox()
        try story.starts("a")
        try story.starts("b")
        story.at(60)
        let found = [exited(Story.id("a", 0), code: 5), running(Story.id("b", 0))]
        #expect(
            try adopted(&story, gone, found) == ["ContainerExited a", "ContainerExited b", "SandboxLost"]
        )
        #expect(story.state("a") == "terminated:Error(5)")
        #expect(story.state("b") == "terminated:ContainerStatusUnknown(137)")
        #expect(story.decided == ["remove sandbox"])
    }

    @Test("a sandbox that was not recorded is taken over")
    func missedSandbox() throws {
        var story = try Story()
        try story.pulled("c")
        #expect(try adopted(&story, ready) == ["SandboxCreated"])
        #expect(story.status.podIP == "10.0.0.5")
        #expect(story.decided == ["start c #0"])
    }

    @Test("a pod without a sandbox, pending or finished, brings nothing")
    func noSandbox() throws {
        var pending = try Story()
        #expect(try adopted(&pending, gone) == [])
        #expect(pending.decided == ["sandbox #0", "pull c"])
        var finished = try Story(restartPolicy: "Never")
        try finished.sandbox()
        try finished.starts("c")
        try finished.exits("c")
        try finished.sandboxIsRemoved()
        #expect(try adopted(&finished, gone) == [])
        #expect(finished.decided == [])
    }

    @Test("a container of another attempt, or of somebody else, is ignored")
    func strangers() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        let found = [running(Story.id("c", 0)), exited(Story.id("c", 4), code: 1), running("feed")]
        #expect(try adopted(&story, ready, found) == [])
    }

    @Test("adopting twice is adopting once")
    func twice() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        _ = try adopted(&story, gone)
        let before = story.record
        #expect(try adopted(&story, gone) == [])
        #expect(story.record == before)
    }
}
