import CLinux
import Glibc

/// What the calling thread may do.
package enum Privileges {
    /// The effective user id.
    package static var userID: UInt32 { geteuid() }

    /// The effective group id.
    package static var groupID: UInt32 { getegid() }

    /// The effective and permitted capabilities, one bit each (capabilities(7)).
    package static func capabilities() throws(SysError) -> (effective: UInt64, permitted: UInt64) {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        try swl("capget", "") { unsafe swl_capabilities(&effective, &permitted) }
        return (effective, permitted)
    }

    /// The hard and soft limit of a resource (getrlimit(2)), by its number.
    package static func limit(_ resource: Int32) throws(SysError) -> (soft: UInt64, hard: UInt64) {
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        try swl("prlimit", "resource \(resource)") { unsafe swl_limit(resource, &soft, &hard) }
        return (soft, hard)
    }
}
