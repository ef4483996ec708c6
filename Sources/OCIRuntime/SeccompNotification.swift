import JSON
import Linux
import OCI

/// Where a container's seccomp notifications go (config-linux.md, "Seccomp", `listenerPath`).
struct SeccompNotification: Codable, Hashable, Sendable {
    /// A unix socket on which somebody listens.
    var path: String
    var metadata: String?
    var ociVersion: String

    /// nil if no rule notifies.
    init?(_ spec: RuntimeSpec) {
        guard let seccomp = spec.linux?.seccomp, seccomp.notifies, let path = seccomp.listenerPath else { return nil }
        self.path = path
        metadata = seccomp.listenerMetadata
        ociVersion = spec.ociVersion
    }

    /// Hands the descriptor to the listener, with a description of the process it belongs to.
    ///
    /// - Throws: `.system` if nobody listens.
    func send(_ listener: borrowing Descriptor, pid: Int32, state: ContainerState) throws(RuntimeError) {
        let described = ContainerProcessState(
            ociVersion: ociVersion,
            fds: ["seccompFd"],
            pid: Int(pid),
            metadata: metadata,
            state: state
        )
        let text: String
        do {
            text = String(decoding: try JSONCoding.encode(described), as: UTF8.self)
        } catch {
            throw RuntimeError(.system, step: "send the seccomp notification descriptor", cause: "\(error)")
        }
        let hint = "somebody must listen on linux.seccomp.listenerPath before the container is made"
        let path = path
        do throws(SysError) {
            try listener.send(toSocketAt: path, text: text)
        } catch {
            throw RuntimeError(error, step: "failed to connect with seccomp agent", hint: hint)
        }
    }
}

extension RuntimeSpec.Seccomp {
    /// Some rule passes calls on to a listener.
    var notifies: Bool { (syscalls ?? []).contains { $0.action == .notify } }
}
