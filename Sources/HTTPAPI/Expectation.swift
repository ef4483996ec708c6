import HTTPTypes
import Hummingbird
import KubernetesAPI
import NIOCore
import NIOHTTPTypes
import Synchronization

/// What a client waits for before it sends a body: `Expect: 100-continue` (RFC 9110, section 10.1.1).
///
/// It is met by whoever is about to read the body, so that a request that is refused for its head alone is refused
/// before anything is sent in vain.
final class Expectation: Sendable {
    private let channel: any Channel
    private let met = Atomic(false)

    private init(channel: any Channel) { self.channel = channel }

    /// What a request waits for; nil if it waits for nothing.
    ///
    /// - Throws: 417 if it expects something else than to be told to go on.
    static func of(_ request: Request, on channel: any Channel) throws(APIError) -> Expectation? {
        guard let text = request.headers[.expect] else { return nil }
        guard text.lowercased() == "100-continue" else {
            throw APIError(
                .badRequest,
                "Expect: \"\(text)\" cannot be met; this server knows 100-continue only, leave the header out",
                code: 417
            )
        }
        return Expectation(channel: channel)
    }

    var isMet: Bool { met.load(ordering: .relaxed) }

    /// Tells the client to send the body, once.
    func meet() async throws {
        guard !met.exchange(true, ordering: .relaxed) else { return }
        try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
    }
}
