import Glibc
import JSON
import Linux
import TTRPC

/// What the agent wants of a pod: JSON in an Any of type `io.swiftlet.sandbox.v1.Options`.
struct SandboxOptions: Codable, Equatable {
    static let typeName = "io.swiftlet.sandbox.v1.Options"

    var hostname: String?
    var hostNetwork: Bool?
    var hostPID: Bool?
    var hostIPC: Bool?
    var shareProcessNamespace: Bool?
    /// Namespaced ones only; they are set once, before any container exists.
    var sysctls: [String: String]?
    var cgroupParent: String?

    init(_ options: Shim.AnyMessage?) throws(TTRPC.Status) {
        guard let options, !options.value.isEmpty else { return }
        guard options.typeName == Self.typeName else {
            throw TTRPC.Status(.invalidArgument, "sandbox options of type \(options.typeURL): use \(Self.typeName)")
        }
        do {
            self = try JSONCoding.decode(SandboxOptions.self, from: options.value)
        } catch {
            throw TTRPC.Status(.invalidArgument, "sandbox options: \(error)")
        }
    }

    /// The namespaces to make. Host network and host PID also mean the host's UTS, as Kubernetes does it for the network.
    func plan(networkPath: String) throws(TTRPC.Status) -> PodNamespaces.Plan {
        var plan = PodNamespaces.Plan()
        let hostNetwork = hostNetwork ?? false
        plan.network = !hostNetwork && networkPath.isEmpty
        plan.networkPath = hostNetwork ? "" : networkPath
        plan.ipc = !(hostIPC ?? false)
        plan.uts = !hostNetwork
        plan.pid = (shareProcessNamespace ?? false) && !(hostPID ?? false)
        plan.hostname = hostname ?? ""
        for (name, value) in sysctls ?? [:] {
            try Self.check(name, hostNetwork: hostNetwork, hostIPC: hostIPC ?? false)
            plan.sysctls[name] = value
        }
        return plan
    }

    /// Refuses sysctls that are not of a namespace of the pod: they would change the machine.
    private static func check(_ name: String, hostNetwork: Bool, hostIPC: Bool) throws(TTRPC.Status) {
        // By byte: a slash with a combining mark is another character to Swift.
        let dotted = String(decoding: name.utf8.map { $0 == 0x2F ? 0x2E : $0 }, as: UTF8.self)
        let ipc =
            ["kernel.shm", "kernel.msg", "fs.mqueue."].contains { dotted.hasPrefix($0) } || dotted == "kernel.sem"
        let network = dotted.hasPrefix("net.")
        guard !dotted.utf8.split(separator: 0x2E, omittingEmptySubsequences: false).contains(where: { $0.isEmpty }),
            ipc && !hostIPC || network && !hostNetwork
        else {
            throw TTRPC.Status(
                .invalidArgument,
                "sysctl \(name) does not belong to a namespace of this pod, or the pod uses the host's"
            )
        }
    }
}

/// The pod: its namespaces, kept open here instead of by a pause process.
final class Sandbox {
    enum Phase: String { case created, ready, stopped }

    let id: String
    let options: SandboxOptions
    let networkPath: String
    private(set) var phase = Phase.created
    private(set) var createdAt: Int64 = 0
    private(set) var stoppedAt: Int64 = 0
    private var namespaces: NamespaceHolder?
    var waiters: [TTRPCReply] = []

    init(id: String, options: SandboxOptions, networkPath: String) {
        self.id = id
        self.options = options
        self.networkPath = networkPath
    }

    /// Makes the namespaces.
    func start() throws(TTRPC.Status) {
        let plan = try options.plan(networkPath: networkPath)
        do {
            namespaces = NamespaceHolder(try PodNamespaces(plan))
        } catch {
            throw TTRPC.Status(.internalError, "namespaces of pod \(id): \(error)")
        }
        createdAt = Clock.now
        phase = .ready
    }

    /// Kills process 1 of a shared pid namespace, and with it every process in it.
    ///
    /// The kernel keeps it until the others are reaped, so its end comes through `childEnded`, not here.
    func kill() {
        if let pid = namespaces?.value.initProcess, pid > 0, isInitAlive { _ = Glibc.kill(pid, SIGKILL) }
    }

    /// Lets go of the namespaces after everything in them has ended, and tells those who wait.
    func finish() {
        guard phase != .stopped else { return }
        namespaces = nil
        phase = .stopped
        stoppedAt = Clock.now
        for reply in waiters { reply.send(Shim.WaitSandboxResponse(exitStatus: 0, exitedAt: exitedAt)) }
        waiters = []
    }

    /// True while process 1 of a shared pid namespace runs or dies.
    var hasInit: Bool { isInitAlive && (namespaces?.value.initProcess ?? 0) > 0 }

    private var isInitAlive = true

    /// Process 1 of the pod's pid namespace ended: the kernel has killed the rest of it. True if it was that.
    func childEnded(_ pid: Int32) -> Bool {
        guard pid == namespaces?.value.initProcess else { return false }
        isInitAlive = false
        return true
    }

    /// Process 1 of the shared pid namespace, or the shim, whose descriptors hold the others.
    var pid: Int32 {
        guard let process = namespaces?.value.initProcess, process > 0 else { return getpid() }
        return process
    }

    /// Paths of the namespaces for the config.json of containers, valid while the shim lives.
    var paths: [String: String] {
        guard let namespaces else { return [:] }
        var paths: [String: String] = [:]
        let base = "/proc/\(getpid())/fd/"
        for (name, number) in namespaces.value.numbers { paths[name] = base + String(number) }
        if !networkPath.isEmpty, options.hostNetwork != true { paths["network"] = networkPath }
        return paths
    }

    var exitedAt: Shim.Timestamp {
        stoppedAt == 0 ? .never : Shim.Timestamp(nanosecondsSince1970: stoppedAt)
    }

    /// What is kept on disk, for people and for the delete action.
    var record: [UInt8] {
        var object: JSONObject = [
            "id": .string(id), "state": .string(phase.rawValue), "shimPid": .number(JSONNumber(getpid())),
        ]
        object["shimStarted"] = ProcessIdentity.startTime(getpid()).map { .number(JSONNumber($0)) }
        if let process = namespaces?.value.initProcess, process > 0 {
            object["initPid"] = .number(JSONNumber(process))
            object["initStarted"] = ProcessIdentity.startTime(process).map { .number(JSONNumber($0)) }
        }
        object["namespaces"] = .object(JSONObject(paths.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        return JSONValue.object(object).bytes(pretty: true) + [UInt8(ascii: "\n")]
    }

    /// Classes can be let go of at a moment of our choice; the descriptors inside close then.
    private final class NamespaceHolder {
        let value: PodNamespaces
        init(_ value: consuming PodNamespaces) { self.value = value }
    }
}

/// Tells a process from a later one with the same number.
enum ProcessIdentity {
    /// When the process was started, in clock ticks since boot (field 22 of proc(5)'s stat); nil if it does not exist.
    static func startTime(_ pid: Int32) -> Int64? {
        // A process that is gone has no file.
        guard let stat = try? Files.readText("/proc/\(pid)/stat"), let name = stat.lastIndex(of: ")") else {
            return nil
        }
        let fields = stat[name...].split(separator: " ")
        return fields.count > 20 ? Int64(fields[20]) : nil
    }
}
