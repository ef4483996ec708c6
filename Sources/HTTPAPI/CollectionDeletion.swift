import EventLog
import Hummingbird
import KubernetesAPI
import NodeAgent

/// DELETE of a collection: each object that matches the selectors; answers with the list of them.
struct CollectionDeletion: Sendable {
    let agent: Agent
    let kind: ResourceKind

    typealias Delete = (
        _ namespace: String, _ name: String, _ options: DeleteOptions
    ) async throws(APIError) -> [UInt8]

    func answer(_ request: APIRequest, _ delete: Delete) async throws -> Response {
        let options = try await request.deleteOptions()
        let filter = try ObjectFilter(request, kind: kind)
        let (items, head) = agent.store.objects(resource: kind.key, namespace: request["namespace"])
        var deleted: [[UInt8]] = []
        for object in items where try filter.matches(object.bytes) {
            do {
                deleted.append(try await delete(object.stream.namespace, object.stream.name, options))
            } catch {
                // Gone meanwhile is what was asked for.
                if error.status.code != 404 { throw error }
            }
        }
        let metadata = ListMeta(resourceVersion: String(head))
        return try Answer.document(try ListDocument.of(deleted, metadata, kind: kind), for: request)
    }
}
