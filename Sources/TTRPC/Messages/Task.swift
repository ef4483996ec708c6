// Messages of shim v2: `containerd.task.v2` and `containerd.task.v3`, which differ in the service's name only. Field numbers are those of containerd's api/ directory.

extension Shim {
    /// `Task/Create`: makes the container of `bundle`, up to the point where only the user's program is missing.
    package struct CreateTaskRequest: ProtobufMessage {
        package var id = ""
        /// Absolute path of the directory with config.json.
        package var bundle = ""
        /// To be mounted on `bundle`/rootfs, in order; empty if the rootfs is ready.
        package var rootfs: [Mount] = []
        package var terminal = false
        package var stdin = ""
        package var stdout = ""
        package var stderr = ""
        package var checkpoint = ""
        package var parentCheckpoint = ""
        package var options: AnyMessage?

        package init() {}

        package init(
            id: String = "",
            bundle: String = "",
            rootfs: [Mount] = [],
            terminal: Bool = false,
            stdin: String = "",
            stdout: String = "",
            stderr: String = "",
            checkpoint: String = "",
            parentCheckpoint: String = "",
            options: AnyMessage? = nil
        ) {
            self.id = id
            self.bundle = bundle
            self.rootfs = rootfs
            self.terminal = terminal
            self.stdin = stdin
            self.stdout = stdout
            self.stderr = stderr
            self.checkpoint = checkpoint
            self.parentCheckpoint = parentCheckpoint
            self.options = options
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: bundle = try field.string()
            case 3: rootfs.append(try field.message())
            case 4: terminal = try field.bool()
            case 5: stdin = try field.string()
            case 6: stdout = try field.string()
            case 7: stderr = try field.string()
            case 8: checkpoint = try field.string()
            case 9: parentCheckpoint = try field.string()
            case 10: options = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, bundle)
            writer.messages(3, rootfs)
            writer.bool(4, terminal)
            writer.string(5, stdin)
            writer.string(6, stdout)
            writer.string(7, stderr)
            writer.string(8, checkpoint)
            writer.string(9, parentCheckpoint)
            writer.message(10, options)
        }
    }

    /// `CreateTaskResponse`.
    package struct CreateTaskResponse: ProtobufMessage {
        package var pid: UInt32 = 0

        package init() {}

        package init(pid: UInt32 = 0) {
            self.pid = pid
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: pid = try field.uint32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.uint32(1, pid)
        }
    }

    /// `Task/Delete`: forgets a stopped process; of a container or, with `execID`, of an exec in it.
    package struct DeleteRequest: ProtobufMessage {
        package var id = ""
        package var execID = ""

        package init() {}

        package init(id: String = "", execID: String = "") {
            self.id = id
            self.execID = execID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: execID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, execID)
        }
    }

    /// Also what the binary's `delete` action prints.
    package struct DeleteResponse: ProtobufMessage {
        package var pid: UInt32 = 0
        package var exitStatus: UInt32 = 0
        package var exitedAt: Timestamp?

        package init() {}

        package init(pid: UInt32 = 0, exitStatus: UInt32 = 0, exitedAt: Timestamp? = nil) {
            self.pid = pid
            self.exitStatus = exitStatus
            self.exitedAt = exitedAt
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: pid = try field.uint32()
            case 2: exitStatus = try field.uint32()
            case 3: exitedAt = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.uint32(1, pid)
            writer.uint32(2, exitStatus)
            writer.message(3, exitedAt)
        }
    }

    /// `StateRequest`.
    package struct StateRequest: ProtobufMessage {
        package var id = ""
        package var execID = ""

        package init() {}

        package init(id: String = "", execID: String = "") {
            self.id = id
            self.execID = execID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: execID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, execID)
        }
    }

    /// `StateResponse`.
    package struct StateResponse: ProtobufMessage {
        package var id = ""
        package var bundle = ""
        package var pid: UInt32 = 0
        package var status: Status = .unknown
        package var stdin = ""
        package var stdout = ""
        package var stderr = ""
        package var terminal = false
        package var exitStatus: UInt32 = 0
        package var exitedAt: Timestamp?
        package var execID = ""

        package init() {}

        package init(
            id: String = "",
            bundle: String = "",
            pid: UInt32 = 0,
            status: Status = .unknown,
            stdin: String = "",
            stdout: String = "",
            stderr: String = "",
            terminal: Bool = false,
            exitStatus: UInt32 = 0,
            exitedAt: Timestamp? = nil,
            execID: String = ""
        ) {
            self.id = id
            self.bundle = bundle
            self.pid = pid
            self.status = status
            self.stdin = stdin
            self.stdout = stdout
            self.stderr = stderr
            self.terminal = terminal
            self.exitStatus = exitStatus
            self.exitedAt = exitedAt
            self.execID = execID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: bundle = try field.string()
            case 3: pid = try field.uint32()
            case 4: status = Status(rawValue: try field.int32())
            case 5: stdin = try field.string()
            case 6: stdout = try field.string()
            case 7: stderr = try field.string()
            case 8: terminal = try field.bool()
            case 9: exitStatus = try field.uint32()
            case 10: exitedAt = try field.message()
            case 11: execID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, bundle)
            writer.uint32(3, pid)
            writer.int32(4, status.rawValue)
            writer.string(5, stdin)
            writer.string(6, stdout)
            writer.string(7, stderr)
            writer.bool(8, terminal)
            writer.uint32(9, exitStatus)
            writer.message(10, exitedAt)
            writer.string(11, execID)
        }
    }

    /// `KillRequest`.
    package struct KillRequest: ProtobufMessage {
        package var id = ""
        package var execID = ""
        package var signal: UInt32 = 0
        /// Every process of the container, not only the first.
        package var all = false

        package init() {}

        package init(id: String = "", execID: String = "", signal: UInt32 = 0, all: Bool = false) {
            self.id = id
            self.execID = execID
            self.signal = signal
            self.all = all
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: execID = try field.string()
            case 3: signal = try field.uint32()
            case 4: all = try field.bool()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, execID)
            writer.uint32(3, signal)
            writer.bool(4, all)
        }
    }

    /// `StartRequest`.
    package struct StartRequest: ProtobufMessage {
        package var id = ""
        package var execID = ""

        package init() {}

        package init(id: String = "", execID: String = "") {
            self.id = id
            self.execID = execID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: execID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, execID)
        }
    }

    /// `StartResponse`.
    package struct StartResponse: ProtobufMessage {
        package var pid: UInt32 = 0

        package init() {}

        package init(pid: UInt32 = 0) {
            self.pid = pid
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: pid = try field.uint32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.uint32(1, pid)
        }
    }

    /// `Task/Wait`: answered when the process has ended, at once if it already has.
    package struct WaitRequest: ProtobufMessage {
        package var id = ""
        package var execID = ""

        package init() {}

        package init(id: String = "", execID: String = "") {
            self.id = id
            self.execID = execID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: execID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, execID)
        }
    }

    /// `WaitResponse`.
    package struct WaitResponse: ProtobufMessage {
        /// The exit code, or 128 + the signal.
        package var exitStatus: UInt32 = 0
        package var exitedAt: Timestamp?

        package init() {}

        package init(exitStatus: UInt32 = 0, exitedAt: Timestamp? = nil) {
            self.exitStatus = exitStatus
            self.exitedAt = exitedAt
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: exitStatus = try field.uint32()
            case 2: exitedAt = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.uint32(1, exitStatus)
            writer.message(2, exitedAt)
        }
    }
}
