import Crypto
import NIOCore
import NIOHTTP1

/// The handshake of RFC 6455, section 4.2.
enum WebSocketUpgrade {
    /// The answer's fields; nil if the request is none for WebSocket, or one for subprotocols that nobody here speaks.
    static func headers(for request: HTTPHeaders) -> HTTPHeaders? {
        guard request[canonicalForm: "Upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            let key = request["Sec-WebSocket-Key"].first,
            request["Sec-WebSocket-Version"].first == "13",
            isSameOrigin(request)
        else { return nil }
        var headers: HTTPHeaders = [
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": answer(to: key),
        ]
        let offered = request[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
        if let chosen = WebSocketClient.protocols.first(where: offered.contains) {
            headers.add(name: "Sec-WebSocket-Protocol", value: chosen)
        } else if !offered.isEmpty {
            return nil
        }
        return headers
    }

    static func answer(to key: String) -> String {
        Base64.encode(Array(Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))))
    }

    /// A page of another site in a browser on this machine must not get a shell: browsers say where a page is from.
    static func isSameOrigin(_ headers: HTTPHeaders) -> Bool {
        guard let origin = headers["Origin"].first else { return true }
        guard let separator = origin.firstRange(of: "://"), let host = headers["Host"].first else { return false }
        return origin[separator.upperBound...] == host
    }
}
