/// The numbers behind the decisions. The defaults are Kubernetes'. All spans are whole seconds.
package struct Policy: Hashable, Sendable {
    /// The delay before the second restart of a container; the first restart comes at once. It doubles each time.
    package var backOffBase: Int64
    /// The longest delay before a restart.
    package var backOffCap: Int64
    /// A container that ran for so long starts over with an immediate restart.
    package var backOffForget: Int64
    /// The delay after the first failed pull of an image. It doubles each time.
    package var pullBackOffBase: Int64
    /// The longest delay before another pull.
    package var pullBackOffCap: Int64
    /// The delay before another try of a sandbox, or of a container that could not be created.
    package var syncRetry: Int64
    /// The delay after the first volume that could not be set up. It doubles each time.
    package var mountBackOffBase: Int64
    /// The longest delay before another try of a volume.
    package var mountBackOffCap: Int64
    /// What every container gets between its stop signal and SIGKILL, however short the grace period is.
    package var minimumGrace: Int64
    /// The grace period of a pod that does not say.
    package var defaultGrace: Int64
    /// When SIGKILL is repeated for a container whose end was not reported.
    package var killRetry: Int64

    package init(
        backOffBase: Int64 = 10,
        backOffCap: Int64 = 300,
        backOffForget: Int64 = 600,
        pullBackOffBase: Int64 = 10,
        pullBackOffCap: Int64 = 300,
        syncRetry: Int64 = 10,
        mountBackOffBase: Int64 = 1,
        mountBackOffCap: Int64 = 122,
        minimumGrace: Int64 = 2,
        defaultGrace: Int64 = 30,
        killRetry: Int64 = 10
    ) {
        self.backOffBase = backOffBase
        self.backOffCap = backOffCap
        self.backOffForget = backOffForget
        self.pullBackOffBase = pullBackOffBase
        self.pullBackOffCap = pullBackOffCap
        self.syncRetry = syncRetry
        self.mountBackOffBase = mountBackOffBase
        self.mountBackOffCap = mountBackOffCap
        self.minimumGrace = minimumGrace
        self.defaultGrace = defaultGrace
        self.killRetry = killRetry
    }

    package static let kubernetes = Policy()

    /// `base` doubled `times` times, at most `cap`.
    static func doubled(_ base: Int64, times: Int, cap: Int64) -> Int64 {
        var delay = min(base, cap)
        for _ in 0..<max(0, times) where delay < cap {
            delay = min(delay * 2, cap)
        }
        return delay
    }
}

/// One second in `Microseconds`.
let second: Int64 = 1_000_000
