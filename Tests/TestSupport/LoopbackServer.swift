import Glibc
import Linux

/// What the servers have in common that tests start on loopback.
enum LoopbackServer {
    /// Waits until something answers; false if the program has ended or does not come up.
    static func answers(_ url: String, _ process: Int32) throws -> Bool {
        for _ in 0..<1200 {
            usleep(25_000)
            if waitpid(process, nil, WNOHANG) != 0 { return false }
            let probe = try Spawn.run(["/usr/bin/curl", "-sk", "-o", "/dev/null", url], environment: [])
            if probe.code == 0 { return true }
        }
        _ = kill(process, SIGKILL)
        _ = try Spawn.wait(process)
        return false
    }
}
