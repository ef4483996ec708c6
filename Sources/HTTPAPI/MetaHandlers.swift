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

    func live(_ request: APIRequest) throws -> Response {
        let probe = request.raw.uri.path.split(separator: "/").first ?? "livez"
        return try health(String(probe), [ReadinessCheck(name: "ping", failure: nil)], request)
    }

    /// Ready means: the pods are under care, the log takes changes, and there is somewhere to carry them out.
    func ready(_ request: APIRequest) throws -> Response { try health("readyz", agent.readiness, request) }

    /// In kube-apiserver's form; `?exclude=NAME` leaves a check out.
    private func health(_ probe: String, _ all: [ReadinessCheck], _ request: APIRequest) throws -> Response {
        let excluded = Set(request.queries("exclude"))
        let checks = all.filter { !excluded.contains($0.name) }
        let failures = checks.compactMap(\.failure)
        let status: HTTPResponse.Status = failures.isEmpty ? .ok : .serviceUnavailable
        guard try request.flag("verbose") else {
            if failures.isEmpty { return Answer.text("ok") }
            return Answer.text("not ready: \(failures.joined(separator: "; "))\n", status: status)
        }
        let lines = checks.map { check in
            check.failure.map { "[-]\(check.name) failed: \($0)" } ?? "[+]\(check.name) ok"
        }
        let end = "\(probe) check \(failures.isEmpty ? "passed" : "failed")"
        return Answer.text((lines + [end]).joined(separator: "\n") + "\n", status: status)
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
