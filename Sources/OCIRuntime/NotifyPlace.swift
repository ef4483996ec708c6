import Linux
import OCI

/// Where a container's program tells the service manager of the runtime's caller that it is ready (sd_notify(3)).
///
/// The places are runc's. The directory is mounted when the container is made; who starts it listens there, for only the
/// runtime may speak to the manager: what the program says is reduced to "ready".
enum NotifyPlace {
    static let directory = "notify"
    private static let socket = "notify.sock"
    private static let inside = "/run/notify"

    static func path(_ stateDirectory: String) -> String { "\(stateDirectory)/\(directory)/\(socket)" }

    /// Adds the mount and the variable to a configuration.
    static func add(to spec: inout RuntimeSpec, stateDirectory: String) {
        let mount = RuntimeSpec.Mount(
            destination: inside,
            source: "\(stateDirectory)/\(directory)",
            options: ["bind", "nosuid", "noexec", "nodev", "ro"]
        )
        spec.mounts = (spec.mounts ?? []) + [mount]
        let given = spec.process?.env ?? []
        spec.process?.env = given + ["NOTIFY_SOCKET=\(inside)/\(socket)"]
    }
}

extension Container {
    /// Where to listen for the program's notifications; nil if it was made for a caller without service manager.
    package var notifySocketPath: String? {
        Files.isDirectory("\(directory)/\(NotifyPlace.directory)") ? NotifyPlace.path(directory) : nil
    }
}
