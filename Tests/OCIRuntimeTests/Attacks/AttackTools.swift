import Glibc
import JSON
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import OCIRuntime

/// What attack tests need: the built program, called as a careless or hostile caller would call it.
enum Attack {
    static var isPossible: Bool { Ability.containers && BuiltRuntime.path != nil }
    static let need: Comment = "needs root, /bin/busybox and a built swiftlet-oci"

    struct Result: CustomStringConvertible {
        var code: Int32
        var output: String
        var errors: String

        var description: String { "exit \(code), output \"\(output)\", errors \"\(errors)\"" }
    }

    /// Starts a command whose output nobody reads; the caller waits for its end.
    static func start(_ words: [String], in directory: String) throws -> Int32 {
        let null = try Descriptor.open("/dev/null", O_WRONLY)
        return try Spawn.start(
            words,
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            workingDirectory: directory,
            standardOutput: null.raw,
            standardError: null.raw
        )
    }

    /// Runs a command; its output goes to files, because containers that stay must not hold our pipes.
    static func command(_ words: [String], in directory: String) throws -> Result {
        let output = try MemoryFile(name: "out")
        let errors = try MemoryFile(name: "err")
        let child = try Spawn.start(
            words,
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            workingDirectory: directory,
            standardOutput: output.descriptor.raw,
            standardError: errors.descriptor.raw
        )
        let code = try Child.wait(child)
        return Result(
            code: code,
            output: String(decoding: try output.content(), as: UTF8.self),
            errors: String(decoding: try errors.content(), as: UTF8.self)
        )
    }
}

extension TestBundle {
    /// Calls the built runtime with this bundle's state directory.
    ///
    /// - Parameters:
    ///   - setup: Shell commands that run before it in the same process, such as the opening of descriptors.
    ///   - ownMounts: With a mount namespace of its own, so that `setup` may mount.
    func call(_ arguments: [String], setup: String = ":", ownMounts: Bool = false) throws -> Attack.Result {
        let program = try #require(BuiltRuntime.path)
        var words = ["/bin/sh", "-c", setup + " && exec \"$@\"", "sh", program, "--root", root.path] + arguments
        if ownMounts { words = ["/usr/bin/unshare", "--mount", "--propagation", "private"] + words }
        return try Attack.command(words, in: path)
    }

    /// Runs the bundle's program to its end with the built runtime.
    func attack(setup: String = ":", ownMounts: Bool = false, flags: [String] = []) throws -> Attack.Result {
        try writeConfig()
        return try call(["run", "--bundle", path] + flags + ["x"], setup: setup, ownMounts: ownMounts)
    }

    /// Expects that the built runtime refuses the bundle with one line that has `words`, and leaves nothing.
    func refuses(
        _ words: String,
        setup: String = ":",
        ownMounts: Bool = false,
        flags: [String] = [],
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let result = try attack(setup: setup, ownMounts: ownMounts, flags: flags)
        #expect(result.code != 0, "\(result)", sourceLocation: location)
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)", sourceLocation: location)
        #expect(result.errors.contains(words), "\(result)", sourceLocation: location)
        #expect(result.output.isEmpty, "\(result)", sourceLocation: location)
        #expect(try leftovers() == [], sourceLocation: location)
    }
}

/// Exchanges two paths on a thread of its own until it is stopped.
final class Swapper: Sendable {
    private let pool = ThreadPool(name: "swapper", limit: 1)
    private let stopping = Atomic(false)
    private let ended = Atomic(false)
    private let count = Atomic(0)

    init(_ first: String, _ second: String) {
        pool.submit { [self] in
            while !stopping.load(ordering: .relaxed) {
                // A path that is gone for a moment is part of the race.
                if (try? Files.exchange(first, second)) != nil { count.add(1, ordering: .relaxed) }
            }
            ended.store(true, ordering: .releasing)
        }
    }

    /// Stops the thread; nothing is swapped afterwards.
    ///
    /// - Returns: How often it swapped.
    func stop() -> Int {
        stopping.store(true, ordering: .relaxed)
        while !ended.load(ordering: .acquiring) { Pause.microseconds(100) }
        pool.stop()
        return count.load(ordering: .relaxed)
    }
}

/// An open descriptor in an array.
final class Held {
    let descriptor: Descriptor
    init(_ path: String) throws { descriptor = try Descriptor.open(path, O_RDONLY) }
}
