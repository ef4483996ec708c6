import Linux

/// The directory that holds the state of all containers of one caller, like runc's `--root`.
package struct RuntimeRoot: Hashable, Sendable {
    /// Absolute. Made with mode 0700 when the first container is.
    package let path: String

    /// Where compiled seccomp programs are kept; several roots may share one directory.
    package let seccompCache: String

    package init(path: String, seccompCache: String? = nil) {
        self.path = path
        self.seccompCache = seccompCache ?? path + "/.seccomp"
    }

    /// The state directory of one container; the id must have been checked.
    func directory(_ id: String) -> String { "\(path)/\(id)" }

    func prepare() throws(RuntimeError) {
        try doing("make the state directory") { () throws(SysError) in
            try Files.makeDirectories(path, mode: 0o700)
        }
    }

    /// The ids of all containers, sorted.
    package func containers() throws(RuntimeError) -> [String] {
        guard Files.exists(path) else { return [] }
        let names = try doing("list the containers") { () throws(SysError) in try Files.list(path) }
        return names.filter { !$0.hasPrefix(".") && Files.exists("\(path)/\($0)/\(StoredState.fileName)") }
    }
}
