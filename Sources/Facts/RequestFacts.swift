/// A client's request that could change something was answered: who asked for what, and what came of it.
///
/// The changes themselves are events of their own, before this one, with the same request id. Bodies are never kept.
package struct APIRequestAnswered: FactPayload {
    package static let typeName = "ApiRequest"

    /// Kubernetes' audit verbs: `create`, `update`, `patch`, `delete`, `deletecollection`.
    package var verb: String
    package var method: String
    /// Path and query; values that may be secrets are left out.
    package var uri: String
    /// What it was about: `pod/default/web`. Empty where the path names no object.
    package var resource: String
    /// The HTTP status.
    package var status: Int
    /// From the head of the request to the head of the answer.
    package var durationMicroseconds: Int64
    package var userAgent: String
    /// `127.0.0.1:40000`, or `unix`.
    package var remote: String
    /// The process at the other end of a unix socket.
    package var peer: RequestPeer?

    package init(
        verb: String,
        method: String,
        uri: String,
        resource: String,
        status: Int,
        durationMicroseconds: Int64,
        userAgent: String,
        remote: String,
        peer: RequestPeer?
    ) {
        self.verb = verb
        self.method = method
        self.uri = uri
        self.resource = resource
        self.status = status
        self.durationMicroseconds = durationMicroseconds
        self.userAgent = userAgent
        self.remote = remote
        self.peer = peer
    }
}

/// A process that connected to a unix socket: credentials from the kernel (unix(7), SO_PEERCRED), the rest from its
/// /proc directory when the request came, if the process was still there.
package struct RequestPeer: Codable, Hashable, Sendable {
    package var uid: UInt32
    package var gid: UInt32
    package var pid: Int32
    package var command: String?
    /// Who logged in, which sudo does not change (pam_loginuid(8)).
    package var loginUID: UInt32?
    /// The audit session.
    package var session: UInt32?
    /// The systemd unit that the process belongs to.
    package var unit: String?

    package init(
        uid: UInt32,
        gid: UInt32,
        pid: Int32,
        command: String? = nil,
        loginUID: UInt32? = nil,
        session: UInt32? = nil,
        unit: String? = nil
    ) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.command = command
        self.loginUID = loginUID
        self.session = session
        self.unit = unit
    }
}

/// Everything that is recorded of requests. The stream is resource (`swiftlet.dev`, `v1`, `requests`), no namespace, the
/// node's name.
package enum RequestFact: Hashable, Sendable {
    case answered(APIRequestAnswered)

    /// The value that is written into the log.
    package var payload: any FactPayload {
        switch self {
        case .answered(let payload): payload
        }
    }
}
