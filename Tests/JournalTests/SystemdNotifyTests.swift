import Glibc
import Journal
import Linux
import TestSupport
import Testing

/// The environment is the process's, so these tests take turns; no other suite of this target reads it.
@Suite(.serialized)
struct SystemdNotifyTests {
    /// A socket as the service manager has one.
    private struct Manager: ~Copyable {
        private let socket: Descriptor

        init(path: String) throws(SysError) {
            let own = Descriptor(owning: try sys("socket", "") { Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0) })
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            let raw = own.raw
            try sys("bind", path) {
                unsafe withUnsafePointer(to: &address) { pointer in
                    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        unsafe bind(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                    }
                }
            }
            socket = own
        }

        func receive() -> String {
            var bytes = [UInt8](repeating: 0, count: 1024)
            let count = unsafe recv(socket.raw, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        }
    }

    @Test("the service manager hears what the agent does")
    func heard() throws {
        let directory = try TemporaryDirectory()
        let manager = try Manager(path: directory.path + "/notify")
        unsafe setenv("NOTIFY_SOCKET", directory.path + "/notify", 1)
        defer { unsafe unsetenv("NOTIFY_SOCKET") }
        SystemdNotify.ready()
        #expect(manager.receive() == "READY=1")
        SystemdNotify.status("3 pods\nMAINPID=1\r\nX")
        #expect(manager.receive() == "STATUS=3 pods MAINPID=1 X")
        SystemdNotify.alive()
        #expect(manager.receive() == "WATCHDOG=1")
        SystemdNotify.stopping()
        #expect(manager.receive() == "STOPPING=1")
    }

    @Test("without a service manager nothing happens")
    func unheard() {
        unsafe unsetenv("NOTIFY_SOCKET")
        SystemdNotify.ready()
        SystemdNotify.status("")
        SystemdNotify.stopping()
        #expect(SystemdNotify.watchdogInterval == nil)
    }

    @Test("the watchdog's interval is read from the environment")
    func watchdog() {
        unsafe setenv("WATCHDOG_USEC", "30000000", 1)
        defer { unsafe unsetenv("WATCHDOG_USEC") }
        #expect(SystemdNotify.watchdogInterval == .seconds(30))
        unsafe setenv("WATCHDOG_PID", "1", 1)
        defer { unsafe unsetenv("WATCHDOG_PID") }
        #expect(SystemdNotify.watchdogInterval == nil)
    }
}
