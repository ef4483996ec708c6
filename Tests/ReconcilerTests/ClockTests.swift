import Facts
import KubernetesAPI
import Reconciler
import Testing

/// The wall clock is set back or forward while pods wait for something.
struct ClockTests {
    private static let day: Microseconds = 86_400_000_000

    @Test("a container that backs off when the clock is set back a day is started at once, not in a day")
    func backOff() throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0..<2 {
            try story.starts("c", attempt: attempt)
            try story.exits("c", attempt: attempt, code: 1)
            try story.recordDecisions()
        }
        #expect(story.wakesIn == 10)
        story.now -= Self.day
        #expect(story.decided == ["pull c"])
        // The next run counts from the clock as it is now.
        try story.starts("c", attempt: 2)
        try story.exits("c", attempt: 2, code: 1)
        try story.recordDecisions()
        #expect(story.decided == [])
        #expect(story.wakesIn == 20)
    }

    @Test("a clock that is set back a little only makes waits a little longer")
    func little() throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0..<2 {
            try story.starts("c", attempt: attempt)
            try story.exits("c", attempt: attempt, code: 1)
            try story.recordDecisions()
        }
        story.now -= 4_000_000
        #expect(story.decided == [])
        #expect(story.wakesIn == 14)
    }

    @Test("images, volumes and sandboxes that are tried again do not wait for a clock that was set back")
    func retries() throws {
        var story = try Story()
        try story.sandbox()
        try story.pullFails("c")
        try story.recordDecisions()
        #expect(story.wakesIn == 10)
        story.now -= Self.day
        #expect(story.decided == ["pull c"])

        story = try Story()
        try story.sandbox()
        try story.pulled("c")
        try story.startFails("c", reason: "CreateContainerConfigError")
        #expect(story.decided == [])
        story.now -= Self.day
        #expect(story.decided == ["start c #0"])

        story = try Story()
        for attempt in 0..<2 {
            try story.sandbox(attempt: attempt)
            try story.loses(attempt: attempt)
        }
        try story.pulled("c")
        #expect(story.decided == [])
        story.now -= Self.day
        #expect(story.decided == ["sandbox #2"])
    }

    @Test("a pod that is being deleted is killed, not kept for a day more", arguments: [false, true])
    func deletion(isDeaf: Bool) throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        try story.deletes(grace: 30)
        if !isDeaf { story.now -= Self.day }
        // Its stop signal comes before or after the step; either way it gets its grace period once.
        #expect(story.decided == ["signal 15 c #0"])
        try story.recordDecisions()
        #expect(story.wakesIn == 30)
        if isDeaf { story.now -= Self.day } else { story.now += 30_000_000 }
        #expect(story.decided == ["signal 9 c #0"])
        try story.recordDecisions()
        #expect(story.wakesIn == 10)
    }

    @Test("a deadline of the pod counts by the wall clock, as with kubelet: forward it is over, back it is later")
    func deadline() throws {
        var story = try Story { $0.activeDeadlineSeconds = 60 }
        try story.sandbox()
        try story.starts("c")
        story.now -= Self.day
        #expect(story.decided == [])
        story.now += 2 * Self.day
        #expect(story.decided == ["record PodDeadlineExceeded"])
        try story.recordDecisions()
        #expect(story.wakesIn == 30)
    }

    @Test("a clock that is set forward ends waits and nothing else")
    func forward() throws {
        var story = try Story()
        try story.sandbox()
        for attempt in 0..<2 {
            try story.starts("c", attempt: attempt)
            try story.exits("c", attempt: attempt, code: 1)
            try story.recordDecisions()
        }
        story.now += Self.day
        #expect(story.decided == ["pull c"])
    }
}
