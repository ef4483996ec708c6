#if DEBUG
@testable import Linux
@testable import TTRPC

extension FuzzTarget {
    static let messages: [FuzzTarget] = [
        FuzzTarget("ttrpc-server") { bytes in
            // The first byte says in which pieces the rest arrives.
            let step = Int(bytes.first ?? 1) + 1
            var connection = TTRPCServerConnection()
            var rest = bytes.dropFirst()
            while !rest.isEmpty {
                guard let incoming = try? connection.feed(rest.prefix(step)) else { return }  // the peer is cut off
                for one in incoming {
                    connection.respond(stream: one.stream, TTRPCResponse(payload: one.request.payload))
                }
                rest = rest.dropFirst(step)
            }
        },
        FuzzTarget("protobuf") { bytes in
            roundTrip(Shim.CreateTaskRequest.self, bytes)
            roundTrip(Shim.ExecProcessRequest.self, bytes)
            roundTrip(Shim.UpdateTaskRequest.self, bytes)
            roundTrip(Shim.StateResponse.self, bytes)
            roundTrip(Shim.ForwardRequest.self, bytes)
            roundTrip(Shim.TaskExit.self, bytes)
            roundTrip(Shim.PidsResponse.self, bytes)
            roundTrip(Shim.CreateSandboxRequest.self, bytes)
            roundTrip(Shim.SandboxStatusResponse.self, bytes)
            roundTrip(Shim.BootstrapParams.self, bytes)
            roundTrip(Shim.RuntimeInfo.self, bytes)
            roundTrip(TTRPCRequest.self, bytes)
            roundTrip(TTRPCResponse.self, bytes)
        },
    ]

    private static func roundTrip<Message: ProtobufMessage>(_ type: Message.Type, _ bytes: [UInt8]) {
        guard let message = try? Message(protobuf: bytes) else { return }  // refused is fine
        guard let again = try? Message(protobuf: message.protobuf) else {  // must not happen
            fatalError("\(type) cannot be read again")
        }
        precondition(again == message, "\(type) is another message when written and read")
    }
}
#endif
