import Linux
import OCIRuntime

/// The flags in front of the command.
struct Globals {
    let root: RuntimeRoot
    let log: ErrorLog
    let driver: CgroupDriver
    /// `--config`: another configuration than the bundle's.
    let config: String?

    init(_ arguments: Arguments, _ log: ErrorLog) throws {
        self.log = log
        config = arguments.text("config")
        switch arguments.text("rootless") ?? "auto" {
        case "auto", "true", "false": break
        case let other:
            throw UsageError(description: "invalid value \"\(other)\" for --rootless: must be true, false or auto")
        }
        let manager = arguments.text("cgroup-manager")
        if let manager {
            guard let driver = CgroupDriver(rawValue: manager) else {
                throw UsageError(
                    description: "invalid cgroup manager \"\(manager)\": must be cgroupfs, systemd or disabled"
                )
            }
            if driver != .systemd, arguments.has("systemd-cgroup") {
                throw UsageError(description: "--systemd-cgroup and --cgroup-manager=\(manager) contradict each other")
            }
            self.driver = driver
        } else {
            driver = arguments.has("systemd-cgroup") ? .systemd : .cgroupfs
        }
        root = RuntimeRoot(path: try Self.absolute(arguments.text("root") ?? Self.defaultRoot))
    }

    private static var defaultRoot: String {
        if Privileges.userID != 0, let runtime = ProcessEnvironment.value("XDG_RUNTIME_DIR"), runtime.hasPrefix("/") {
            return runtime + "/swiftlet-oci"
        }
        return "/run/swiftlet-oci"
    }

    private static func absolute(_ path: String) throws -> String {
        path.hasPrefix("/") ? path : try Program.workingDirectory() + "/" + path
    }
}
