import Testing

/// All system tests, one after the other: each starts programs, mounts and cgroups of its own.
@Suite("the agent as a whole", .serialized, .enabled(if: Needs.areMet))
struct SystemSuite {}
