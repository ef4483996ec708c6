import EventLog
package import KubernetesAPI
import Linux

/// What a client wants of a container's log (core/v1 PodLogOptions).
package struct LogOptions: Hashable, Sendable {
    package var container: String?
    package var follow = false
    package var previous = false
    package var timestamps = false
    package var tailLines: Int?
    package var limitBytes: Int?
    /// Entries before it are left out.
    package var since: Time?
    /// "stdout", "stderr" or nil for both.
    package var stream: String?
    /// Each line is a JSON object instead of text: `{"time","stream","log"}`.
    package var asJSON = false

    package init() {}
}

extension Agent {
    /// Where the log of a container is: of the newest attempt, or of the one before it.
    ///
    /// - Throws: 404 for a pod or container that is not there, 400 if there is nothing to read yet; Kubernetes' words.
    package func logPath(namespace: String, pod name: String, options: LogOptions) throws(APIError) -> LogLocation {
        guard let object = store.object(PodStream.reference(namespace: namespace, name: name)) else {
            throw .notFound(resource: "pods", name: name)
        }
        let pod = try decode(Pod.self, object.bytes)
        let names =
            pod.spec.initContainers.map(\.name) + pod.spec.containers.map(\.name)
            + pod.spec.ephemeralContainers.map(\.name)
        let container: String
        if let asked = options.container, !asked.isEmpty {
            guard names.contains(asked) else { throw .badRequest("container \(asked) is not valid for pod \(name)") }
            container = asked
        } else if pod.spec.containers.count == 1, let only = pod.spec.containers.first {
            container = only.name
        } else {
            throw .badRequest(
                "a container name must be specified for pod \(name), choose one of: "
                    + "[\(pod.spec.containers.map(\.name).joined(separator: " "))]"
            )
        }
        let statuses =
            pod.status.initContainerStatuses + pod.status.containerStatuses + pod.status.ephemeralContainerStatuses
        let status = statuses.first { $0.name == container }
        var attempt = Int(status?.restartCount ?? 0)
        let path = { (attempt: Int) in
            self.directories.log(
                namespace: namespace,
                pod: name,
                uid: pod.metadata.uid,
                container: container,
                attempt: attempt
            )
        }
        if options.previous {
            attempt -= 1
            guard attempt >= 0, Files.exists(path(attempt)) else {
                throw .badRequest("previous terminated container \"\(container)\" in pod \"\(name)\" not found")
            }
        } else if !Files.exists(path(attempt)) {
            guard attempt > 0, Files.exists(path(attempt - 1)) else {
                let reason = status?.state.waiting?.reason ?? "ContainerCreating"
                throw .badRequest("container \"\(container)\" in pod \"\(name)\" is waiting to start: \(reason)")
            }
            attempt -= 1
        }
        return LogLocation(
            path: path(attempt),
            namespace: namespace,
            pod: name,
            podUID: pod.metadata.uid,
            container: container,
            attempt: attempt
        )
    }

    /// A stream with an element at once, and then whenever the log may have grown or its container have ended.
    package func changes(of log: LogLocation) async throws -> AsyncStream<Void> {
        let directory = log.path.lastIndex(of: "/").map { String(log.path[..<$0]) } ?? "/"
        let files = try directoryChanges.stream(of: directory)
        let cursor = try await store.watch(after: store.head)
        let (changes, sender) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        sender.yield()
        let following = Task {
            await withDiscardingTaskGroup { group in
                group.addTask { for await _ in files { sender.yield() } }
                group.addTask {
                    // The end of the log's life is an event of its own below; a closed log ends the request.
                    while let events = try? await cursor.next(max: 1000), !events.isEmpty {
                        let concerned = events.contains {
                            $0.stream.name == log.pod && $0.stream.namespace == log.namespace
                        }
                        if concerned { sender.yield() }
                    }
                    sender.yield()
                }
            }
        }
        sender.onTermination = { _ in following.cancel() }
        return changes
    }

    /// True while more may be written to a log: its container runs, or has not been seen to end.
    package func isGrowing(_ log: LogLocation) -> Bool {
        guard let object = store.object(PodStream.reference(namespace: log.namespace, name: log.pod)),
            object.uid.description == log.podUID,
            let pod = try? decode(Pod.self, object.bytes)  // unreadable: nothing to follow
        else { return false }
        let statuses =
            pod.status.initContainerStatuses + pod.status.containerStatuses + pod.status.ephemeralContainerStatuses
        guard let status = statuses.first(where: { $0.name == log.container }) else { return false }
        return Int(status.restartCount) == log.attempt && status.state.terminated == nil
            && status.state.waiting?.reason != "CrashLoopBackOff"
    }
}

/// Which log file belongs to which start of which container.
package struct LogLocation: Hashable, Sendable {
    package let path: String
    package let namespace: String
    package let pod: String
    package let podUID: String
    package let container: String
    package let attempt: Int
}
