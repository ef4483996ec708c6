import Linux
import TTRPC

/// Chooses who makes a container: our own runtime in this process, or a runtime binary that the client named.
enum Engines {
    private static let fileName = "engine"

    static func engine(_ options: Shim.RuncOptions, seccompCache: String?) -> any ContainerEngine {
        engine(program: options.binaryName, seccompCache: seccompCache)
    }

    /// Leaves a note in the bundle for the delete action, which gets no options.
    static func remember(_ options: Shim.RuncOptions, _ container: ContainerReference) {
        guard !options.binaryName.isEmpty else { return }
        do {
            try Files.replaceUnsynced(container.bundle + "/" + fileName, with: Array(options.binaryName.utf8))
        } catch {
            ShimLog.warning("the runtime's name of \(container.id): \(error)")
        }
    }

    static func remembered(_ container: ContainerReference) -> any ContainerEngine {
        // No note is the normal case: our own runtime.
        engine(program: (try? Files.readText(container.bundle + "/" + fileName)) ?? "", seccompCache: nil)
    }

    private static func engine(program: String, seccompCache: String?) -> any ContainerEngine {
        program.isEmpty ? BuiltInEngine(seccompCache: seccompCache) : CommandEngine(program: program)
    }
}
