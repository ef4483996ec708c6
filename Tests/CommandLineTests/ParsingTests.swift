import ArgumentParser
import JSON
import TestSupport
import Testing

@testable import CommandLine

struct ParsingTests {
    private struct Root: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "swiftlet", subcommands: ClientCommands.all)
    }

    private func parse<T: ParsableCommand>(_ type: T.Type, _ line: String) throws -> T {
        let words = ClientCommands.normalised(line.split(separator: " ").map(String.init))
        return try #require(try Root.parseAsRoot(words) as? T, "\(line) is no \(type)")
    }

    @Test("kubectl's forms of options are understood")
    func forms() throws {
        let get = try parse(GetCommand.self, "get pods web -n=ns -ojson -l app=web --watch=true --no-headers=false")
        #expect(get.words == ["pods", "web"])
        #expect(get.namespace.name == "ns")
        #expect(get.output == .json)
        #expect(get.selection.selector == "app=web")
        #expect(get.watch)
        #expect(!get.noHeaders)
        #expect(try parse(GetCommand.self, "get po -A -w -o wide").selection.allNamespaces)
        #expect(
            try parse(GetCommand.self, "get po --field-selector=status.phase=Running").selection.fieldSelector
                == "status.phase=Running"
        )

        let delete = try parse(DeleteCommand.self, "delete pod a b --grace-period=3 --wait=false --force")
        #expect(delete.words == ["pod", "a", "b"])
        #expect(delete.gracePeriod == 3)
        #expect(!delete.wait)
        #expect(try parse(DeleteCommand.self, "delete pod a").wait)

        let logs = try parse(LogsCommand.self, "logs web -c side -f --tail=20 --since 5m --timestamps -p")
        #expect(logs.pod == "web")
        #expect(logs.container == "side")
        #expect(logs.tail == 20)
        #expect(logs.follow && logs.timestamps && logs.previous)
        #expect(try parse(LogsCommand.self, "logs web --tail -1").tail == -1)

        #expect(try parse(ApplyCommand.self, "apply -f - -f x.yaml").files == ["-", "x.yaml"])
        #expect(try parse(ApplyCommand.self, "apply --filename=x.yaml").files == ["x.yaml"])
        #expect(try parse(LogCommand.self, "log --after 12 -f -o json").after == 12)
        #expect(try parse(ImageImportCommand.self, "image import a.tar b.tar -n x").files == ["a.tar", "b.tar"])
        #expect(try parse(ImageImportCommand.self, "image import -").files == ["-"])
        #expect(try parse(ImageRemoveCommand.self, "image rm bb:1").namespace.namespace == "k8s.io")
        #expect(try parse(EventsCommand.self, "events --for pod/web -w").subject == "pod/web")
        #expect(try parse(DatabaseVerifyCommand.self, "db verify --root /x").root == "/x")
        #expect(try parse(VersionCommand.self, "version --client").client)
    }

    @Test(
        "what makes no sense is refused by the parser",
        arguments: ["get pods -o xml", "apply -x", "nonsense", "logs"]
    )
    func refused(line: String) {
        #expect(throws: (any Error).self) { try Root.parseAsRoot(line.split(separator: " ").map(String.init)) }
        do {
            _ = try Root.parseAsRoot(line.split(separator: " ").map(String.init))
        } catch {
            #expect(Root.exitCode(for: error) == .validationFailure)
        }
    }

    @Test("every command has a sentence about itself")
    func abstracts() {
        for command in ClientCommands.all { #expect(!command.configuration.abstract.isEmpty, "\(command)") }
    }

    @Test("resources are found by all their words")
    func resources() throws {
        for word in ["pod", "pods", "po", "PODS"] { #expect(try ResourceKind(word: word) == .pods) }
        for word in ["ns", "namespace", "namespaces"] { #expect(try ResourceKind(word: word) == .namespaces) }
        #expect(throws: ClientFailure.self) { try ResourceKind(word: "deployments") }
        #expect(try ResourceArguments(["pod", "a", "b"]).names == ["a", "b"])
        #expect(try ResourceArguments(["pod/a", "po/b"]).names == ["a", "b"])
        #expect(try ResourceArguments(["nodes"]).kind == .nodes)
        for words in [[], ["pod/"], ["/a"], ["pod/a", "node/b"], ["pod", "pod/a"], ["a/b/c"], ["pod/a", "b"]] {
            #expect(throws: ClientFailure.self, "\(words)") { try ResourceArguments(words) }
        }
    }

    @Test("targets are encoded")
    func targets() {
        #expect(
            ResourceKind.pods.target(namespace: "a", name: "b", subresource: "log").description
                == "/api/v1/namespaces/a/pods/b/log"
        )
        #expect(ResourceKind.pods.target(namespace: nil).description == "/api/v1/pods")
        #expect(ResourceKind.nodes.target(namespace: "a", name: "n").description == "/api/v1/nodes/n")
        #expect(
            Target(["a/b", "ä?"]).with("x", "1 2&3").with("y", nil).with("z", "").description
                == "/a%2Fb/%C3%A4%3F?x=1%202%263"
        )
    }

    @Test(
        "durations are read as Go writes them",
        arguments: [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1.5s", 2), ("500ms", 1), ("0s", 0), ("1m1ns", 61)]
    )
    func durations(text: String, seconds: Int) throws {
        #expect(try DurationText.seconds(text) == seconds)
    }

    @Test("other durations are refused", arguments: ["", "5", "m", "5x", "-5s", "5 m", "1e3s", "..s"])
    func badDurations(text: String) {
        #expect(throws: ClientFailure.self) { try DurationText.seconds(text) }
    }

    @Test("the container is chosen as kubectl chooses it")
    func containers() {
        let pod: JSONValue = [
            "spec": ["initContainers": [["name": "i"]], "containers": [["name": "a"], ["name": "b"]]]
        ]
        let choice = ContainerChoice(pod: pod)
        #expect(choice.preferred == "a")
        #expect(choice.all == ["i", "a", "b"])
        #expect(choice.notice == "Defaulted container \"a\" out of: a, b, i (init)")
        #expect(ContainerChoice(pod: ["spec": ["containers": [["name": "a"]]]]).notice == nil)
        var annotated = pod
        annotated["metadata"] = ["annotations": ["kubectl.kubernetes.io/default-container": "b"]]
        #expect(ContainerChoice(pod: annotated).preferred == "b")
        #expect(ContainerChoice(pod: annotated).notice == nil)
    }

    @Test("a manifest may hold several documents, lists and empty parts")
    func manifests() throws {
        let text = """
            # pods
            apiVersion: v1
            kind: Pod
            metadata: {name: a, namespace: x}
            ---
            ---
            apiVersion: v1
            kind: List
            items:
            - {apiVersion: v1, kind: Namespace, metadata: {name: b}}
            - {apiVersion: v1, kind: Pod, metadata: {name: c}}
            """
        let manifests = try Manifest.parse(Array(text.utf8), source: "f")
        #expect(manifests.map(\.title) == ["pod/a", "namespace/b", "pod/c"])
        #expect(manifests.map(\.namespace) == ["x", nil, nil])
        #expect(try manifests[0].namespace(asked: nil) == "x")
        #expect(try manifests[2].namespace(asked: "y") == "y")
        #expect(try manifests[2].namespace(asked: nil) == "default")
        #expect(throws: ClientFailure.self) { try manifests[0].namespace(asked: "y") }
        #expect(
            try Manifest.parse(Array(#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"j"}}"#.utf8), source: "f")
                .count == 1
        )
    }

    @Test(
        "a manifest that makes no sense is a usage error that names the file",
        arguments: [
            "a: [", "- x", "just text", "kind: Pod", "apiVersion: v1", "{apiVersion: v1, kind: Pod}",
            "{apiVersion: v1, kind: Pod, metadata: {name: ''}}",
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}",
        ]
    )
    func badManifests(text: String) throws {
        let failure = try #require(throws: ClientFailure.self) {
            try Manifest.parse(Array(text.utf8), source: "web.yaml")
        }
        #expect(failure.exitCode == 2)
        #expect(failure.text.contains("web.yaml") || failure.text.contains("no matches for kind"))
    }
}
