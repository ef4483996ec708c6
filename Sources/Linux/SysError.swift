import Glibc

/// A number of `errno(3)`, with its symbolic name for messages.
package struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: Int32

    package init(_ code: Int32) { self.code = code }

    /// The calling thread's current `errno`. Read it as the first statement after a failed call.
    package static var current: Errno { Errno(errno) }

    package static let noEntry = Errno(ENOENT)
    package static let exists = Errno(EEXIST)
    package static let invalidArgument = Errno(EINVAL)
    package static let noProcess = Errno(ESRCH)
    package static let notPermitted = Errno(EPERM)
    package static let accessDenied = Errno(EACCES)
    package static let again = Errno(EAGAIN)
    package static let interrupted = Errno(EINTR)
    package static let busy = Errno(EBUSY)
    package static let notDirectory = Errno(ENOTDIR)
    package static let directoryNotEmpty = Errno(ENOTEMPTY)
    package static let brokenPipe = Errno(EPIPE)
    package static let noSpace = Errno(ENOSPC)
    package static let notSupported = Errno(EOPNOTSUPP)
    package static let notImplemented = Errno(ENOSYS)
    package static let io = Errno(EIO)

    /// The text of `strerror(3)`, for example "No such file or directory".
    package var description: String {
        guard let text = unsafe strerror(code) else { return "errno \(code)" }
        return unsafe String(cString: text)
    }
}

/// A failed system call: which one, on what, and why.
package struct SysError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the call as in its manual page: "mount".
    package let call: String
    /// What it was called on, usually a path: "/run/swiftlet/runtime/k8s.io/ab12/rootfs".
    package let subject: String
    package let errno: Errno

    package init(call: String, subject: String, errno: Errno) {
        self.call = call
        self.subject = subject
        self.errno = errno
    }

    package var description: String {
        subject.isEmpty ? "\(call): \(errno)" : "\(call) \(subject): \(errno)"
    }
}

/// Runs a call that reports failure as -1 and `errno`, again after EINTR, and throws what failed on what.
///
/// - Parameters:
///   - call: The name of the call as in its manual page.
///   - subject: What it is called on; evaluated only on failure.
@discardableResult
package func sys<T: FixedWidthInteger>(
    _ call: StaticString,
    _ subject: @autoclosure () -> String,
    _ body: () -> T
) throws(SysError) -> T {
    while true {
        let result = body()
        if result != -1 { return result }
        let failure = Errno.current
        if failure != .interrupted {
            throw SysError(call: call.description, subject: subject(), errno: failure)
        }
    }
}

/// As `sys`, for the functions of `CLinux`, which return `-errno`.
@discardableResult
package func swl<T: FixedWidthInteger & SignedInteger>(
    _ call: StaticString,
    _ subject: @autoclosure () -> String,
    _ body: () -> T
) throws(SysError) -> T {
    while true {
        let result = body()
        if result >= 0 { return result }
        let failure = Errno(Int32(truncatingIfNeeded: 0 - result))
        if failure != .interrupted {
            throw SysError(call: call.description, subject: subject(), errno: failure)
        }
    }
}

// The same for the types that nearly all calls have. Generic code that another module calls finds its witnesses at run
// time, at the first call for each type: that is a tenth of the time of a program that lives for a few milliseconds.

/// As the generic `sys`.
@discardableResult
package func sys(
    _ call: StaticString,
    _ subject: @autoclosure () -> String,
    _ body: () -> Int32
) throws(SysError) -> Int32 {
    while true {
        let result = body()
        if result != -1 { return result }
        let failure = Errno.current
        if failure != .interrupted {
            throw SysError(call: call.description, subject: subject(), errno: failure)
        }
    }
}

/// As the generic `sys`.
@discardableResult
package func sys(
    _ call: StaticString,
    _ subject: @autoclosure () -> String,
    _ body: () -> Int
) throws(SysError) -> Int {
    while true {
        let result = body()
        if result != -1 { return result }
        let failure = Errno.current
        if failure != .interrupted {
            throw SysError(call: call.description, subject: subject(), errno: failure)
        }
    }
}

/// As the generic `swl`.
@discardableResult
package func swl(
    _ call: StaticString,
    _ subject: @autoclosure () -> String,
    _ body: () -> Int32
) throws(SysError) -> Int32 {
    while true {
        let result = body()
        if result >= 0 { return result }
        let failure = Errno(0 - result)
        if failure != .interrupted {
            throw SysError(call: call.description, subject: subject(), errno: failure)
        }
    }
}
