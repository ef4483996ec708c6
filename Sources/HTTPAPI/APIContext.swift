import Hummingbird
import Logging
import NIOCore

/// What Hummingbird carries beside a request: here, who is at the other end of the connection.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
