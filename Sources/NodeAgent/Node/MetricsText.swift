import EventLog
import Glibc
import KubernetesAPI
import Linux
import Reconciler

extension Agent {
    /// Numbers in Prometheus' text format (exposition formats, 0.0.4).
    package func metricsText() -> String {
        var phases: [String: Int] = [:]
        for object in store.objects(resource: PodStream.resource, namespace: nil).items {
            guard let pod = try? decode(Pod.self, object.bytes) else { continue }  // then it is not counted
            phases[pod.status.phase, default: 0] += 1
        }
        let statistics = store.statistics
        var text = ""
        func add(_ name: String, _ help: String, _ kind: String, _ samples: [(labels: String, value: String)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
            for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        add(
            "swiftlet_pods",
            "Pods by phase.",
            "gauge",
            ["Pending", "Running", "Succeeded", "Failed", "Unknown"].map {
                ("{phase=\"\($0)\"}", String(phases[$0] ?? 0))
            }
        )
        add("kubelet_running_pods", "Pods that are running.", "gauge", [("", String(phases["Running"] ?? 0))])
        add("swiftlet_log_head", "The newest event's sequence number.", "gauge", [("", String(store.head))])
        add(
            "swiftlet_log_events_total",
            "Events appended since the start.",
            "counter",
            [("", String(statistics.events))]
        )
        add(
            "swiftlet_log_commits_total",
            "Group commits since the start.",
            "counter",
            [("", String(statistics.commits))]
        )
        add(
            "swiftlet_log_read_only",
            "1 while the log takes no changes.",
            "gauge",
            [("", store.isReadOnly == nil ? "0" : "1")]
        )
        add(
            "process_resident_memory_bytes",
            "Resident memory of the agent.",
            "gauge",
            [("", String(Self.residentBytes()))]
        )
        add(
            "swiftlet_build_info",
            "The agent's version.",
            "gauge",
            [("{version=\"\(version)\",node=\"\(node.name)\"}", "1")]
        )
        return text
    }

    private static func residentBytes() -> Int {
        let fields = ((try? Files.readText("/proc/self/statm")) ?? "").split(separator: " ")  // absent without /proc
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The time, in microseconds since 1970.
    package var now: Int64 { clock() }
}
