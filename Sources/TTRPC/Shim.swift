/// The shim v2 protocol: names of services and the small types around its messages.
package enum Shim {
    package static let taskServiceV2 = "containerd.task.v2.Task"
    package static let taskServiceV3 = "containerd.task.v3.Task"
    package static let sandboxService = "containerd.runtime.sandbox.v1.Sandbox"
    package static let eventsService = "containerd.services.events.ttrpc.v1.Events"
    /// The key of the metadata that names the containerd namespace of a call.
    package static let namespaceKey = "containerd-namespace-ttrpc"

    /// `containerd.v1.types.Status` of a process.
    package struct Status: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let unknown = Status(rawValue: 0)
        package static let created = Status(rawValue: 1)
        package static let running = Status(rawValue: 2)
        package static let stopped = Status(rawValue: 3)
        package static let paused = Status(rawValue: 4)
        package static let pausing = Status(rawValue: 5)

        package var description: String {
            switch self {
            case .created: "CREATED"
            case .running: "RUNNING"
            case .stopped: "STOPPED"
            case .paused: "PAUSED"
            case .pausing: "PAUSING"
            default: "UNKNOWN"
            }
        }
    }
}

extension Shim.Timestamp {
    /// What Go writes for "never": the first second of the year 1.
    package static let never = Shim.Timestamp(seconds: -62_135_596_800)

    /// True for `never` and for the default value.
    package var isNever: Bool { seconds <= 0 }

    package init(nanosecondsSince1970: Int64) {
        let (seconds, nanos) = nanosecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(seconds: nanos < 0 ? seconds - 1 : seconds, nanos: Int32(nanos < 0 ? nanos + 1_000_000_000 : nanos))
    }

    package var nanosecondsSince1970: Int64 { seconds &* 1_000_000_000 &+ Int64(nanos) }
}

extension Shim.AnyMessage {
    /// Wraps a message of a type that containerd knows by `typeURL`, such as "containerd.events.TaskExit".
    package init(_ typeURL: String, _ message: some ProtobufMessage) {
        self.init(typeURL: typeURL, value: message.protobuf)
    }

    /// The type's name without a prefix such as "type.googleapis.com/".
    package var typeName: String { typeURL.split(separator: "/").last.map(String.init) ?? typeURL }
}
