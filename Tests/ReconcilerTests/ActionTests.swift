import Facts
import KubernetesAPI
import Testing

@testable import Reconciler

struct ActionTests {
    static let web = ContainerRef(name: "web", kind: .main)

    @Test("ids of actions are stable, and differ where the steps do")
    func ids() {
        let actions: [Action] = [
            .pullImage(Self.web, image: "a", policy: "Always"),
            .pullImage(Self.web, image: "b", policy: "Always"),
            .createSandbox(sandboxID: "1", attempt: 0),
            .startContainer(Self.web, containerID: "1", attempt: 0),
            .removeContainer(Self.web, containerID: "1", attempt: 0),
            .removeSandbox(sandboxID: "1"),
            .removePod,
            .record(.warned(PodWarned(reason: "R", message: "m"))),
            .record(
                .containerBackedOff(ContainerBackedOff(container: Self.web, attempt: 0, delaySeconds: 1, until: 1))
            ),
        ]
        #expect(Set(actions.map(\.id)).count == actions.count)
        #expect(Set(actions.map(\.description)).count == actions.count)
        #expect(actions.map(\.id) == actions.map(\.id))
    }

    @Test("every step that does something has an intent, and only the start of a container is taken note of")
    func intents() throws {
        #expect(Action.record(.removed(PodRemoved())).plannedFact == nil)
        let steps: [Action] = [
            .pullImage(Self.web, image: "a", policy: "Always"), .createSandbox(sandboxID: "1", attempt: 0),
            .removePod, .removeSandbox(sandboxID: "1"),
        ]
        let story = try Story(["web"])
        for step in steps {
            let fact = try #require(step.plannedFact)
            #expect(Reconciler.fold(story.record, fact) == story.record)
        }
        let start = try #require(Action.startContainer(Self.web, containerID: "1", attempt: 0).plannedFact)
        #expect(Reconciler.fold(story.record, start) != story.record)
    }

    @Test("a pod is not done while the outcome of a start is unknown, and is cleaned up if it never comes")
    func swallowedStart() throws {
        var story = try Story(["a"], inits: ["s"], sidecars: ["s"], restartPolicy: "Never")
        try story.sandbox()
        try story.starts("s")
        try story.starts("a")
        try story.exits("s")
        try story.pulled("s")
        let start = Action.startContainer(story.ref("s"), containerID: Story.id("s", 1), attempt: 1)
        try story.happens(try #require(start.plannedFact))
        try story.exits("a")
        #expect(story.status.phase == "Running")
        #expect(story.decided == ["remove s #1"])
        try story.happens(
            .containerRemoved(
                ContainerRemoved(container: story.ref("s"), containerID: Story.id("s", 1), attempt: 1)
            )
        )
        #expect(story.status.phase == "Succeeded")
    }

    @Test(
        "signals by name and number",
        arguments: [
            ("SIGTERM", Int32?(15)), ("term", 15), ("9", 9), ("SIGRTMIN+3", 37), ("RTMAX-2", 62), ("SIGRTMAX", 64),
            ("SIGUSR1", 10), ("", nil), ("0", nil), ("65", nil), ("SIGNONE", nil), ("RTMIN+99", nil), ("RTMIN+-1", nil),
        ]
    )
    func signals(name: String, number: Int32?) {
        #expect(StopSignal.number(of: name) == number)
    }

    @Test("the image's stop signal is used unless the pod names one")
    func stopSignals() throws {
        for (pod, image, expected) in [(nil, "SIGQUIT", 3), ("SIGUSR2", "SIGQUIT", 12), (nil, "bogus", Int32(15))] {
            var story = try Story {
                if let pod { $0.containers[0].lifecycle = Lifecycle(stopSignal: pod) }
            }
            try story.sandbox()
            try story.pulled("c")
            try story.happens(
                .containerCreated(
                    ContainerCreated(
                        container: story.ref("c"),
                        containerID: Story.id("c", 0),
                        attempt: 0,
                        image: "img",
                        imageID: "",
                        stopSignal: image
                    )
                )
            )
            try story.happens(
                .containerStarted(
                    ContainerStarted(
                        container: story.ref("c"),
                        containerID: Story.id("c", 0),
                        attempt: 0,
                        pid: 7,
                        startedAt: story.now
                    )
                )
            )
            try story.deletes(grace: 5)
            #expect(story.decided == ["signal \(expected) c #0"])
        }
    }
}
