import Glibc
import JSON
import Linux
import Testing

extension SystemSuite {
    @Suite("what pods use, and changes of it", .serialized)
    struct ResourceTests {
        /// With our own runtime, and with runc's shim where there is one.
        private static var classes: [String] { ForeignShim.isInstalled ? ["", "runtimeClassName: runc"] : [""] }

        @Test("stats tell CPU, memory, processes and the writable layer of containers and pods")
        func stats() throws {
            try RunningAgent.with { agent in
                for (index, name) in Self.classes.enumerated() {
                    let script = "dd if=/dev/zero of=/tmp/x bs=1024 count=2000 2>/dev/null; while :; do :; done"
                    try agent.create(Manifest.pod("s\(index)", script, spec: name))
                    try agent.waitForPhase("s\(index)", "Running")
                }
                for index in Self.classes.indices {
                    var pod = JSONValue.null
                    try agent.wait("the numbers of s\(index)") {
                        let pods = try agent.get("/stats/summary").json["pods"]?.arrayValue ?? []
                        pod = pods.first { $0["podRef"]?["name"]?.stringValue == "s\(index)" } ?? .null
                        let used = pod["containers"]?[0]?["rootfs"]?["usedBytes"]?.int64Value ?? 0
                        // dd has written it all and is gone.
                        return used >= 2_000_000 && pod["cpu"]?["usageNanoCores"]?.int64Value ?? 0 > 0
                            && pod["containers"]?[0]?["process_stats"]?["process_count"] == 1
                    }
                    let container = pod["containers"]?[0] ?? .null
                    #expect(container["name"] == "main")
                    #expect(container["cpu"]?["usageCoreNanoSeconds"]?.int64Value ?? 0 > 0)
                    #expect(container["memory"]?["workingSetBytes"]?.int64Value ?? 0 > 0)
                    #expect(pod["memory"]?["usageBytes"]?.int64Value ?? 0 > 0)
                    #expect(pod["ephemeral-storage"]?["usedBytes"]?.int64Value ?? 0 >= 2_000_000)
                }
                let node = try agent.get("/api/v1/nodes/n1/proxy/stats/summary?only_cpu_and_memory=true").json["node"]
                #expect(node?["nodeName"] == "n1")
                #expect(node?["memory"]?["availableBytes"]?.int64Value ?? 0 > 0)
                #expect(try agent.get("/api/v1/nodes/other/proxy/stats/summary").code == 404)
                let metrics = try agent.get("/metrics").text
                #expect(metrics.contains("container_cpu_usage_seconds_total{container=\"main\""))
                for index in Self.classes.indices { try agent.delete("s\(index)", grace: 0) }
            }
        }

        @Test("a resize changes the limits of a running container, and refuses what it cannot do")
        func resize() throws {
            try RunningAgent.with { agent in
                for (index, name) in Self.classes.enumerated() {
                    let pod = "z\(index)"
                    try agent.create(
                        Manifest.pod(
                            pod,
                            Manifest.sleeper,
                            container: "resources: {limits: {memory: 32Mi, cpu: 500m}}",
                            spec: name
                        )
                    )
                    try agent.waitForPhase(pod, "Running")
                    let id = try agent.container(pod)["containerID"]?.stringValue?.split(separator: "/").last ?? ""
                    let limits = {
                        try Shell.run(
                            "find /sys/fs/cgroup -path \"*$1*\" \\( -name memory.limit_in_bytes -o -name memory.max \\) -exec cat {} +",
                            String(id)
                        )
                    }
                    #expect(try limits().contains("33554432"))
                    let patch = { (resources: String) in
                        try agent.request(
                            "PATCH",
                            RunningAgent.pods + "/\(pod)/resize",
                            "{\"spec\":{\"containers\":[{\"name\":\"main\",\"resources\":\(resources)}]}}",
                            contentType: "application/strategic-merge-patch+json"
                        )
                    }
                    let both = "{\"memory\":\"48Mi\",\"cpu\":\"500m\"}"
                    let reply = try patch("{\"limits\":\(both),\"requests\":\(both)}")
                    #expect(reply.code == 200, "\(reply.text)")
                    #expect(try limits().contains("50331648"))
                    #expect(try agent.container(pod)["restartCount"] == 0)
                    // Another class, and a field that is not a size.
                    #expect(try patch("{\"requests\":{\"memory\":\"16Mi\"}}").code == 422)
                    let image = try agent.request(
                        "PATCH",
                        RunningAgent.pods + "/\(pod)/resize",
                        "{\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"other\"}]}}",
                        contentType: "application/strategic-merge-patch+json"
                    )
                    #expect(image.code == 422)
                    try agent.delete(pod, grace: 0)
                }
            }
        }

        @Test("pause holds a container where it is, resume lets it go on; the log says who wanted it")
        func pause() throws {
            try RunningAgent.with { agent in
                for (index, name) in Self.classes.enumerated() {
                    let pod = "h\(index)"
                    try agent.create(
                        Manifest.pod(pod, "i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done", spec: name)
                    )
                    try agent.wait("output") { try agent.logText(pod).contains("3\n") }
                    let verb = "/v1/namespaces/default/pods/\(pod)"
                    #expect(try agent.request("POST", verb + "/pause").code == 200)
                    // What was on its way when it was held may still arrive; then nothing comes any more.
                    var held = ""
                    try agent.wait("the output to stop") {
                        let before = try agent.logText(pod)
                        usleep(500_000)
                        held = try agent.logText(pod)
                        return held == before
                    }
                    #expect(try agent.request("POST", verb + "/resume").code == 200)
                    try agent.wait("more output") { try agent.logText(pod).count > held.count + 10 }
                    let warned = try agent.log(of: pod).compactMap { $0["data"]?["message"]?.stringValue }
                    #expect(warned.contains { $0.hasPrefix("Paused main, as unix:") })
                    try agent.delete(pod, grace: 0)
                }
                #expect(try agent.request("POST", "/v1/namespaces/default/pods/none/pause").code == 404)
            }
        }

        @Test("exec runs commands also in containers that runc's shim made", .enabled(if: ForeignShim.isInstalled))
        func foreignExec() throws {
            try RunningAgent.with { agent in
                try agent.create(Manifest.pod("x", Manifest.sleeper, spec: "runtimeClassName: runc"))
                try agent.waitForPhase("x", "Running")
                let outcome = try Spawn.run(
                    [
                        "/usr/bin/timeout", "60", Needs.binaries + "/swiftlet", "exec", "--socket", agent.socket, "x",
                        "--",
                        "sh", "-c", "hostname; exit 9",
                    ],
                    environment: Shell.environment
                )
                #expect(String(decoding: outcome.output, as: UTF8.self) == "x\n")
                #expect(outcome.code == 9, "\(String(decoding: outcome.errors, as: UTF8.self))")
                try agent.delete("x", grace: 0)
                try agent.expectNoLeftovers()
            }
        }
    }
}
