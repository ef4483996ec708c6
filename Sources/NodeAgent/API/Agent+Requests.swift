import EventLog
package import Facts
import Logging

extension Agent {
    /// The stream of what clients asked for: one object a node, without an image.
    static let requestResource = ResourceKey(group: "swiftlet.dev", version: "v1", plural: "requests")

    /// Records an answered request, without waiting for the disk: the client has its answer, and what the request
    /// changed is in the log already.
    package func record(_ request: APIRequestAnswered, origin: RequestOrigin) {
        let encoded: EncodedFact
        do {
            encoded = try FactCoding.encode(request)
        } catch {
            logger.error("a request cannot be recorded", metadata: ["error": "\(error)"])
            return
        }
        let stream = StreamRef(resource: Self.requestResource, namespace: "", name: nodeName)
        // On a full disk the log says so by itself; that requests are refused then is in their answers.
        store.submit(
            Proposal(
                stream: stream,
                uid: Self.requestStreamID(node: nodeName),
                expected: .any,
                facts: [NewFact(type: encoded.typeName, schema: encoded.schemaVersion, data: encoded.data)],
                actor: origin.actor,
                request: origin.request
            )
        )
    }

    /// The same for the same node name at all times, so that nobody has to look it up first.
    private static func requestStreamID(node: String) -> UID {
        // FNV-1a; there is one such stream a node name, so chance collisions do not matter.
        let low = node.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        return UID(high: 0x7265_7175_6573_8000, low: low)
    }
}
