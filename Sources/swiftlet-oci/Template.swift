import JSON
import Linux
import OCI
import OCIRuntime

/// `features` and `spec`.
enum Features {
    static func text() throws -> String {
        try JSONCoding.value(of: RuntimeFeatures.ours).text(pretty: true) + "\n"
    }
}

/// A config.json to start from.
enum Template {
    static func write(_ arguments: Arguments) throws {
        let path = (arguments.text("bundle") ?? ".") + "/config.json"
        if Files.exists(path) {
            throw UsageError(description: "File \(path) exists. Remove it first")
        }
        var spec = RuntimeSpec.template
        if arguments.has("rootless") { makeRootless(&spec) }
        let bytes = try JSONCoding.encode(spec, pretty: true) + [0x0A]
        try Files.replaceUnsynced(path, with: bytes, mode: 0o644)
    }

    /// What the kernel allows without root: a user namespace of one id, the host's network, no limits.
    private static func makeRootless(_ spec: inout RuntimeSpec) {
        let kept = (spec.linux?.namespaces ?? []).filter { $0.type != .network && $0.type != .user }
        spec.linux?.namespaces = kept + [RuntimeSpec.Namespace(type: .user)]
        spec.linux?.uidMappings = [.init(containerID: 0, hostID: Privileges.userID, size: 1)]
        spec.linux?.gidMappings = [.init(containerID: 0, hostID: Privileges.groupID, size: 1)]
        spec.linux?.resources = nil
        // A sysfs of its own belongs to a network namespace of its own.
        let hosts = RuntimeSpec.Mount(
            destination: "/sys",
            type: "none",
            source: "/sys",
            options: ["rbind", "nosuid", "noexec", "nodev", "ro"]
        )
        spec.mounts = spec.mounts?.map { mount in
            guard mount.destination != hosts.destination else { return hosts }
            var mount = mount
            // Ids other than the own one do not exist there.
            mount.options?.removeAll { $0.hasPrefix("gid=") || $0.hasPrefix("uid=") }
            return mount
        }
    }
}
