import CLinux
import Glibc

/// Runs another program with `posix_spawn(3)`, which is safe in a process with threads.
package enum Spawn {
    /// What a finished program left behind.
    package struct Outcome: Sendable {
        /// Exit code, or 128 + signal number.
        package let code: Int32
        package let output: [UInt8]
        package let errors: [UInt8]
    }

    /// Starts a program, closes its standard input and waits until it has ended and closed its output.
    ///
    /// - Parameters:
    ///   - arguments: `argv`, the program's name first; it is looked up on PATH only if it has no slash.
    ///   - program: The file to execute if it is not what the first argument names.
    ///   - environment: `NAME=value` strings; nothing is inherited.
    ///   - workingDirectory: Where it starts; nil is the caller's.
    ///   - mergeErrors: Standard error goes into the same pipe as standard output, as containerd starts shims.
    /// - Throws: `SysError` if it could not be started. A non-zero exit code is data, not an error.
    package static func run(
        _ arguments: [String],
        program: String? = nil,
        environment: [String],
        workingDirectory: String? = nil,
        mergeErrors: Bool = false
    ) throws(SysError) -> Outcome {
        let output = try Pipe()
        let errors = try Pipe()
        let outputEnd = output.writeNumber
        let errorEnd = mergeErrors ? outputEnd : errors.writeNumber
        let child = try start(
            arguments,
            program: program,
            environment: environment,
            workingDirectory: workingDirectory,
            standardOutput: outputEnd,
            standardError: errorEnd
        )
        output.closeWriteEnd()
        errors.closeWriteEnd()
        var collected: (output: [UInt8], errors: [UInt8]) = ([], [])
        do {
            collected = try drain(output.readEnd.raw, errors.readEnd.raw, subject: arguments.first ?? "")
        } catch {
            _ = kill(child, SIGKILL)
            _ = try wait(child)
            throw error
        }
        return Outcome(code: try wait(child), output: collected.output, errors: collected.errors)
    }

    /// Starts a program in a process group of its own, with /dev/null as its standard input.
    ///
    /// - Returns: The process id; the caller reaps it.
    package static func start(
        _ arguments: [String],
        program: String? = nil,
        environment: [String],
        workingDirectory: String? = nil,
        standardOutput: Int32,
        standardError: Int32
    ) throws(SysError) -> Int32 {
        let program = program ?? arguments.first ?? ""
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, standardOutput, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, standardError, 2)
        if let workingDirectory { _ = unsafe swl_spawn_addchdir(&actions, workingDirectory) }
        // Not every library marks what it opens as close-on-exec. A listening socket that a long-lived child held would go
        // on taking connections, which nobody answers, after the agent has ended.
        _ = unsafe swl_spawn_addclosefrom(&actions, 3)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // The agent blocks signals in its threads; a child starts with none blocked and all defaults.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var child: pid_t = 0
        let failure = unsafe withCStrings(arguments) { argv in
            unsafe withCStrings(environment) { envp in
                unsafe posix_spawnp(&child, program, &actions, &attributes, argv, envp)
            }
        }
        if failure != 0 { throw SysError(call: "posix_spawn", subject: program, errno: Errno(failure)) }
        return child
    }

    /// Waits for a child and returns its exit code, or 128 + signal number.
    package static func wait(_ child: Int32) throws(SysError) -> Int32 {
        var status: Int32 = 0
        try sys("waitpid", "\(child)") { unsafe waitpid(child, &status, 0) }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private static func drain(
        _ output: Int32,
        _ errors: Int32,
        subject: String
    ) throws(SysError) -> (output: [UInt8], errors: [UInt8]) {
        var streams: [(raw: Int32, bytes: [UInt8], open: Bool)] = [(output, [], true), (errors, [], true)]
        var buffer = [UInt8](repeating: 0, count: 4096)
        while streams.contains(where: \.open) {
            var waiting = streams.map { pollfd(fd: $0.open ? $0.raw : -1, events: Int16(POLLIN), revents: 0) }
            try sys("poll", subject) { unsafe poll(&waiting, nfds_t(waiting.count), -1) }
            for index in streams.indices where streams[index].open && waiting[index].revents != 0 {
                let raw = streams[index].raw
                let count = try sys("read", subject) { unsafe read(raw, &buffer, buffer.count) }
                if count == 0 { streams[index].open = false } else { streams[index].bytes += buffer[..<count] }
            }
        }
        return (streams[0].bytes, streams[1].bytes)
    }
}

/// Calls `body` with a null-terminated array of C strings, valid during the call.
func withCStrings<R>(
    _ strings: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least the terminator") }
        return unsafe body(base)
    }
}

/// A pipe whose ends are close-on-exec.
package final class Pipe {
    package let readEnd: Descriptor
    /// The number of the end to write to; -1 once it is closed.
    package private(set) var writeNumber: Int32

    package init() throws(SysError) {
        var ends: [Int32] = [-1, -1]
        try swl("pipe2", "") { unsafe swl_pipe2(&ends, O_CLOEXEC) }
        readEnd = Descriptor(owning: ends[0])
        writeNumber = ends[1]
    }

    deinit { closeWriteEnd() }

    /// Lets the reader see the end of file once nobody else holds the write end.
    package func closeWriteEnd() {
        if writeNumber >= 0 { close(writeNumber) }
        writeNumber = -1
    }
}

extension Pipe {
    /// A pipe as two numbers, close-on-exec, that the caller owns and closes.
    package static func open() throws(SysError) -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        try swl("pipe2", "") { unsafe swl_pipe2(&ends, O_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
