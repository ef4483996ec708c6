import Glibc
import Linux
import TTRPC
import TestSupport
import Testing

@Suite("Attacks on the shim", .enabled(if: ShimTestNeeds.areMet, "needs root, busybox and the built shim"))
struct ShimAttacks {
    /// A request for `Connect` as bytes on the wire.
    private func request() -> [UInt8] {
        let call = TTRPCRequest(
            service: Shim.taskServiceV2,
            method: "Connect",
            payload: Shim.ConnectRequest(id: "a").protobuf
        ).protobuf
        let length = (0..<4).reversed().map { UInt8(truncatingIfNeeded: call.count >> ($0 * 8)) }
        return length + [0, 0, 0, 1, 1, 0] + call
    }

    /// The first bytes of the answer; empty if the connection ends without one.
    private func answer(_ socket: borrowing Descriptor) throws -> [UInt8] {
        let bytes = request()
        // It may be closed already; that must not end us by a signal.
        _ = unsafe send(socket.raw, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        try socket.setBlocking()
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(socket.raw, &buffer, buffer.count)
        return count > 0 ? Array(buffer[..<count]) : []
    }

    /// Seen to fail with the comparison of user ids in `TTRPCServer.acceptAll` taken out: the other user is answered.
    @Test("another user's connection is not answered, even where the socket lets it connect (CVE-2020-15257)")
    func otherUser() async throws {
        try await ShimHarness.with { shim in
            let path = String(try shim.start("a").dropFirst("unix://".count))
            // What an administrator's mistake would do.
            for (place, mode) in [(shim.root, 0o711), (shim.root + "/s", 0o711), (path, 0o666)] as [(String, mode_t)] {
                try Files.setMode(place, mode)
            }
            try #require(seteuid(65534) == 0)
            let made = Result { try UnixSocket.connect(path).release() }
            try #require(seteuid(0) == 0)
            #expect(try answer(Descriptor(owning: made.get())) == [])
            #expect(try !answer(UnixSocket.connect(path)).isEmpty)
            try await shim.connect("unix://" + path).shutdown("a")
        }
    }

    /// Seen to fail with modes 0666 and 0755 in `StartAction`.
    @Test(
        "the shim's sockets are files that their owner alone can reach, never abstract (CVE-2020-15257, CVE-2024-25621)"
    )
    func sockets() async throws {
        try await ShimHarness.with { shim in
            let path = String(try shim.start("a").dropFirst("unix://".count))
            #expect(try Files.owner(path).mode & 0o7777 == 0o600)
            #expect(try Files.owner(shim.root + "/s").mode & 0o7777 == 0o700)
            let client = try shim.connect("unix://" + path)
            try await client.create(try shim.container("a", ["sleep", "1000"]))
            let pid = try shim.shimPID("a")
            let inodes = try Files.list("/proc/\(pid)/fd").compactMap { number -> String? in
                let link = try Files.linkTarget("/proc/\(pid)/fd/\(number)")
                return link.hasPrefix("socket:[") ? String(link.dropFirst(8).dropLast()) : nil
            }
            #expect(!inodes.isEmpty)
            var named: [String] = []
            for line in try Files.readText("/proc/net/unix").split(separator: "\n") {
                let fields = line.split(separator: " ")
                if fields.count > 7, inodes.contains(String(fields[6])) { named.append(String(fields[7])) }
            }
            #expect(named.contains(path))
            #expect(!named.contains { $0.hasPrefix("@") }, "\(named)")
            for file in ["address", "shim.pid", "init.pid"] where Files.exists(shim.bundle("a") + "/" + file) {
                #expect(try Files.owner(shim.bundle("a") + "/" + file).mode & 0o022 == 0, "\(file)")
            }
            try await client.delete("a")
            try await client.shutdown("a")
        }
    }

    /// Seen to fail with the target of a further mount appended to the path of the rootfs: the tmpfs covers the directory
    /// outside, on the host.
    @Test("a further mount of a root file system does not follow a link of the image out of it (CVE-2021-30465)")
    func mountTarget() async throws {
        try await ShimHarness.with { shim in
            let outside = shim.root + "/outside"
            try Files.makeDirectories(outside)
            try sys("symlink", outside) { unsafe symlink(outside, shim.root + "/rootfs/evil") }
            let client = try shim.connect(try shim.start("a"))
            var request = try shim.container("a", ["true"])
            request.rootfs.append(Shim.Mount(type: "tmpfs", source: "tmpfs", target: "/evil", options: []))
            let code = await refusal { try await client.create(request) }
            #expect(code != nil)
            #expect(try !Files.readText("/proc/self/mountinfo").contains(outside))
            #expect(try !Files.readText("/proc/self/mountinfo").contains(shim.bundle("a")))
            try await client.shutdown("a")
        }
    }
}
