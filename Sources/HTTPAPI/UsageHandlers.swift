import EventLog
import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// metrics.k8s.io: what pods and the node use now, for `kubectl top`.
struct UsageHandlers: Sendable {
    let agent: Agent

    private static let version = "metrics.k8s.io/v1beta1"

    func nodes(_ request: APIRequest) async throws -> Response {
        let item = node(await agent.statsSummary(onlyCPUAndMemory: true))
        return try list("NodeMetricsList", [item], request)
    }

    func node(_ request: APIRequest) async throws -> Response {
        let summary = await agent.statsSummary(onlyCPUAndMemory: true)
        guard request["name"] == summary.node.nodeName else {
            throw APIError.notFound(resource: "nodes", name: request["name"], group: "metrics.k8s.io")
        }
        return try Answer.document(node(summary).bytes(), for: request)
    }

    func pods(_ request: APIRequest) async throws -> Response {
        let filter = try ObjectFilter(request, kind: .pods)
        let namespace = request.parameters["namespace"]
        var items: [JSONValue] = []
        for stats in await agent.statsSummary(onlyCPUAndMemory: true).pods {
            guard namespace == nil || namespace == stats.podRef.namespace else { continue }
            let stream = ResourceKind.pods.stream(namespace: stats.podRef.namespace, name: stats.podRef.name)
            guard let object = agent.store.object(stream), try filter.matches(object.bytes) else { continue }
            items.append(try pod(stats, object.bytes))
        }
        return try list("PodMetricsList", items, request)
    }

    func pod(_ request: APIRequest) async throws -> Response {
        let (namespace, name) = (request["namespace"], request["name"])
        let stream = ResourceKind.pods.stream(namespace: namespace, name: name)
        let all = await agent.statsSummary(onlyCPUAndMemory: true).pods
        guard let stats = all.first(where: { $0.podRef.namespace == namespace && $0.podRef.name == name }),
            let object = agent.store.object(stream)
        else { throw APIError.notFound(resource: "pods", name: name, group: "metrics.k8s.io") }
        return try Answer.document(try pod(stats, object.bytes).bytes(), for: request)
    }

    // MARK: Documents

    private func list(_ kind: String, _ items: [JSONValue], _ request: APIRequest) throws -> Response {
        let document: JSONValue = [
            "kind": .string(kind), "apiVersion": .string(Self.version), "metadata": [:], "items": .array(items),
        ]
        return try Answer.document(document.bytes(), for: request)
    }

    private func pod(_ stats: StatsSummary.PodStats, _ object: [UInt8]) throws -> JSONValue {
        let containers = stats.containers.map { container -> JSONValue in
            ["name": .string(container.name), "usage": usage(container.cpu, container.memory)]
        }
        let labels = try JSONValue(parsing: object)["metadata"]?["labels"]
        var metadata: JSONObject = [
            "name": .string(stats.podRef.name), "namespace": .string(stats.podRef.namespace),
        ]
        if let labels { metadata["labels"] = labels }
        var document = measured("PodMetrics", metadata, at: stats.cpu?.time)
        document["containers"] = .array(containers)
        return document
    }

    private func node(_ summary: StatsSummary) -> JSONValue {
        let node = summary.node
        var document = measured("NodeMetrics", ["name": .string(node.nodeName)], at: node.cpu?.time)
        document["usage"] = usage(node.cpu, node.memory)
        return document
    }

    private func measured(_ kind: String, _ metadata: JSONObject, at time: Time?) -> JSONValue {
        let time = time ?? Time(microsecondsSince1970: agent.now)
        return [
            "kind": .string(kind), "apiVersion": .string(Self.version), "metadata": .object(metadata),
            "timestamp": .string(time.description), "window": "10s",
        ]
    }

    private func usage(_ cpu: StatsSummary.CPU?, _ memory: StatsSummary.Memory?) -> JSONValue {
        [
            "cpu": .string("\(cpu?.usageNanoCores ?? 0)n"),
            "memory": .string("\((memory?.workingSetBytes ?? 0) >> 10)Ki"),
        ]
    }
}
