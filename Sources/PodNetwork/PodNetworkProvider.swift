/// A way to connect pods: loopback only, the built-in bridge, or CNI plugins.
///
/// Calls block and run on a thread of their own. `attach` and `detach` are idempotent: an agent that was killed
/// between the call and its record calls again.
package protocol PodNetworkProvider: Sendable {
    /// Connects a pod.
    ///
    /// - Parameters:
    ///   - sandboxID: The identity under which `detach` finds it again.
    ///   - namespacePath: The pod's network namespace, open or bind-mounted: `/proc/PID/fd/N`.
    func attach(sandboxID: String, namespacePath: String) throws(NetworkError) -> NetworkAttachment

    /// Gives back what `attach` took outside of the namespace; the namespace may be gone already.
    func detach(sandboxID: String) throws(NetworkError)
}

/// What a pod got.
package struct NetworkAttachment: Hashable, Sendable {
    /// Addresses reachable from the node, the primary one first; empty where the pod has loopback only.
    package let podIPs: [String]
    /// A limitation the user should know, for a warning event; nil where there is none.
    package let limitation: String?

    package init(podIPs: [String], limitation: String? = nil) {
        self.podIPs = podIPs
        self.limitation = limitation
    }
}

/// Why a pod could not be connected.
package struct NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
