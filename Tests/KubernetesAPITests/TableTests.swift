import JSON
import KubernetesAPI
import Testing

@Suite("Tables")
struct TableTests {
    private let now = Time(secondsSince1970: 1_000_000)

    private func ago(_ seconds: Int64) -> Time { Time(secondsSince1970: 1_000_000 - seconds) }

    @Test(
        "durations print as kubectl prints them",
        arguments: [
            (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (5, "5s"), (119, "119s"), (120, "2m"), (123, "2m3s"),
            (599, "9m59s"),
            (600, "10m"), (10_799, "179m"), (10_800, "3h"), (15_000, "4h10m"), (28_800, "8h"), (172_799, "47h"),
            (172_800, "2d"), (266_400, "3d2h"), (691_200, "8d"), (63_071_999, "729d"), (63_072_000, "2y"),
            (70_000_000, "2y80d"), (252_288_000, "8y"),
        ] as [(Int64, String)]
    )
    func durations(seconds: Int64, text: String) {
        #expect(HumanDuration.text(seconds: seconds) == text)
    }

    private func pod(
        phase: String = "Running",
        reason: String = "",
        containers: [ContainerStatus] = [],
        inits: [ContainerStatus] = [],
        initSpecs: [Container] = [],
        conditions: [PodCondition] = [],
        deleted: Bool = false
    ) -> Pod {
        Pod(
            metadata: ObjectMeta(name: "p", creationTimestamp: ago(300), deletionTimestamp: deleted ? ago(1) : nil),
            spec: PodSpec(
                initContainers: initSpecs,
                containers: containers.map { Container(name: $0.name) }
            ),
            status: PodStatus(
                phase: phase,
                conditions: conditions,
                reason: reason,
                initContainerStatuses: inits,
                containerStatuses: containers
            )
        )
    }

    private func running(_ name: String, ready: Bool = true, restarts: Int32 = 0, ended: Time? = nil) -> ContainerStatus
    {
        ContainerStatus(
            name: name,
            state: ContainerState(running: ContainerStateRunning(startedAt: ago(10))),
            lastState: ContainerState(terminated: ended.map { ContainerStateTerminated(finishedAt: $0) }),
            ready: ready,
            restartCount: restarts,
            started: true
        )
    }

    private func waiting(_ name: String, _ reason: String) -> ContainerStatus {
        ContainerStatus(name: name, state: ContainerState(waiting: ContainerStateWaiting(reason: reason)))
    }

    private func terminated(_ name: String, _ code: Int32, _ reason: String = "", signal: Int32 = 0) -> ContainerStatus
    {
        ContainerStatus(
            name: name,
            state: ContainerState(
                terminated: ContainerStateTerminated(exitCode: code, signal: signal, reason: reason)
            )
        )
    }

    @Test("the STATUS column says what a pod does or what keeps it")
    func status() {
        let ready = PodCondition(type: "Ready", status: "True")
        let sidecar = Container(name: "s", restartPolicy: "Always")
        let cases: [(String, Pod, String, String)] = [
            ("just created", pod(phase: "Pending"), "Pending", "0/0"),
            ("running", pod(containers: [running("a")]), "Running", "1/1"),
            ("not ready", pod(containers: [running("a", ready: false), running("b")]), "Running", "1/2"),
            ("evicted", pod(phase: "Failed", reason: "Evicted"), "Evicted", "0/0"),
            ("crashing", pod(containers: [running("a"), waiting("b", "CrashLoopBackOff")]), "CrashLoopBackOff", "1/2"),
            (
                "first container's word wins", pod(containers: [waiting("a", "ErrImagePull"), waiting("b", "X")]),
                "ErrImagePull", "0/2"
            ),
            ("done", pod(phase: "Succeeded", containers: [terminated("a", 0, "Completed")]), "Completed", "0/1"),
            ("failed", pod(phase: "Failed", containers: [terminated("a", 1, "Error")]), "Error", "0/1"),
            ("without a reason", pod(phase: "Failed", containers: [terminated("a", 3)]), "ExitCode:3", "0/1"),
            ("by a signal", pod(phase: "Failed", containers: [terminated("a", 137, signal: 9)]), "Signal:9", "0/1"),
            (
                "half done, ready",
                pod(containers: [terminated("a", 0, "Completed"), running("b")], conditions: [ready]),
                "Running", "1/2"
            ),
            ("half done", pod(containers: [terminated("a", 0, "Completed"), running("b")]), "NotReady", "1/2"),
            ("being deleted", pod(containers: [running("a")], deleted: true), "Terminating", "1/1"),
            ("deleted when done", pod(phase: "Succeeded", deleted: true), "Succeeded", "0/0"),
            ("lost", pod(reason: "NodeLost", deleted: true), "Unknown", "0/0"),
            (
                "initialising",
                pod(
                    phase: "Pending",
                    inits: [terminated("i", 0), waiting("j", "PodInitializing")],
                    initSpecs: [Container(name: "i"), Container(name: "j")]
                ),
                "Init:1/2", "0/0"
            ),
            ("init fails", pod(phase: "Pending", inits: [terminated("i", 2)]), "Init:ExitCode:2", "0/0"),
            (
                "init crashes", pod(phase: "Pending", inits: [waiting("i", "CrashLoopBackOff")]),
                "Init:CrashLoopBackOff", "0/0"
            ),
            (
                "with a sidecar", pod(containers: [running("a")], inits: [running("s")], initSpecs: [sidecar]),
                "Running", "2/2"
            ),
            (
                "gated",
                pod(
                    phase: "Pending",
                    conditions: [PodCondition(type: "PodScheduled", status: "False", reason: "SchedulingGated")]
                ),
                "SchedulingGated", "0/0"
            ),
        ]
        for (name, pod, status, ready) in cases {
            let summary = PodSummary(pod)
            #expect(summary.status == status, "\(name)")
            #expect("\(summary.readyContainers)/\(summary.totalContainers)" == ready, "\(name)")
        }
    }

    @Test("restarts are told with the time since the last one")
    func restarts() {
        let quiet = pod(containers: [running("a")])
        #expect(PodSummary(quiet).restartsText(now: now) == "0")
        let busy = pod(containers: [
            running("a", restarts: 2, ended: ago(300)), running("b", restarts: 1, ended: ago(900)),
        ])
        #expect(PodSummary(busy).restartsText(now: now) == "3 (5m ago)")
    }

    @Test("a table has a row for each pod, with its metadata")
    func table() throws {
        let table = try Tables.table(
            [pod(phase: "Succeeded", containers: [terminated("a", 0, "Completed")])],
            metadata: ListMeta(resourceVersion: "7"),
            now: now
        )
        let value = try JSONCoding.value(of: table)
        #expect(value["kind"] == "Table")
        #expect(value["metadata"] == ["resourceVersion": "7"])
        #expect(value["columnDefinitions"]?.arrayValue?.count == 9)
        let row = try #require(value["rows"]?[0])
        #expect(row["cells"] == ["p", "0/1", "Completed", "0", "5m", "<none>", "<none>", "<none>", "<none>"])
        #expect(row["conditions"]?[0]?["reason"] == "Succeeded")
        #expect(row["object"]?["kind"] == "PartialObjectMetadata")
        #expect(row["object"]?["metadata"]?["name"] == "p")
    }

    @Test("a table may leave its objects out, or hold them whole")
    func include() throws {
        let pods = [pod()]
        let bare = try Tables.table(pods, metadata: ListMeta(), includeObject: .none, withColumns: false, now: now)
        #expect(bare.rows[0].object == nil)
        #expect(bare.columnDefinitions.isEmpty)
        let whole = try Tables.table(pods, metadata: ListMeta(), includeObject: .object, now: now)
        #expect(whole.rows[0].object?["spec"] != nil)
        #expect(try IncludeObject.parse(nil) == .metadata)
        #expect(throws: APIError.self) { try IncludeObject.parse("Everything") }
    }

    @Test("events, nodes and namespaces have their columns")
    func others() {
        let event = Event(
            metadata: ObjectMeta(name: "e"),
            involvedObject: ObjectReference(kind: "Pod", name: "p", fieldPath: "spec.containers{c}"),
            reason: "Started",
            message: " Started container c\n",
            source: EventSource(component: "kubelet", host: "n1"),
            firstTimestamp: ago(120),
            lastTimestamp: ago(60),
            type: "Normal"
        )
        #expect(
            event.cells(now: now) == [
                "60s", "Normal", "Started", "pod/p", "spec.containers{c}", "kubelet, n1", "Started container c", "2m",
                1, "e",
            ]
        )
        let node = Node(
            metadata: ObjectMeta(
                name: "n1",
                creationTimestamp: ago(86_400 * 3),
                labels: ["node-role.kubernetes.io/worker": ""]
            ),
            spec: NodeSpec(unschedulable: true),
            status: NodeStatus(
                conditions: [NodeCondition(type: "Ready", status: "True")],
                addresses: [NodeAddress(type: "InternalIP", address: "10.0.0.1")],
                nodeInfo: NodeSystemInfo(kernelVersion: "6.1", kubeletVersion: "v1")
            )
        )
        #expect(
            node.cells(now: now) == [
                "n1", "Ready,SchedulingDisabled", "worker", "3d", "v1", "10.0.0.1", "<none>", "<unknown>", "6.1",
                "<unknown>",
            ]
        )
        let namespace = Namespace(metadata: ObjectMeta(name: "default"), status: NamespaceStatus(phase: "Active"))
        #expect(namespace.cells(now: now) == ["default", "Active", "<unknown>"])
        for (columns, count) in [(Event.columns, 10), (Node.columns, 10), (Namespace.columns, 3), (Pod.columns, 9)] {
            #expect(columns.count == count)
        }
    }

    @Test(
        "the first form that can be made is taken",
        arguments: [
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
                .table
            ),
            ("application/json", .object), (nil, .object), ("application/json, */*", .object), ("*/*", .object),
            ("application/vnd.kubernetes.protobuf,application/json", .object), ("text/plain", .object),
            ("application/json; as=PartialObjectMetadata; g=meta.k8s.io; v=v1", .metadata),
            ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", .metadataList),
            (
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
                    + "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
                .metadataList
            ),
            ("application/json;as=Foo;g=meta.k8s.io;v=v1, application/json", .object),
            ("application/json;as=Foo, application/json;as=Table;v=v1;g=meta.k8s.io", .table),
            ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", .object),
        ] as [(String?, ObjectForm)]
    )
    func wanted(accept: String?, expected: ObjectForm) throws {
        #expect(try ObjectForm.wanted(accept: accept) == expected)
    }

    @Test("a form that nobody can make is refused", arguments: ["as=Foo", "as=Table", "as=Table;g=meta.k8s.io;v=v2"])
    func unknownForm(parameters: String) {
        let error = #expect(throws: APIError.self) {
            try ObjectForm.wanted(accept: "application/json;\(parameters)")
        }
        #expect(error?.code == 406)
    }
}
