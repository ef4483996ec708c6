import EventLog
package import Facts
package import KubernetesAPI

/// A running container that a client wants to work in.
package struct ContainerTarget: Sendable {
    package let namespace: String
    package let podName: String
    package let podUID: String
    package let container: ContainerRef
    /// 64 hexadecimal digits.
    package let containerID: String
    /// As the pod's spec says it.
    package let stdin: Bool
    package let stdinOnce: Bool
    package let tty: Bool
}

extension ContainerTarget {
    /// 400: there is nothing that a client could read or write.
    package static let noStream = APIError.badRequest("you must specify at least one of stdin, stdout, stderr")
}

extension Agent {
    /// Finds the container that exec or attach shall go to.
    ///
    /// - Parameter container: Nil or empty takes the default: the one that the annotation
    ///   `kubectl.kubernetes.io/default-container` names, or the only one.
    /// - Throws: 404 for a pod that is not there, 400 in Kubernetes' words for a container that is not there or does not
    ///   run.
    package func target(
        namespace: String,
        pod name: String,
        container: String?
    ) throws(APIError) -> ContainerTarget {
        guard let object = store.object(PodStream.reference(namespace: namespace, name: name)) else {
            throw .notFound(resource: "pods", name: name)
        }
        let pod = try decode(Pod.self, object.bytes)
        let named = try Self.containerName(container, of: pod)
        let (reference, spec) = try Self.container(named, of: pod)
        if pod.status.phase == "Succeeded" || pod.status.phase == "Failed" {
            throw .badRequest(
                "cannot exec in or attach to a container in a completed pod; current phase is \(pod.status.phase)"
            )
        }
        let statuses =
            pod.status.initContainerStatuses + pod.status.containerStatuses + pod.status.ephemeralContainerStatuses
        guard let status = statuses.first(where: { $0.name == named }), status.state.running != nil,
            let separator = status.containerID.firstRange(of: "://")
        else { throw .badRequest("container \"\(named)\" in pod \"\(name)\" is not running") }
        return ContainerTarget(
            namespace: namespace,
            podName: name,
            podUID: pod.metadata.uid,
            container: reference,
            containerID: String(status.containerID[separator.upperBound...]),
            stdin: spec.stdin,
            stdinOnce: spec.stdinOnce,
            tty: spec.tty
        )
    }

    private static func containerName(_ asked: String?, of pod: Pod) throws(APIError) -> String {
        if let asked, !asked.isEmpty { return asked }
        if let annotated = pod.metadata.annotations["kubectl.kubernetes.io/default-container"], !annotated.isEmpty {
            return annotated
        }
        guard pod.spec.containers.count == 1, let only = pod.spec.containers.first else {
            throw .badRequest(
                "a container name must be specified for pod \(pod.metadata.name), choose one of: "
                    + "[\(pod.spec.containers.map(\.name).joined(separator: " "))]"
            )
        }
        return only.name
    }

    private static func container(_ name: String, of pod: Pod) throws(APIError) -> (ContainerRef, Container) {
        if let found = pod.spec.containers.first(where: { $0.name == name }) {
            return (ContainerRef(name: name, kind: .main), found)
        }
        if let found = pod.spec.initContainers.first(where: { $0.name == name }) {
            return (ContainerRef(name: name, kind: .initContainer), found)
        }
        if let found = pod.spec.ephemeralContainers.first(where: { $0.name == name }) {
            return (ContainerRef(name: name, kind: .ephemeral), Container(found))
        }
        throw .badRequest("container \(name) is not valid for pod \(pod.metadata.name)")
    }
}
