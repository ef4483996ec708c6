import JSON
import Linux
package import OCI

/// A directory with a `config.json`.
package struct Bundle: Sendable {
    /// Absolute and without links.
    package let path: String
    package let spec: RuntimeSpec

    /// Reads the configuration.
    ///
    /// - Parameter config: Another file than `config.json`; relative to the caller's working directory.
    /// - Throws: `.invalid` for a missing or malformed file and for a version that is not 1.x.
    package static func load(_ path: String, config: String? = nil) throws(RuntimeError) -> Bundle {
        let resolved: String
        do {
            resolved = try Files.resolved(path)
        } catch {
            throw RuntimeError(
                .invalid,
                step: "open the bundle",
                subject: path,
                cause: "\(error.errno)",
                errno: error.errno
            )
        }
        let file = config ?? resolved + "/config.json"
        let bytes: [UInt8]
        do {
            bytes = try Files.read(file)
        } catch {
            let hint =
                error.errno == .noEntry ? "a bundle is a directory with a config.json; `spec` writes a template" : nil
            throw RuntimeError(
                .invalid,
                step: "read",
                subject: file,
                cause: "\(error.errno)",
                errno: error.errno,
                hint: hint
            )
        }
        let spec: RuntimeSpec
        do {
            spec = try JSONCoding.decode(RuntimeSpec.self, from: bytes)
        } catch {
            throw RuntimeError(.invalid, step: "parse", subject: file, cause: "\(error)")
        }
        try checkVersion(spec.ociVersion)
        try ZeroBytes.refuse(in: bytes, of: file)
        return Bundle(path: resolved, spec: spec)
    }

    static func checkVersion(_ version: String) throws(RuntimeError) {
        let parts = version.split(maxSplits: 1) { $0 == "-" || $0 == "+" }.first?.split(separator: ".") ?? []
        guard parts.count == 3, parts[0] == "1", parts.allSatisfy({ UInt32($0) != nil }) else {
            throw RuntimeError(
                .invalid,
                step: "config.json",
                subject: "ociVersion \"\(version.prefix(32))\"",
                cause: "unsupported version of the runtime specification",
                hint: "every version 1.x is supported"
            )
        }
    }
}
