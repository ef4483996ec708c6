import Synchronization
import TTRPC

/// A connection to the streams of a container's first process.
package final class AttachedContainer: Sendable {
    package let containerID: String
    private let output: StreamEnd
    private let stdin: Mutex<StreamEnd?>
    private let shim: ShimConnection
    // SAFETY: `next` is called by one task only, which waits for each call.
    private nonisolated(unsafe) var frames = AttachFrames()
    private nonisolated(unsafe) var waiting: [AttachFrames.Piece] = []

    init(_ containerID: String, output: StreamEnd, stdin: StreamEnd?, shim: ShimConnection) {
        self.containerID = containerID
        self.output = output
        self.stdin = Mutex(stdin)
        self.shim = shim
    }

    /// The next bytes of the process's output; nil when the process has ended.
    package func next() async throws -> AttachFrames.Piece? {
        while unsafe waiting.isEmpty {
            guard let bytes = try await output.read() else { return nil }
            unsafe waiting = frames.feed(bytes)
        }
        return unsafe waiting.removeFirst()
    }

    /// The writing end of its standard input, once; nil if it has none. Closed when the caller lets go of it, which the
    /// process does not see.
    package func takeInput() -> StreamEnd? {
        stdin.withLock { stdin in
            defer { stdin = nil }
            return stdin
        }
    }

    /// Lets the process see the end of its input, after what was written: for good.
    package func closeInput() async throws {
        _ = try await shim.attempt(
            shim.taskService,
            "CloseIO",
            Shim.CloseIORequest(id: containerID, stdin: true),
            expecting: Shim.Empty.self,
            tolerating: { $0.isGone }
        )
    }

    /// Sets the size of its terminal, in characters.
    package func resize(width: UInt16, height: UInt16) async throws {
        _ = try await shim.attempt(
            shim.taskService,
            "ResizePty",
            Shim.ResizePtyRequest(id: containerID, width: UInt32(width), height: UInt32(height)),
            expecting: Shim.Empty.self,
            tolerating: { $0.isGone }
        )
    }
}

/// What the shim says on a container's attach socket: one byte for the stream (1 stdout, 2 stderr), four for the length,
/// the highest first, then so many bytes.
package struct AttachFrames: Sendable {
    package struct Piece: Hashable, Sendable {
        package let isError: Bool
        package let bytes: [UInt8]
    }

    private var head: [UInt8] = []
    private var left = 0

    package init() {}

    /// Takes bytes as they came, and returns what they say; a long frame comes in pieces.
    package mutating func feed(_ bytes: [UInt8]) -> [Piece] {
        var rest = bytes[...]
        var pieces: [Piece] = []
        while !rest.isEmpty {
            if left == 0 {
                while head.count < 5, let byte = rest.popFirst() { head.append(byte) }
                guard head.count == 5 else { break }
                left = head[1...].reduce(0) { $0 << 8 | Int($1) }
                if left == 0 { head = [] }
                continue
            }
            let piece = rest.prefix(left)
            pieces.append(Piece(isError: head[0] == 2, bytes: Array(piece)))
            left -= piece.count
            rest = rest.dropFirst(piece.count)
            if left == 0 { head = [] }
        }
        return pieces
    }
}

/// Names in a container's bundle that the shim and the agent agree on.
enum BundleFiles {
    static func attachSocket(_ bundle: String) -> String { bundle + "/attach.sock" }
    static func stdin(_ bundle: String) -> String { bundle + "/stdin" }
}
