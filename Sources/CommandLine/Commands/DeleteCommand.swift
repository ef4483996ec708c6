import ArgumentParser
import JSON

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete objects, and wait until they are gone.",
        usage: "swiftlet delete TYPE NAME ... | -f FILE | TYPE -l LABELS | TYPE --all  [-n NAMESPACE]",
        discussion: "swiftlet delete pod web | swiftlet delete pods -l app=web | swiftlet delete -f pod.yaml"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(
        name: [.customShort("f"), .customLong("filename")],
        parsing: .singleValue,
        help: "Delete what these manifests name."
    )
    var files: [String] = []

    @Option(name: [.customShort("l"), .long], help: "Delete the objects with these labels.")
    var selector: String?

    @Flag(help: "Delete all objects of the type in the namespace.")
    var all = false

    @Option(
        name: .long,
        parsing: .unconditional,
        help: "Seconds between the stop signal and SIGKILL. (default: what the pod says)"
    )
    var gracePeriod: Int?

    @Flag(help: "Kill at once: the same as --grace-period 0.")
    var force = false

    @Flag(help: "Stop as soon as possible: the same as --grace-period 1.")
    var now = false

    @Flag(name: .long, help: "Do not fail for objects that are not there.")
    var ignoreNotFound = false

    @Flag(inversion: .prefixedNo, help: "Wait until the objects are gone.")
    var wait = true

    @Argument(help: "A type and names, or TYPE/NAME.")
    var words: [String] = []

    func run() throws {
        try reporting { console in
            let client = try connection.client(console)
            let deleter = Deleter(client: client, gracePeriodSeconds: try gracePeriodSeconds(console), waits: wait)
            let subjects = try subjects(client)
            if subjects.isEmpty { console.note("No resources found") }
            var failures: [any Error] = []
            // All are asked to go before the first is waited for.
            var pending: [(Deleter.Subject, String?)] = []
            for subject in subjects {
                do {
                    pending.append((subject, try deleter.request(subject)))
                    let how = gracePeriod == 0 || force ? "force deleted" : "deleted"
                    try console.line("\(subject.kind.singular) \"\(subject.name)\" \(how)")
                } catch let failure as ClientFailure where failure.isNotFound && ignoreNotFound {
                    continue
                } catch let failure as ClientFailure where failure.exitCode == 1 {
                    console.note(failure.text)
                    failures.append(failure)
                }
            }
            if wait { for (subject, uid) in pending { try deleter.waitUntilGone(subject, uid: uid) } }
            if !failures.isEmpty { throw ExitCode(1) }
        }
    }

    private func gracePeriodSeconds(_ console: Console) throws -> Int? {
        if force {
            guard gracePeriod == nil || gracePeriod == 0 else {
                throw ClientFailure.usage("--force and --grace-period greater than 0 cannot be specified together")
            }
            console.note(
                "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated."
            )
            return 0
        }
        if now {
            guard gracePeriod == nil else {
                throw ClientFailure.usage("--now and --grace-period cannot be specified together")
            }
            return 1
        }
        if let gracePeriod, gracePeriod < 0 { return nil }
        return gracePeriod
    }

    private func subjects(_ client: APIClient) throws -> [Deleter.Subject] {
        guard files.isEmpty else {
            guard words.isEmpty, !all, selector == nil else {
                throw ClientFailure.usage("-f cannot be used together with names, --all or a selector")
            }
            return try Manifest.read(files).map { manifest in
                Deleter.Subject(
                    kind: manifest.kind,
                    namespace: try manifest.namespace(asked: namespace.namespace),
                    name: manifest.name
                )
            }
        }
        let arguments = try ResourceArguments(words)
        guard arguments.names.isEmpty else {
            guard !all, selector == nil else {
                throw ClientFailure.usage("name cannot be provided when --all or a selector is specified")
            }
            return arguments.names.map { .init(kind: arguments.kind, namespace: namespace.name, name: $0) }
        }
        guard all || selector != nil else {
            throw ClientFailure.usage("resource(s) were provided, but no name was specified")
        }
        let query = ObjectQuery(kind: arguments.kind, namespace: namespace.name, labels: selector)
        let items = try client.json("GET", query.collection)["items"]?.arrayValue ?? []
        return items.compactMap { $0["metadata"]?["name"]?.stringValue }
            .map { .init(kind: arguments.kind, namespace: namespace.name, name: $0) }
    }
}

/// Deletes objects and sees that they go.
struct Deleter {
    struct Subject {
        let kind: ResourceKind
        let namespace: String
        let name: String

        var target: Target { kind.target(namespace: namespace, name: name) }
    }

    let client: APIClient
    let gracePeriodSeconds: Int?
    let waits: Bool

    /// Asks for the deletion.
    ///
    /// - Returns: The uid of the object, by which a later one of the same name is told apart.
    func request(_ subject: Subject) throws -> String? {
        var options: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"]
        if let gracePeriodSeconds { options["gracePeriodSeconds"] = .number(JSONNumber(Int64(gracePeriodSeconds))) }
        let answer = try client.json("DELETE", subject.target, body: options)
        return answer["metadata"]?["uid"]?.stringValue ?? answer["details"]?["uid"]?.stringValue
    }

    /// Waits until the object is gone, or another one has its name.
    func waitUntilGone(_ subject: Subject, uid: String?) throws {
        while true {
            let live: JSONValue
            do {
                live = try client.json("GET", subject.target)
            } catch let failure as ClientFailure where failure.isNotFound {
                return
            }
            if let uid, live["metadata"]?["uid"]?.stringValue != uid { return }
            let watch = subject.kind.target(namespace: subject.namespace)
                .with("fieldSelector", "metadata.name=\(subject.name)")
                .with("resourceVersion", live["metadata"]?["resourceVersion"]?.stringValue)
            var isGone = false
            try client.watch(watch) { type, _ in
                isGone = type == "DELETED"
                return isGone ? .enough : .more
            }
            if isGone { return }
        }
    }
}
