import JSON
import KubernetesAPI
import Testing

@testable import CommandLine

struct RenderingTests {
    @Test("columns stand three spaces apart, the last one is not filled up")
    func columns() {
        var layout = ColumnLayout()
        #expect(layout.lines([["NAME", "AGE"], ["a-long-name", "5s"]]) == ["NAME          AGE", "a-long-name   5s"])
        // Later rows keep the widths of earlier ones.
        #expect(layout.lines([["b", "1m"]]) == ["b             1m"])
        var narrow = ColumnLayout()
        #expect(narrow.lines([["A", "B", ""]]) == ["A     B     "])
    }

    @Test(
        "the agent's advice names a command instead of a request",
        arguments: [
            (
                "pods \"a; b\" not found; GET /api/v1/namespaces/default/pods lists those that are there",
                "pods \"a; b\" not found; `swiftlet get pods` lists those that are there"
            ),
            (
                "pods \"a\" not found; GET /api/v1/namespaces/shop/pods lists those that are there",
                "pods \"a\" not found; `swiftlet get pods -n shop` lists those that are there"
            ),
            (
                "nodes \"a\" not found; GET /api/v1/nodes lists those that are there",
                "nodes \"a\" not found; `swiftlet get nodes` lists those that are there"
            ),
            (
                "modified; GET /api/v1/namespaces/shop/pods/a shows it",
                "modified; `swiftlet get pods a -n shop -o yaml` shows it"
            ),
            (
                "exists; PUT or PATCH /api/v1/namespaces/default/pods/a changes it, DELETE removes it",
                "exists; `swiftlet apply -f FILE` changes it, `swiftlet delete pods a` removes it"
            ),
            (
                "namespaces \"a\" not found; create it first: POST /api/v1/namespaces",
                "namespaces \"a\" not found; create it first: `swiftlet apply -f FILE` with an object of kind Namespace"
            ),
            ("no; nothing was changed; ?dryRun=All tries without changing anything", "no; nothing was changed"),
            ("no such resource; GET / lists the paths that there are", "no such resource"),
            ("the disk is full; free some space", "the disk is full; free some space"), ("no", "no"),
        ]
    )
    func advice(fromAgent: String, shown: String) {
        #expect(NextCommand.reworded(fromAgent) == shown)
    }

    @Test(
        "control characters of others are made visible",
        arguments: [
            ("plain ä 日本", "plain ä 日本"),
            ("a\u{1B}[31mred", "a^[[31mred"),
            ("a\tb\r", "a^Ib^M"),
            ("a\u{7F}\u{9B}31m", #"a\u{7f}\u{9b}31m"#),
            ("\u{202E}evil", #"\u{202e}evil"#),
        ]
    )
    func safe(text: String, shown: String) {
        #expect(Terminal.safe(text) == shown)
    }

    @Test("a cell of a table is one line")
    func cells() throws {
        let table = try TableView([
            "kind": "Table", "columnDefinitions": [["name": "A"], ["name": "B"]],
            "rows": [["cells": ["first\nsecond", 3]], ["cells": [nil]]],
        ])
        var renderer = TableRenderer(showsHeader: false)
        #expect(renderer.lines(table) == ["first...   3", "<none>"])
        #expect(throws: ClientFailure.self) { try TableView(["kind": "PodList"]) }
    }

    @Test("the tables that the agent makes are shown as kubectl shows them")
    func agentTables() throws {
        let now = Time(secondsSince1970: 1_000_000)
        var pod = Pod(metadata: ObjectMeta(name: "web", namespace: "default"))
        pod.metadata.creationTimestamp = Time(secondsSince1970: now.secondsSince1970 - 90)
        pod.spec.containers = [Container(name: "c", image: "bb:1")]
        pod.spec.nodeName = "n1"
        pod.status.phase = "Pending"
        let table = try JSONCoding.value(of: Tables.table([pod], metadata: ListMeta(resourceVersion: "7"), now: now))
        let view = try TableView(table)
        #expect(view.resourceVersion == "7")
        var renderer = TableRenderer(showsNamespace: true)
        #expect(
            renderer.lines(view) == [
                "NAMESPACE   NAME   READY   STATUS    RESTARTS   AGE",
                "default     web    0/1     Pending   0          90s",
            ]
        )
        var wide = TableRenderer(isWide: true)
        #expect(wide.lines(view).last?.contains("n1") == true)
    }

    @Test("an event of the log is one line, with its data as words")
    func logLine() {
        var line = LogLine()
        let event: JSONValue = [
            "seq": 12, "time": "2026-11-23T16:00:00.123456Z", "type": "ContainerExited",
            "object": ["kind": "Pod", "namespace": "default", "name": "web"], "actor": "shim",
            "data": ["exitCode": 3, "reason": "Error", "message": "a b\n\u{1B}[2J", "container": ["name": "c"]],
        ]
        #expect(
            line.text(event)
                == "  12  2026-11-23T16:00:00.123456Z  ContainerExited         pod/default/web       shim        "
                + #"exitCode=3 reason=Error message="a b\n\u001b[2J" container={"name":"c"}"#
        )
        #expect(line.text(["seq": 123456]) == "123456")
        #expect(line.text([:]) == "     ?")
    }

    @Test(
        "sizes are shown in steps of a thousand",
        arguments: [
            (0, "0B"), (999, "999B"), (1000, "1.0kB"), (1949, "1.9kB"), (1950, "2.0kB"), (999_999, "1000kB"),
            (4_262_000, "4.3MB"), (123_456_789, "123MB"), (5_000_000_000, "5.0GB"),
        ] as [(Int64, String)]
    )
    func sizes(bytes: Int64, text: String) {
        #expect(ByteText.short(bytes) == text)
    }

    @Test("images are listed by name with short digests")
    func images() {
        let answer: JSONValue = [
            "images": [
                [
                    "name": "docker.io/library/web:1", "target": ["digest": "sha256:0123456789abcdef0123"],
                    "sizeBytes": 4_262_000,
                ],
                ["name": "a:1", "digest": "sha256:ff", "size": 3],
            ]
        ]
        #expect(
            ImageRow.table(ImageRow.rows(answer), isWide: false) == [
                "NAME                      DIGEST         SIZE",
                "a:1                       ff             3B",
                "docker.io/library/web:1   0123456789ab   4.3MB",
            ]
        )
        #expect(ImageRow.rows(["images": []]).isEmpty)
        #expect(ImageRow.table([], isWide: true).isEmpty)
    }

    @Test("times are shown as kubectl shows them")
    func times() {
        #expect(DescriptionText.time(Time(secondsSince1970: 0)) == "Thu, 01 Jan 1970 00:00:00 +0000")
        #expect(DescriptionText.time(Time(parsing: "2026-11-23T16:05:09Z")) == "Mon, 23 Nov 2026 16:05:09 +0000")
        #expect(DescriptionText.time(Time(parsing: "1969-12-31T23:59:59Z")) == "Wed, 31 Dec 1969 23:59:59 +0000")
        #expect(DescriptionText.time(nil) == "<unknown>")
    }

    @Test("describe shows what a pod is and how it is")
    func describe() throws {
        let text = """
            {"metadata":{"name":"web","namespace":"default","labels":{"b":"2","a":"1"},
              "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","note":"x"}},
             "spec":{"nodeName":"n1","containers":[{"name":"c","image":"bb:1","command":["sh","-c","true\\nfalse"],
               "ports":[{"containerPort":80,"protocol":"TCP"}],"env":[{"name":"A","value":"1"},{"name":"LONGER","value":""}],
               "resources":{"limits":{"memory":"64Mi"}},"volumeMounts":[{"name":"v","mountPath":"/data","readOnly":true}],
               "livenessProbe":{"httpGet":{"path":"healthz","port":80,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,
               "successThreshold":1,"failureThreshold":3}}],
               "volumes":[{"name":"v","emptyDir":{}}]},
             "status":{"phase":"Running","hostIP":"10.0.0.1","podIP":"10.1.0.2","podIPs":[{"ip":"10.1.0.2"}],"qosClass":"Burstable",
               "startTime":"2026-11-23T16:00:00Z","conditions":[{"type":"Ready","status":"True"}],
               "containerStatuses":[{"name":"c","image":"bb:1","imageID":"sha256:1","containerID":"swiftlet://abc","ready":false,
                 "restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 20s"}},
                 "lastState":{"terminated":{"exitCode":3,"reason":"Error","startedAt":"2026-11-23T16:00:01Z",
                 "finishedAt":"2026-11-23T16:00:02Z"}}}]}}
            """
        let pod = try JSONCoding.decode(Pod.self, from: Array(text.utf8))
        let lines = PodDescription(pod).lines
        #expect(
            lines.joined(separator: "\n") == """
                Name:         web
                Namespace:    default
                Priority:     0
                Node:         n1/10.0.0.1
                Start Time:   Mon, 23 Nov 2026 16:00:00 +0000
                Labels:       a=1
                              b=2
                Annotations:  note: x
                Status:       Running
                IP:           10.1.0.2
                IPs:
                  IP:  10.1.0.2
                Containers:
                  c:
                    Container ID:  swiftlet://abc
                    Image:         bb:1
                    Image ID:      sha256:1
                    Port:          80/TCP
                    Host Port:     0/TCP
                    Command:
                      sh
                      -c
                      true
                      false
                    State:  Waiting
                      Reason:   CrashLoopBackOff
                      Message:  back-off 20s
                    Last State:  Terminated
                      Reason:     Error
                      Exit Code:  3
                      Started:    Mon, 23 Nov 2026 16:00:01 +0000
                      Finished:   Mon, 23 Nov 2026 16:00:02 +0000
                    Ready:          False
                    Restart Count:  2
                    Limits:
                      memory:  64Mi
                    Liveness:  http-get http://:80/healthz delay=0s timeout=1s period=10s #success=1 #failure=3
                    Environment:
                      A:       1
                      LONGER:  
                    Mounts:
                      /data from v (ro)
                Conditions:
                  Type    Status
                  Ready   True
                Volumes:
                  v:
                    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
                    Medium:     
                    SizeLimit:  <unset>
                QoS Class:       Burstable
                Node-Selectors:  <none>
                Tolerations:     <none>
                """
        )
    }

    @Test("describe shows the events under their own headings")
    func events() throws {
        let table = try TableView([
            "kind": "Table",
            "columnDefinitions": [
                ["name": "Last Seen"], ["name": "Type"], ["name": "Reason"], ["name": "Object"],
                ["name": "Source", "priority": 1], ["name": "Message"],
            ],
            "rows": [["cells": ["5s", "Normal", "Pulled", "pod/web", "swiftlet, n1", "Image is there"]]],
        ])
        #expect(
            PodReport.lines(events: table) == [
                "Events:",
                "  Type     Reason   Age   From           Message",
                "  ----     ------   ---   ----           -------",
                "  Normal   Pulled   5s    swiftlet, n1   Image is there",
            ]
        )
        #expect(PodReport.lines(events: try TableView(["kind": "Table", "rows": []])) == ["Events:  <none>"])
    }
}
