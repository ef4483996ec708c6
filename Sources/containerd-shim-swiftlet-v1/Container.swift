import Linux
import OCI
import TTRPC

/// A process that clients can wait for: the first one of a container, or one that exec started.
final class ContainerProcess {
    struct End {
        let status: UInt32
        /// Nanoseconds since 1970.
        let at: Int64
    }

    let container: String
    /// Empty for the container's first process.
    let execID: String
    let io: ProcessIO
    /// What exec shall run, until it is started.
    var specification: RuntimeSpec.Process?
    /// 0 until the process exists.
    var pid: Int32 = 0
    var isStarted = false
    /// Set when the process was reaped; its output may still be on the way.
    var end: End?
    /// Set when the end is on disk and everybody was told.
    var isAnnounced = false
    /// Open `Wait` calls.
    var waiters: [TTRPCReply] = []

    init(container: String, execID: String, io: ProcessIO) {
        self.container = container
        self.execID = execID
        self.io = io
    }

    /// The id in events: the container's own for its first process.
    var eventID: String { execID.isEmpty ? container : execID }

    func status(isPaused: Bool) -> Shim.Status {
        if isAnnounced { return .stopped }
        if !isStarted { return .created }
        return isPaused ? .paused : .running
    }

    var exitStatus: UInt32 { isAnnounced ? end?.status ?? 0 : 0 }

    var exitedAt: Shim.Timestamp {
        guard isAnnounced, let end else { return .never }
        return Shim.Timestamp(nanosecondsSince1970: end.at)
    }
}

/// A container of this shim.
final class Container {
    let reference: ContainerReference
    let engine: any ContainerEngine
    let first: ContainerProcess
    var execs: [String: ContainerProcess] = [:]
    var isPaused = false
    /// True if the kernel ends all processes with the first one.
    let ownsProcesses: Bool
    /// Held while the container lives.
    var memoryWatch: MemoryWatch?
    /// The kernel killed one of its processes for want of memory.
    var wasShortOfMemory = false

    init(
        reference: ContainerReference,
        engine: any ContainerEngine,
        first: ContainerProcess,
        ownsProcesses: Bool
    ) {
        self.reference = reference
        self.engine = engine
        self.first = first
        self.ownsProcesses = ownsProcesses
    }

    /// The process of a request: the first one for an empty exec id.
    func process(_ execID: String) throws(TTRPC.Status) -> ContainerProcess {
        if execID.isEmpty { return first }
        guard let process = execs[execID] else {
            throw TTRPC.Status(.notFound, "exec \(execID) of container \(reference.id): not found")
        }
        return process
    }
}
