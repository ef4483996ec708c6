package import Images
package import Linux
package import TTRPC

/// Why the core could not do what it was asked to; says on what, and what to do next.
package enum CoreError: Error, CustomStringConvertible {
    /// The name is not in the image store of the namespace.
    case imageNotFound(reference: String, namespace: String)
    case invalidReference(String)
    case leaseNotFound(id: String, namespace: String)
    case leaseExists(id: String, namespace: String)
    /// Content or a snapshot that labels were to be put on.
    case nothingToLabel(String)
    case namespaceNotFound(String)
    case namespaceExists(String)
    /// Its name, and what is in it.
    case namespaceInUse(String, [String])
    case image(ImageError)
    /// A step of the core's own failed.
    case system(step: String, SysError)
    /// The shim could not be started, or said no.
    case shim(id: String, step: String, TTRPCError)
    case shimStart(id: String, message: String)
    /// The handler of a pod's runtimeClassName cannot be used: its name, and why.
    case runtimeHandler(String, String)
    case network(id: String, message: String)
    case log(String)

    package var description: String {
        switch self {
        case .imageNotFound(let reference, let namespace):
            "image \(reference) is not in namespace \(namespace); get it with: swiftlet image pull, or swiftlet image import"
        case .invalidReference(let text): text
        case .leaseNotFound(let id, let namespace):
            "lease \(id) is not in namespace \(namespace); see: swiftlet lease ls -n \(namespace)"
        case .leaseExists(let id, let namespace): "lease \(id) exists in namespace \(namespace)"
        case .nothingToLabel(let what): "\(what) is not in the store"
        case .namespaceNotFound(let name): "there is no namespace \(name); see: swiftlet namespace ls"
        case .namespaceExists(let name): "namespace \(name) exists"
        case .namespaceInUse(let name, let things):
            "namespace \(name) must be empty, but it still has \(things.joined(separator: ", "))"
        case .image(let error): "\(error)"
        case .system(let step, let error): "\(step): \(error)"
        case .shim(let id, let step, let error): "\(step) of \(id.prefix(12)): \(error)"
        case .shimStart(let id, let message): "cannot start the shim of sandbox \(id.prefix(12)): \(message)"
        case .runtimeHandler(let name, let message): "runtime handler \(name): \(message)"
        case .network(let id, let message): "network of sandbox \(id.prefix(12)): \(message)"
        case .log(let message): message
        }
    }

    /// True if the shim is gone, so that nothing it held is running under its care any more.
    package var isDisconnected: Bool {
        if case .shim(_, _, .disconnected) = self { return true }
        return false
    }
}
