import HTTPTypes
import KubernetesAPI
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// What is wrong with a request that is not HTTP, in words for the one who wrote it.
enum MalformedRequest {
    /// Nil if the error is about something else.
    static func error(_ error: any Error) -> APIError? {
        if error is HTTP1TypeConversionError {
            return .badRequest(
                "malformed HTTP request: the method in its first line is not a token, or the path is missing"
            )
        }
        if let fault = error as? HostFault {
            return .badRequest(
                "malformed HTTP request: it has \(fault.count) headers Host; one is needed, such as \"Host: localhost\""
            )
        }
        if let stalled = error as? StalledBody { return self.stalled(seconds: stalled.seconds) }
        guard let error = error as? HTTPParserError else { return nil }
        if error == .headerOverflow {
            let limit = NIOHTTPDecoderLimitConfiguration()
            return APIError(
                .badRequest,
                "malformed HTTP request: its head is too long: a line may have \(limit.maxHeaderFieldSize) bytes, and "
                    + "there may be \(limit.maxHeaderFieldCount) header fields",
                code: 431
            )
        }
        return .badRequest("malformed HTTP request: \(words(error)) (RFC 9112)")
    }

    /// RFC 9110, section 15.5.9.
    static func stalled(seconds: Int64) -> APIError {
        APIError(
            .timeout,
            "the body stalled: nothing came for \(seconds) s, and nothing was changed; send the request again, with the "
                + "whole body",
            code: 408
        )
    }

    private static func words(_ error: HTTPParserError) -> String {
        switch error {
        case .invalidMethod: "its first line does not begin with a method such as GET"
        case .invalidURL: "the target in its first line is no path such as /api/v1/pods"
        case .invalidVersion: "its first line does not end with HTTP/1.1"
        case .invalidHeaderToken: "a header is not of the form \"Name: value\""
        case .lfExpected: "a line does not end with CR LF"
        case .invalidContentLength: "Content-Length is not a number of bytes"
        case .unexpectedContentLength: "it has Content-Length and Transfer-Encoding, or several of one"
        case .invalidChunkSize: "the size of a chunk is not a hexadecimal number"
        case .invalidEOFState, .closedConnection: "it ends in the middle"
        case .strictModeAssertion, .invalidConstant: "a line or a chunk does not end where it says"
        default: "it cannot be read (\(error))"
        }
    }
}
