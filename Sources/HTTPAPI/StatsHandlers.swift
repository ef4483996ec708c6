import Hummingbird
import KubernetesAPI
import NodeAgent

/// What the node, pods and containers use.
struct StatsHandlers: Sendable {
    let agent: Agent

    /// kubelet's `/stats/summary`; `?only_cpu_and_memory=true` measures nothing on disk.
    func summary(_ request: APIRequest) async throws -> Response {
        let short = try request.flag("only_cpu_and_memory")
        return try Answer.object(await agent.statsSummary(onlyCPUAndMemory: short))
    }

    /// The same below a node's path, as an API server would pass it on.
    func proxiedSummary(_ request: APIRequest) async throws -> Response {
        try requireThisNode(request)
        return try await summary(request)
    }

    func cadvisor(_ request: APIRequest) async throws -> Response {
        Answer.bytes(
            Array(await agent.containerMetricsText().utf8),
            contentType: "text/plain; version=0.0.4; charset=utf-8"
        )
    }

    func proxiedCadvisor(_ request: APIRequest) async throws -> Response {
        try requireThisNode(request)
        return try await cadvisor(request)
    }

    private func requireThisNode(_ request: APIRequest) throws(APIError) {
        let name = request["name"]
        guard name == agent.nodeName else { throw .notFound(resource: "nodes", name: name) }
    }
}
