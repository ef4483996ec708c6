// Messages of shim v2: `containerd.runtime.bootstrap.v1`, `containerd.types` and runc's options. Field numbers are those of containerd's api/ directory.

extension Shim {
    /// `BootstrapExtension`.
    package struct BootstrapExtension: ProtobufMessage {
        package var value: AnyMessage?

        package init() {}

        package init(value: AnyMessage? = nil) {
            self.value = value
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: value = try field.message()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.message(1, value)
        }
    }

    /// What containerd 2.x gives `start` on standard input.
    package struct BootstrapParams: ProtobufMessage {
        package var instanceID = ""
        package var namespace = ""
        package var logLevel: Int32 = 0
        package var containerdVersion = ""
        package var containerdTTRPCAddress = ""
        package var containerdGRPCAddress = ""
        package var containerdBinary = ""
        package var extensions: [BootstrapExtension] = []
        package var socketDir = ""

        package init() {}

        package init(
            instanceID: String = "",
            namespace: String = "",
            logLevel: Int32 = 0,
            containerdVersion: String = "",
            containerdTTRPCAddress: String = "",
            containerdGRPCAddress: String = "",
            containerdBinary: String = "",
            extensions: [BootstrapExtension] = [],
            socketDir: String = ""
        ) {
            self.instanceID = instanceID
            self.namespace = namespace
            self.logLevel = logLevel
            self.containerdVersion = containerdVersion
            self.containerdTTRPCAddress = containerdTTRPCAddress
            self.containerdGRPCAddress = containerdGRPCAddress
            self.containerdBinary = containerdBinary
            self.extensions = extensions
            self.socketDir = socketDir
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: instanceID = try field.string()
            case 2: namespace = try field.string()
            case 3: logLevel = try field.int32()
            case 4: containerdVersion = try field.string()
            case 5: containerdTTRPCAddress = try field.string()
            case 6: containerdGRPCAddress = try field.string()
            case 7: containerdBinary = try field.string()
            case 8: extensions.append(try field.message())
            case 9: socketDir = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, instanceID)
            writer.string(2, namespace)
            writer.int32(3, logLevel)
            writer.string(4, containerdVersion)
            writer.string(5, containerdTTRPCAddress)
            writer.string(6, containerdGRPCAddress)
            writer.string(7, containerdBinary)
            writer.messages(8, extensions)
            writer.string(9, socketDir)
        }
    }

    /// What `start` prints for a containerd that gave `BootstrapParams`.
    package struct BootstrapResult: ProtobufMessage {
        /// Of the task service: 2 or 3.
        package var version: Int32 = 0
        package var address = ""
        /// "ttrpc".
        package var protocolName = ""
        package var metadata: [String: String] = [:]

        package init() {}

        package init(
            version: Int32 = 0,
            address: String = "",
            protocolName: String = "",
            metadata: [String: String] = [:]
        ) {
            self.version = version
            self.address = address
            self.protocolName = protocolName
            self.metadata = metadata
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: version = try field.int32()
            case 2: address = try field.string()
            case 3: protocolName = try field.string()
            case 5:
                let entry = try field.stringPair()
                metadata[entry.key] = entry.value
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.int32(1, version)
            writer.string(2, address)
            writer.string(3, protocolName)
            writer.map(5, metadata)
        }
    }

    /// `RuntimeVersion`.
    package struct RuntimeVersion: ProtobufMessage {
        package var version = ""
        package var revision = ""

        package init() {}

        package init(version: String = "", revision: String = "") {
            self.version = version
            self.revision = revision
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: version = try field.string()
            case 2: revision = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, version)
            writer.string(2, revision)
        }
    }

    /// What `-info` prints.
    package struct RuntimeInfo: ProtobufMessage {
        package var name = ""
        package var version: RuntimeVersion?
        package var options: AnyMessage?
        package var features: AnyMessage?
        package var annotations: [String: String] = [:]

        package init() {}

        package init(
            name: String = "",
            version: RuntimeVersion? = nil,
            options: AnyMessage? = nil,
            features: AnyMessage? = nil,
            annotations: [String: String] = [:]
        ) {
            self.name = name
            self.version = version
            self.options = options
            self.features = features
            self.annotations = annotations
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: name = try field.string()
            case 2: version = try field.message()
            case 3: options = try field.message()
            case 4: features = try field.message()
            case 5:
                let entry = try field.stringPair()
                annotations[entry.key] = entry.value
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, name)
            writer.message(2, version)
            writer.message(3, options)
            writer.message(4, features)
            writer.map(5, annotations)
        }
    }

    /// `containerd.runc.v1.Options`, in `CreateTaskRequest.options`.
    package struct RuncOptions: ProtobufMessage {
        package var noPivotRoot = false
        package var noNewKeyring = false
        package var shimCgroup = ""
        package var ioUID: UInt32 = 0
        package var ioGID: UInt32 = 0
        package var binaryName = ""
        package var root = ""
        package var systemdCgroup = false
        package var criuImagePath = ""
        package var criuWorkPath = ""
        package var taskAPIAddress = ""
        package var taskAPIVersion: UInt32 = 0

        package init() {}

        package init(
            noPivotRoot: Bool = false,
            noNewKeyring: Bool = false,
            shimCgroup: String = "",
            ioUID: UInt32 = 0,
            ioGID: UInt32 = 0,
            binaryName: String = "",
            root: String = "",
            systemdCgroup: Bool = false,
            criuImagePath: String = "",
            criuWorkPath: String = "",
            taskAPIAddress: String = "",
            taskAPIVersion: UInt32 = 0
        ) {
            self.noPivotRoot = noPivotRoot
            self.noNewKeyring = noNewKeyring
            self.shimCgroup = shimCgroup
            self.ioUID = ioUID
            self.ioGID = ioGID
            self.binaryName = binaryName
            self.root = root
            self.systemdCgroup = systemdCgroup
            self.criuImagePath = criuImagePath
            self.criuWorkPath = criuWorkPath
            self.taskAPIAddress = taskAPIAddress
            self.taskAPIVersion = taskAPIVersion
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: noPivotRoot = try field.bool()
            case 2: noNewKeyring = try field.bool()
            case 3: shimCgroup = try field.string()
            case 4: ioUID = try field.uint32()
            case 5: ioGID = try field.uint32()
            case 6: binaryName = try field.string()
            case 7: root = try field.string()
            case 9: systemdCgroup = try field.bool()
            case 10: criuImagePath = try field.string()
            case 11: criuWorkPath = try field.string()
            case 12: taskAPIAddress = try field.string()
            case 13: taskAPIVersion = try field.uint32()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.bool(1, noPivotRoot)
            writer.bool(2, noNewKeyring)
            writer.string(3, shimCgroup)
            writer.uint32(4, ioUID)
            writer.uint32(5, ioGID)
            writer.string(6, binaryName)
            writer.string(7, root)
            writer.bool(9, systemdCgroup)
            writer.string(10, criuImagePath)
            writer.string(11, criuWorkPath)
            writer.string(12, taskAPIAddress)
            writer.uint32(13, taskAPIVersion)
        }
    }
}
