import Facts
import KubernetesAPI
package import RuntimeCore

extension Agent {
    /// Connects a client to the streams of a running container, on record.
    ///
    /// - Throws: `ExecFailure` if the container does not run any more; `APIError` if it cannot be recorded.
    package func attach(
        to target: ContainerTarget,
        stdin: Bool,
        origin: RequestOrigin
    ) async throws -> AttachedContainer {
        let wantsInput = stdin && target.stdin
        let attached = try await core.attach(target.containerID, stdin: wantsInput)
        try await record(
            .attached(
                ContainerAttached(
                    container: target.container,
                    containerID: target.containerID,
                    stdin: wantsInput,
                    tty: target.tty,
                    attachedAt: now
                )
            ),
            in: target,
            origin: origin
        )
        return attached
    }
}
