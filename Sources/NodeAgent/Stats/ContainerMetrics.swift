import KubernetesAPI
import RuntimeCore

/// The containers' numbers in Prometheus' text format, under cAdvisor's names.
enum ContainerMetrics {
    private struct Metric {
        let name: String
        let help: String
        let kind: String
        let value: (ContainerUsage) -> String?
    }

    private static var metrics: [Metric] {
        [
            Metric(
                name: "container_cpu_usage_seconds_total",
                help: "CPU time consumed, in seconds.",
                kind: "counter"
            ) { seconds($0.usage.cpuNanoseconds) },
            Metric(
                name: "container_cpu_cfs_throttled_seconds_total",
                help: "Time held back by the CPU limit, in seconds.",
                kind: "counter"
            ) { seconds($0.usage.throttledNanoseconds) },
            Metric(
                name: "container_memory_usage_bytes",
                help: "Memory with page cache, in bytes.",
                kind: "gauge"
            ) { text($0.usage.memoryBytes) },
            Metric(
                name: "container_memory_working_set_bytes",
                help: "Memory without inactive page cache, in bytes.",
                kind: "gauge"
            ) { text($0.usage.workingSetBytes) },
            Metric(name: "container_memory_rss", help: "Anonymous memory, in bytes.", kind: "gauge") {
                text($0.usage.rssBytes)
            },
            Metric(name: "container_memory_swap", help: "Swap, in bytes.", kind: "gauge") { text($0.usage.swapBytes) },
            Metric(
                name: "container_spec_memory_limit_bytes",
                help: "The memory limit; 0 is none.",
                kind: "gauge"
            ) { text($0.usage.memoryLimitBytes ?? 0) },
            Metric(
                name: "container_oom_events_total",
                help: "Processes killed for want of memory.",
                kind: "counter"
            ) { text($0.usage.outOfMemoryKills) },
            Metric(name: "container_processes", help: "Processes.", kind: "gauge") { text($0.usage.processes) },
            Metric(name: "container_fs_reads_bytes_total", help: "Bytes read from devices.", kind: "counter") {
                text($0.usage.readBytes)
            },
            Metric(name: "container_fs_writes_bytes_total", help: "Bytes written to devices.", kind: "counter") {
                text($0.usage.writtenBytes)
            },
            Metric(name: "container_start_time_seconds", help: "When it was started, since 1970.", kind: "gauge") {
                $0.startedAt.map { String($0.secondsSince1970) }
            },
        ]
    }

    static func text(_ containers: [ContainerUsage]) -> String {
        var text = ""
        for metric in metrics {
            let samples = containers.compactMap { container in
                metric.value(container).map { "\(metric.name)\(labels(container)) \($0)\n" }
            }
            guard !samples.isEmpty else { continue }
            text += "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) \(metric.kind)\n" + samples.joined()
        }
        return text
    }

    /// Names hold nothing that would need an escape, except images.
    private static func labels(_ container: ContainerUsage) -> String {
        let image = container.image.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
            "\n",
            with: "\\n"
        )
        let pod = container.pod
        return "{container=\"\(container.name)\",id=\"\(container.id)\",image=\"\(image)\","
            + "namespace=\"\(pod.namespace)\",pod=\"\(pod.name)\"}"
    }

    private static func text(_ value: UInt64?) -> String? { value.map { String($0) } }

    private static func seconds(_ nanoseconds: UInt64?) -> String? {
        nanoseconds.map { String(Double($0) / 1_000_000_000) }
    }
}

extension Agent {
    /// The containers' part of the metrics.
    package func containerMetricsText() async -> String { ContainerMetrics.text(await containerUsages()) }
}
