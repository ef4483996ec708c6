import Facts
import KubernetesAPI
import Reconciler
import Testing

/// The status at each point of a pod's life, in Kubernetes' words.
struct StatusTests {
    @Test("an admitted pod has its identity, its node and a pending status")
    func admission() throws {
        let story = try Story()
        #expect(story.pod.metadata.uid == Story.uid)
        #expect(story.pod.metadata.generation == 1)
        #expect(story.pod.metadata.creationTimestamp?.microsecondsSince1970 == Story.start)
        #expect(story.pod.spec.nodeName == "n1")
        #expect(story.status.phase == "Pending")
        #expect(story.status.qosClass == "BestEffort")
        #expect(story.status.hostIP == "192.0.2.1")
        #expect(story.status.hostIPs.map(\.ip) == ["192.0.2.1", "2001:db8::1"])
        #expect(story.status.startTime?.microsecondsSince1970 == Story.start)
        #expect(story.status.observedGeneration == 1)
        #expect(story.state("c") == "waiting:ContainerCreating")
        #expect(story.container("c").started == false)
        #expect(story.condition("PodScheduled") == "True")
        #expect(story.condition("PodReadyToStartContainers") == "False")
        #expect(story.condition("Initialized") == "True")
        #expect(story.condition("Ready") == "False:ContainersNotReady:containers with unready status: [c]")
    }

    @Test("what a client says about identity and status is not believed")
    func admissionIgnoresClaims() {
        var pod = Pod(metadata: ObjectMeta(name: "p", namespace: "ns", uid: "mine", generation: 9))
        pod.metadata.deletionTimestamp = Time(secondsSince1970: 1)
        pod.status.phase = "Succeeded"
        pod.spec.containers = [Container(name: "c", image: "img")]
        let admitted = Reconciler.admit(
            pod,
            node: NodeContext(name: "n1", hostIPs: []),
            uid: "given",
            now: Story.start
        )
        #expect(admitted.metadata.uid == "given")
        #expect(admitted.metadata.generation == 1)
        #expect(admitted.metadata.deletionTimestamp == nil)
        #expect(admitted.status.phase == "Pending")
    }

    @Test("a pod runs")
    func running() throws {
        var story = try Story()
        story.at(1.5)
        try story.sandbox()
        #expect(story.condition("PodReadyToStartContainers") == "True")
        #expect(story.status.podIP == "10.0.0.5")
        #expect(story.status.podIPs.map(\.ip) == ["10.0.0.5"])
        story.at(2.5)
        try story.starts("c")
        #expect(story.status.phase == "Running")
        #expect(story.state("c") == "running")
        #expect(story.container("c").ready)
        #expect(story.container("c").started == true)
        #expect(story.container("c").containerID == "swiftlet://\(Story.id("c", 0))")
        #expect(story.container("c").imageID == "docker.io/library/img@sha256:bb")
        #expect(story.condition("Ready") == "True")
        #expect(story.condition("ContainersReady") == "True")
        let ready = story.status.conditions.first { $0.type == "Ready" }
        #expect(ready?.lastTransitionTime?.microsecondsSince1970 == Story.start + 2_000_000)
        let scheduled = story.status.conditions.first { $0.type == "PodScheduled" }
        #expect(scheduled?.lastTransitionTime?.microsecondsSince1970 == Story.start)
        #expect(
            story.status.conditions.map(\.type) == [
                "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
            ]
        )
    }

    @Test("two main containers: pending until both have started")
    func pendingUntilAllStarted() throws {
        var story = try Story(["a", "b"])
        try story.sandbox()
        try story.starts("a")
        #expect(story.status.phase == "Pending")
        #expect(story.condition("Ready") == "False:ContainersNotReady:containers with unready status: [b]")
        try story.starts("b")
        #expect(story.status.phase == "Running")
    }

    @Test(
        "a pod whose containers have ended, by restart policy and exit codes",
        arguments: [
            ("Never", Int32(0), Int32(0), "Succeeded"), ("Never", 0, 1, "Failed"), ("OnFailure", 0, 0, "Succeeded"),
            ("OnFailure", 0, 1, "Running"), ("Always", 0, 0, "Running"), ("Always", 1, 1, "Running"),
        ]
    )
    func outcomes(policy: String, first: Int32, second: Int32, phase: String) throws {
        var story = try Story(["a", "b"], restartPolicy: policy)
        try story.sandbox()
        try story.starts("a")
        try story.starts("b")
        try story.exits("a", code: first)
        try story.exits("b", code: second)
        #expect(story.status.phase == phase)
        if phase == "Succeeded" {
            #expect(story.condition("Ready") == "False:PodCompleted")
            #expect(story.condition("ContainersReady") == "False:PodCompleted")
            #expect(story.condition("Initialized") == "True:PodCompleted")
            #expect(story.state("a") == "terminated:Completed(0)")
        }
        if phase == "Failed" { #expect(story.condition("Ready") == "False:PodFailed") }
    }

    @Test("a terminal phase and its addresses stay when the sandbox is removed")
    func terminalStays() throws {
        var story = try Story(restartPolicy: "Never")
        try story.sandbox()
        try story.starts("c")
        try story.exits("c")
        try story.sandboxIsRemoved()
        #expect(story.status.phase == "Succeeded")
        #expect(story.status.podIP == "10.0.0.5")
        #expect(story.condition("PodReadyToStartContainers") == "False")
        #expect(story.state("c") == "terminated:Completed(0)")
        try story.deletes(grace: 30)
        #expect(story.status.phase == "Succeeded")
        #expect(story.pod.metadata.deletionGracePeriodSeconds == 30)
    }

    @Test("a crash loop: states, last states, restart counts and messages")
    func crashLoop() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        story.at(1)
        try story.exits("c", code: 1)
        #expect(story.state("c") == "terminated:Error(1)")
        #expect(story.lastState("c") == "none")
        try story.starts("c", attempt: 1)
        #expect(story.state("c") == "running")
        #expect(story.lastState("c") == "terminated:Error(1)")
        #expect(story.container("c").restartCount == 1)
        story.at(2)
        try story.exits("c", attempt: 1, code: 2)
        #expect(story.state("c") == "terminated:Error(2)")
        #expect(story.lastState("c") == "terminated:Error(1)")
        try story.recordDecisions()
        #expect(story.state("c") == "waiting:CrashLoopBackOff")
        #expect(story.lastState("c") == "terminated:Error(2)")
        #expect(
            story.container("c").state.waiting?.message
                == "back-off 10s restarting failed container=c pod=p_ns(5f0e)"
        )
        #expect(story.status.phase == "Running")
        #expect(story.container("c").started == false)
        // It stays so until the next attempt exists.
        story.at(12)
        try story.pulled("c")
        #expect(story.state("c") == "waiting:CrashLoopBackOff")
        try story.starts("c", attempt: 2)
        #expect(story.state("c") == "running")
        #expect(story.container("c").restartCount == 2)
    }

    @Test("a container that ran out of memory says so")
    func outOfMemory() throws {
        var story = try Story(restartPolicy: "Never")
        try story.sandbox()
        try story.starts("c")
        try story.exits("c", code: 137, oom: true)
        #expect(story.state("c") == "terminated:OOMKilled(137)")
        #expect(story.status.phase == "Failed")
    }

    @Test("a signal shows in the exit code only, as with kubelet", arguments: [false, true])
    func signalled(oom: Bool) throws {
        var story = try Story(restartPolicy: "Never")
        try story.sandbox()
        try story.starts("c")
        try story.exits("c", code: 137, signal: 9, oom: oom)
        let end = try #require(story.container("c").state.terminated)
        #expect(end.exitCode == 137)
        #expect(end.signal == 0)
        #expect(end.reason == (oom ? "OOMKilled" : "Error"))
    }

    @Test("init containers: PodInitializing, then ready when they succeeded")
    func initContainers() throws {
        var story = try Story(inits: ["i", "j"])
        #expect(story.state("c") == "waiting:PodInitializing")
        #expect(story.state("i") == "waiting:PodInitializing")
        #expect(
            story.condition("Initialized")
                == "False:ContainersNotInitialized:containers with incomplete status: [i j]"
        )
        try story.sandbox()
        try story.starts("i")
        #expect(story.status.phase == "Pending")
        try story.exits("i")
        #expect(story.container("i").ready)
        #expect(
            story.condition("Initialized") == "False:ContainersNotInitialized:containers with incomplete status: [j]"
        )
        try story.starts("j")
        try story.exits("j")
        #expect(story.condition("Initialized") == "True")
        try story.starts("c")
        #expect(story.status.phase == "Running")
    }

    @Test("a failed init container fails a pod that is never restarted, and holds up one that is")
    func failedInit() throws {
        for policy in ["Never", "Always", "OnFailure"] {
            var story = try Story(inits: ["i"], restartPolicy: policy)
            try story.sandbox()
            try story.starts("i")
            try story.exits("i", code: 3)
            #expect(story.status.phase == (policy == "Never" ? "Failed" : "Pending"))
            #expect(story.state("i") == "terminated:Error(3)")
            #expect(story.state("c") == "waiting:PodInitializing")
        }
    }

    @Test("a sidecar counts for readiness, and its end does not end the pod")
    func sidecars() throws {
        var story = try Story(inits: ["s"], sidecars: ["s"], restartPolicy: "Never")
        try story.sandbox()
        try story.starts("s")
        #expect(story.condition("Initialized") == "True")
        try story.starts("c")
        #expect(story.status.phase == "Running")
        try story.exits("s", code: 1)
        #expect(story.status.phase == "Running")
        #expect(story.condition("Ready") == "False:ContainersNotReady:containers with unready status: [s]")
        #expect(story.condition("Initialized") == "True")
        try story.starts("s", attempt: 1)
        try story.exits("c")
        // The pod is not done while its sidecar runs.
        #expect(story.status.phase == "Running")
        try story.exits("s", attempt: 1, code: 143)
        #expect(story.status.phase == "Succeeded")
    }

    @Test("images: ErrImagePull, then ImagePullBackOff, then running")
    func imagePulls() throws {
        var story = try Story()
        try story.sandbox()
        try story.pullFails("c")
        #expect(story.state("c") == "waiting:ErrImagePull")
        #expect(story.container("c").state.waiting?.message == "no such image")
        try story.recordDecisions()
        #expect(story.state("c") == "waiting:ImagePullBackOff")
        #expect(
            story.container("c").state.waiting?.message
                == "Back-off pulling image \"img\": ErrImagePull: no such image"
        )
        #expect(story.wakesIn == 10)
        for (failures, delay) in [(2, 20.0), (3, 40), (4, 80), (5, 160), (6, 300), (7, 300)] {
            story.now += Microseconds((story.wakesIn ?? 0) * 1_000_000)
            #expect(story.decided == ["pull c"])
            // Seen to fail with ContainerCreating and no message for as long as the pull tried.
            let held = story.container("c").state
            try story.happens(.imagePullStarted(ImagePullStarted(container: story.ref("c"), image: "img")))
            #expect(story.container("c").state == held && held.waiting?.reason == "ImagePullBackOff")
            try story.pullFails("c")
            #expect(story.state("c") == "waiting:ErrImagePull")
            try story.recordDecisions()
            #expect(story.wakesIn == delay, "after \(failures) failures")
        }
        try story.starts("c")
        #expect(story.state("c") == "running")
        #expect(story.status.phase == "Running")
    }

    @Test(
        "other reasons are kept as they are",
        arguments: ["ErrImageNeverPull", "InvalidImageName"]
    )
    func otherPullReasons(reason: String) throws {
        var story = try Story()
        try story.sandbox()
        try story.pullFails("c", reason: reason)
        try story.recordDecisions()
        #expect(story.state("c") == "waiting:\(reason)")
    }

    @Test("another image in the spec starts the pulls over")
    func newImage() throws {
        var story = try Story()
        try story.sandbox()
        try story.pullFails("c", reason: "InvalidImageName")
        #expect(story.decided == [])
        var pod = story.pod
        pod.spec.containers[0].image = "img:2"
        try story.happens(.replaced(PodReplaced(changedAt: story.now)), object: pod)
        #expect(story.state("c") == "waiting:ContainerCreating")
        #expect(story.decided == ["pull c"])
        #expect(story.pod.metadata.generation == 2)
        #expect(story.status.observedGeneration == 2)
        #expect(story.status.conditions.allSatisfy { $0.observedGeneration == 2 })
    }

    @Test("a container that could not be created waits, one that could not be started has used its attempt up")
    func startFailures() throws {
        var story = try Story()
        try story.sandbox()
        try story.pulled("c")
        try story.startFails("c", reason: "CreateContainerConfigError", message: "secret \"s\" not found")
        #expect(story.state("c") == "waiting:CreateContainerConfigError")
        #expect(story.container("c").state.waiting?.message == "secret \"s\" not found")
        #expect(story.container("c").restartCount == 0)
        #expect(story.status.phase == "Pending")
        try story.startFails("c", reason: "StartError", message: "no such file")
        #expect(story.state("c") == "waiting:RunContainerError")
        #expect(story.lastState("c") == "terminated:StartError(128)")
        #expect(story.status.phase == "Running")
        var never = try Story(restartPolicy: "Never")
        try never.sandbox()
        try never.pulled("c")
        try never.startFails("c", reason: "StartError", message: "no such file")
        #expect(never.state("c") == "terminated:StartError(128)")
        #expect(never.status.phase == "Failed")
    }

    @Test("a pod past its deadline fails when its containers are gone")
    func deadline() throws {
        var story = try Story { $0.activeDeadlineSeconds = 60 }
        try story.sandbox()
        try story.starts("c")
        story.at(60)
        try story.recordDecisions()
        #expect(story.status.phase == "Running")
        #expect(story.decided == [])
        story.at(61)
        try story.exits("c", code: 143, removed: false)
        #expect(story.status.phase == "Failed")
        #expect(story.status.reason == "DeadlineExceeded")
        #expect(story.status.message == "Pod was active on the node longer than the specified deadline")
        #expect(story.state("c") == "terminated:Error(143)")
    }

    @Test("a lost sandbox ends what ran in it, and the new one has another address")
    func lostSandbox() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        story.at(30)
        try story.sandboxIsLost()
        #expect(story.state("c") == "terminated:ContainerStatusUnknown(137)")
        #expect(story.condition("PodReadyToStartContainers") == "False")
        try story.sandboxIsRemoved()
        try story.sandbox(attempt: 1, ips: ["10.0.0.6"])
        try story.starts("c", attempt: 1)
        #expect(story.status.podIP == "10.0.0.6")
        #expect(story.container("c").restartCount == 1)
        #expect(story.status.phase == "Running")
    }

    @Test("a deleted pod ends Succeeded or Failed by its exit codes")
    func deletion() throws {
        for (code, phase) in [(Int32(0), "Succeeded"), (143, "Failed")] {
            var story = try Story()
            try story.sandbox()
            try story.starts("c")
            try story.deletes(grace: 5)
            #expect(story.pod.metadata.deletionTimestamp != nil)
            #expect(story.status.phase == "Running")
            try story.exits("c", code: code)
            #expect(story.status.phase == phase)
        }
    }

    @Test("probes count as soon as nobody says that they are not run")
    func probes() throws {
        var story = try Story { $0.containers[0].readinessProbe = Probe() }
        try story.sandbox()
        try story.starts("c")
        #expect(!story.container("c").ready)
        let probe = ProbeChanged(
            container: story.ref("c"),
            attempt: 0,
            probe: .readiness,
            healthy: true,
            message: "",
            changedAt: story.now
        )
        try story.happens(.probeChanged(probe))
        #expect(story.container("c").ready)
        var warned = try Story { $0.containers[0].readinessProbe = Probe() }
        try warned.recordDecisions()
        try warned.sandbox()
        try warned.starts("c")
        #expect(warned.container("c").ready)
        #expect(warned.decided == [])
    }

    @Test("readiness gates hold Ready back, and custom conditions are kept")
    func readinessGates() throws {
        var story = try Story { $0.readinessGates = [PodReadinessGate(conditionType: "example.com/lb")] }
        try story.sandbox()
        try story.starts("c")
        #expect(story.condition("ContainersReady") == "True")
        #expect(
            story.condition("Ready") == "False:ReadinessGatesNotReady:"
                + "corresponding condition of pod readiness gate \"example.com/lb\" does not exist."
        )
        var pod = story.pod
        pod.status.conditions.append(PodCondition(type: "example.com/lb", status: "True"))
        pod.status.phase = "Failed"
        story.at(9)
        try story.happens(
            .patched(
                PodPatched(patchType: "application/merge-patch+json", subresource: "status", changedAt: story.now)
            ),
            object: pod
        )
        #expect(story.condition("Ready") == "True")
        #expect(story.condition("example.com/lb") == "True")
        #expect(story.status.phase == "Running")
        #expect(story.pod.metadata.generation == 1)
        let ready = story.status.conditions.first { $0.type == "Ready" }
        #expect(ready?.lastTransitionTime?.microsecondsSince1970 == Story.start + 9_000_000)
        try story.exits("c", code: 1)
        #expect(story.condition("example.com/lb") == "True")
    }

    @Test("facts that come late or twice change nothing")
    func lateFacts() throws {
        var story = try Story()
        try story.sandbox()
        try story.starts("c")
        try story.exits("c", code: 1)
        try story.starts("c", attempt: 1)
        let before = story.record
        try story.exits("c", attempt: 0, code: 7)
        try story.starts("c", attempt: 1)
        try story.startFails("c", attempt: 0, reason: "RunContainerError")
        try story.sandbox()
        #expect(story.record == before)
        let late = PodFact.containerExited(
            ContainerExited(
                container: story.ref("c"),
                containerID: Story.id("c", 0),
                attempt: 0,
                exitCode: 7,
                oomKilled: false,
                finishedAt: story.now
            )
        )
        #expect(!Reconciler.isNews(late, for: story.record))
    }

    @Test("an exit that is reported before its start is an exit, and the start comes too late")
    func exitBeforeStart() throws {
        var story = try Story()
        try story.sandbox()
        try story.pulled("c")
        try story.exits("c", code: 4, removed: false)
        #expect(story.state("c") == "terminated:Error(4)")
        let before = story.record
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
        #expect(story.record == before)
    }
}
