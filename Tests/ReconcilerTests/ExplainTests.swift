import Facts
import KubernetesAPI
import Reconciler
import Testing

struct ExplainTests {
    private func explained(_ story: Story, _ facts: [PodFact] = []) -> String {
        Reconciler.explain(
            story.record,
            recentFacts: facts.map { (time: Story.start, fact: $0) },
            now: story.now
        )
    }

    @Test("a running pod")
    func running() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        let text = explained(story)
        #expect(text.hasPrefix("Pod ns/p is Running."))
        #expect(text.contains("nothing to do"))
        #expect(!text.contains("Try next"))
    }

    @Test("a missing image: which, why, and how to bring it")
    func missingImage() throws {
        var story = try Story()
        try story.sandbox()
        try story.pullFails("c", message: "not on this machine")
        try story.recordDecisions()
        let text = explained(story)
        #expect(text.contains("Container c waits for its image img"))
        #expect(text.contains("not on this machine"))
        #expect(text.contains("swiftlet image import FILE.tar"))
        #expect(text.contains("Swiftlet looks again in 10s."))
    }

    @Test("a crash loop: how it ended, when it starts again, where its log is")
    func crashLoop() throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0...1 {
            try story.starts("c", attempt: attempt)
            try story.exits("c", attempt: attempt, code: 7)
        }
        try story.recordDecisions()
        let text = explained(story)
        #expect(text.contains("Container c ended with exit code 7 (Error) and starts again in 10s"))
        #expect(text.contains("swiftlet logs p -n ns -c c"))
    }

    @Test("a pod that is being deleted tells what still runs")
    func deletion() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        try story.deletes(grace: 30)
        let text = explained(story)
        #expect(text.contains("It is being deleted; still running: c. They have 30s left"))
        #expect(text.contains("The next step is to signal 15 to c"))
    }

    @Test("a pod past its activeDeadlineSeconds tells that it is stopped, and why")
    func activeDeadline() throws {
        var story = try Story { $0.activeDeadlineSeconds = 60 }
        try story.sandbox()
        try story.starts("c")
        story.at(60)
        try story.recordDecisions()
        story.at(70)
        #expect(
            explained(story).contains(
                "It was active for longer than its activeDeadlineSeconds of 1m0s and is being stopped; still running: c. "
                    + "They have 20s left before they are killed."
            )
        )
    }

    @Test("a finished pod tells why it is not started again")
    func finished() throws {
        var story = try Story(restartPolicy: "Never")
        try story.sandbox()
        try story.starts("c")
        try story.exits("c", code: 3)
        let text = explained(story)
        #expect(text.contains("Container c ended with exit code 3 (Error)."))
        #expect(text.contains("Its restart policy is Never"))
    }

    @Test("the last events are told with their age, ten at most")
    func recentFacts() throws {
        var story = try Story()
        story.at(75)
        let facts = (0..<12).map { PodFact.warned(PodWarned(reason: "R", message: "number \($0)")) }
        let text = explained(story, facts)
        #expect(!text.contains("number 1\n"))
        #expect(text.contains("  1m15s ago: pod ns/p: number 2\n"))
        #expect(text.contains("number 11\n"))
    }

    @Test("every state of a simulated pod can be explained in one paragraph", arguments: 0..<20)
    func everyState(seed: UInt64) {
        for entry in SimulationTests.run(Subject(), seed: seed).world.log.entries {
            guard let record = entry.after else { continue }
            let text = Reconciler.explain(record, recentFacts: [], now: entry.time)
            #expect(text.hasPrefix("Pod ns/p is \(record.pod.status.phase)."))
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false)[0].count < 1500)
            #expect(!text.contains("Optional("))
        }
    }
}
