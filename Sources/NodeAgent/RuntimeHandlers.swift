package import RuntimeCore
import TOMLKit

/// The section `[runtimes.NAME]` of config.toml: who makes the containers of pods with `runtimeClassName: NAME`.
package enum RuntimeHandlers {
    static let section = "runtimes"

    /// Without any configuration: our own runtime by name, and runc's shim where containerd is installed.
    package static let builtIn: [String: RuntimeHandler] = [
        "swiftlet": RuntimeHandler(name: "swiftlet", type: RuntimeHandler.ownType),
        "runc": RuntimeHandler(name: "runc", type: RuntimeHandler.runcType),
    ]

    static let defaultText = """

        # Runtimes for pods with a runtimeClassName: any containerd shim v2. "swiftlet" (our own) and "runc" are always
        # there; name them again to change them. The shim's name follows from the type, as with containerd; path says
        # where it is. Options are containerd's: BinaryName, Root, SystemdCgroup, NoPivotRoot, … for runc's shim and for
        # our own, TypeUrl, ConfigPath and ConfigBody for all others.
        #
        # [runtimes.runc]
        # type = "io.containerd.runc.v2"
        # path = "/usr/bin/containerd-shim-runc-v2"
        # [runtimes.runc.options]
        # BinaryName = "/usr/sbin/runc"
        #
        # [runtimes.crun]
        # type = "io.containerd.swiftlet.v1"
        # [runtimes.crun.options]
        # BinaryName = "/usr/bin/crun"
        #
        # [runtimes.kata]
        # type = "io.containerd.kata.v2"
        # [runtimes.kata.options]
        # ConfigPath = "/opt/kata/share/defaults/kata-containers/configuration.toml"

        """

    /// - Throws: A sentence that names the key.
    static func parse(_ value: any TOMLValueConvertible, path: String) throws(ConfigurationError) -> [RuntimeHandler] {
        guard let table = value.table else {
            throw ConfigurationError("\(path): runtimes must be sections like [runtimes.runc]")
        }
        var handlers: [RuntimeHandler] = []
        for name in table.keys {
            guard let entry = table[name]?.table else {
                throw ConfigurationError("\(path): runtimes.\(name) must be a section: [runtimes.\(name)]")
            }
            handlers.append(try handler(name, entry, path: path))
        }
        return handlers
    }

    private static func handler(
        _ name: String,
        _ table: TOMLTable,
        path: String
    ) throws(ConfigurationError) -> RuntimeHandler {
        var handler = RuntimeHandler(name: name, type: "")
        for key in table.keys {
            let text = table[key]?.string
            switch (key, text) {
            case ("type", let text?): handler.type = text
            case ("path", let text?):
                guard text.isEmpty || text.hasPrefix("/") else {
                    throw ConfigurationError("\(path): runtimes.\(name).path \"\(text)\" is not an absolute path")
                }
                handler.path = text
            case ("options", _): handler.options = try options(name, table[key]?.table, path: path)
            case ("type", nil), ("path", nil):
                throw ConfigurationError("\(path): runtimes.\(name).\(key) must be a string")
            default:
                throw ConfigurationError(
                    "\(path): unknown key runtimes.\(name).\(key); use type, path and options"
                )
            }
        }
        guard handler.shimName != nil else {
            throw ConfigurationError(
                "\(path): runtimes.\(name).type \"\(handler.type)\" is not like \(RuntimeHandler.runcType)"
            )
        }
        do {
            _ = try handler.encodedOptions()
        } catch {
            throw ConfigurationError("\(path): \(error)")
        }
        return handler
    }

    private static func options(
        _ name: String,
        _ table: TOMLTable?,
        path: String
    ) throws(ConfigurationError) -> [String: RuntimeHandler.Option] {
        guard let table else { throw ConfigurationError("\(path): runtimes.\(name).options must be a section") }
        var options: [String: RuntimeHandler.Option] = [:]
        for key in table.keys {
            guard let value = table[key] else { continue }
            if let text = value.string {
                options[key] = .text(text)
            } else if let flag = value.bool {
                options[key] = .flag(flag)
            } else if let number = value.int {
                options[key] = .number(Int64(number))
            } else {
                throw ConfigurationError(
                    "\(path): runtimes.\(name).options.\(key) must be a string, a number, true or false"
                )
            }
        }
        return options
    }
}

extension Configuration {
    mutating func setRuntimes(_ value: any TOMLValueConvertible, path: String) throws(ConfigurationError) {
        for handler in try RuntimeHandlers.parse(value, path: path) { runtimes[handler.name] = handler }
    }
}
