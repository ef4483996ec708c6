import KubernetesAPI
import Testing

@Suite("The grace period of a deletion")
struct DeletionGracePeriodTests {
    @Test("is what is asked for, else the pod's own")
    func running() {
        let pod = Self.pod(phase: "Running")
        #expect(pod.gracePeriodOfDeletion(asked: nil) == 45)
        #expect(pod.gracePeriodOfDeletion(asked: 3) == 3)
        #expect(pod.gracePeriodOfDeletion(asked: 0) == 0)
        #expect(pod.gracePeriodOfDeletion(asked: -5) == 1)
    }

    @Test("is none for a pod that has ended or was on no node", arguments: [nil, 20] as [Int64?])
    func nothingToWaitFor(asked: Int64?) {
        #expect(Self.pod(phase: "Succeeded").gracePeriodOfDeletion(asked: asked) == 0)
        #expect(Self.pod(phase: "Failed").gracePeriodOfDeletion(asked: asked) == 0)
        #expect(Self.pod(phase: "Pending", nodeName: "").gracePeriodOfDeletion(asked: asked) == 0)
    }

    private static func pod(phase: String, nodeName: String = "n1") -> Pod {
        var pod = Pod()
        pod.spec.nodeName = nodeName
        pod.spec.terminationGracePeriodSeconds = 45
        pod.status.phase = phase
        return pod
    }
}
