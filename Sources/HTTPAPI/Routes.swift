import EventLog
import HTTPTypes
import KubernetesAPI
import Logging
import NodeAgent

/// Every route of the server.
enum Routes {
    static func responder(for agent: Agent, logger: Logger) -> APIResponder {
        let counts = RequestCounts()
        return APIResponder(table: table(for: agent, counts: counts), logger: logger, counts: counts) {
            agent.record($0, origin: $1)
        }
    }

    static func table(for agent: Agent, counts: RequestCounts = RequestCounts()) -> RouteTable {
        let pods = ListHandler(agent: agent, kind: .pods)
        let nodes = ListHandler(agent: agent, kind: .nodes)
        let namespaces = ListHandler(agent: agent, kind: .namespaces)
        let podChanges = PodHandlers(agent: agent)
        let namespaceChanges = NamespaceHandlers(agent: agent)
        let nodeChanges = NodeHandlers(agent: agent)
        let events = EventHandlers(agent: agent)
        let logs = PodLogHandler(agent: agent)
        let exec = ExecHandlers(agent: agent)
        let attach = AttachHandlers(agent: agent)
        let eventLog = EventLogHandler(agent: agent)
        let images = ImageHandlers(agent: agent)
        let meta = MetaHandlers(agent: agent, counts: counts)
        let stats = StatsHandlers(agent: agent)
        let openAPI = OpenAPIHandlers(version: agent.version)
        let inNamespace = "/api/v1/namespaces/{namespace}"
        let onePod = inNamespace + "/pods/{name}"

        var routes = [
            Route(.get, "/api/v1/pods", "list or watch the pods of all namespaces", pods.list),
            Route(.get, inNamespace + "/pods", "list pods; ?watch=1 follows changes", pods.list),
            Route(.post, inNamespace + "/pods", "create a pod (JSON or YAML)", podChanges.create),
            Route(
                .delete,
                inNamespace + "/pods",
                "delete the pods that match the selectors",
                podChanges.deleteCollection
            ),
            Route(.get, onePod, "read a pod", pods.get),
            Route(.put, onePod, "replace a pod", podChanges.replace),
            Route(.patch, onePod, "patch a pod (merge, JSON or strategic)", podChanges.patch),
            Route(.delete, onePod, "delete a pod; ?gracePeriodSeconds=N", podChanges.delete),
            Route(.get, onePod + "/status", "read a pod", pods.get),
            Route(.post, onePod + "/eviction", "delete a pod, as drain does", podChanges.evict),
            Route(.get, onePod + "/resize", "read a pod", pods.get),
            Route(.patch, onePod + "/resize", "change the CPU and memory of running containers", podChanges.resize),
            Route(.put, onePod + "/resize", "the same, with the whole pod", podChanges.resize),
            Route(.post, "/v1/namespaces/{namespace}/pods/{name}/pause", "hold all containers", podChanges.pause),
            Route(.post, "/v1/namespaces/{namespace}/pods/{name}/resume", "let them go on", podChanges.resume),
            Route(
                .get,
                onePod + "/log",
                "a container's output; ?follow=1&tailLines=N&timestamps=1&previous=1",
                logs.log
            ),
            Route(
                .get,
                onePod + "/exec",
                "run a command in a container, over WebSocket; ?command=PROGRAM&command=ARGUMENT&stdin=1&tty=1",
                upgrade: exec.upgrade,
                exec.needsUpgrade
            ),
            Route(
                .post,
                onePod + "/exec",
                "as with GET",
                upgrade: exec.upgrade,
                exec.needsUpgrade
            ),
            Route(
                .get,
                onePod + "/attach",
                "the streams of a running container, over WebSocket; ?stdin=1",
                upgrade: attach.upgrade,
                attach.needsUpgrade
            ),
            Route(.post, onePod + "/attach", "as with GET", upgrade: attach.upgrade, attach.needsUpgrade),
            Route(
                .post,
                "/v1/namespaces/{namespace}/pods/{name}/exec",
                "run a command with plain HTTP: {\"command\":[…]} -> {\"stdout\",\"stderr\",\"exitCode\"}; "
                    + "?command=PROGRAM streams",
                exec.run
            ),
            Route(.get, onePod + "/why", "why the pod runs or does not, in words", podChanges.why),
            Route(.get, "/api/v1/events", "list or watch the events of all namespaces", events.list),
            Route(.get, inNamespace + "/events", "list or watch events", events.list),
            Route(.get, inNamespace + "/events/{name}", "read an event", events.get),
            Route(.get, "/api/v1/nodes", "list or watch nodes", nodes.list),
            Route(.get, "/api/v1/nodes/{name}", "read a node", nodes.get),
            Route(.put, "/api/v1/nodes/{name}", "replace a node's metadata", nodeChanges.replace),
            Route(.patch, "/api/v1/nodes/{name}", "patch a node's metadata", nodeChanges.patch),
            Route(.get, "/api/v1/namespaces", "list or watch namespaces", namespaces.list),
            Route(.post, "/api/v1/namespaces", "create a namespace", namespaceChanges.create),
            Route(.get, "/api/v1/namespaces/{name}", "read a namespace", namespaces.get),
            Route(.put, "/api/v1/namespaces/{name}", "replace a namespace's metadata", namespaceChanges.replace),
            Route(.patch, "/api/v1/namespaces/{name}", "patch a namespace's metadata", namespaceChanges.patch),
            Route(.delete, "/api/v1/namespaces/{name}", "delete a namespace with its pods", namespaceChanges.delete),
            Route(
                .get,
                "/v1/log",
                "the event log, one JSON object a line; ?after=SEQ&follow=1&limit=N (0: all), and with one value each: "
                    + LogFilter.names.joined(separator: ", "),
                eventLog.log
            ),
            Route(.get, "/stats/summary", "what the node, pods and containers use, in kubelet's form", stats.summary),
            Route(.get, "/v1/stats", "the same", stats.summary),
            Route(.get, "/api/v1/nodes/{name}/proxy/stats/summary", "the same", stats.proxiedSummary),
            Route(.get, "/metrics/cadvisor", "the containers' numbers in Prometheus' text format", stats.cadvisor),
            Route(.get, "/api/v1/nodes/{name}/proxy/metrics/cadvisor", "the same", stats.proxiedCadvisor),
            Route(.get, "/v1/doctor", "what of the machine is missing, and how to mend it", meta.doctor),
            Route(.get, "/healthz", "ok while the agent serves", meta.live),
            Route(.get, "/livez", "ok while the agent serves", meta.live),
            Route(.get, "/readyz", "ok when changes are taken and can be carried out; ?verbose", meta.ready),
            Route(.get, "/version", "versions", meta.version),
            Route(.get, "/metrics", "numbers in Prometheus' text format", meta.metrics),
            Route(.get, "/api", "discovery", meta.api),
            Route(.get, "/apis", "discovery", meta.apis),
            Route(.get, "/api/v1", "discovery", meta.coreResources),
            Route(.get, "/apis/{group}", "discovery", meta.group),
            Route(.get, "/apis/{group}/{version}", "discovery", meta.groupResources),
            // Not /openapi/v2: kubectl takes any answer to that for protobuf, and does without it on 404.
            Route(.get, "/openapi/v3", "where the OpenAPI documents are", openAPI.index),
            Route(.get, "/openapi/v3/api/v1", "the OpenAPI document of core/v1", openAPI.coreV1),
        ]
        routes += configurationRoutes(ConfigMap.self, .configMaps, agent)
        routes += configurationRoutes(Secret.self, .secrets, agent)
        routes += reviewRoutes(ReviewHandlers()) + usageRoutes(UsageHandlers(agent: agent))
        routes += imageRoutes(images)
        routes += storeRoutes(StoreHandlers(agent: agent))
        routes.append(Route(.get, "/", "this list", meta.index(routes)))
        return RouteTable(routes: routes)
    }

    private static func storeRoutes(_ store: StoreHandlers) -> [Route] {
        [
            Route(.get, "/v1/namespaces", "containerd's namespaces, with their labels", store.namespaces),
            Route(.post, "/v1/namespaces", "make one: {\"name\": \"…\", \"labels\": {…}}", store.createNamespace),
            Route(.get, "/v1/namespaces/{name}", "read one", store.namespace),
            Route(.patch, "/v1/namespaces/{name}/labels", "set labels; null takes one away", store.labelNamespace),
            Route(.delete, "/v1/namespaces/{name}", "remove one that is empty", store.removeNamespace),
            Route(.get, "/v1/content", "blobs with their labels; ?filter=FIELD==VALUE", store.content),
            Route(.get, "/v1/content/{digest}", "the bytes of a blob", store.fetch),
            Route(.patch, "/v1/content/{digest}/labels", "set labels; null takes one away", store.labelContent),
            Route(.get, "/v1/content/{digest}/why", "why a blob or layer was removed, and by whom", store.whyContent),
            Route(.get, "/v1/snapshots", "unpacked layers and writable snapshots", store.snapshots),
            Route(.patch, "/v1/snapshots/{key}/labels", "set labels; null takes one away", store.labelSnapshot),
            Route(.get, "/v1/containers", "containers", store.containers),
            Route(.get, "/v1/tasks", "their running side: pid and status", store.tasks),
            Route(.get, "/v1/sandboxes", "the pods' sandboxes and their shims", store.sandboxes),
            Route(.get, "/v1/leases", "what keeps things in the store", store.leases),
            Route(.post, "/v1/leases", "make a lease: {\"id\": \"…\", \"labels\": {…}}", store.createLease),
            Route(.get, "/v1/leases/{id}", "read a lease", store.lease),
            Route(.delete, "/v1/leases/{id}", "remove a lease, and what only it kept", store.removeLease),
            Route(
                .post,
                "/v1/leases/{id}/resources",
                "let a lease keep something: {\"type\": \"content\", \"id\": \"sha256:…\"}",
                store.addResource
            ),
            Route(.delete, "/v1/leases/{id}/resources", "let go of something; ?type=T&id=ID", store.removeResource),
            Route(.patch, "/v1/images/labels", "set labels of an image; ?name=REF", store.labelImage),
            Route(.get, "/v1/images/why", "what happened to an image's name; ?name=REF", store.whyImage),
        ]
    }

    private static func configurationRoutes<Object: ConfigurationObject>(
        _ type: Object.Type,
        _ kind: ResourceKind,
        _ agent: Agent
    ) -> [Route] {
        let reads = ListHandler(agent: agent, kind: kind)
        let changes = ConfigurationHandlers<Object>(agent: agent, kind: kind)
        let all = "/api/v1/namespaces/{namespace}/\(kind.key.plural)"
        let one = all + "/{name}"
        return [
            Route(.get, "/api/v1/\(kind.key.plural)", "list or watch them in all namespaces", reads.list),
            Route(.get, all, "list or watch them", reads.list),
            Route(.post, all, "create one (JSON or YAML)", changes.create),
            Route(.delete, all, "delete those that match the selectors", changes.deleteCollection),
            Route(.get, one, "read one", reads.get),
            Route(.put, one, "replace one", changes.replace),
            Route(.patch, one, "patch one (merge, JSON or strategic)", changes.patch),
            Route(.delete, one, "delete one", changes.delete),
        ]
    }

    private static func reviewRoutes(_ reviews: ReviewHandlers) -> [Route] {
        let authorization = "/apis/authorization.k8s.io/v1/"
        return [
            Route(.post, authorization + "selfsubjectaccessreviews", "may I do that?", reviews.access),
            Route(.post, authorization + "selfsubjectrulesreviews", "what may I do?", reviews.rules),
            Route(.post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "who am I?", reviews.identity),
        ]
    }

    private static func usageRoutes(_ usage: UsageHandlers) -> [Route] {
        let base = "/apis/metrics.k8s.io/v1beta1"
        return [
            Route(.get, base + "/nodes", "what the node uses", usage.nodes),
            Route(.get, base + "/nodes/{name}", "the same", usage.node),
            Route(.get, base + "/pods", "what pods use", usage.pods),
            Route(.get, base + "/namespaces/{namespace}/pods", "what pods use", usage.pods),
            Route(.get, base + "/namespaces/{namespace}/pods/{name}", "what a pod uses", usage.pod),
        ]
    }

    private static func imageRoutes(_ images: ImageHandlers) -> [Route] {
        [
            Route(.get, "/v1/images", "list images; ?namespace=k8s.io", images.list),
            Route(
                .post,
                "/v1/images/pull",
                "pull an image; ?reference=REF&platform=OS/ARCH&allPlatforms=1&plainHTTP=1&progress=0",
                images.pull
            ),
            Route(.post, "/v1/images/push", "push an image; ?reference=REF&target=REF&platform=OS/ARCH", images.push),
            Route(.post, "/v1/images/tag", "give an image another name; ?source=REF&target=REF", images.tag),
            Route(
                .post,
                "/v1/images/import",
                "import an image archive (docker-archive or OCI layout)",
                images.importArchive
            ),
            Route(
                .get,
                "/v1/images/export",
                "images as a tar archive; ?name=REF&name=REF&platform=OS/ARCH",
                images.export
            ),
            Route(.get, "/v1/images/inspect", "all about an image; ?name=REF", images.inspect),
            Route(.get, "/v1/images/history", "how an image was made; ?name=REF", images.history),
            Route(
                .post,
                "/v1/images/prune",
                "remove what nothing refers to; ?all=1 also images without containers",
                images.prune
            ),
            Route(.delete, "/v1/images", "remove an image; ?name=REF", images.remove),
        ]
    }
}
