import Glibc
import Linux
import Synchronization
import TTRPC

/// A process that exec started, with our ends of its streams.
///
/// Whoever holds it calls `discard` at the end, whatever happened: until then the shim remembers the process.
package final class ExecProcess: Sendable {
    package let id: String
    package let containerID: String
    /// Nil for a stream that was not asked for.
    package let stdout: StreamEnd?
    package let stderr: StreamEnd?
    private let stdin: Mutex<StreamEnd?>
    /// Whether the shim copies the output into our fifos; our own gives them to the process.
    private let isCopied: Bool
    private let exitCode = Mutex<Int32?>(nil)
    private let shim: ShimConnection
    private let directory: String
    private let pool: ThreadPool

    init(
        _ request: ExecRequest,
        stdin: StreamEnd?,
        stdout: StreamEnd?,
        stderr: StreamEnd?,
        isCopied: Bool,
        shim: ShimConnection,
        directory: String,
        pool: ThreadPool
    ) {
        id = request.id
        containerID = request.containerID
        self.stdin = Mutex(stdin)
        self.stdout = stdout
        self.stderr = stderr
        self.isCopied = isCopied
        self.shim = shim
        self.directory = directory
        self.pool = pool
    }

    /// The writing end of its standard input, once. It is closed when the caller lets go of it.
    package func takeInput() -> StreamEnd? {
        stdin.withLock { stdin in
            defer { stdin = nil }
            return stdin
        }
    }

    /// Waits for the end; from then on reading its streams ends when what it wrote was read.
    ///
    /// - Returns: What it returned, or 128 + the signal that ended it.
    package func wait() async throws -> Int32 {
        let request = Shim.WaitRequest(id: containerID, execID: id)
        let response: Shim.WaitResponse = try await shim.call(shim.taskService, "Wait", request, timeout: nil)
        let code = Int32(bitPattern: response.exitStatus)
        exitCode.withLock { $0 = code }
        if isCopied { await waitForCopies() }
        stdout?.finish()
        stderr?.finish()
        return code
    }

    /// A shim that copies may still be at it when the process has ended. It answers Delete when it is done; if something
    /// else holds the output open, after a few seconds. So it is asked when our fifos have room for all that it may hold: a
    /// client that is slow must not use these seconds up.
    private func waitForCopies() async {
        await stdout?.waitUntilEmpty()
        await stderr?.waitUntilEmpty()
        // Without an answer there is nobody who copies.
        _ = try? await shim.attempt(
            shim.taskService,
            "Delete",
            Shim.DeleteRequest(id: containerID, execID: id),
            expecting: Shim.DeleteResponse.self,
            tolerating: { $0.isGone }
        )
    }

    /// Sends a signal; a process that has ended already is fine.
    package func signal(_ signal: Int32) async throws {
        _ = try await shim.attempt(
            shim.taskService,
            "Kill",
            Shim.KillRequest(id: containerID, execID: id, signal: UInt32(bitPattern: signal)),
            expecting: Shim.Empty.self,
            tolerating: { $0.isGone }
        )
    }

    /// Sets the size of its terminal, in characters.
    package func resize(width: UInt16, height: UInt16) async throws {
        _ = try await shim.attempt(
            shim.taskService,
            "ResizePty",
            Shim.ResizePtyRequest(id: containerID, execID: id, width: UInt32(width), height: UInt32(height)),
            expecting: Shim.Empty.self,
            tolerating: { $0.isGone }
        )
    }

    /// Lets the process see the end of its input, after what was written. The caller has let go of its end before.
    package func closeInput() async throws {
        _ = try await shim.attempt(
            shim.taskService,
            "CloseIO",
            Shim.CloseIORequest(id: containerID, execID: id, stdin: true),
            expecting: Shim.Empty.self,
            tolerating: { $0.isGone }
        )
    }

    /// Ends the process if it still runs, and forgets it.
    ///
    /// - Returns: Its exit code; nil if the shim does not know it.
    @discardableResult
    package func discard() async -> Int32? {
        // Nobody reads any more; who waits for that goes on.
        stdout?.finish()
        stderr?.finish()
        let code = await ExecService.discard(id, of: containerID, at: shim, directory: directory, pool: pool)
        return code ?? exitCode.withLock { $0 }
    }
}
