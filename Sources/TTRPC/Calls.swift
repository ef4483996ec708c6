/// A call as it travels: which method of which service, with what.
package struct TTRPCRequest: ProtobufMessage {
    package var service = ""
    package var method = ""
    package var payload: [UInt8] = []
    /// How long the caller waits, in nanoseconds; 0 means without end.
    package var timeoutNanos: Int64 = 0
    package var metadata: [StringPair] = []

    package init() {}

    package init(
        service: String,
        method: String,
        payload: [UInt8],
        timeoutNanos: Int64 = 0,
        metadata: [StringPair] = []
    ) {
        self.service = service
        self.method = method
        self.payload = payload
        self.timeoutNanos = timeoutNanos
        self.metadata = metadata
    }

    package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: service = try field.string()
        case 2: method = try field.string()
        case 3: payload = try field.bytes()
        case 4: timeoutNanos = try field.int64()
        case 5: metadata.append(try field.message())
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.string(1, service)
        writer.string(2, method)
        writer.bytes(3, payload)
        writer.int64(4, timeoutNanos)
        writer.messages(5, metadata)
    }
}

/// The answer to a call: a payload, or a status that says why there is none.
package struct TTRPCResponse: ProtobufMessage {
    /// Nil or code 0 is success.
    package var status: TTRPC.Status?
    package var payload: [UInt8] = []

    package init() {}

    package init(payload: [UInt8]) { self.payload = payload }
    package init(status: TTRPC.Status) { self.status = status }

    package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: status = try field.message()
        case 2: payload = try field.bytes()
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.message(1, status)
        writer.bytes(2, payload)
    }
}

package enum TTRPC {
    /// `google.rpc.Code`: what went wrong, for programs.
    package struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let ok = Code(rawValue: 0)
        package static let cancelled = Code(rawValue: 1)
        package static let unknown = Code(rawValue: 2)
        package static let invalidArgument = Code(rawValue: 3)
        package static let deadlineExceeded = Code(rawValue: 4)
        package static let notFound = Code(rawValue: 5)
        package static let alreadyExists = Code(rawValue: 6)
        package static let resourceExhausted = Code(rawValue: 8)
        package static let failedPrecondition = Code(rawValue: 9)
        package static let unimplemented = Code(rawValue: 12)
        package static let internalError = Code(rawValue: 13)
        package static let unavailable = Code(rawValue: 14)

        package var description: String {
            switch self {
            case .ok: "OK"
            case .cancelled: "Canceled"
            case .unknown: "Unknown"
            case .invalidArgument: "InvalidArgument"
            case .deadlineExceeded: "DeadlineExceeded"
            case .notFound: "NotFound"
            case .alreadyExists: "AlreadyExists"
            case .resourceExhausted: "ResourceExhausted"
            case .failedPrecondition: "FailedPrecondition"
            case .unimplemented: "Unimplemented"
            case .internalError: "Internal"
            case .unavailable: "Unavailable"
            default: "Code(\(rawValue))"
            }
        }
    }

    /// `google.rpc.Status`: the code, and a sentence for people.
    package struct Status: ProtobufMessage, Error, CustomStringConvertible {
        package var code: Code = .ok
        package var message = ""

        package init() {}

        package init(_ code: Code, _ message: String) {
            self.code = code
            self.message = message
        }

        package mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: code = Code(rawValue: try field.int32())
            case 2: message = try field.string()
            default: break
            }
        }

        package func write(to writer: inout ProtobufWriter) {
            writer.int32(1, code.rawValue)
            writer.string(2, message)
        }

        package var description: String { "\(code): \(message)" }
    }
}

/// Why a call has no answer.
package enum TTRPCError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The other side answered with a status other than OK.
    case status(TTRPC.Status)
    /// The connection ended, or never was. A call that was under way may or may not have been carried out.
    case disconnected(String)
    /// No answer within the time of the call; a late answer is dropped.
    case timedOut(service: String, method: String)
    /// The request is larger than ttrpc allows.
    case tooLarge(Int)
    /// The other side does not speak ttrpc; the connection is closed.
    case protocolViolation(String)

    package var description: String {
        switch self {
        case .status(let status): status.description
        case .disconnected(let reason): "ttrpc connection lost: \(reason)"
        case .timedOut(let service, let method): "no answer from \(service)/\(method) within its time limit"
        case .tooLarge(let count): "a request of \(count) bytes is over ttrpc's limit of 4 MiB"
        case .protocolViolation(let what): "not ttrpc: \(what)"
        }
    }
}
