/// Where a process's standard descriptors come from.
package enum Stdio: Hashable, Sendable {
    /// Numbers of open descriptors of the caller, which keeps them: the process gets copies.
    case descriptors(input: Int32, output: Int32, errors: Int32)
    /// With `process.terminal`: the runtime makes a terminal and hands the master back to the caller.
    case console
}

/// How a container is made, besides its configuration.
package struct CreateOptions: Hashable, Sendable {
    package var id: String
    /// The bundle's directory; relative paths of the configuration start here.
    package var bundle: String
    package var stdio: Stdio
    /// The configuration is another file than the bundle's `config.json`.
    package var isForeignConfiguration = false
    /// With `process.terminal`: a listening unix socket that gets the master of the terminal.
    package var consoleSocket: String?
    /// A file that gets the pid of the init process.
    package var pidFile: String?
    /// Use MS_MOVE and chroot where pivot_root cannot be used (initramfs).
    package var noPivot = false
    package var noNewKeyring = false
    /// The caller starts it itself, by `CreatedContainer.start`: nothing is left on disk for another process to start it.
    package var startsAtOnce = false
    /// Who makes the cgroups.
    package var cgroupDriver = CgroupDriver.cgroupfs
    /// The caller has a service manager that waits for "ready" of the program: it gets a socket for that.
    package var notifies = false
    /// Descriptors from 3 on that the process inherits.
    package var preserveDescriptors = 0

    package init(id: String, bundle: String, stdio: Stdio = .descriptors(input: 0, output: 1, errors: 2)) {
        self.id = id
        self.bundle = bundle
        self.stdio = stdio
    }
}
