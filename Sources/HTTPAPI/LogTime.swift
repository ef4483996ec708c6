import HTTPTypes
import KubernetesAPI

/// A time of the log in RFC 3339 with microseconds.
func agentTime(_ microseconds: Int64) -> String { MicroTime(microsecondsSince1970: microseconds).description }

extension HTTPField.Name {
    /// The id after which a stream of server-sent events goes on (HTML, 9.2 Server-sent events).
    static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .range
}
