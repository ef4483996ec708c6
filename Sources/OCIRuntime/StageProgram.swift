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
    }

    /// Starts the child. The calling process is its parent and reaps it.
    mutating func spawn(_ birth: Birth) throws(SysError) -> StagedChild {
        var pointers = unsafe [UnsafeMutablePointer<CChar>?](
            repeating: nil,
            count: Int(arguments.count) + Int(environment.count) + 2
        )
        var pidDescriptor: Int32 = -1
        var report: Int32 = -1
        let count = ops.count
        let (arguments, environment) = (arguments, environment)
        let pid = unsafe pointers.withUnsafeMutableBufferPointer { pointers -> Int32 in
            unsafe ops.withUnsafeBufferPointer { ops -> Int32 in
                unsafe blob.withUnsafeBufferPointer { blob -> Int32 in
                    guard let pointers = pointers.baseAddress, let ops = ops.baseAddress, let blob = blob.baseAddress
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
                        pid_namespace: birth.pidNamespace
                    )
                    return unsafe swl_stage_spawn(&stage, &pidDescriptor, &report)
                }
            }
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
        let number = try Descriptor.open(path, writing ? Descriptor.writeOnly : Descriptor.readOnly).release()
        held.numbers.append(number)
        return number
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
        case .rootIDs: code(SWL_OP_ROOT_IDS)
        case .propagation(let path, let kind):
            code(SWL_OP_PROPAGATION, kind.rawValue)
            op.text.0 = try text(path)
        case .root(let path, let kind):
            code(SWL_OP_ROOT, kind?.rawValue ?? 0)
            op.text.0 = try text(path)
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
        case .workingDirectory(let path, let lenient):
            code(SWL_OP_CWD)
            op.text.0 = try text(path)
            op.flags = lenient ? UInt32(SWL_SOFT) : 0
        case .noNewPrivileges: code(SWL_OP_NO_NEW_PRIVS)
        case .boundingSet(let set, let last): code(SWL_OP_BOUNDING, set.bits, last)
        case .keepCapabilities(let keep): code(SWL_OP_KEEPCAPS, keep ? 1 : 0)
        case .groups(let groups):
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
        case .findExecutable(let paths):
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
    }
}

/// Numbers that stay open until the child has its copies.
private final class HeldDescriptors {
    var numbers: [Int32] = []

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
