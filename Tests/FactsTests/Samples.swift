import Facts

/// One example of every fact, with every field set: what the fixtures hold.
enum Samples {
    static let web = ContainerRef(name: "web", kind: .main)
    static let setup = ContainerRef(name: "setup", kind: .initContainer)
    static let id = DerivedID.container(podUID: "7f6c9a52-3c1d-4d8e-9b6e-5a4d2c1b0a99", name: "web", attempt: 2)
    static let sandbox = DerivedID.sandbox(podUID: "7f6c9a52-3c1d-4d8e-9b6e-5a4d2c1b0a99", attempt: 0)
    static let noon: Microseconds = 1_795_000_000_123_456
    static let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

    static let all: [Fact] =
        pod.map { .pod($0) } + node.map { .node($0) } + namespace.map { .namespace($0) }
        + configuration.map { .configuration($0) }
        + image.map { .image($0) } + store.map { .store($0) } + request.map { .request($0) }

    static let pod: [PodFact] = objects + images + sandboxes + containers

    private static let objects: [PodFact] = [
        .created(PodCreated(nodeName: "n1")),
        .replaced(PodReplaced(subresource: "status", changedAt: noon)),
        .patched(PodPatched(patchType: "application/merge-patch+json", subresource: "status", changedAt: noon)),
        .deletionRequested(PodDeletionRequested(gracePeriodSeconds: 30, deletionTimestamp: noon)),
        .deadlineExceeded(PodDeadlineExceeded(activeDeadlineSeconds: 60, exceededAt: noon)),
        .warned(PodWarned(reason: "ProbesNotRun", message: "Probes are not run by this version")),
        .removed(PodRemoved(message: "evicted")),
        .stepPlanned(ReconcileStepPlanned(action: "StartContainer", container: web, attempt: 2)),
    ]

    private static let images: [PodFact] = [
        .imagePullStarted(ImagePullStarted(container: web, image: "bb:1")),
        .imagePulled(
            ImagePulled(
                container: web,
                image: "bb:1",
                imageID: digest,
                imageRef: "docker.io/library/bb@\(digest)",
                sizeBytes: 1_234_567,
                alreadyPresent: false,
                durationMicroseconds: 1_203_000
            )
        ),
        .imagePullFailed(
            ImagePullFailed(
                container: web,
                image: "bb:1",
                reason: "ErrImagePull",
                message: "no such image \"bb:1\"",
                failedAt: noon
            )
        ),
        .imagePullBackedOff(
            ImagePullBackedOff(container: web, image: "bb:1", until: noon, message: "Back-off pulling image \"bb:1\"")
        ),
    ]

    private static let sandboxes: [PodFact] = [
        .sandboxCreated(
            SandboxCreated(
                sandboxID: sandbox,
                attempt: 0,
                shimPID: 4242,
                podIPs: ["10.0.0.7", "fd00::7"],
                createdAt: noon,
                note: "only a loopback interface"
            )
        ),
        .sandboxFailed(
            SandboxFailed(
                sandboxID: sandbox,
                attempt: 0,
                reason: "CreatePodSandboxError",
                message: "clone3: operation not permitted",
                failedAt: noon
            )
        ),
        .sandboxLost(SandboxLost(sandboxID: sandbox, message: "the shim died", lostAt: noon)),
        .sandboxRemoved(SandboxRemoved(sandboxID: sandbox, removedAt: noon)),
    ]

    private static let containers: [PodFact] = [
        .containerCreated(
            ContainerCreated(
                container: web,
                containerID: id,
                attempt: 2,
                image: "bb:1",
                imageID: "docker.io/library/bb@\(digest)",
                stopSignal: "SIGQUIT"
            )
        ),
        .containerStarted(
            ContainerStarted(container: web, containerID: id, attempt: 2, pid: 4243, startedAt: noon)
        ),
        .containerStartFailed(
            ContainerStartFailed(
                container: setup,
                containerID: id,
                attempt: 2,
                reason: "StartError",
                message: "exec /nonexistent: no such file or directory",
                failedAt: noon
            )
        ),
        .containerExited(
            ContainerExited(
                container: web,
                containerID: id,
                attempt: 2,
                exitCode: 137,
                signal: 9,
                oomKilled: true,
                startedAt: noon - 90_500_000,
                finishedAt: noon,
                message: "größer als erlaubt\n",
                reason: "OOMKilled"
            )
        ),
        .containerKillRequested(
            ContainerKillRequested(
                container: web,
                containerID: id,
                attempt: 2,
                signal: 15,
                reason: KillReason.podDeleted,
                message: "Stopping container web",
                gracePeriodSeconds: 30,
                requestedAt: noon,
                deadline: noon + 30_000_000
            )
        ),
        .containerBackedOff(ContainerBackedOff(container: web, attempt: 2, delaySeconds: 40, until: noon)),
        .containerRemoved(ContainerRemoved(container: web, containerID: id, attempt: 2)),
        .probeChanged(
            ProbeChanged(
                container: web,
                attempt: 2,
                probe: .readiness,
                healthy: false,
                message: "HTTP probe failed with statuscode: 500",
                changedAt: noon
            )
        ),
        .execStarted(
            ExecStarted(
                container: web,
                containerID: id,
                execID: "exec-1",
                command: ["sh", "-c", "echo größer"],
                stdin: true,
                tty: false,
                startedAt: noon
            )
        ),
        .execFinished(
            ExecFinished(
                container: web,
                containerID: id,
                execID: "exec-1",
                exitCode: 137,
                reason: "the client went away",
                finishedAt: noon
            )
        ),
        .attached(
            ContainerAttached(container: web, containerID: id, stdin: true, tty: true, attachedAt: noon)
        ),
    ]

    static let node: [NodeFact] = [
        .registered(NodeRegistered(nodeName: "n1")),
        .started(
            NodeStarted(
                bootID: "0f8b0f9e-7d3a-4a53-9f0b-8e6b2f0c9d11",
                agentVersion: "0.1.0",
                agentPID: 4000,
                kernelVersion: "6.1.0",
                rebooted: true,
                startedAt: noon
            )
        ),
        .stopped(NodeStopped(reason: "SIGTERM", stoppedAt: noon)),
        .conditionChanged(
            NodeConditionChanged(
                condition: "DiskPressure",
                status: "False",
                reason: "KubeletHasNoDiskPressure",
                message: "the disk has room",
                changedAt: noon
            )
        ),
        .replaced(NodeReplaced(subresource: "status")),
        .patched(NodePatched(patchType: "application/merge-patch+json", subresource: "status")),
        .historyCompacted(
            HistoryCompacted(
                floorBefore: 1000,
                floor: 7000,
                chain: String(repeating: "0123456789abcdef", count: 4),
                compactedAt: noon
            )
        ),
    ]

    static let request: [RequestFact] = [
        .answered(
            APIRequestAnswered(
                verb: "delete",
                method: "DELETE",
                uri: "/api/v1/namespaces/default/pods/web?gracePeriodSeconds=0",
                resource: "pod/default/web",
                status: 200,
                durationMicroseconds: 4_200,
                userAgent: "curl/7.88.1",
                remote: "unix",
                peer: RequestPeer(
                    uid: 1000,
                    gid: 1000,
                    pid: 4711,
                    command: "curl",
                    loginUID: 1000,
                    session: 3,
                    unit: "session-3.scope"
                )
            )
        )
    ]

    static let namespace: [NamespaceFact] = [
        .created(NamespaceCreated()),
        .replaced(NamespaceReplaced()),
        .deletionRequested(NamespaceDeletionRequested(deletionTimestamp: noon)),
        .removed(NamespaceRemoved()),
    ]

    static let configuration: [ConfigurationFact] = [
        .created(ConfigurationCreated(kind: "Secret")),
        .changed(ConfigurationChanged(kind: "ConfigMap", patchType: "application/merge-patch+json")),
        .removed(ConfigurationRemoved(kind: "Secret")),
    ]

    static let image: [ImageFact] = [
        .imported(ImageImported(target: digest, sizeBytes: 1_234_567, source: "bb.tar")),
        .fetched(
            ImageFetched(
                target: digest,
                sizeBytes: 1_234_567,
                host: "registry-1.docker.io",
                downloadedBytes: 1_000_000,
                replaced: digest
            )
        ),
        .unpacked(ImageUnpacked(chainID: digest)),
        .tagged(ImageTagged(target: digest, source: "docker.io/library/bb:1")),
        .labelled(ImageLabelled(labels: ["tier": "base"])),
        .removed(ImageRemoved(reason: "asked for by unix:root")),
    ]

    static let store: [StoreFact] = [
        .leaseCreated(LeaseCreated(labels: ["containerd.io/gc.expire": "2026-12-01T00:00:00Z"])),
        .leaseChanged(LeaseChanged(added: ["content/\(digest)"], removed: ["images/docker.io/library/bb:1"])),
        .leaseRemoved(LeaseRemoved(reason: "removed by unix:root")),
        .contentLabelled(ContentLabelled(labels: ["containerd.io/gc.root": "1"])),
        .snapshotLabelled(SnapshotLabelled(labels: ["tier": "base"])),
        .namespaceCreated(StoreNamespaceCreated(labels: ["tier": "base"])),
        .namespaceLabelled(StoreNamespaceLabelled(labels: ["tier": "base"])),
        .namespaceRemoved(StoreNamespaceRemoved()),
        .garbageFound(GarbageFound(reason: "image bb was removed", contents: [digest], snapshots: [digest])),
        .garbageCollected(
            GarbageCollected(reason: "image bb was removed", contents: [digest], snapshots: [digest], bytes: 1_234)
        ),
    ]
}
