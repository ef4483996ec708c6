// Messages of our own service `io.swiftlet.logs.v1.Logs`, served by our shim: it writes the logs of containers that another
// shim makes. And the options that containerd gives to shims other than runc's.

extension Shim {
    package static let logsService = "io.swiftlet.logs.v1.Logs"

    /// `Logs/Open`: reads fifos until their writers are gone, and writes what comes into a target of our shim's kind.
    package struct OpenLogRequest: ProtobufMessage {
        package var id = ""
        /// The fifo of standard output; it exists.
        package var stdout = ""
        /// The fifo of standard error; empty with a terminal.
        package var stderr = ""
        /// A URI such as `cri:///var/log/pods/…/0.log?max-size=10485760`.
        package var target = ""

        package init() {}

        package init(id: String, stdout: String, stderr: String, target: String) {
            self.id = id
            self.stdout = stdout
            self.stderr = stderr
            self.target = target
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: id = try field.string()
            case 2: stdout = try field.string()
            case 3: stderr = try field.string()
            case 4: target = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, id)
            writer.string(2, stdout)
            writer.string(3, stderr)
            writer.string(4, target)
        }
    }

    /// `Logs/Finish`: answered when everything that was written is in the log; the fifos are closed then.
    package struct FinishLogRequest: ProtobufMessage {
        package var id = ""

        package init() {}

        package init(id: String) { self.id = id }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            if field.number == 1 { id = try field.string() }
        }

        package func write(to writer: inout ProtobufWriter) { writer.string(1, id) }
    }

    /// `runtimeoptions.v1.Options`, which containerd gives to every shim that is not runc's.
    package struct RuntimeOptions: ProtobufMessage {
        package var typeURL = ""
        package var configPath = ""
        package var configBody: [UInt8] = []

        package init() {}

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: typeURL = try field.string()
            case 2: configPath = try field.string()
            case 3: configBody = try field.bytes()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.string(1, typeURL)
            writer.string(2, configPath)
            writer.bytes(3, configBody)
        }
    }
}
