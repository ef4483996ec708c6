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
    static func write(_ words: ArraySlice<String>) throws -> Int32 {
        let arguments = try Arguments(
            words,
            Arguments.Grammar(switches: ["rootless"], options: ["bundle"], short: ["b": "bundle"])
        )
        if arguments.has("rootless") { throw UsageError(description: "spec --rootless is not supported") }
        let path = (arguments.value("bundle") ?? ".") + "/config.json"
        if Files.exists(path) {
            throw UsageError(description: "File \(path) exists. Remove it first")
        }
        let bytes = try JSONCoding.encode(RuntimeSpec.template, pretty: true) + [0x0A]
        try Files.replaceUnsynced(path, with: bytes, mode: 0o644)
        return 0
    }
}
