import Linux
package import TTRPC

/// Who makes the containers of a pod: the name that a pod's `runtimeClassName` uses, and the shim behind it.
///
/// Names, types and options are those of containerd's configuration of its CRI plugin.
package struct RuntimeHandler: Hashable, Sendable {
    /// The value of an option: what TOML has.
    package enum Option: Hashable, Sendable {
        case text(String)
        case flag(Bool)
        case number(Int64)
    }

    /// Our own shim; a handler of this type can name another OCI runtime with the option `BinaryName`.
    package static let ownType = "io.containerd.swiftlet.v1"
    package static let runcType = "io.containerd.runc.v2"

    package var name: String
    /// For example `io.containerd.runc.v2`; the shim's name follows from it.
    package var type: String
    /// The shim's absolute path; empty looks for it on the usual PATH.
    package var path: String
    package var options: [String: Option]

    package init(name: String, type: String, path: String = "", options: [String: Option] = [:]) {
        self.name = name
        self.type = type
        self.path = path
        self.options = options
    }

    /// What our own runtime is called.
    package static let ownName = "swiftlet"

    /// True if the pod's own shim makes the containers.
    var isOurs: Bool { type == Self.ownType }

    /// `containerd-shim-runc-v2` for `io.containerd.runc.v2`: containerd's rule. Nil if the type has no such form.
    package var shimName: String? {
        let parts = type.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, !type.contains("/"), let version = parts.last, !version.isEmpty else { return nil }
        let name = parts[parts.count - 2]
        return name.isEmpty ? nil : "containerd-shim-\(name)-\(version)"
    }

    /// The shim's file.
    ///
    /// - Throws: `CoreError.runtimeHandler` with what to install or to set.
    func program() throws(CoreError) -> String {
        if !path.isEmpty {
            guard Files.exists(path) else {
                throw .runtimeHandler(name, "there is no shim at \(path); correct runtimes.\(name).path")
            }
            return path
        }
        guard let shimName else { throw .runtimeHandler(name, "\"\(type)\" is not like io.containerd.NAME.vN") }
        for directory in [
            "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/kata/bin",
        ] {
            let candidate = directory + "/" + shimName
            if Files.exists(candidate) { return candidate }
        }
        throw .runtimeHandler(
            name,
            "there is no \(shimName) in the usual directories; install it or set runtimes.\(name).path"
        )
    }
}

// MARK: Options

extension RuntimeHandler {
    /// The options as the shim of this type reads them; nil if there are none.
    ///
    /// - Throws: A sentence that names an option that is unknown or of the wrong kind.
    package func encodedOptions() throws(RuntimeOptionError) -> Shim.AnyMessage? {
        guard !options.isEmpty else { return nil }
        if type == Self.runcType || isOurs {
            return Shim.AnyMessage("containerd.runc.v1.Options", try runcOptions())
        }
        return Shim.AnyMessage("runtimeoptions.v1.Options", try generalOptions())
    }

    private func runcOptions() throws(RuntimeOptionError) -> Shim.RuncOptions {
        var result = Shim.RuncOptions()
        for (key, value) in options {
            switch Self.normalized(key) {
            case "nopivotroot": result.noPivotRoot = try flag(key, value)
            case "nonewkeyring": result.noNewKeyring = try flag(key, value)
            case "shimcgroup": result.shimCgroup = try text(key, value)
            case "iouid": result.ioUID = try number(key, value)
            case "iogid": result.ioGID = try number(key, value)
            case "binaryname": result.binaryName = try text(key, value)
            case "root": result.root = try text(key, value)
            case "systemdcgroup": result.systemdCgroup = try flag(key, value)
            case "criuimagepath": result.criuImagePath = try text(key, value)
            case "criuworkpath": result.criuWorkPath = try text(key, value)
            default:
                throw RuntimeOptionError(
                    "runtimes.\(name).options: unknown option \(key); \(type) knows NoPivotRoot, NoNewKeyring, "
                        + "ShimCgroup, IoUid, IoGid, BinaryName, Root, SystemdCgroup, CriuImagePath and CriuWorkPath"
                )
            }
        }
        return result
    }

    /// What containerd gives to every shim but runc's.
    private func generalOptions() throws(RuntimeOptionError) -> Shim.RuntimeOptions {
        var result = Shim.RuntimeOptions()
        for (key, value) in options {
            switch Self.normalized(key) {
            case "typeurl": result.typeURL = try text(key, value)
            case "configpath": result.configPath = try text(key, value)
            case "configbody": result.configBody = Array(try text(key, value).utf8)
            default:
                throw RuntimeOptionError(
                    "runtimes.\(name).options: unknown option \(key); \(type) knows TypeUrl, ConfigPath and ConfigBody"
                )
            }
        }
        return result
    }

    /// `SystemdCgroup`, `systemd_cgroup` and `systemdCgroup` are one.
    private static func normalized(_ key: String) -> String { key.filter { $0 != "_" }.lowercased() }

    private func flag(_ key: String, _ value: Option) throws(RuntimeOptionError) -> Bool {
        if case .flag(let flag) = value { return flag }
        throw RuntimeOptionError("runtimes.\(name).options.\(key) must be true or false")
    }

    private func text(_ key: String, _ value: Option) throws(RuntimeOptionError) -> String {
        if case .text(let text) = value { return text }
        throw RuntimeOptionError("runtimes.\(name).options.\(key) must be a string")
    }

    private func number(_ key: String, _ value: Option) throws(RuntimeOptionError) -> UInt32 {
        if case .number(let number) = value, let exact = UInt32(exactly: number) { return exact }
        throw RuntimeOptionError("runtimes.\(name).options.\(key) must be a number")
    }

    /// True if runc's shim shall have systemd make the cgroups, whose paths then have another form.
    var usesSystemdCgroups: Bool {
        options.contains { Self.normalized($0.key) == "systemdcgroup" && $0.value == .flag(true) }
    }
}

/// An option of a runtime handler that makes no sense.
package struct RuntimeOptionError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
