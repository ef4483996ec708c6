// Messages of shim v2: the calls of the task services that act on a running container. Field numbers are those of containerd's api/ directory.

extension Shim {
    /// `ExecProcessRequest`.
    package struct ExecProcessRequest: ProtobufMessage {
        package var id = ""
        package var execID = ""
        package var terminal = false
        package var stdin = ""
        package var stdout = ""
        package var stderr = ""
        /// JSON of the runtime-spec's Process.
        package var spec: AnyMessage?

        package init() {}

        package init(
            id: String = "",
            execID: String = "",
            terminal: Bool = false,
            stdin: String = "",
            stdout: String = "",
            stderr: String = "",
            spec: AnyMessage? = nil
        ) {
            self.id = id
            self.execID = execID
            self.terminal = terminal
            self.stdin = stdin
            self.stdout = stdout
            self.stderr = stderr
            self.spec = spec
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: execID = try field.string()
            case 3: terminal = try field.bool()
            case 4: stdin = try field.string()
            case 5: stdout = try field.string()
            case 6: stderr = try field.string()
            case 7: spec = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, execID)
            writer.bool(3, terminal)
            writer.string(4, stdin)
            writer.string(5, stdout)
            writer.string(6, stderr)
            writer.message(7, spec)
        }
    }

    /// `ResizePtyRequest`.
    package struct ResizePtyRequest: ProtobufMessage {
        package var id = ""
        package var execID = ""
        package var width: UInt32 = 0
        package var height: UInt32 = 0

        package init() {}

        package init(id: String = "", execID: String = "", width: UInt32 = 0, height: UInt32 = 0) {
            self.id = id
            self.execID = execID
            self.width = width
            self.height = height
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: execID = try field.string()
            case 3: width = try field.uint32()
            case 4: height = try field.uint32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, execID)
            writer.uint32(3, width)
            writer.uint32(4, height)
        }
    }

    /// `CloseIORequest`.
    package struct CloseIORequest: ProtobufMessage {
        package var id = ""
        package var execID = ""
        package var stdin = false

        package init() {}

        package init(id: String = "", execID: String = "", stdin: Bool = false) {
            self.id = id
            self.execID = execID
            self.stdin = stdin
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: execID = try field.string()
            case 3: stdin = try field.bool()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, execID)
            writer.bool(3, stdin)
        }
    }

    /// `PidsRequest`.
    package struct PidsRequest: ProtobufMessage {
        package var id = ""

        package init() {}

        package init(id: String = "") {
            self.id = id
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
        }
    }

    /// `PidsResponse`.
    package struct PidsResponse: ProtobufMessage {
        package var processes: [ProcessInfo] = []

        package init() {}

        package init(processes: [ProcessInfo] = []) {
            self.processes = processes
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: processes.append(try field.message())
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.messages(1, processes)
        }
    }

    /// `CheckpointTaskRequest`.
    package struct CheckpointTaskRequest: ProtobufMessage {
        package var id = ""
        package var path = ""
        package var options: AnyMessage?

        package init() {}

        package init(id: String = "", path: String = "", options: AnyMessage? = nil) {
            self.id = id
            self.path = path
            self.options = options
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: path = try field.string()
            case 3: options = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, path)
            writer.message(3, options)
        }
    }

    /// `UpdateTaskRequest`.
    package struct UpdateTaskRequest: ProtobufMessage {
        package var id = ""
        /// JSON of the runtime-spec's LinuxResources.
        package var resources: AnyMessage?
        package var annotations: [String: String] = [:]

        package init() {}

        package init(id: String = "", resources: AnyMessage? = nil, annotations: [String: String] = [:]) {
            self.id = id
            self.resources = resources
            self.annotations = annotations
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: resources = try field.message()
            case 3:
                let entry = try field.stringPair()
                annotations[entry.key] = entry.value
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.message(2, resources)
            writer.map(3, annotations)
        }
    }

    /// `StatsRequest`.
    package struct StatsRequest: ProtobufMessage {
        package var id = ""

        package init() {}

        package init(id: String = "") {
            self.id = id
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
        }
    }

    /// `StatsResponse`.
    package struct StatsResponse: ProtobufMessage {
        package var stats: AnyMessage?

        package init() {}

        package init(stats: AnyMessage? = nil) {
            self.stats = stats
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: stats = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.message(1, stats)
        }
    }

    /// `ConnectRequest`.
    package struct ConnectRequest: ProtobufMessage {
        package var id = ""

        package init() {}

        package init(id: String = "") {
            self.id = id
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
        }
    }

    /// `ConnectResponse`.
    package struct ConnectResponse: ProtobufMessage {
        package var shimPID: UInt32 = 0
        package var taskPID: UInt32 = 0
        package var version = ""

        package init() {}

        package init(shimPID: UInt32 = 0, taskPID: UInt32 = 0, version: String = "") {
            self.shimPID = shimPID
            self.taskPID = taskPID
            self.version = version
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: shimPID = try field.uint32()
            case 2: taskPID = try field.uint32()
            case 3: version = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.uint32(1, shimPID)
            writer.uint32(2, taskPID)
            writer.string(3, version)
        }
    }

    /// `Task/Shutdown`: ends the shim if it has no containers left; with `now` in any case.
    package struct ShutdownRequest: ProtobufMessage {
        package var id = ""
        package var now = false

        package init() {}

        package init(id: String = "", now: Bool = false) {
            self.id = id
            self.now = now
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: now = try field.bool()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.bool(2, now)
        }
    }

    /// `PauseRequest`.
    package struct PauseRequest: ProtobufMessage {
        package var id = ""

        package init() {}

        package init(id: String = "") {
            self.id = id
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
        }
    }

    /// `ResumeRequest`.
    package struct ResumeRequest: ProtobufMessage {
        package var id = ""

        package init() {}

        package init(id: String = "") {
            self.id = id
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
        }
    }
}
