import EventLog
import Facts
package import KubernetesAPI
import Logging
package import RuntimeCore

/// What a client wants to run in a container (core/v1 PodExecOptions).
package struct ExecOptions: Hashable, Sendable {
    package var container: String?
    package var command: [String]
    package var stdin: Bool
    package var stdout: Bool
    package var stderr: Bool
    package var tty: Bool

    package init(
        container: String?,
        command: [String],
        stdin: Bool = false,
        stdout: Bool = true,
        stderr: Bool = true,
        tty: Bool = false
    ) {
        self.container = container
        self.command = command
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.tty = tty
    }
}

/// A process that runs for a client, and its record in the log. Call `end` exactly once.
package final class ExecSession: Sendable {
    package let process: ExecProcess
    private let agent: Agent
    private let target: ContainerTarget
    private let origin: RequestOrigin

    init(process: ExecProcess, agent: Agent, target: ContainerTarget, origin: RequestOrigin) {
        self.process = process
        self.agent = agent
        self.target = target
        self.origin = origin
    }

    /// Ends the process if it still runs, and records how it ended.
    ///
    /// - Parameters:
    ///   - exitCode: What `process.wait` returned; nil if the process was still running.
    ///   - reason: Why it was ended, if it did not end by itself.
    package func end(exitCode: Int32?, reason: String?) async {
        let found = await process.discard()
        await agent.recordExecEnd(
            of: process.id,
            in: target,
            exitCode: exitCode ?? found,
            reason: reason,
            origin: origin
        )
    }
}

extension Agent {
    /// Checks what a client wants to run, before anything is done.
    package func execTarget(
        namespace: String,
        pod: String,
        options: ExecOptions
    ) throws(APIError) -> ContainerTarget {
        guard !options.command.isEmpty, options.command.first != "" else {
            throw .badRequest("you must specify at least 1 command for exec: ?command=PROGRAM&command=ARGUMENT")
        }
        guard !options.command.contains(where: { $0.utf8.contains(0) }) else {
            throw .badRequest("command: a word of a command line cannot hold the byte 0")
        }
        guard options.stdin || options.stdout || options.stderr else {
            throw ContainerTarget.noStream
        }
        return try target(namespace: namespace, pod: pod, container: options.container)
    }

    /// Records and starts a process in a running container.
    ///
    /// - Throws: `ExecFailure` from the runtime, which is on record then; `APIError` if it cannot be recorded.
    package func startExec(
        _ options: ExecOptions,
        in target: ContainerTarget,
        origin: RequestOrigin
    ) async throws -> ExecSession {
        let id = Self.execID()
        try await record(
            .execStarted(
                ExecStarted(
                    container: target.container,
                    containerID: target.containerID,
                    execID: id,
                    command: options.command,
                    stdin: options.stdin,
                    tty: options.tty,
                    startedAt: now
                )
            ),
            in: target,
            origin: origin
        )
        let request = ExecRequest(
            id: id,
            containerID: target.containerID,
            command: options.command,
            stdin: options.stdin,
            stdout: options.stdout,
            stderr: options.stderr,
            terminal: options.tty,
            note: [
                "id": id, "namespace": target.namespace, "pod": target.podName, "uid": target.podUID,
                "container": target.container.name, "kind": target.container.kind.rawValue,
                "containerID": target.containerID,
            ]
        )
        do {
            let process = try await core.exec(request)
            return ExecSession(process: process, agent: self, target: target, origin: origin)
        } catch {
            var code: Int32?
            if case ExecFailure.notExecutable(let known, _) = error { code = known }
            await recordExecEnd(of: id, in: target, exitCode: code, reason: "\(error)", origin: origin)
            throw error
        }
    }

    /// Ends what clients of an earlier agent had started: the streams went with it.
    func endLeftoverExecs() async {
        do {
            for (note, code) in try await core.endLeftoverExecs() {
                guard let id = note["id"], let kind = note["kind"].flatMap(ContainerKind.init) else { continue }
                let target = ContainerTarget(
                    namespace: note["namespace"] ?? "",
                    podName: note["pod"] ?? "",
                    podUID: note["uid"] ?? "",
                    container: ContainerRef(name: note["container"] ?? "", kind: kind),
                    containerID: note["containerID"] ?? "",
                    stdin: false,
                    stdinOnce: false,
                    tty: false
                )
                await recordExecEnd(
                    of: id,
                    in: target,
                    exitCode: code,
                    reason: "the agent was started anew, its client is gone",
                    origin: RequestOrigin(actor: systemActor)
                )
            }
        } catch {
            logger.error("processes of an earlier agent cannot be ended", metadata: ["error": "\(error)"])
        }
    }

    func recordExecEnd(
        of id: String,
        in target: ContainerTarget,
        exitCode: Int32?,
        reason: String?,
        origin: RequestOrigin
    ) async {
        let fact = ExecFinished(
            container: target.container,
            containerID: target.containerID,
            execID: id,
            exitCode: exitCode,
            reason: reason,
            finishedAt: now
        )
        do throws(APIError) {
            try await record(.execFinished(fact), in: target, origin: origin)
        } catch {
            // A pod that was removed meanwhile has no history to add to.
            logger.info(
                "the end of an exec is not on record",
                metadata: ["pod": "\(target.namespace)/\(target.podName)", "exec": "\(id)", "error": "\(error)"]
            )
        }
    }

    /// Writes a fact about a container's use into its pod's history.
    func record(_ fact: PodFact, in target: ContainerTarget, origin: RequestOrigin) async throws(APIError) {
        let stream = PodStream.reference(namespace: target.namespace, name: target.podName)
        let uid = target.podUID
        try await command(stream, origin: origin) { pod in
            // A new pod of the same name is another one.
            guard pod.metadata.uid == uid else { throw APIError.notFound(resource: "pods", name: target.podName) }
            return PodCommand.Change(fact: fact)
        }
    }

    /// 64 hexadecimal digits, as containerd's.
    private static func execID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
