import Facts
import Reconciler

/// What a pod's worker has done for it outside of the log. The agent does it on the machine, tests do it in memory.
protocol ActionPerforming: Sendable {
    /// Performs one step. Nothing is thrown: what went wrong is a fact.
    ///
    /// - Returns: The facts it brings, in order. Empty means: not done, decide again later.
    func perform(_ action: Action, _ record: PodRecord) async -> [PodFact]

    /// Looks what became of a pod while nobody watched, and watches what runs from here on.
    ///
    /// - Returns: The facts that the log lacks, in order.
    /// - Throws: What keeps it from being known; ask again later.
    func adopt(_ record: PodRecord) async throws -> [PodFact]
}

extension ActionExecutor: ActionPerforming {
    func adopt(_ record: PodRecord) async throws -> [PodFact] {
        let outcome = try await PodAdoption(core: core, assembly: assembly, clock: clock).adopt(record)
        for (container, id, attempt, sandboxID) in outcome.running {
            watch(record.pod, container, id, attempt, sandboxID)
        }
        return outcome.facts
    }
}
