import Glibc
import Linux

/// A program that runs beside a test, with everything that it starts; gone with the object at the latest.
final class BackgroundProcess {
    private var pid: Int32

    /// Its output goes nowhere.
    init(_ arguments: [String]) throws {
        let null = try Descriptor.open("/dev/null", O_WRONLY)
        pid = try Spawn.start(
            arguments,
            environment: Shell.environment,
            standardOutput: null.raw,
            standardError: null.raw
        )
    }

    /// SIGKILL to all of its process group, and reaped.
    func kill() throws {
        guard pid > 0 else { return }
        _ = Glibc.kill(-pid, SIGKILL)
        let ended = pid
        pid = 0
        _ = try Spawn.wait(ended)
    }

    deinit { try? kill() }  // a test that failed has its verdict
}
