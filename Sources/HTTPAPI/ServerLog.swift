import Logging

/// What Hummingbird has to say, as far as it matters to an operator: warnings and errors, but not that a server was
/// cancelled, which is how one ends when another one cannot begin; why that is so is told by whoever ends them.
struct ServerLog: LogHandler {
    private var base: any LogHandler

    init(_ base: any LogHandler) {
        self.base = base
        self.base.logLevel = max(base.logLevel, .warning)
    }

    /// A logger like another one, for Hummingbird.
    static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.handler = ServerLog(logger.handler)
        return quiet
    }

    func log(event: LogEvent) {
        guard !event.message.description.hasSuffix("CancellationError()") else { return }
        base.log(event: event)
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    var metadataProvider: Logger.MetadataProvider? {
        get { base.metadataProvider }
        set { base.metadataProvider = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }
}
