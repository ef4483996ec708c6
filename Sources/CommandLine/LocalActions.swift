import Synchronization

/// What commands do that needs a server module: the executable gives it to them before it parses the command line.
package struct LocalActions: Sendable {
    package var version: String
    /// The text of `swiftlet config default`.
    package var defaultConfiguration: @Sendable () -> String
    /// Checks the event log below a data directory, reporting progress and findings line by line; true if it is sound.
    package var verifyDatabase: @Sendable (_ root: String, _ report: (String) -> Void) throws -> Bool
    /// Looks at this machine without an agent; nil if there is nothing of the kind. Lines for people, true if all is well.
    package var examineMachine: (@Sendable (_ report: (String) -> Void) -> Bool)?

    package init(
        version: String,
        defaultConfiguration: @escaping @Sendable () -> String,
        verifyDatabase: @escaping @Sendable (_ root: String, _ report: (String) -> Void) throws -> Bool,
        examineMachine: (@Sendable (_ report: (String) -> Void) -> Bool)? = nil
    ) {
        self.version = version
        self.defaultConfiguration = defaultConfiguration
        self.verifyDatabase = verifyDatabase
        self.examineMachine = examineMachine
    }

    /// Takes over the actions for the rest of the process. ArgumentParser makes commands by itself, so they cannot be
    /// handed their actions any other way.
    package static func install(_ actions: LocalActions) { current.withLock { $0 = actions } }

    /// The actions that were installed; without them the commands that need one say so.
    package static var installed: LocalActions { current.withLock { $0 } }

    private static let current = Mutex(
        LocalActions(
            version: "unknown",
            defaultConfiguration: { "# this program was built without the agent\n" },
            verifyDatabase: { _, _ in throw ClientFailure.failed("this program was built without the agent's database")
            }
        )
    )
}
