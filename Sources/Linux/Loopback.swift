import CLinux
import Glibc

/// The loopback interface of a network namespace.
package enum Loopback {
    /// Brings "lo" up in the namespace at `path` (`/proc/PID/fd/N` or a bind-mounted file of nsfs).
    ///
    /// The calling thread enters the namespace for a moment and is back in its own when this returns.
    /// - Throws: `SysError`; needs CAP_SYS_ADMIN over the namespace.
    package static func bringUp(inNamespace path: String) throws(SysError) {
        let namespace = try Descriptor.open(path, O_RDONLY)
        let raw = namespace.raw
        try swl("ioctl(SIOCSIFFLAGS)", "lo in \(path)") { swl_loopback_up(raw) }
    }
}
