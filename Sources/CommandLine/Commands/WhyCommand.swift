import ArgumentParser

struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say why a pod runs or does not, what happened last, and what to try next.",
        usage: "swiftlet why POD [-n NAMESPACE]"
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The pod's name, or pod/NAME.")
    var pod: String

    func run() throws {
        try reporting { console in
            let arguments = pod.contains("/") ? try ResourceArguments([pod]) : try ResourceArguments(["pods", pod])
            guard arguments.kind == .pods, let name = arguments.names.first else {
                throw ClientFailure.usage("why is about pods")
            }
            let target = ResourceKind.pods.target(namespace: namespace.name, name: name, subresource: "why")
            try connection.client(console).copy(target, accept: "text/plain")
        }
    }
}
