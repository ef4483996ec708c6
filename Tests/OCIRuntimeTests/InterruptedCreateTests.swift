import Linux
import OCI
import TestSupport
import Testing

@testable import OCIRuntime

/// Seen failing without `CreateClaim`: every later create of the id said "already exists", and `delete` without force
/// refused for ever because the container was "creating".
@Suite("A create that was killed", .enabled(if: Ability.containers, "needs root and /bin/busybox"))
struct InterruptedCreateTests {
    private let bundle: TestBundle

    init() throws {
        bundle = try TestBundle()
        bundle.spec.process?.args = ["sleep", "1000"]
    }

    private var directory: String { bundle.root.path + "/k" }

    /// What is there when it was killed after it wrote the state, and before it had a process.
    private func interruptAfterState() throws {
        let created = try bundle.create("k")
        try created.process.signal(9)
        _ = try Child.wait(created.pid)
        for name in [InitProcess.fileName, Container.startFIFO, Container.resultFIFO] {
            try Files.remove(directory + "/" + name)
        }
    }

    private func makeAndDelete() throws {
        let created = try bundle.create("k")
        #expect(try created.container.state().status == .created)
        try created.container.delete()
        _ = try Child.wait(created.pid)
        #expect(try bundle.leftovers() == [])
    }

    @Test("before it wrote anything, leaves the id free")
    func emptyDirectory() throws {
        try Files.makeDirectories(directory, mode: 0o700)
        #expect(try bundle.root.containers() == [])
        try makeAndDelete()
        try Files.makeDirectories(directory, mode: 0o700)
        try Container.delete(id: "k", force: false, root: bundle.root)
        #expect(try bundle.leftovers() == [])
    }

    @Test("before it had a process, counts as stopped: deleted without force, or replaced by the next create")
    func stateOnly() throws {
        bundle.spec.hooks = .init(
            poststop: [.init(path: "/bin/busybox", args: ["sh", "-c", "echo gone >> \(bundle.path)/stopped"])]
        )
        try interruptAfterState()
        #expect(try bundle.root.containers() == ["k"])
        #expect(try Container.load(id: "k", root: bundle.root).state().status == .stopped)
        try Container.delete(id: "k", force: false, root: bundle.root)
        #expect(try bundle.leftovers() == [])
        #expect(try Files.readText(bundle.path + "/stopped") == "gone")
        try interruptAfterState()
        try makeAndDelete()
    }

    @Test("and lives on, is creating: no other create or delete touches it")
    func alive() throws {
        try interruptAfterState()
        let claim = try Descriptor.openDirectory(directory)
        #expect(try claim.lock(waits: false))
        #expect(try Container.load(id: "k", root: bundle.root).state().status == .creating)
        #expect {
            _ = try bundle.create("k")
        } throws: {
            ($0 as? RuntimeError)?.kind == .exists
        }
        #expect {
            try Container.delete(id: "k", force: false, root: bundle.root)
        } throws: {
            ($0 as? RuntimeError)?.kind == .wrongState
        }
        _ = consume claim
        try Container.delete(id: "k", force: false, root: bundle.root)
        #expect(try bundle.leftovers() == [])
    }

    @Test("a container that is created, runs or has stopped keeps its id and no lock")
    func keepsID() throws {
        let created = try bundle.create("k")
        for step in 0...2 {
            if step == 1 { try created.container.start() }
            if step == 2 {
                try created.container.kill(signal: 9)
                _ = try Child.wait(created.pid)
            }
            #expect {
                _ = try bundle.create("k")
            } throws: {
                ($0 as? RuntimeError)?.kind == .exists
            }
            #expect(try !CreateClaim.isHeld(directory))
        }
        try created.container.delete()
        #expect(try bundle.leftovers() == [])
    }

    @Test("many creates of one id at once: one has it, and nothing of the others stays")
    func race() async throws {
        try bundle.root.prepare()
        let (directory, root) = (directory, bundle.root)
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { try Self.claim(directory, root) }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made >= 1)
        try Container.delete(id: "k", force: false, root: bundle.root)
    }

    /// - Returns: false if somebody else has it.
    private static func claim(_ directory: String, _ root: RuntimeRoot) throws -> Bool {
        do throws(RuntimeError) {
            let claim = try CreateClaim(directory, id: "k") { () throws(RuntimeError) in
                try Container.clearInterrupted("k", root)
            }
            #expect(Files.exists(directory))
            Pause.microseconds(1000)
            #expect(Files.exists(directory))
            withExtendedLifetime(claim) {}
            return true
        } catch {
            if error.kind == .exists { return false }
            throw error
        }
    }
}
