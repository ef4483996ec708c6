import EventLog
import Facts
import KubernetesAPI
import Logging
import Reconciler
import RuntimeCore
import Synchronization

/// Waits for the ends of containers and turns each into a fact for its pod.
///
/// A wait is a call that the shim has not answered yet: it costs no thread. When a shim is lost, its waits end, and what
/// it left on disk says how its containers ended.
final class ExitWatch: Sendable {
    struct Subject: Sendable {
        var podUID: UID
        var pod: Pod
        var container: ContainerRef
        var containerID: String
        var attempt: Int
        var sandboxID: String
    }

    private let core: RuntimeCore
    private let assembly: ContainerAssembly
    private let table: PodTable
    private let clock: @Sendable () -> Microseconds
    private let logger: Logger
    /// Containers whose ends are waited for, and whether the want of memory was told already.
    private let watched = Mutex<[String: (subject: Subject, toldOfMemory: Bool)]>([:])
    private let subjects: AsyncStream<Subject>
    private let sender: AsyncStream<Subject>.Continuation

    init(
        core: RuntimeCore,
        assembly: ContainerAssembly,
        table: PodTable,
        clock: @escaping @Sendable () -> Microseconds,
        logger: Logger
    ) {
        self.core = core
        self.assembly = assembly
        self.table = table
        self.clock = clock
        self.logger = logger
        (subjects, sender) = AsyncStream.makeStream(of: Subject.self, bufferingPolicy: .unbounded)
    }

    func watch(_ subject: Subject) { sender.yield(subject) }

    /// Watches until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await subject in subjects {
                group.addTask { [self] in await follow(subject) }
            }
            group.cancelAll()
        }
    }

    /// Takes what a shim said of a running container.
    ///
    /// Ends are not taken from here: they come by waiting, which loses none and tells none twice.
    func note(_ event: TaskEvent) {
        guard case .outOfMemory(let id) = event else { return }
        let subject: Subject? = watched.withLock { watched in
            guard let entry = watched[id], !entry.toldOfMemory else { return nil }
            watched[id]?.toldOfMemory = true
            return entry.subject
        }
        guard let subject else { return }
        // One warning for each start of a container: a program that is killed again and again must not fill the log.
        let message = "Memory cgroup out of memory: the kernel killed a process of container \(subject.container.name)"
        table.worker(subject.podUID)?.send(.facts([.warned(PodWarned(reason: "OOMKilling", message: message))]))
    }

    private func follow(_ subject: Subject) async {
        watched.withLock { $0[subject.containerID] = (subject, false) }
        defer { _ = watched.withLock { $0.removeValue(forKey: subject.containerID) } }
        let exit: TaskExit
        do {
            exit = try await core.waitTask(subject.containerID, sandboxID: subject.sandboxID)
        } catch {
            // The shim is gone, or the agent is stopping. The files of the shim are the last word.
            guard !Task.isCancelled, let found = await exitOnDisk(subject) else { return }
            exit = found
        }
        await report(exit, subject)
    }

    private func exitOnDisk(_ subject: Subject) async -> TaskExit? {
        do {
            return try await core.taskState(subject.containerID, sandboxID: subject.sandboxID).exit
        } catch {
            logger.warning(
                "the state of a container cannot be read",
                metadata: ["container": "\(subject.containerID)", "error": "\(error)"]
            )
            return nil
        }
    }

    private func report(_ exit: TaskExit, _ subject: Subject) async {
        var message: String?
        do {
            message = try await assembly.terminationMessage(
                of: subject.container,
                attempt: subject.attempt,
                exitCode: exit.status,
                pod: subject.pod
            )
        } catch {
            message = "the termination message cannot be read: \(error)"
        }
        if exit.lostItsFiles {
            message = "The container was ended because its files in the state directory were removed."
        }
        let fact = ContainerExited(
            container: subject.container,
            containerID: subject.containerID,
            attempt: subject.attempt,
            exitCode: exit.status,
            signal: exit.status > 128 && exit.status <= 128 + 64 ? exit.status - 128 : nil,
            oomKilled: exit.oomKilled,
            finishedAt: exit.exitedAt > 0 ? exit.exitedAt : clock(),
            message: message,
            reason: exit.lostItsFiles ? "ContainerStatusUnknown" : nil
        )
        table.worker(subject.podUID)?.send(.facts([.containerExited(fact)]))
    }
}
