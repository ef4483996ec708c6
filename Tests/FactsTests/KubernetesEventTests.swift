import Facts
import JSON
import KubernetesAPI
import Testing

struct KubernetesEventTests {
    static let pod = Pod(
        kind: "Pod",
        apiVersion: "v1",
        metadata: ObjectMeta(name: "web", namespace: "shop", uid: "u-1", resourceVersion: "41"),
        spec: PodSpec(nodeName: "n1")
    )

    private func projected(_ fact: PodFact) -> Event? {
        KubernetesEvents.project(fact, pod: Self.pod, seq: 0x2a, time: 1_795_000_000_123_456)
    }

    private func line(_ fact: PodFact) -> String? {
        projected(fact).map { "\($0.type) \($0.reason) [\($0.involvedObject.fieldPath)] \($0.message)" }
    }

    @Test("an Event has the form that kubectl expects")
    func form() throws {
        let started = PodFact.containerStarted(
            ContainerStarted(container: Samples.web, containerID: "ab", attempt: 0, pid: 7, startedAt: 0)
        )
        let event = try #require(projected(started))
        #expect(event.metadata.name == "web.000000000000002a")
        #expect(event.metadata.namespace == "shop")
        #expect(event.metadata.resourceVersion == "42")
        #expect(event.metadata.uid.count == 36)
        #expect(event.involvedObject.kind == "Pod")
        #expect(event.involvedObject.name == "web")
        #expect(event.involvedObject.uid == "u-1")
        #expect(event.involvedObject.fieldPath == "spec.containers{web}")
        #expect(event.source == EventSource(component: "swiftlet", host: "n1"))
        #expect(event.count == 1)
        #expect(event.firstTimestamp == event.lastTimestamp)
        #expect(event.lastTimestamp?.description == "2026-11-18T11:06:40Z")
    }

    @Test("the Events of a pod's life have a kubelet's reasons and messages")
    func lifeOfAPod() {
        let lines = Samples.pod.compactMap { line($0) }
        let failed = "exec /nonexistent: no such file or directory"
        #expect(
            lines == [
                "Normal Scheduled [] Successfully assigned shop/web to n1",
                "Normal DeadlineExceeded [] Pod was active on the node longer than the specified deadline",
                "Warning ProbesNotRun [] Probes are not run by this version",
                "Normal Pulling [spec.containers{web}] Pulling image \"bb:1\"",
                "Normal Pulled [spec.containers{web}] Successfully pulled image \"bb:1\" in 1.203s "
                    + "(1.203s including waiting). Image size: 1234567 bytes.",
                "Warning Failed [spec.containers{web}] Failed to pull image \"bb:1\": no such image \"bb:1\"",
                "Normal BackOff [spec.containers{web}] Back-off pulling image \"bb:1\"",
                "Warning NetworkNotReady [] network is not ready: only a loopback interface",
                "Warning FailedCreatePodSandBox [] Failed to create pod sandbox: clone3: operation not permitted",
                "Normal SandboxChanged [] Pod sandbox changed, it will be killed and re-created.",
                "Normal Created [spec.containers{web}] Created container: web",
                "Normal Started [spec.containers{web}] Started container web",
                "Warning Failed [spec.initContainers{setup}] Error: \(failed)",
                "Warning Exited [spec.containers{web}] Container web exited with code 137 (signal 9), out of memory: "
                    + "OOMKilled",
                "Normal Killing [spec.containers{web}] Stopping container web",
                "Warning BackOff [spec.containers{web}] Back-off restarting failed container web in pod web_shop(u-1)",
                "Warning Unhealthy [spec.containers{web}] Readiness probe failed: "
                    + "HTTP probe failed with statuscode: 500",
            ]
        )
    }

    @Test("a volume that cannot be set up is the pod's trouble, and news are no warnings")
    func podNews() {
        let mount = ContainerStartFailed(
            container: Samples.web,
            containerID: "ab",
            attempt: 0,
            reason: ContainerStartFailed.failedMount,
            message: "MountVolume.SetUp failed for volume \"v\" : why",
            failedAt: 0
        )
        #expect(
            line(.containerStartFailed(mount))
                == "Warning FailedMount [] MountVolume.SetUp failed for volume \"v\" : why"
        )
        let paused = PodWarned(reason: "Paused", message: "Paused web", isNormal: true)
        #expect(line(.warned(paused)) == "Normal Paused [] Paused web")
        let waits = PodWarned(reason: "Failed", message: "Error: ImagePullBackOff", container: Samples.web)
        #expect(line(.warned(waits)) == "Warning Failed [spec.containers{web}] Error: ImagePullBackOff")
    }

    @Test("a gated pod is assigned to no node yet")
    func gated() {
        #expect(line(.created(PodCreated(nodeName: ""))) == nil)
    }

    @Test("an image that is present, or must not be pulled, has its own words")
    func imageVariants() {
        let present = ImagePulled(
            container: Samples.setup,
            image: "bb:1",
            imageID: "",
            imageRef: "",
            sizeBytes: 0,
            alreadyPresent: true,
            durationMicroseconds: 5
        )
        #expect(
            line(.imagePulled(present))
                == "Normal Pulled [spec.initContainers{setup}] Container image \"bb:1\" already present on machine"
        )
        let never = ImagePullFailed(
            container: Samples.web,
            image: "bb:1",
            reason: "ErrImageNeverPull",
            message: "",
            failedAt: 0
        )
        #expect(
            line(.imagePullFailed(never))
                == "Warning ErrImageNeverPull [spec.containers{web}] "
                + "Container image \"bb:1\" is not present with pull policy of Never"
        )
    }

    @Test("SIGKILL, steps and removals are no Events")
    func silentFacts() {
        var kill = ContainerKillRequested(
            container: Samples.web,
            containerID: "ab",
            attempt: 0,
            signal: 9,
            reason: "PodDeleted",
            message: "x",
            gracePeriodSeconds: 0,
            requestedAt: 0,
            deadline: 0
        )
        #expect(line(.containerKillRequested(kill)) == nil)
        kill.signal = 3
        #expect(line(.containerKillRequested(kill)) != nil)
        #expect(line(.stepPlanned(ReconcileStepPlanned(action: "x"))) == nil)
        #expect(line(.removed(PodRemoved())) == nil)
    }

    @Test("the same fact gives the same Event in every answer")
    func stability() throws {
        let first = try JSONCoding.encode(projected(Samples.pod[0]))
        #expect(try JSONCoding.encode(projected(Samples.pod[0])) == first)
    }
}
