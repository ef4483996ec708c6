import ArgumentParser

extension Console {
    /// Does something for each name; one that fails is told of and keeps the others from nothing.
    ///
    /// - Throws: Exit code 1 at the end if any failed; at once if the agent cannot be reached.
    func each(_ names: [String], _ body: (String) throws -> Void) throws {
        var hasFailed = false
        for name in names {
            do {
                try body(name)
            } catch let failure as ClientFailure where failure.exitCode == 1 {
                note(failure.text)
                hasFailed = true
            }
        }
        if hasFailed { throw ExitCode(1) }
    }
}
