import Linux
import OCI
import TTRPC

/// What the shim needs of an OCI runtime. All calls are short and run on the shim's only thread.
///
/// Errors are the status that the client gets: a code that containerd understands, and one sentence.
protocol ContainerEngine {
    /// Makes the container up to the point where only the user's program is missing. Its first process becomes a child
    /// of the shim (directly, or as an orphan), which reaps it.
    func create(_ creation: ContainerCreation) throws(TTRPC.Status) -> CreatedProcess
    /// Lets the user's program run.
    func start(_ container: ContainerReference) throws(TTRPC.Status)
    func kill(_ container: ContainerReference, signal: Int32, all: Bool) throws(TTRPC.Status)
    /// Removes what is left of a container whose processes have ended; with `force` it ends them. Idempotent.
    func delete(_ container: ContainerReference, force: Bool) throws(TTRPC.Status)
    /// Starts one more process in a running container.
    func exec(_ execution: ContainerExecution) throws(TTRPC.Status) -> CreatedProcess
    func processes(_ container: ContainerReference) throws(TTRPC.Status) -> [Int32]
    func pause(_ container: ContainerReference) throws(TTRPC.Status)
    func resume(_ container: ContainerReference) throws(TTRPC.Status)
    /// - Parameter resources: JSON of the runtime-spec's LinuxResources.
    func update(_ container: ContainerReference, resources: [UInt8]) throws(TTRPC.Status)
    /// What the container used so far, as the message that containerd knows for the machine's cgroup version.
    func statistics(_ container: ContainerReference) throws(TTRPC.Status) -> Shim.AnyMessage
    /// Calls `onKill` whenever the kernel killed a process of the container for want of memory, while the result lives.
    func watchMemory(
        _ container: ContainerReference,
        on loop: EventLoop,
        onKill: @escaping () -> Void
    ) throws(TTRPC.Status) -> MemoryWatch?
}

/// Names a container and says where its state is.
struct ContainerReference: Hashable {
    let id: String
    /// Absolute.
    let bundle: String

    /// Where the runtime keeps its state of this container: in the bundle, so that it goes with it and no two daemons collide.
    var stateRoot: String { bundle + "/oci" }
}

struct ContainerCreation {
    let reference: ContainerReference
    let spec: RuntimeSpec
    /// Borrowed numbers; nil asks for a terminal.
    let stdio: (Int32, Int32, Int32)?
    let options: Shim.RuncOptions
}

struct ContainerExecution {
    let reference: ContainerReference
    let process: RuntimeSpec.Process
    let stdio: (Int32, Int32, Int32)?
    /// Where the runtime may leave files about this process; without slashes.
    let execID: String
}

/// A process that the runtime made for us.
struct CreatedProcess {
    let pid: Int32
    /// The master of its terminal, if it has one.
    let console: Handle?
    let warnings: [String]
}
