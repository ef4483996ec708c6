import Glibc
import Linux
import Testing

@testable import HTTPAPI

@Suite("The socket's file")
struct SocketKeeperTests {
    private typealias Identity = SocketKeeper.Identity
    private static let socket = SocketKeeper.Identity(number: 7)
    private static let other = SocketKeeper.Identity(number: 8)

    @Test(
        "what is done about its two names",
        arguments: [
            (socket, socket, .nothing), (nil, socket, .restore), (other, socket, .restore), (socket, nil, .renewSpare),
            (socket, other, .renewSpare), (nil, nil, .giveUp), (other, nil, .giveUp), (nil, other, .giveUp),
        ] as [(SocketKeeper.Identity?, SocketKeeper.Identity?, SocketKeeper.Step)]
    )
    func step(path: SocketKeeper.Identity?, spare: SocketKeeper.Identity?, expected: SocketKeeper.Step) {
        #expect(SocketKeeper.step(socket: Self.socket, path: path, spare: spare) == expected)
    }

    @Test("one that was moved, or replaced by another file, is put back", arguments: ["move", "replace", "remove"])
    func putBack(how: String) async throws {
        try await TestServer.run { client in
            let path = client.socket
            let before = try #require(Identity(path))
            switch how {
            case "move": #expect(unsafe rename(path, path + ".old") == 0)
            case "replace":
                try Files.write(path + ".file", [], mode: 0o600)
                #expect(unsafe rename(path + ".file", path) == 0)
            default: #expect(unsafe unlink(path) == 0)
            }
            try await client.wait(for: "the socket's file") { Identity(path) == before }
            #expect(try await client.get("/healthz").status == 200)
            // Once more, from the same second name.
            #expect(unsafe unlink(path) == 0)
            try await client.wait(for: "the socket's file") { Identity(path) == before }
            #expect(try await client.get("/healthz").status == 200)
        }
    }
}
