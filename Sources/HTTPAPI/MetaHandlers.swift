import EventLog
import HTTPTypes
import Hummingbird
import JSON
import KubernetesAPI
import NodeAgent

/// About the server itself.
struct MetaHandlers: Sendable {
    let agent: Agent
    let counts: RequestCounts

    func live(_ request: APIRequest) -> Response { Answer.text("ok") }

    /// Ready means: the pods are under care and the log takes changes.
    func ready(_ request: APIRequest) -> Response {
        if let reason = agent.store.isReadOnly {
            return Answer.text("not ready: the event log takes no changes: \(reason)\n", status: .serviceUnavailable)
        }
        guard agent.isReady else {
            return Answer.text("not ready: taking over the pods of the log\n", status: .serviceUnavailable)
        }
        return Answer.text("ok")
    }

    func version(_ request: APIRequest) throws -> Response {
        let version = JSONValue.object([
            "major": "1", "minor": "35", "gitVersion": .string("v1.35.0+swiftlet.\(agent.version)"),
            "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "none", "compiler": "swift", "platform": .string("linux/\(agent.machine.architecture)"),
            "swiftlet": .string(agent.version),
        ])
        return try Answer.document(version.bytes(), for: request)
    }

    /// What can be done here, for a person with curl.
    func index(_ routes: [Route]) -> Route.Handler {
        let text = """
            Swiftlet \(agent.version) on node \(agent.nodeName)

            Things to try (this socket: \(agent.configuration.socketPath)):
              swc() { curl -sS --unix-socket \(agent.configuration.socketPath) "http://swiftlet$@"; }
              swc /api/v1/namespaces/default/pods
              swc /api/v1/namespaces/default/pods -X POST -H 'content-type: application/yaml' --data-binary @pod.yaml
              swc /api/v1/namespaces/default/pods/NAME/log
              swc /api/v1/namespaces/default/pods/NAME/why
              swc '/api/v1/namespaces/default/pods?watch=1' -N
              swc '/v1/log?follow=1' -N

            Routes:

            """
        let list = routes.map { route in
            let method = route.method.rawValue
            let padding = String(repeating: " ", count: max(1, 8 - method.count))
            return "  \(method)\(padding)\(route.pattern)  \(route.summary)"
        }
        let paths = JSONValue.object(["paths": .array(Set(routes.map(\.pattern)).sorted().map { .string($0) })])
        return { request in
            if request.prefers(Answer.json, to: "text/plain") { return Answer.bytes(paths.bytes()) }
            return Answer.text(text + list.joined(separator: "\n") + "\n")
        }
    }

    func metrics(_ request: APIRequest) async -> Response {
        Answer.bytes(
            Array((agent.metricsText() + counts.metricsText + (await agent.containerMetricsText())).utf8),
            contentType: "text/plain; version=0.0.4; charset=utf-8"
        )
    }

    func doctor(_ request: APIRequest) throws -> Response {
        let findings = agent.examine()
        if request.prefers(Answer.json, to: "text/plain") {
            return try Answer.object(findings)
        }
        return Answer.text(findings.map(\.line).joined(separator: "\n") + "\n")
    }

    func api(_ request: APIRequest) throws -> Response {
        let accept = request.raw.headers[.accept]
        if let version = Discovery.aggregatedVersion(accept: accept) {
            return Answer.bytes(
                Discovery.aggregated(core: true, version: version).bytes(),
                contentType: Discovery.aggregatedContentType(version: version)
            )
        }
        let address = request.raw.head.authority ?? agent.machine.addresses.first ?? "127.0.0.1"
        return try Answer.document(try JSONCoding.encode(Discovery.versions(address: address)), for: request)
    }

    func apis(_ request: APIRequest) throws -> Response {
        if let version = Discovery.aggregatedVersion(accept: request.raw.headers[.accept]) {
            return Answer.bytes(
                Discovery.aggregated(core: false, version: version).bytes(),
                contentType: Discovery.aggregatedContentType(version: version)
            )
        }
        return try Answer.document(try JSONCoding.encode(Discovery.groups()), for: request)
    }

    func coreResources(_ request: APIRequest) throws -> Response {
        guard let list = Discovery.resources(ofGroupVersion: "v1") else { throw APIError.unknownPath() }
        return try Answer.document(try JSONCoding.encode(list), for: request)
    }

    func group(_ request: APIRequest) throws -> Response {
        guard var group = Discovery.group(named: request["group"]) else { throw APIError.unknownPath() }
        group.kind = "APIGroup"
        group.apiVersion = "v1"
        return try Answer.document(try JSONCoding.encode(group), for: request)
    }

    func groupResources(_ request: APIRequest) throws -> Response {
        guard let list = Discovery.resources(ofGroupVersion: "\(request["group"])/\(request["version"])") else {
            throw APIError.unknownPath()
        }
        return try Answer.document(try JSONCoding.encode(list), for: request)
    }
}
