import Linux

/// Gives a pod the loopback interface and nothing else.
package struct LoopbackOnly: PodNetworkProvider {
    package init() {}

    package func attach(sandboxID: String, namespacePath: String) throws(NetworkError) -> NetworkAttachment {
        do {
            try Loopback.bringUp(inNamespace: namespacePath)
        } catch {
            throw NetworkError("cannot bring up the loopback interface of sandbox \(sandboxID): \(error)")
        }
        return NetworkAttachment(
            podIPs: [],
            limitation: "this node has no pod network yet: the pod has the loopback interface only; "
                + "set hostNetwork: true to use the node's network"
        )
    }

    package func detach(sandboxID: String) throws(NetworkError) {}
}
