import ArgumentParser
import JSON

struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make objects be as manifests say: create them, or change what differs.",
        usage: "swiftlet apply -f FILE|DIRECTORY|- [-n NAMESPACE]",
        discussion: "swiftlet apply -f pod.yaml | cat pods.yaml | swiftlet apply -f -"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(
        name: [.customShort("f"), .customLong("filename")],
        parsing: .singleValue,
        help: "A file in YAML or JSON, a directory of such files, or - for standard input. May be repeated."
    )
    var files: [String] = []

    func run() throws {
        try reporting { console in
            let manifests = try Manifest.read(files)
            let applier = Applier(client: try connection.client(console), namespace: namespace.namespace)
            var failures: [any Error] = []
            for manifest in manifests {
                do {
                    let outcome = try applier.apply(manifest)
                    try console.line("\(manifest.title) \(outcome.rawValue)")
                } catch let failure as ClientFailure where manifests.count > 1 && failure.exitCode != 3 {
                    // The others do not depend on this one.
                    console.note("\(failure.text)  (\(manifest.title) of \(manifest.source))")
                    failures.append(failure)
                }
            }
            if !failures.isEmpty { throw ExitCode(1) }
        }
    }
}

/// Brings one object after the other in line with its manifest.
struct Applier {
    enum Outcome: String {
        case created, configured, unchanged
    }

    let client: APIClient
    /// The namespace asked for on the command line.
    let namespace: String?

    func apply(_ manifest: Manifest) throws -> Outcome {
        let namespace = try manifest.namespace(asked: namespace)
        let desired = Applier.withAnnotation(manifest.object)
        let object = manifest.kind.target(namespace: namespace, name: manifest.name)
        // Somebody else may create, change or delete the object in between: then everything is looked at anew.
        for _ in 0..<5 {
            let live: JSONValue
            do {
                live = try client.json("GET", object)
            } catch let failure as ClientFailure where failure.isNotFound {
                do {
                    let collection = manifest.kind.target(namespace: namespace)
                    _ = try client.json("POST", Applier.write(collection), body: desired)
                    return .created
                } catch let failure as ClientFailure where failure.isAlreadyExists { continue }
            }
            guard let changed = Applier.change(live: live, desired: desired) else { return .unchanged }
            do {
                _ = try client.json("PUT", Applier.write(object), body: changed)
                return .configured
            } catch let failure as ClientFailure where failure.isConflict { continue }
        }
        throw ClientFailure.failed("\(manifest.title) is changed by others all the time; try again")
    }

    /// The object to store instead of the live one; nil if that is as it should be.
    static func change(live: JSONValue, desired: JSONValue) -> JSONValue? {
        let text = live["metadata"]?["annotations"]?[Manifest.lastApplied]?.stringValue
        let last = text.flatMap { try? JSONValue(parsing: $0) }  // not ours: as if nothing was applied before
        let merged = ThreeWayMerge.merge(live: live, last: last, desired: desired)
        // Not with "?:", where nil would be taken for JSON's null.
        if merged == live { return nil }
        return merged
    }

    /// The manifest with its own text in an annotation, which the next `apply` compares with.
    static func withAnnotation(_ manifest: JSONValue) -> JSONValue {
        var bare = manifest
        bare["metadata"]?["annotations"]?[Manifest.lastApplied] = nil
        var result = bare
        if result["metadata"]?["annotations"]?.objectValue == nil { result["metadata"]?["annotations"] = .object([:]) }
        result["metadata"]?["annotations"]?[Manifest.lastApplied] = .string(bare.text(sortedKeys: true) + "\n")
        return result
    }

    private static func write(_ target: Target) -> Target {
        target.with("fieldManager", "swiftlet").with("fieldValidation", "Strict")
    }
}

extension ClientFailure {
    var isAlreadyExists: Bool {
        guard case .refused("AlreadyExists", _, _) = self else { return false }
        return true
    }
}
