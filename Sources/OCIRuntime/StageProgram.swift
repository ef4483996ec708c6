import CLinux
import Linux

/// A list of steps lowered to the flat memory that the C stage runs: operations, one blob of text, open descriptors.
///
/// The descriptors that steps name by path are opened here, in the parent, and live as long as this value.
struct StageProgram {
    private var ops: [swl_op] = []
    // Offset 0 means "none", so the blob starts with an empty text.
    private var blob: [UInt8] = [0]
    private let held = HeldDescriptors()
    let steps: [Step]
    private let target: Int32
    private let arguments: (offset: UInt32, count: UInt32)
    private let environment: (offset: UInt32, count: UInt32)

    /// Lowers the steps.
    ///
    /// - Throws: `SysError` for a namespace or cgroup that cannot be opened, EINVAL for a text with a zero byte.
    /// - Parameter target: A pidfd for `.joinProcess`, kept open by the caller.
    init(_ steps: [Step], arguments: [String], environment: [String], target: Int32 = -1) throws(SysError) {
        self.steps = steps
        self.target = target
        let bytes = arguments.reduce(0) { $0 + $1.utf8.count + 1 } + environment.reduce(0) { $0 + $1.utf8.count + 1 }
        blob.reserveCapacity(bytes + 16384)
        ops.reserveCapacity(steps.count)
        self.arguments = (UInt32(blob.count), UInt32(arguments.count))
        for argument in arguments { try Self.append(argument, to: &blob) }
        self.environment = (UInt32(blob.count), UInt32(environment.count))
        for variable in environment { try Self.append(variable, to: &blob) }
        for step in steps { ops.append(try lower(step)) }
    }

    /// What the child is born into, and how the two sides talk.
    struct Birth {
        var namespaces: NamespaceFlags
        /// Descriptor of a pid namespace to be born into, or -1.
        var pidNamespace: Int32 = -1
        /// Descriptor of a cgroup v2 directory to be born in, or -1.
        var cgroup: Int32 = -1
        /// Where the child waits for its start, or -1 for the report socket.
        var start: Int32 = -1
        /// Where a failure after the start is written, or -1 for the report socket.
        var result: Int32 = -1
        /// A short-lived process between this one and the child joins these first; needed with user namespaces.
        var goBetween: GoBetween?
    }

    /// What a process between the parent and its child does before the child is born.
    struct GoBetween {
        struct Join {
            var descriptor: Int32
            var kind: NamespaceFlags
            var path: String
        }

        var joins: [Join] = []
        /// A user namespace to join, or -1.
        var userNamespace: Int32 = -1
        var userNamespacePath = ""
        /// For /proc/self/oom_score_adj, which the child could not set itself.
        var oomScore: String?
        /// The child can be traced until it is root of its user namespace: a caller without rights must write its maps.
        var staysDumpable = false
    }

    /// Starts the child. The calling process is its parent and reaps it.
    mutating func spawn(_ birth: Birth) throws(SysError) -> StagedChild {
        var pointers = unsafe [UnsafeMutablePointer<CChar>?](
            repeating: nil,
            count: Int(arguments.count) + Int(environment.count) + 2
        )
        var pidDescriptor: Int32 = -1
        var report: Int32 = -1
        var failedJoin: Int32 = -1
        let count = ops.count
        let (arguments, environment) = (arguments, environment)
        let between = birth.goBetween
        var joins = (between?.joins ?? []).map { swl_join(fd: $0.descriptor, done: 0, kind: $0.kind.rawValue) }
        let score = Array((between?.oomScore ?? "").utf8CString)
        let pid = unsafe pointers.withUnsafeMutableBufferPointer { pointers -> Int32 in
            unsafe ops.withUnsafeBufferPointer { ops -> Int32 in
                unsafe blob.withUnsafeBufferPointer { blob -> Int32 in
                    unsafe joins.withUnsafeMutableBufferPointer { joins -> Int32 in
                        unsafe score.withUnsafeBufferPointer { score -> Int32 in
                            guard let pointers = pointers.baseAddress, let ops = ops.baseAddress,
                                let blob = blob.baseAddress
                            else { return -22 }
                            var stage = unsafe swl_stage(
                                ops: ops,
                                count: count,
                                blob: blob,
                                pointers: pointers,
                                argv: arguments.offset,
                                argc: arguments.count,
                                envp: environment.offset,
                                envc: environment.count,
                                start_fd: birth.start,
                                result_fd: birth.result,
                                clone_flags: birth.namespaces.rawValue,
                                cgroup_fd: birth.cgroup,
                                pid_namespace: birth.pidNamespace,
                                go_between: between == nil ? 0 : 1,
                                user_namespace: between?.userNamespace ?? -1,
                                joins: joins.baseAddress,
                                join_count: joins.count,
                                oom_score: between?.oomScore == nil ? nil : score.baseAddress,
                                failed_join: -1,
                                dumpable: between?.staysDumpable == true ? 1 : 0
                            )
                            let pid = unsafe swl_stage_spawn(&stage, &pidDescriptor, &report)
                            failedJoin = unsafe stage.failed_join
                            return pid
                        }
                    }
                }
            }
        }
        if pid < 0, let between, failedJoin >= 0 {
            let index = Int(failedJoin)
            let path = index < between.joins.count ? between.joins[index].path : between.userNamespacePath
            try swl("setns", path) { pid }
        }
        try swl("clone3", "") { pid }
        return StagedChild(
            pid: pid,
            process: ProcessDescriptor(owning: Descriptor(owning: pidDescriptor)),
            socket: Descriptor(owning: report)
        )
    }

    /// Opens a namespace and keeps it open as long as the program lives.
    mutating func hold(_ path: String) throws(SysError) -> Int32 { try open(path, writing: false) }

    /// How a further process of a container with a user namespace of its own is born; the rest of its namespaces it joins
    /// by `Step.joins`.
    ///
    /// By the files in /proc and not by the process's descriptor: that would need the right to trace a process whose
    /// memory is still the runtime's, which nobody in the user namespace has.
    mutating func goBetween(pid: Int32, _ namespaces: NamespaceFlags) throws(SysError) -> GoBetween {
        var between = GoBetween()
        between.userNamespacePath = "/proc/\(pid)/ns/user"
        between.userNamespace = try hold(between.userNamespacePath)
        for (name, kind) in NamespaceFlags.files where namespaces.contains(kind) {
            if [.user, .mount, .cgroup].contains(kind) { continue }
            let path = "/proc/\(pid)/ns/\(name)"
            between.joins.append(.init(descriptor: try hold(path), kind: kind, path: path))
        }
        return between
    }

    /// How the first process of a container is born: opens the namespaces that it joins.
    mutating func birth(_ plan: ContainerPlan) throws(SysError) -> Birth {
        let namespaces = plan.namespaces
        var birth = Birth(namespaces: namespaces.birth)
        guard namespaces.needsGoBetween else {
            if let path = namespaces.pidPath { birth.pidNamespace = try hold(path) }
            return birth
        }
        var between = GoBetween()
        between.oomScore = plan.oomScore
        between.staysDumpable = !plan.isPrivileged
        // The user namespace is opened before any is joined; a mount namespace comes last, for its files are others.
        if let path = namespaces.userPath {
            between.userNamespace = try hold(path)
            between.userNamespacePath = path
        }
        var joins = namespaces.joined
        if let path = namespaces.pidPath { joins.append(.init(kind: .pid, path: path)) }
        for join in joins.filter({ $0.kind != .mount }) + joins.filter({ $0.kind == .mount }) {
            between.joins.append(.init(descriptor: try hold(join.path), kind: join.kind, path: join.path))
        }
        birth.goBetween = between
        return birth
    }

    // MARK: Lowering

    private static func append(_ text: String, to blob: inout [UInt8]) throws(SysError) {
        let start = blob.count
        blob.append(contentsOf: text.utf8)
        if blob[start...].contains(0) {
            throw SysError(call: "exec", subject: "a text contains a zero byte", errno: .invalidArgument)
        }
        blob.append(0)
    }

    private mutating func text(_ text: String) throws(SysError) -> UInt32 {
        let offset = UInt32(blob.count)
        try Self.append(text, to: &blob)
        return offset
    }

    private mutating func list(_ texts: [String]) throws(SysError) -> UInt32 {
        let offset = UInt32(blob.count)
        for text in texts { try Self.append(text, to: &blob) }
        blob.append(0)
        return offset
    }

    private mutating func bytes(_ bytes: [UInt8]) -> UInt32 {
        while blob.count % 8 != 0 { blob.append(0) }
        let offset = UInt32(blob.count)
        blob.append(contentsOf: bytes)
        blob.append(0)
        return offset
    }

    private mutating func open(_ path: String, writing: Bool) throws(SysError) -> Int32 {
        // Not blocking: a fifo in the place of a namespace would hold us for ever.
        let flags = writing ? Descriptor.writeOnly : Descriptor.readOnly | Descriptor.nonBlocking
        return held.keep(try Descriptor.open(path, flags))
    }

    private mutating func lower(_ step: Step) throws(SysError) -> swl_op {
        var op = swl_op()
        op.fd = -1
        func code(_ code: swl_code, _ values: UInt64...) {
            op.code = UInt32(code.rawValue)
            for (index, value) in values.enumerated() { op.setValue(index, value) }
        }
        func signed(_ value: Int32) -> UInt64 { UInt64(bitPattern: Int64(value)) }
        switch step {
        case .joinNamespace(let kind, let path):
            code(SWL_OP_SETNS, kind.rawValue)
            op.fd = try open(path, writing: false)
        case .joinProcess(let kinds):
            code(SWL_OP_SETNS, kinds.rawValue)
            op.fd = target
        case .unshare(let kind): code(SWL_OP_UNSHARE, kind.rawValue)
        case .rendezvous(let point): code(SWL_OP_SYNC, UInt64(point.rawValue))
        case .joinCgroup(let path):
            code(SWL_OP_WRITE_FD)
            // A thread that moves itself needs no lock against forks, which costs tens of milliseconds on a busy machine.
            op.fd = try open(path + "/tasks", writing: true)
            op.text.0 = try text("0")
        case .writeProc(let path, let content):
            code(SWL_OP_WRITE_PROC)
            op.text.0 = try text(path)
            op.text.1 = try text(content)
        case .hostname(let name):
            code(SWL_OP_HOSTNAME)
            op.text.0 = try text(name)
        case .domainname(let name):
            code(SWL_OP_DOMAINNAME)
            op.text.0 = try text(name)
        case .loopbackUp: code(SWL_OP_LOOPBACK)
        case .newSession: code(SWL_OP_SETSID)
        case .keyring(let name):
            code(SWL_OP_KEYRING)
            op.text.0 = try text(name)
        case .resourceLimit(_, let number, let soft, let hard): code(SWL_OP_RLIMIT, signed(number), soft, hard)
        case .ioPriority(let value): code(SWL_OP_IOPRIO, UInt64(value))
        case .scheduler(let values):
            code(
                SWL_OP_SCHEDULER,
                UInt64(values.policy),
                values.flags,
                signed(values.nice),
                UInt64(values.priority),
                values.runtime,
                values.deadline,
                values.period
            )
        case .personality(let value): code(SWL_OP_PERSONALITY, value)
        case .affinity(let mask):
            code(SWL_OP_AFFINITY, UInt64(mask.count))
            op.text.0 = bytes(mask)
        case .rootIDs(let uid, let gid): code(SWL_OP_ROOT_IDS, UInt64(uid), UInt64(gid))
        case .timeNamespace(let offsets):
            code(SWL_OP_TIME)
            if !offsets.isEmpty { op.text.0 = try text(offsets) }
        case .memoryPolicy(let mode, let nodes):
            code(SWL_OP_MEMPOLICY, mode, UInt64(nodes.count))
            op.text.0 = bytes(nodes)
        case .propagation(let path, let kind):
            code(SWL_OP_PROPAGATION, kind.rawValue)
            op.text.0 = try text(path)
        case .root(let path, let kind):
            code(SWL_OP_ROOT, kind?.rawValue ?? 0)
            op.text.0 = try text(path)
        case .plainRoot(let path):
            code(SWL_OP_ROOT)
            op.flags = UInt32(SWL_SOFT)
            op.text.0 = try text(path)
        case .changeRoot: code(SWL_OP_CHROOT)
        case .rootHere: code(SWL_OP_ROOT_HERE)
        case .mount(let mount): try lower(mount, to: &op)
        case .bind(let bind): try lower(bind, to: &op)
        case .mask(let path):
            code(SWL_OP_MASK)
            op.text.3 = try text(path)
        case .readOnlyPath(let path):
            code(SWL_OP_READONLY)
            op.text.3 = try text(path)
        case .readOnlyMount(let path):
            code(SWL_OP_READONLY)
            op.flags = UInt32(SWL_SOFT)
            op.text.3 = try text(path)
        case .device(let device):
            code(SWL_OP_DEVICE, UInt64(device.mode), device.number, UInt64(device.uid), UInt64(device.gid))
            op.flags = UInt32(SWL_TARGET_STRICT)
            op.text.1 = try text(device.path)
            op.text.3 = op.text.1
        case .symlink(let target, let path):
            code(SWL_OP_SYMLINK)
            op.flags = UInt32(SWL_TARGET_STRICT)
            op.text.0 = try text(target)
            op.text.3 = try text(path)
        case .console(let rows, let columns, let owner, let attach):
            code(SWL_OP_CONSOLE, UInt64(rows) << 16 | UInt64(columns), UInt64(owner))
            op.flags = attach ? 0 : UInt32(SWL_SOFT)
        case .pivot: code(SWL_OP_PIVOT)
        case .moveRoot: code(SWL_OP_MOVE_ROOT)
        case .rootReadOnly: code(SWL_OP_ROOT_ATTR, MountAttributes.readOnly.rawValue)
        case .rootPropagation(let kind): code(SWL_OP_ROOT_PROPAGATION, kind.rawValue)
        case .stdio(let input, let output, let errors, let owner):
            code(SWL_OP_STDIO, signed(input), signed(output), signed(errors), UInt64(owner))
        case .controllingTerminal: code(SWL_OP_CTTY)
        case .workingDirectory(let path, let lenient, let makes):
            code(SWL_OP_CWD)
            op.text.0 = try text(path)
            op.flags = (lenient ? UInt32(SWL_SOFT) : 0) | (makes ? UInt32(SWL_MAKE) : 0)
        case .noNewPrivileges: code(SWL_OP_NO_NEW_PRIVS)
        case .boundingSet(let set, let last): code(SWL_OP_BOUNDING, set.bits, last)
        case .keepCapabilities(let keep): code(SWL_OP_KEEPCAPS, keep ? 1 : 0)
        case .groups(let groups, let lenient):
            op.flags = lenient ? UInt32(SWL_SOFT) : 0
            code(SWL_OP_GROUPS, UInt64(groups.count))
            op.text.0 = bytes(groups.flatMap { group in (0..<4).map { UInt8(truncatingIfNeeded: group >> ($0 * 8)) } })
        case .gid(let id): code(SWL_OP_GID, UInt64(id))
        case .uid(let id): code(SWL_OP_UID, UInt64(id))
        case .capabilities(let effective, let permitted, let inheritable):
            code(SWL_OP_CAPS, effective.bits, permitted.bits, inheritable.bits)
        case .ambient(let set): code(SWL_OP_AMBIENT, set.bits)
        case .umask(let mask): code(SWL_OP_UMASK, UInt64(mask))
        case .seccomp(let program):
            code(SWL_OP_SECCOMP, UInt64(program.bytes.count / 8), program.flags)
            op.text.0 = bytes(program.bytes)
        case .findExecutable(let paths, _):
            code(SWL_OP_FIND)
            op.text.0 = try list(paths)
        case .closeDescriptors(let preserve): code(SWL_OP_CLOSE, UInt64(preserve))
        case .ready: code(SWL_OP_READY)
        case .awaitStart: code(SWL_OP_WAIT)
        case .execute: code(SWL_OP_EXEC)
        }
        return op
    }

    private mutating func lower(_ mount: MountStep, to op: inout swl_op) throws(SysError) {
        op.code = UInt32(SWL_OP_MOUNT.rawValue)
        op.text.0 = try text(mount.type)
        if let source = mount.source { op.text.1 = try text(source) }
        if !mount.options.isEmpty { op.text.2 = try list(mount.options) }
        op.text.3 = try text(mount.target)
        op.value.0 = mount.attributes.rawValue
        op.value.4 = mount.propagation?.rawValue ?? 0
        if mount.strictTarget { op.flags |= UInt32(SWL_TARGET_STRICT) }
        if mount.mayCoverProc { op.flags |= UInt32(SWL_TARGET_IN_PROC) }
        if mount.inheritsMode { op.flags |= UInt32(SWL_INHERIT_MODE) }
        if mount.copiesUp { op.flags |= UInt32(SWL_COPY_UP) }
        if mount.superReadOnly { op.flags |= UInt32(SWL_SUPER_READONLY) }
        if mount.mayBindHosts { op.flags |= UInt32(SWL_OR_BIND) }
    }

    private mutating func lower(_ bind: BindStep, to op: inout swl_op) throws(SysError) {
        op.code = UInt32(SWL_OP_BIND.rawValue)
        op.text.1 = try text(bind.source)
        op.text.3 = try text(bind.target)
        op.value.0 = bind.set.rawValue
        op.value.1 = bind.clear.rawValue
        op.value.2 = bind.setAll.rawValue
        op.value.3 = bind.clearAll.rawValue
        op.value.4 = bind.propagation?.rawValue ?? 0
        if bind.recursive { op.flags |= UInt32(SWL_RECURSIVE) }
        if bind.strictTarget { op.flags |= UInt32(SWL_TARGET_STRICT) }
        if bind.mayCoverProc { op.flags |= UInt32(SWL_TARGET_IN_PROC) }
        if bind.sourceIsProc { op.flags |= UInt32(SWL_SOURCE_PROC) }
        guard bind.prepared || bind.idMap != nil else { return }
        op.flags |= UInt32(SWL_PREPARED)
        op.value.4 = 0  // done here
        op.fd = try prepare(bind)
    }

    /// Makes a mount with the rights of this process.
    private func prepare(_ bind: BindStep) throws(SysError) -> Int32 {
        var wanted = DetachedMount.Wanted()
        wanted.recursive = bind.recursive
        wanted.set = bind.set
        wanted.clear = bind.clear
        wanted.setAll = bind.setAll
        wanted.clearAll = bind.clearAll
        wanted.propagation = bind.propagation
        guard let map = bind.idMap else { return held.keep(try DetachedMount.prepare(bind.source, wanted)) }
        let namespace: Descriptor
        switch map.source {
        case .namespace(let path): namespace = try Descriptor.open(path, Descriptor.readOnly)
        case .maps(let maps): namespace = try UserNamespace.make(maps)
        }
        wanted.userNamespace = namespace.raw
        wanted.mapsAll = map.recursive
        return held.keep(try DetachedMount.prepare(bind.source, wanted))
    }

    /// Sets limits and scheduling of another process, for one that has lost the right to.
    static func apply(_ steps: [Step], to pid: Int32) throws(RuntimeError) {
        for step in steps {
            let (title, subject) = step.title
            do {
                let program = try StageProgram([step], arguments: [], environment: [])
                guard var op = program.ops.first else { continue }
                try swl("set", subject) { unsafe swl_set_attribute(pid, &op) }
            } catch {
                throw RuntimeError(.system, step: title, subject: subject, cause: "\(error.errno)", errno: error.errno)
            }
        }
    }
}

/// Numbers that stay open until the child has its copies.
private final class HeldDescriptors {
    var numbers: [Int32] = []

    func keep(_ descriptor: consuming Descriptor) -> Int32 {
        let number = descriptor.release()
        numbers.append(number)
        return number
    }

    deinit {
        for number in numbers { Descriptor.close(number) }
    }
}

extension swl_op {
    fileprivate mutating func setValue(_ index: Int, _ new: UInt64) {
        switch index {
        case 0: value.0 = new
        case 1: value.1 = new
        case 2: value.2 = new
        case 3: value.3 = new
        case 4: value.4 = new
        case 5: value.5 = new
        case 6: value.6 = new
        default: value.7 = new
        }
    }
}
