package import Linux

/// Why systemd could not be asked, or what it answered.
package struct BusError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What callers tell apart.
    package enum Kind: Hashable, Sendable {
        /// Nobody listens, or the connection broke.
        case unreachable
        /// The other side refused the caller's identity.
        case authentication
        /// What came is not D-Bus, or more than is allowed.
        case malformed
        /// The other side answered with an error; `name` says which.
        case refused
        /// No answer in time.
        case timeout
        /// systemd took the job and did not finish it: "failed", "canceled", "timeout", "dependency", "skipped".
        case job
    }

    package let kind: Kind
    /// The D-Bus name of the error: "org.freedesktop.systemd1.UnitExists".
    package let name: String?
    package let message: String
    package let errno: Errno?

    package init(_ kind: Kind, name: String? = nil, _ message: String, errno: Errno? = nil) {
        self.kind = kind
        self.name = name
        self.message = message
        self.errno = errno
    }

    init(_ failure: SysError) { self.init(.unreachable, "\(failure)", errno: failure.errno) }

    package var description: String {
        guard let name else { return message }
        return message.isEmpty ? name : "\(message) (\(name))"
    }
}
