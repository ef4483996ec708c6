// Messages of shim v2: `containerd.types` and `containerd.events`: what a shim reports. Field numbers are those of containerd's api/ directory.

extension Shim {
    /// An event on its way to containerd or to the agent.
    package struct Envelope: ProtobufMessage {
        package var timestamp: Timestamp?
        package var namespace = ""
        /// For example "/tasks/exit".
        package var topic = ""
        package var event: AnyMessage?

        package init() {}

        package init(
            timestamp: Timestamp? = nil,
            namespace: String = "",
            topic: String = "",
            event: AnyMessage? = nil
        ) {
            self.timestamp = timestamp
            self.namespace = namespace
            self.topic = topic
            self.event = event
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: timestamp = try field.message()
            case 2: namespace = try field.string()
            case 3: topic = try field.string()
            case 4: event = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.message(1, timestamp)
            writer.string(2, namespace)
            writer.string(3, topic)
            writer.message(4, event)
        }
    }

    /// `containerd.services.events.ttrpc.v1.Events/Forward`.
    package struct ForwardRequest: ProtobufMessage {
        package var envelope: Envelope?

        package init() {}

        package init(envelope: Envelope? = nil) {
            self.envelope = envelope
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: envelope = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.message(1, envelope)
        }
    }

    /// `TaskIO`.
    package struct TaskIO: ProtobufMessage {
        package var stdin = ""
        package var stdout = ""
        package var stderr = ""
        package var terminal = false

        package init() {}

        package init(stdin: String = "", stdout: String = "", stderr: String = "", terminal: Bool = false) {
            self.stdin = stdin
            self.stdout = stdout
            self.stderr = stderr
            self.terminal = terminal
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: stdin = try field.string()
            case 2: stdout = try field.string()
            case 3: stderr = try field.string()
            case 4: terminal = try field.bool()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, stdin)
            writer.string(2, stdout)
            writer.string(3, stderr)
            writer.bool(4, terminal)
        }
    }

    /// "/tasks/create".
    package struct TaskCreate: ProtobufMessage {
        package var containerID = ""
        package var bundle = ""
        package var rootfs: [Mount] = []
        package var io: TaskIO?
        package var checkpoint = ""
        package var pid: UInt32 = 0

        package init() {}

        package init(
            containerID: String = "",
            bundle: String = "",
            rootfs: [Mount] = [],
            io: TaskIO? = nil,
            checkpoint: String = "",
            pid: UInt32 = 0
        ) {
            self.containerID = containerID
            self.bundle = bundle
            self.rootfs = rootfs
            self.io = io
            self.checkpoint = checkpoint
            self.pid = pid
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            case 2: bundle = try field.string()
            case 3: rootfs.append(try field.message())
            case 4: io = try field.message()
            case 5: checkpoint = try field.string()
            case 6: pid = try field.uint32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
            writer.string(2, bundle)
            writer.messages(3, rootfs)
            writer.message(4, io)
            writer.string(5, checkpoint)
            writer.uint32(6, pid)
        }
    }

    /// "/tasks/start".
    package struct TaskStart: ProtobufMessage {
        package var containerID = ""
        package var pid: UInt32 = 0

        package init() {}

        package init(containerID: String = "", pid: UInt32 = 0) {
            self.containerID = containerID
            self.pid = pid
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            case 2: pid = try field.uint32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
            writer.uint32(2, pid)
        }
    }

    /// "/tasks/delete".
    package struct TaskDelete: ProtobufMessage {
        package var containerID = ""
        package var pid: UInt32 = 0
        package var exitStatus: UInt32 = 0
        package var exitedAt: Timestamp?
        /// Of the exec; empty or the container's for the container itself.
        package var id = ""

        package init() {}

        package init(
            containerID: String = "",
            pid: UInt32 = 0,
            exitStatus: UInt32 = 0,
            exitedAt: Timestamp? = nil,
            id: String = ""
        ) {
            self.containerID = containerID
            self.pid = pid
            self.exitStatus = exitStatus
            self.exitedAt = exitedAt
            self.id = id
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            case 2: pid = try field.uint32()
            case 3: exitStatus = try field.uint32()
            case 4: exitedAt = try field.message()
            case 5: id = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
            writer.uint32(2, pid)
            writer.uint32(3, exitStatus)
            writer.message(4, exitedAt)
            writer.string(5, id)
        }
    }

    /// "/tasks/exit". `id` is the container's for its first process, else the exec's.
    package struct TaskExit: ProtobufMessage {
        package var containerID = ""
        package var id = ""
        package var pid: UInt32 = 0
        package var exitStatus: UInt32 = 0
        package var exitedAt: Timestamp?

        package init() {}

        package init(
            containerID: String = "",
            id: String = "",
            pid: UInt32 = 0,
            exitStatus: UInt32 = 0,
            exitedAt: Timestamp? = nil
        ) {
            self.containerID = containerID
            self.id = id
            self.pid = pid
            self.exitStatus = exitStatus
            self.exitedAt = exitedAt
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            case 2: id = try field.string()
            case 3: pid = try field.uint32()
            case 4: exitStatus = try field.uint32()
            case 5: exitedAt = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
            writer.string(2, id)
            writer.uint32(3, pid)
            writer.uint32(4, exitStatus)
            writer.message(5, exitedAt)
        }
    }

    /// "/tasks/oom".
    package struct TaskOOM: ProtobufMessage {
        package var containerID = ""

        package init() {}

        package init(containerID: String = "") {
            self.containerID = containerID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
        }
    }

    /// "/tasks/exec-added".
    package struct TaskExecAdded: ProtobufMessage {
        package var containerID = ""
        package var execID = ""

        package init() {}

        package init(containerID: String = "", execID: String = "") {
            self.containerID = containerID
            self.execID = execID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            case 2: execID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
            writer.string(2, execID)
        }
    }

    /// "/tasks/exec-started".
    package struct TaskExecStarted: ProtobufMessage {
        package var containerID = ""
        package var execID = ""
        package var pid: UInt32 = 0

        package init() {}

        package init(containerID: String = "", execID: String = "", pid: UInt32 = 0) {
            self.containerID = containerID
            self.execID = execID
            self.pid = pid
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            case 2: execID = try field.string()
            case 3: pid = try field.uint32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
            writer.string(2, execID)
            writer.uint32(3, pid)
        }
    }

    /// "/tasks/paused".
    package struct TaskPaused: ProtobufMessage {
        package var containerID = ""

        package init() {}

        package init(containerID: String = "") {
            self.containerID = containerID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
        }
    }

    /// "/tasks/resumed".
    package struct TaskResumed: ProtobufMessage {
        package var containerID = ""

        package init() {}

        package init(containerID: String = "") {
            self.containerID = containerID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: containerID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, containerID)
        }
    }
}
