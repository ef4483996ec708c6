import CLinux
import Glibc

/// Protects the running program's file against being overwritten from inside a container (CVE-2019-5736).
///
/// A process of a container can reach the program of a process that enters it through /proc/PID/exe and, once nothing
/// runs from the file any more, open it for writing. So whatever enters containers must have been executed from a
/// mount that is read-only for good, or from a sealed memory file.
package enum SealedExecutable {
    /// True if /proc/self/exe can not be opened for writing by anybody who reaches it through this process.
    package static func isSealed() throws(SysError) -> Bool {
        let file = try Descriptor.open("/proc/self/exe", O_RDONLY)
        let raw = file.raw
        if try swl("fstatvfs", "/proc/self/exe", { swl_on_readonly_mount(raw) }) == 1 { return true }
        return swl_is_sealed(raw) == 1
    }

    /// A descriptor to execute the running program from, such that the result is sealed: a private read-only clone of
    /// the mount it lies on, or (without the right to mount) a sealed copy in memory.
    package static func open() throws(SysError) -> Descriptor {
        do {
            return try clonedMount()
        } catch {
            return try sealedCopy()
        }
    }

    /// Executes the running program again from `open()`, with the same arguments and environment.
    ///
    /// Returns only on failure. The caller must hold one thread.
    package static func execute() throws(SysError) -> Never {
        let file = try open()
        let raw = file.raw
        let result = unsafe swl_exec_descriptor(raw, CommandLine.unsafeArgv, environ)
        throw SysError(call: "execveat", subject: "/proc/self/exe", errno: Errno(-result))
    }

    /// A private read-only clone of the mount that a program lies on: executed from there, it is sealed from its first
    /// instruction on.
    package static func clonedMount(of path: String = "/proc/self/exe") throws(SysError) -> Descriptor {
        let program = Descriptor(owning: try swl("open", path) { unsafe swl_open_path(path) })
        let raw = program.raw
        return Descriptor(owning: try swl("open_tree", path) { swl_clone_readonly(raw) })
    }

    private static func sealedCopy() throws(SysError) -> Descriptor {
        let source = try Descriptor.open("/proc/self/exe", O_RDONLY)
        let copy = Descriptor(owning: try swl("memfd_create", "") { unsafe swl_memfd_create("swiftlet") })
        let (from, to) = (source.raw, copy.raw)
        while try sys("sendfile", "/proc/self/exe", { sendfile(to, from, nil, 1 << 30) }) > 0 {}
        try swl("fcntl(F_ADD_SEALS)", "") { swl_seal(to) }
        return copy
    }
}
