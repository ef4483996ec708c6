import TTRPC
import Testing

@testable import RuntimeCore

@Suite("what a shim prints when it is started")
struct ShimAddressTests {
    @Test("all three forms are read: the address alone, JSON, protobuf")
    func forms() throws {
        let path = "/run/containerd/s/b5aef0c9"
        #expect(try ShimAddress.parse(Array("unix://\(path)".utf8)) == ShimAddress(path: path, version: 2))
        #expect(try ShimAddress.parse(Array("unix://\(path)\n".utf8)) == ShimAddress(path: path, version: 2))
        let json = #"{"version":3,"address":"unix://\#(path)","protocol":"ttrpc"}"#
        #expect(try ShimAddress.parse(Array(json.utf8)) == ShimAddress(path: path, version: 3))
        let result = Shim.BootstrapResult(version: 3, address: "unix://\(path)", protocolName: "ttrpc")
        #expect(try ShimAddress.parse(result.protobuf).taskService == Shim.taskServiceV3)
        #expect(try ShimAddress.parse(Array("unix://\(path)".utf8)).taskService == Shim.taskServiceV2)
    }

    @Test(
        "what makes no sense is refused with what was printed",
        arguments: ["", "panic: no such file", "{}", "{\"address\":", "unix://relative", "unix:///run/a\u{1}b"]
    )
    func nonsense(text: String) {
        #expect(throws: ShimAnswerError.self) { try ShimAddress.parse(Array(text.utf8)) }
    }

    @Test("a shim that speaks something else than ttrpc 2 or 3 is refused")
    func protocols() {
        for result in [
            Shim.BootstrapResult(version: 3, address: "unix:///s", protocolName: "grpc"),
            Shim.BootstrapResult(version: 4, address: "unix:///s", protocolName: "ttrpc"),
        ] {
            #expect(throws: ShimAnswerError.self) { try ShimAddress.parse(result.protobuf) }
        }
    }
}
