import EventLog

/// `swiftlet db verify`: checks the event log below a data directory, with or without an agent that has it open.
package enum DatabaseCheck {
    /// - Parameter report: Gets progress and findings, a line each.
    /// - Returns: True if the log is sound.
    package static func run(root: String, report: (String) -> Void) throws -> Bool {
        let result = try EventStore.verify(directory: root, level: .full)
        report("events \(result.floor + 1) to \(result.head): \(result.eventsChecked) checked")
        report("objects: \(result.objectsChecked) checked, commits: \(result.commitsChecked) checked")
        report("chain at \(result.head): \(hexadecimal(result.chain))")
        for problem in result.problems { report("problem: \(problem)") }
        return result.isSound
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
