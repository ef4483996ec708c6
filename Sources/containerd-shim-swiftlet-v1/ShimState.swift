import Glibc
import JSON
import Linux
import OCI
import TTRPC

/// Everything that one shim knows, and what happens when its children end. One thread, no locks.
final class ShimState {
    let namespace: String
    /// The id that the shim was started for: a container's, or the pod's.
    let id: String
    let bundle: String
    let loop: EventLoop
    let events: EventForwarder
    /// A directory that all shims of one agent share; nil without one.
    let seccompCache: String?
    private(set) var containers: [String: Container] = [:]
    private var processes: [Int32: ContainerProcess] = [:]
    var sandbox: Sandbox?
    /// Logs of containers that other shims make.
    var logs: [String: LogSession] = [:]
    /// Asked for after every announced exit; used by StopSandbox.
    var afterExit: [() -> Void] = []

    init(
        namespace: String,
        id: String,
        bundle: String,
        loop: EventLoop,
        events: EventForwarder,
        seccompCache: String?
    ) {
        self.seccompCache = seccompCache
        self.namespace = namespace
        self.id = id
        self.bundle = bundle
        self.loop = loop
        self.events = events
    }

    func container(_ id: String) throws(TTRPC.Status) -> Container {
        guard let container = containers[id] else {
            throw TTRPC.Status(.notFound, "container \(id): not found")
        }
        return container
    }

    func add(_ container: Container) {
        containers[container.reference.id] = container
        track(container.first)
    }

    func remove(_ container: Container) {
        containers[container.reference.id] = nil
        processes[container.first.pid] = nil
        for exec in container.execs.values { processes[exec.pid] = nil }
    }

    /// From here on the end of this process is noticed.
    func track(_ process: ContainerProcess) { processes[process.pid] = process }

    /// Reaps everything that has ended: containers' processes, and orphans that became ours.
    func reap() {
        while let exit = Children.reapNext() {
            if let process = processes.removeValue(forKey: exit.pid) {
                ended(process, exit.status)
            } else if sandbox?.childEnded(exit.pid) ?? false {
                runAfterExit()
            }
        }
    }

    /// Notes an end, empties the output, writes the record, and only then tells.
    func ended(_ process: ContainerProcess, _ status: UInt32) {
        process.end = ContainerProcess.End(status: status, at: Clock.now)
        processes[process.pid] = nil
        if process.execID.isEmpty { containers[process.container]?.memoryWatch?.check() }
        if process.execID.isEmpty, let container = containers[process.container], !container.ownsProcesses {
            do {
                try container.engine.kill(container.reference, signal: SIGKILL, all: true)
            } catch {
                // Most often nothing is left to kill; Delete ends what may be.
                ShimLog.info("after the end of \(process.container): \(error.message)")
            }
        }
        process.io.drain { [weak self] in self?.announce(process) }
    }

    private func announce(_ process: ContainerProcess) {
        guard let end = process.end, !process.isAnnounced else { return }
        if process.execID.isEmpty, let container = containers[process.container] {
            // Ends of exec'd processes come before the container's own, as containerd expects it.
            for exec in container.execs.values where exec.end != nil { announce(exec) }
            do {
                let record = ExitRecord(
                    pid: process.pid,
                    exitStatus: end.status,
                    exitedAt: end.at,
                    oomKilled: container.wasShortOfMemory
                )
                try record.write(to: container.reference.bundle)
            } catch {
                // A full disk: the exit is still told, it only does not outlive this process.
                ShimLog.error("exit of \(process.container) (status \(end.status)) is not on disk: \(error)")
            }
            container.memoryWatch = nil
        }
        process.isAnnounced = true
        events.publish(
            "/tasks/exit",
            "TaskExit",
            Shim.TaskExit(
                containerID: process.container,
                id: process.eventID,
                pid: UInt32(process.pid),
                exitStatus: end.status,
                exitedAt: process.exitedAt
            )
        )
        let waiters = process.waiters
        process.waiters = []
        for reply in waiters {
            reply.send(Shim.WaitResponse(exitStatus: end.status, exitedAt: process.exitedAt))
        }
        runAfterExit()
    }

    /// Gives up a process that never ran, or that nobody will hear of any more: who waits for it is answered.
    func abandon(_ process: ContainerProcess) {
        guard !process.isAnnounced else { return }
        if process.end == nil { process.end = ContainerProcess.End(status: 128 + UInt32(SIGKILL), at: Clock.now) }
        process.isAnnounced = true
        process.io.close()
        let waiters = process.waiters
        process.waiters = []
        for reply in waiters {
            reply.send(Shim.WaitResponse(exitStatus: process.exitStatus, exitedAt: process.exitedAt))
        }
    }

    private func runAfterExit() {
        let actions = afterExit
        afterExit = []
        for action in actions { action() }
    }
}
