// Messages of shim v2: types that several services share. Field numbers are those of containerd's api/ directory.

extension Shim {
    /// `google.protobuf.Any`: a message of a type known by name only. containerd writes no `type.googleapis.com/` before it.
    package struct AnyMessage: ProtobufMessage {
        package var typeURL = ""
        package var value: [UInt8] = []

        package init() {}

        package init(typeURL: String = "", value: [UInt8] = []) {
            self.typeURL = typeURL
            self.value = value
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: typeURL = try field.string()
            case 2: value = try field.bytes()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, typeURL)
            writer.bytes(2, value)
        }
    }

    /// `google.protobuf.Timestamp`: since 1970-01-01 00:00:00 UTC.
    package struct Timestamp: ProtobufMessage {
        package var seconds: Int64 = 0
        package var nanos: Int32 = 0

        package init() {}

        package init(seconds: Int64 = 0, nanos: Int32 = 0) {
            self.seconds = seconds
            self.nanos = nanos
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: seconds = try field.int64()
            case 2: nanos = try field.int32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.int64(1, seconds)
            writer.int32(2, nanos)
        }
    }

    /// `google.protobuf.Empty`.
    package struct Empty: ProtobufMessage {
        package init() {}

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {}

        package func write(to writer: inout ProtobufWriter) {}
    }

    /// One `mount(2)` of a root filesystem, with options as in fstab.
    package struct Mount: ProtobufMessage {
        package var type = ""
        package var source = ""
        package var target = ""
        package var options: [String] = []

        package init() {}

        package init(type: String = "", source: String = "", target: String = "", options: [String] = []) {
            self.type = type
            self.source = source
            self.target = target
            self.options = options
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: type = try field.string()
            case 2: source = try field.string()
            case 3: target = try field.string()
            case 4: options.append(try field.string())
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, type)
            writer.string(2, source)
            writer.string(3, target)
            writer.strings(4, options)
        }
    }

    /// One process of a container; `info` holds `ProcessDetails` for processes that exec started.
    package struct ProcessInfo: ProtobufMessage {
        package var pid: UInt32 = 0
        package var info: AnyMessage?

        package init() {}

        package init(pid: UInt32 = 0, info: AnyMessage? = nil) {
            self.pid = pid
            self.info = info
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: pid = try field.uint32()
            case 2: info = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.uint32(1, pid)
            writer.message(2, info)
        }
    }

    /// `containerd.runc.v1.ProcessDetails`.
    package struct ProcessDetails: ProtobufMessage {
        package var execID = ""

        package init() {}

        package init(execID: String = "") {
            self.execID = execID
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: execID = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, execID)
        }
    }

    /// `Platform`.
    package struct Platform: ProtobufMessage {
        package var os = ""
        package var architecture = ""
        package var variant = ""

        package init() {}

        package init(os: String = "", architecture: String = "", variant: String = "") {
            self.os = os
            self.architecture = architecture
            self.variant = variant
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: os = try field.string()
            case 2: architecture = try field.string()
            case 3: variant = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, os)
            writer.string(2, architecture)
            writer.string(3, variant)
        }
    }

    /// `Metric`.
    package struct Metric: ProtobufMessage {
        package var timestamp: Timestamp?
        package var id = ""
        package var data: AnyMessage?

        package init() {}

        package init(timestamp: Timestamp? = nil, id: String = "", data: AnyMessage? = nil) {
            self.timestamp = timestamp
            self.id = id
            self.data = data
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: timestamp = try field.message()
            case 2: id = try field.string()
            case 3: data = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.message(1, timestamp)
            writer.string(2, id)
            writer.message(3, data)
        }
    }
}
