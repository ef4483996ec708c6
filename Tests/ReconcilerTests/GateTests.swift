import Facts
import KubernetesAPI
import Reconciler
import Testing

struct GateTests {
    private func gated() throws -> Story {
        try Story { $0.schedulingGates = [PodSchedulingGate(name: "example.com/hold")] }
    }

    @Test("a gated pod is pending on no node, and nothing is done for it")
    func gatedPod() throws {
        let story = try gated()
        #expect(story.pod.spec.nodeName == "")
        #expect(story.status.phase == "Pending")
        #expect(story.status.startTime == nil)
        #expect(story.status.conditions.count == 1)
        #expect(
            story.condition("PodScheduled")
                == "False:SchedulingGated:Scheduling is blocked due to non-empty scheduling gates"
        )
        #expect(story.decided == [])
        #expect(story.wakesIn == nil)
    }

    @Test("without its gates the pod is bound and starts")
    func binding() throws {
        var story = try gated()
        story.at(60)
        var pod = story.pod
        pod.spec.schedulingGates = []
        pod = Reconciler.bind(pod, to: NodeContext(name: "n1", hostIPs: ["192.0.2.1"]), now: story.now)
        try story.happens(.replaced(PodReplaced(changedAt: story.now)), object: pod)
        #expect(story.pod.spec.nodeName == "n1")
        #expect(story.condition("PodScheduled") == "True")
        #expect(story.status.hostIP == "192.0.2.1")
        #expect(story.status.startTime == Time(microsecondsSince1970: story.now))
        #expect(story.decided == ["sandbox #0", "pull c"])
    }

    @Test("a pod that the node refuses when its gates are gone has failed")
    func refusal() throws {
        var story = try gated()
        var pod = Reconciler.bind(story.pod, to: NodeContext(name: "n1", hostIPs: []), now: story.now)
        pod.spec.schedulingGates = []
        pod.status.phase = "Failed"
        pod.status.reason = "OutOfcpu"
        try story.happens(.replaced(PodReplaced(changedAt: story.now)), object: pod)
        #expect(story.status.phase == "Failed")
        #expect(story.status.reason == "OutOfcpu")
        // Seen to fail with "ContainerCreating" for ever.
        #expect(story.status.containerStatuses == [])
        #expect(story.decided == [])
    }

    @Test("a gated pod that is deleted goes at once")
    func deletion() throws {
        var story = try gated()
        try story.deletes(grace: 30)
        #expect(story.decided == ["remove pod"])
    }
}
