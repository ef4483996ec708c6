import Facts
import Foundation
import JSON
import KubernetesAPI
import Reconciler
import Testing

/// Ten thousand and more histories of pods on a fake machine, with crashes of the agent at every boundary of an action.
///
/// `SWIFTLET_SIMULATION_SEED=N` draws other histories; a failure prints the seed of its history, which
/// `SWIFTLET_SIMULATION_ONLY=N` runs alone and prints.
struct SimulationTests {
    static let environment = ProcessInfo.processInfo.environment
    static let base = environment["SWIFTLET_SIMULATION_SEED"].flatMap { UInt64($0) } ?? 20_261_123
    /// How many random histories there are in all.
    static let histories = environment["SWIFTLET_SIMULATION_HISTORIES"].flatMap { Int($0) } ?? 10_000
    static let parts = 20
    static let only = environment["SWIFTLET_SIMULATION_ONLY"].flatMap { UInt64($0) }

    static func run(_ subject: Subject, seed: UInt64, crashes: Set<Int>? = nil, traces: Bool = false) -> (
        violation: String?, world: World
    ) {
        var dice = Dice(seed: seed)
        var scenario = Scenario.draw(&dice)
        if let crashes { scenario.crashes = crashes }
        var world = World(subject: subject, scenario: scenario, dice: dice)
        if traces { world.trace = Trace() }
        do {
            try world.run()
            return (nil, world)
        } catch {
            return ("\(error)", world)
        }
    }

    static func report(_ seed: UInt64, _ crashes: Set<Int>? = nil) -> String {
        let (violation, world) = run(Subject(), seed: seed, crashes: crashes, traces: true)
        return "seed \(seed)\(crashes.map { " crashes \($0.sorted())" } ?? ""): \(violation ?? "passes")\n"
            + (world.trace?.lines ?? []).joined(separator: "\n")
    }

    @Test("random histories keep every promise", arguments: 0..<parts)
    func randomHistories(part: Int) {
        for index in stride(from: part, to: Self.histories, by: Self.parts) {
            let seed = Self.base &+ UInt64(index)
            if Self.run(Subject(), seed: seed).violation != nil {
                Issue.record("\(Self.report(seed))")
                return
            }
        }
    }

    @Test("replaying a log gives the same status in the same bytes after every fact", arguments: 0..<10)
    func replayedBytes(part: Int) throws {
        for index in 0..<10 {
            let seed = Self.base &+ 2_000_000 &+ UInt64(part * 10 + index)
            let entries = Self.run(Subject(), seed: seed).world.log.entries
            var record: PodRecord?
            for entry in entries {
                record = Reconciler.fold(record, entry.fact, object: entry.object)
                let replayed = try JSONCoding.encode(record?.pod)
                #expect(try JSONCoding.encode(entry.after?.pod) == replayed, "seed \(seed), \(entry.fact.typeName)")
            }
        }
    }

    @Test("a record survives being written and read, at any point of its life", arguments: 0..<10)
    func recordCoding(part: Int) throws {
        for index in 0..<5 {
            let seed = Self.base &+ 3_000_000 &+ UInt64(part * 5 + index)
            for entry in Self.run(Subject(), seed: seed).world.log.entries {
                let bytes = try JSONCoding.encode(entry.after)
                #expect(try JSONCoding.decode(PodRecord?.self, from: bytes) == entry.after, "seed \(seed)")
            }
        }
    }

    @Test("a crash at each boundary of each action is survived", arguments: 0..<parts)
    func everyBoundary(part: Int) {
        for index in stride(from: part, to: Self.histories / 250, by: Self.parts) {
            let seed = Self.base &+ 1_000_000 &+ UInt64(index)
            let boundaries = Self.run(Subject(), seed: seed, crashes: []).world.boundaries
            for boundary in 1...max(1, boundaries) {
                if Self.run(Subject(), seed: seed, crashes: [boundary]).violation != nil {
                    Issue.record("\(Self.report(seed, [boundary]))")
                    return
                }
            }
        }
    }

    @Test(
        "one history, when asked for",
        .enabled(if: SimulationTests.only != nil, "set SWIFTLET_SIMULATION_ONLY to a seed")
    )
    func oneHistory() throws {
        print(Self.report(try #require(Self.only)))
    }
}
