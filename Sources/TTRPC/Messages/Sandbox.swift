// Messages of shim v2: `containerd.runtime.sandbox.v1`. Field numbers are those of containerd's api/ directory.

extension Shim {
    /// `CreateSandboxRequest`.
    package struct CreateSandboxRequest: ProtobufMessage {
        package var sandboxID = ""
        package var bundlePath = ""
        package var rootfs: [Mount] = []
        /// For our shim: JSON of `SandboxOptions`, see the shim.
        package var options: AnyMessage?
        /// An existing network namespace to use, or empty.
        package var netnsPath = ""
        package var annotations: [String: String] = [:]

        package init() {}

        package init(
            sandboxID: String = "",
            bundlePath: String = "",
            rootfs: [Mount] = [],
            options: AnyMessage? = nil,
            netnsPath: String = "",
            annotations: [String: String] = [:]
        ) {
            self.sandboxID = sandboxID
            self.bundlePath = bundlePath
            self.rootfs = rootfs
            self.options = options
            self.netnsPath = netnsPath
            self.annotations = annotations
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            case 2: bundlePath = try field.string()
            case 3: rootfs.append(try field.message())
            case 4: options = try field.message()
            case 5: netnsPath = try field.string()
            case 6:
                let entry = try field.stringPair()
                annotations[entry.key] = entry.value
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
            writer.string(2, bundlePath)
            writer.messages(3, rootfs)
            writer.message(4, options)
            writer.string(5, netnsPath)
            writer.map(6, annotations)
        }
    }

    /// `CreateSandboxResponse`.
    package struct CreateSandboxResponse: ProtobufMessage {
        package init() {}

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {}

        package func write(to writer: inout ProtobufWriter) {}
    }

    /// `StartSandboxRequest`.
    package struct StartSandboxRequest: ProtobufMessage {
        package var sandboxID = ""

        package init() {}

        package init(sandboxID: String = "") {
            self.sandboxID = sandboxID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
        }
    }

    /// `StartSandboxResponse`.
    package struct StartSandboxResponse: ProtobufMessage {
        package var pid: UInt32 = 0
        package var createdAt: Timestamp?
        package var spec: AnyMessage?

        package init() {}

        package init(pid: UInt32 = 0, createdAt: Timestamp? = nil, spec: AnyMessage? = nil) {
            self.pid = pid
            self.createdAt = createdAt
            self.spec = spec
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: pid = try field.uint32()
            case 2: createdAt = try field.message()
            case 3: spec = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.uint32(1, pid)
            writer.message(2, createdAt)
            writer.message(3, spec)
        }
    }

    /// `PlatformRequest`.
    package struct PlatformRequest: ProtobufMessage {
        package var sandboxID = ""

        package init() {}

        package init(sandboxID: String = "") {
            self.sandboxID = sandboxID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
        }
    }

    /// `PlatformResponse`.
    package struct PlatformResponse: ProtobufMessage {
        package var platform: Platform?

        package init() {}

        package init(platform: Platform? = nil) {
            self.platform = platform
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: platform = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.message(1, platform)
        }
    }

    /// `StopSandboxRequest`.
    package struct StopSandboxRequest: ProtobufMessage {
        package var sandboxID = ""
        package var timeoutSecs: UInt32 = 0

        package init() {}

        package init(sandboxID: String = "", timeoutSecs: UInt32 = 0) {
            self.sandboxID = sandboxID
            self.timeoutSecs = timeoutSecs
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            case 2: timeoutSecs = try field.uint32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
            writer.uint32(2, timeoutSecs)
        }
    }

    /// `StopSandboxResponse`.
    package struct StopSandboxResponse: ProtobufMessage {
        package init() {}

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {}

        package func write(to writer: inout ProtobufWriter) {}
    }

    /// `WaitSandboxRequest`.
    package struct WaitSandboxRequest: ProtobufMessage {
        package var sandboxID = ""

        package init() {}

        package init(sandboxID: String = "") {
            self.sandboxID = sandboxID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
        }
    }

    /// `WaitSandboxResponse`.
    package struct WaitSandboxResponse: ProtobufMessage {
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

    /// `SandboxStatusRequest`.
    package struct SandboxStatusRequest: ProtobufMessage {
        package var sandboxID = ""
        package var verbose = false

        package init() {}

        package init(sandboxID: String = "", verbose: Bool = false) {
            self.sandboxID = sandboxID
            self.verbose = verbose
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            case 2: verbose = try field.bool()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
            writer.bool(2, verbose)
        }
    }

    /// `SandboxStatusResponse`.
    package struct SandboxStatusResponse: ProtobufMessage {
        package var sandboxID = ""
        package var pid: UInt32 = 0
        /// `SANDBOX_READY` or `SANDBOX_NOTREADY`.
        package var state = ""
        package var info: [String: String] = [:]
        package var createdAt: Timestamp?
        package var exitedAt: Timestamp?
        package var extra: AnyMessage?

        package init() {}

        package init(
            sandboxID: String = "",
            pid: UInt32 = 0,
            state: String = "",
            info: [String: String] = [:],
            createdAt: Timestamp? = nil,
            exitedAt: Timestamp? = nil,
            extra: AnyMessage? = nil
        ) {
            self.sandboxID = sandboxID
            self.pid = pid
            self.state = state
            self.info = info
            self.createdAt = createdAt
            self.exitedAt = exitedAt
            self.extra = extra
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            case 2: pid = try field.uint32()
            case 3: state = try field.string()
            case 4:
                let entry = try field.stringPair()
                info[entry.key] = entry.value
            case 5: createdAt = try field.message()
            case 6: exitedAt = try field.message()
            case 7: extra = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
            writer.uint32(2, pid)
            writer.string(3, state)
            writer.map(4, info)
            writer.message(5, createdAt)
            writer.message(6, exitedAt)
            writer.message(7, extra)
        }
    }

    /// `PingRequest`.
    package struct PingRequest: ProtobufMessage {
        package var sandboxID = ""

        package init() {}

        package init(sandboxID: String = "") {
            self.sandboxID = sandboxID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
        }
    }

    /// `PingResponse`.
    package struct PingResponse: ProtobufMessage {
        package init() {}

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {}

        package func write(to writer: inout ProtobufWriter) {}
    }

    /// `ShutdownSandboxRequest`.
    package struct ShutdownSandboxRequest: ProtobufMessage {
        package var sandboxID = ""

        package init() {}

        package init(sandboxID: String = "") {
            self.sandboxID = sandboxID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
        }
    }

    /// `ShutdownSandboxResponse`.
    package struct ShutdownSandboxResponse: ProtobufMessage {
        package init() {}

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {}

        package func write(to writer: inout ProtobufWriter) {}
    }

    /// `SandboxMetricsRequest`.
    package struct SandboxMetricsRequest: ProtobufMessage {
        package var sandboxID = ""

        package init() {}

        package init(sandboxID: String = "") {
            self.sandboxID = sandboxID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: sandboxID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, sandboxID)
        }
    }

    /// `SandboxMetricsResponse`.
    package struct SandboxMetricsResponse: ProtobufMessage {
        package var metrics: Metric?

        package init() {}

        package init(metrics: Metric? = nil) {
            self.metrics = metrics
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: metrics = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.message(1, metrics)
        }
    }
}
