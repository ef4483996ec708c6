import Facts
import Reconciler

/// A broken promise of the reconciler, found by the simulation.
struct Violation: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// The fake runtime: what really is on the machine, whatever anybody believes. It survives the agent's crashes.
struct Machine {
    struct Process {
        var name: String
        var attempt: Int
        var state: ContainerObservation.State
        /// Counts the plans for the end of the process; an older plan is void.
        var plan = 0
        var firstSignalAt: Int64?
        var startedAt: Int64
        /// True when the shim died and nobody recorded the end.
        var isLost = false
    }

    struct Sandbox {
        var attempt: Int
        var shimIsAlive = true
        var containers: [String: Process] = [:]
    }

    /// The end of a process, as it really was.
    struct Ending {
        var containerID: String
        var name: String
        var attempt: Int
        /// nil when the shim died with it.
        var exitCode: Int32?
    }

    var sandboxes: [String: Sandbox] = [:]
    /// Every container that ever had a process.
    var everStarted: Set<String> = []
    var starts: [(name: String, sandbox: Int)] = []
    var endings: [Ending] = []

    var isEmpty: Bool { sandboxes.isEmpty }

    func running() -> [(sandboxID: String, containerID: String, process: Process)] {
        sandboxes.flatMap { sandboxID, sandbox in
            sandbox.containers.compactMap { containerID, process in
                guard case .running = process.state, !process.isLost else { return nil }
                return (sandboxID, containerID, process)
            }
        }
    }

    mutating func createSandbox(_ id: String, attempt: Int) throws {
        guard sandboxes[id] == nil else { return }
        if sandboxes.values.contains(where: \.shimIsAlive) {
            throw Violation("sandbox #\(attempt) is created while another one lives")
        }
        sandboxes[id] = Sandbox(attempt: attempt)
    }

    /// Starts a process. Returns nil when the container was there already.
    mutating func start(_ id: String, name: String, attempt: Int, in sandboxID: String, at now: Int64) throws
        -> Process?
    {
        guard var sandbox = sandboxes[sandboxID] else { return nil }
        if let known = sandbox.containers[id] {
            guard case .created = known.state else { return nil }
        }
        guard everStarted.insert(id).inserted else {
            throw Violation("container \(name) is started twice for attempt \(attempt)")
        }
        if let live = running().first(where: { $0.process.name == name }) {
            throw Violation("container \(name) #\(attempt) is started while #\(live.process.attempt) runs")
        }
        let process = Process(
            name: name,
            attempt: attempt,
            state: .running(pid: Int32(1000 + everStarted.count), startedAt: now),
            startedAt: now
        )
        sandbox.containers[id] = process
        sandboxes[sandboxID] = sandbox
        starts.append((name, sandbox.attempt))
        return process
    }

    mutating func exit(_ id: String, in sandboxID: String, _ exit: ContainerObservation.Exit) {
        guard let process = sandboxes[sandboxID]?.containers[id] else { return }
        sandboxes[sandboxID]?.containers[id]?.state = .exited(exit)
        endings.append(
            Ending(containerID: id, name: process.name, attempt: process.attempt, exitCode: exit.exitCode)
        )
    }

    /// The shim dies, and what ran under it; exits that it had recorded stay on disk.
    mutating func killShim(_ sandboxID: String) {
        guard let sandbox = sandboxes[sandboxID], sandbox.shimIsAlive else { return }
        sandboxes[sandboxID]?.shimIsAlive = false
        for (id, process) in sandbox.containers {
            guard case .running = process.state else { continue }
            sandboxes[sandboxID]?.containers[id]?.isLost = true
            endings.append(
                Ending(containerID: id, name: process.name, attempt: process.attempt, exitCode: nil)
            )
        }
    }

    func observe(_ sandboxID: String) -> SandboxObservation {
        guard let sandbox = sandboxes[sandboxID] else {
            return SandboxObservation(sandboxID: sandboxID, state: .gone(message: "there is no such sandbox"))
        }
        let containers = sandbox.containers.sorted { $0.key < $1.key }.map {
            ContainerObservation(containerID: $0.key, state: $0.value.state)
        }
        return SandboxObservation(
            sandboxID: sandboxID,
            state: sandbox.shimIsAlive
                ? .ready(shimPID: Int32(500 + sandbox.attempt), podIPs: ["10.0.0.\(sandbox.attempt + 1)"])
                : .gone(message: "the shim died"),
            containers: containers
        )
    }
}
