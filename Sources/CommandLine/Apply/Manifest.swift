import Glibc
import JSON

/// One object of a manifest.
struct Manifest: Equatable {
    let kind: ResourceKind
    let name: String
    /// nil: none is named, or the kind has none.
    let namespace: String?
    let object: JSONValue
    /// The file it is from, for messages.
    let source: String

    static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    /// "pod/web"
    var title: String { "\(kind.singular)/\(name)" }

    init(_ object: JSONValue, source: String) throws(ClientFailure) {
        guard object.objectValue != nil else {
            throw .usage("error parsing \(source): expected an object, found \(object.kind)")
        }
        guard let kind = object["kind"]?.stringValue, !kind.isEmpty else {
            throw .usage("error validating \(source): kind not set")
        }
        guard let version = object["apiVersion"]?.stringValue, !version.isEmpty else {
            throw .usage("error validating \(source): apiVersion not set")
        }
        self.kind = try ResourceKind(kind: kind, apiVersion: version)
        guard let name = object["metadata"]?["name"]?.stringValue, !name.isEmpty else {
            throw .usage("error validating \(source): \(kind) has no metadata.name")
        }
        self.name = name
        let namespace = object["metadata"]?["namespace"]?.stringValue ?? ""
        self.namespace = namespace.isEmpty ? nil : namespace
        self.object = object
        self.source = source
    }

    /// The namespace to use: the manifest's, else the one asked for.
    ///
    /// - Throws: If both are given and differ.
    func namespace(asked: String?) throws(ClientFailure) -> String {
        guard kind.isNamespaced, let namespace else { return asked ?? "default" }
        if let asked, asked != namespace {
            throw .usage(
                "the namespace from the provided object \"\(namespace)\" does not match the namespace \"\(asked)\". "
                    + "You must pass '--namespace=\(namespace)' to perform this operation."
            )
        }
        return namespace
    }

    /// The objects of a text that may hold several documents and lists.
    static func parse(_ bytes: [UInt8], source: String) throws -> [Manifest] {
        var manifests: [Manifest] = []
        for document in try YAMLText.documents(bytes, source: source) where !document.isNull {
            if let items = document["items"]?.arrayValue, document["kind"]?.stringValue?.hasSuffix("List") == true {
                manifests += try items.map { try Manifest($0, source: source) }
            } else {
                manifests.append(try Manifest(document, source: source))
            }
        }
        return manifests
    }

    /// The objects of files, of all manifests in directories, and of standard input ("-").
    static func read(_ paths: [String]) throws -> [Manifest] {
        guard !paths.isEmpty else { throw ClientFailure.usage("must specify one of -f") }
        var manifests: [Manifest] = []
        for path in paths {
            for file in try files(at: path) {
                let source = file == "-" ? "STDIN" : file
                manifests += try parse(LocalFile.read(file), source: source)
            }
        }
        guard !manifests.isEmpty else { throw ClientFailure.usage("no objects passed to apply") }
        return manifests
    }

    private static func files(at path: String) throws -> [String] {
        guard path != "-", LocalFile.isDirectory(path) else { return [path] }
        let names = try LocalFile.list(path).filter { name in
            [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
        }
        guard !names.isEmpty else {
            throw ClientFailure.usage("no files ending in .yaml, .yml or .json in directory \(path)")
        }
        return names.map { path + "/" + $0 }
    }
}
