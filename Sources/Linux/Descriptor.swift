package import Glibc

/// An open file descriptor with one owner; closed when the owner lets go of it.
///
/// Every descriptor that we open is close-on-exec: what a child shall keep is named where it is started.
package struct Descriptor: ~Copyable, Sendable {
    /// The number, valid as long as this value lives. Borrow it for calls; never close it.
    package let raw: Int32

    /// Takes over `raw`, which nothing else may close from here on.
    package init(owning raw: Int32) { self.raw = raw }

    deinit { _ = Glibc.close(raw) }

    /// Gives the number away without closing it; the caller owns it now.
    package consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// Opens a path with `open(2)`; O_CLOEXEC is added.
    package static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SysError) -> Descriptor {
        let number = try sys("open", path) {
            unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
        }
        return Descriptor(owning: number)
    }

    /// A second descriptor of the same open file, close-on-exec.
    package borrowing func duplicate() throws(SysError) -> Descriptor { try Self.duplicate(of: raw) }

    /// A second descriptor of the open file behind a number that somebody else owns, close-on-exec.
    package static func duplicate(of number: Int32) throws(SysError) -> Descriptor {
        return Descriptor(
            owning: try sys("fcntl(F_DUPFD_CLOEXEC)", "descriptor \(number)") {
                fcntl(number, F_DUPFD_CLOEXEC, 3)
            }
        )
    }
}
