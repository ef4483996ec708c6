import Facts
import KubernetesAPI
import Reconciler
import Testing

struct BackOffTests {
    @Test("a crash-looping container backs off up to five minutes")
    func crashLoop() throws {
        var story = try Story()
        try story.sandbox()
        let delays: [Double?] = [nil, 10, 20, 40, 80, 160, 300, 300, 300]
        for (attempt, delay) in delays.enumerated() {
            try story.starts("c", attempt: attempt)
            story.now += 1_000_000
            try story.exits("c", attempt: attempt, code: 1)
            try story.recordDecisions()
            #expect(story.wakesIn == delay, "after attempt \(attempt)")
            story.now += Microseconds((delay ?? 0) * 1_000_000)
            #expect(story.decided == ["pull c"])
        }
        #expect(story.container("c").state.waiting?.message.hasPrefix("back-off 5m0s restarting") == true)
    }

    @Test("ten minutes of running forget the back-off")
    func forgetting() throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0..<4 {
            try story.starts("c", attempt: attempt)
            try story.exits("c", attempt: attempt, code: 1)
            try story.recordDecisions()
            story.now += Microseconds((story.wakesIn ?? 0) * 1_000_000)
        }
        try story.starts("c", attempt: 4)
        story.now += 600_000_000
        try story.exits("c", attempt: 4, code: 1)
        #expect(story.decided == ["pull c"])
        try story.starts("c", attempt: 5)
        try story.exits("c", attempt: 5, code: 1)
        try story.recordDecisions()
        #expect(story.wakesIn == 10)
    }

    @Test("a run just short of ten minutes does not")
    func notForgetting() throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0..<3 {
            try story.starts("c", attempt: attempt)
            story.now += 599_999_999
            try story.exits("c", attempt: attempt, code: 1)
            try story.recordDecisions()
            story.now += Microseconds((story.wakesIn ?? 0) * 1_000_000)
        }
        #expect(story.container("c").state.waiting?.message.hasPrefix("back-off 20s ") == true)
    }

    @Test("a volume that cannot be set up is tried again later each time, and the container goes on being created")
    func failedMount() throws {
        var story = try Story()
        try story.sandbox()
        try story.pulled("c")
        for delay in [1, 2, 4, 8, 16, 32, 64, 122, 122] as [Double] {
            #expect(story.decided == ["start c #0"])
            try story.startFails("c", reason: "FailedMount")
            #expect(story.state("c") == "waiting:ContainerCreating")
            #expect(story.wakesIn == delay)
            story.now += Microseconds(delay * 1_000_000)
        }
    }

    @Test("behind init containers it is the initialisation that goes on")
    func failedMountOfInit() throws {
        var story = try Story(inits: ["i"])
        try story.sandbox()
        try story.pulled("i")
        try story.startFails("i", reason: "FailedMount")
        #expect(story.state("i") == "waiting:PodInitializing")
        #expect(story.state("c") == "waiting:PodInitializing")
    }

    @Test("a sandbox that was lost is made anew at once, one that is lost again and again is not")
    func lostSandboxes() throws {
        var story = try Story()
        for (attempt, delay) in ([nil, 10, 20, 40] as [Double?]).enumerated() {
            try story.sandbox(attempt: attempt)
            story.now += 1_000_000
            try story.loses(attempt: attempt)
            #expect(story.wakesIn == delay, "after sandbox \(attempt)")
            story.now += Microseconds((delay ?? 0) * 1_000_000)
            #expect(story.decided.contains("sandbox #\(attempt + 1)"))
        }
        try story.sandbox(attempt: 4)
        story.now += 10_000_000
        try story.loses(attempt: 4)
        #expect(story.decided.contains("sandbox #5"))
    }

    @Test("a sandbox that cannot be made is tried again later each time")
    func failedSandboxes() throws {
        var story = try Story()
        for (attempt, delay) in ([10, 20, 40, 80, 160, 300, 300] as [Double]).enumerated() {
            try story.happens(
                .sandboxFailed(
                    SandboxFailed(
                        sandboxID: DerivedID.sandbox(podUID: Story.uid, attempt: attempt),
                        attempt: attempt,
                        reason: "CreatePodSandboxError",
                        message: "why",
                        failedAt: story.now
                    )
                )
            )
            try story.removesSandbox(attempt: attempt)
            #expect(story.wakesIn == delay)
            story.now += Microseconds(delay * 1_000_000)
        }
    }

    @Test("the numbers are a policy")
    func policy() throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0..<3 {
            try story.starts("c", attempt: attempt)
            try story.exits("c", attempt: attempt, code: 1)
        }
        let quick = Policy(backOffBase: 1, backOffCap: 60)
        let decision = Reconciler.decide(story.record, now: story.now, policy: quick)
        guard case .record(.containerBackedOff(let fact))? = decision.actions.first else {
            Issue.record("\(decision)")
            return
        }
        #expect(fact.delaySeconds == 2)
        #expect(fact.until == story.now + 2_000_000)
    }

    @Test("time that passed while the agent was down counts")
    func absence() throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0..<2 {
            try story.starts("c", attempt: attempt)
            try story.exits("c", attempt: attempt, code: 1)
        }
        story.now += 10_000_000
        #expect(story.decided == ["pull c"])
    }

    @Test("delays are reckoned without overflow", arguments: [1, 10, 100_000_000])
    func doubling(cap: Int64) throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0..<40 {
            try story.starts("c", attempt: attempt)
            try story.exits("c", attempt: attempt, code: 1)
        }
        let policy = Policy(backOffBase: 1_000_000_000, backOffCap: cap)
        let decision = Reconciler.decide(story.record, now: story.now, policy: policy)
        guard case .record(.containerBackedOff(let fact))? = decision.actions.first else {
            Issue.record("\(decision)")
            return
        }
        #expect(fact.delaySeconds == cap)
        #expect(story.record.runtime.containers["c"]?.runs.count ?? 0 <= 16)
    }
}
