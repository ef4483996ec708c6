import Linux
import TTRPC

/// What a shim says without being asked, as the agent takes it.
package enum TaskEvent: Hashable, Sendable {
    /// The kernel killed a process of the container for want of memory; the container may go on.
    case outOfMemory(containerID: String)
    /// A process ended. The container's own end also comes through `waitTask`, which is the one that counts.
    case exited(containerID: String, processID: String, pid: Int32, status: Int32)
    case paused(containerID: String)
    case resumed(containerID: String)
}

/// The events service that shims forward to, `containerd.services.events.ttrpc.v1.Events`, beside the agent's socket.
///
/// Every event is acknowledged, also those that mean nothing here, so that no shim keeps them or tries again.
final class ShimEvents: Sendable {
    private let service: TTRPCService

    /// - Parameter handler: Called on the loop's thread, once per event; it must not block.
    init(
        path: String,
        loop: LoopThread,
        handler: @escaping @Sendable (TaskEvent) -> Void
    ) throws(SysError) {
        service = try TTRPCService(
            path: path,
            mailbox: loop.mailbox,
            handlers: [
                "\(Shim.eventsService)/Forward": { request, reply in
                    do {
                        let forward = try Shim.ForwardRequest(protobuf: request.payload)
                        if let event = try forward.envelope?.event.flatMap(Self.event) { handler(event) }
                        reply.send(Shim.Empty())
                    } catch {
                        reply.fail(.invalidArgument, "\(error)")
                    }
                }
            ]
        )
    }

    func stop() { service.stop() }

    /// Nil for an event that the agent has no use for.
    static func event(_ message: Shim.AnyMessage) throws(ProtobufError) -> TaskEvent? {
        switch message.typeName {
        case "containerd.events.TaskOOM":
            return .outOfMemory(containerID: try Shim.TaskOOM(protobuf: message.value).containerID)
        case "containerd.events.TaskExit":
            let exit = try Shim.TaskExit(protobuf: message.value)
            return .exited(
                containerID: exit.containerID,
                processID: exit.id,
                pid: Int32(bitPattern: exit.pid),
                status: Int32(bitPattern: exit.exitStatus)
            )
        case "containerd.events.TaskPaused":
            return .paused(containerID: try Shim.TaskPaused(protobuf: message.value).containerID)
        case "containerd.events.TaskResumed":
            return .resumed(containerID: try Shim.TaskResumed(protobuf: message.value).containerID)
        default: return nil
        }
    }
}
