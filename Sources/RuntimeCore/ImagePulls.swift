package import Images
import Linux
package import OCI
import Synchronization

/// What to pull. Two requests that are equal and run at the same time are one pull.
package struct ImagePull: Hashable, Sendable {
    /// As a user writes it.
    package var reference: String
    package var namespace: String
    package var platform: Platform?
    package var allPlatforms = false
    /// Without TLS.
    package var plainText = false
    /// Who asks, one after the other; empty leaves it to the configuration.
    package var credentials: [RegistryCredentials] = []
    /// False leaves the layers packed. What is for other machines is never unpacked.
    package var unpacks = true

    package init(reference: String, namespace: String) {
        self.reference = reference
        self.namespace = namespace
    }
}

/// What a pull brought.
package struct ImagePullOutcome: Sendable {
    package let record: ImageRecord
    /// The manifest for the platform.
    package let manifest: ContentDescriptor
    /// Of the image's configuration, which is the image's id; nil if it was not unpacked.
    package let configDigest: Digest?
    /// Bytes that came over the network.
    package let downloadedBytes: Int64
    /// The registry or mirror that it came from.
    package let host: String
    /// True if the name stood for the same image before, and all of it was there.
    package let wasUpToDate: Bool
}

/// What a transfer of an image tells those who wait for it.
package enum ImageTransferEvent<Step: Sendable, Outcome: Sendable>: Sendable {
    case step(Step)
    /// The last.
    case finished(Result<Outcome, any Error>)
}

/// The pulls that are running. Who asks for one that runs already joins it; it is given up when nobody waits any more.
final class ImagePulls: Sendable {
    typealias Event = ImageTransferEvent<PullProgress, ImagePullOutcome>
    typealias Listener = @Sendable (Event) -> Void
    typealias Progress = @Sendable (PullProgress) -> Void
    typealias Work = @Sendable (Cancellation, @escaping Progress) throws -> ImagePullOutcome

    /// One pull and those who wait for it.
    private final class Flight: Sendable {
        struct State {
            var listeners: [UInt64: Listener] = [:]
            /// What somebody who joins has missed: the newest of each kind.
            var history: [String: PullProgress] = [:]
            var order: [String] = []
        }

        let cancellation = Cancellation()
        let state = Mutex(State())

        func tell(_ step: PullProgress) {
            let listeners = state.withLock { state in
                let key = Flight.subject(step)
                if state.history.updateValue(step, forKey: key) == nil { state.order.append(key) }
                return Array(state.listeners.values)
            }
            for listener in listeners { listener(.step(step)) }
        }

        private static func subject(_ step: PullProgress) -> String {
            switch step {
            case .resolved: "resolved"
            case .manifest(let descriptor, _): "manifest \(descriptor.digest)"
            case .present(let digest), .downloading(let digest, _, _), .downloaded(let digest): "\(digest)"
            case .retrying(let what, _): "retry \(what)"
            case .unpack(.present(let digest)), .unpack(.unpacking(let digest, _)),
                .unpack(.unpacked(let digest, _, _)):
                "unpack \(digest)"
            }
        }
    }

    private let flights = Mutex<[ImagePull: Flight]>([:])
    private let numbers = Atomic<UInt64>(0)
    /// A pull waits for its registry: threads of their own, so that one does not hold up other work.
    private let pool = ThreadPool(name: "swl-pull", limit: 16)

    func stop() {
        for flight in flights.withLock({ Array($0.values) }) { flight.cancellation.cancel() }
        pool.stop()
    }

    /// Pulls, or joins the pull that runs.
    ///
    /// - Parameter work: Does it, on a thread that may block.
    /// - Throws: `CancellationError` when the caller's task is cancelled; the pull goes on if others wait for it.
    func run(_ pull: ImagePull, work: @escaping Work) async throws -> ImagePullOutcome {
        let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                join(pull, number, work) { event in
                    if case .finished(let result) = event { continuation.resume(with: result) }
                }
            }
        } onCancel: {
            leave(pull, number)
        }
    }

    /// As `run`, with all that happens on the way; who joins late is told first what has happened. Whoever lets go of the
    /// stream does not wait any more.
    func events(_ pull: ImagePull, work: @escaping Work) -> AsyncStream<Event> {
        let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
        let (stream, sender) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .unbounded)
        sender.onTermination = { [self] _ in leave(pull, number) }
        join(pull, number, work) { event in
            sender.yield(event)
            if case .finished = event { sender.finish() }
        }
        return stream
    }

    private func join(_ pull: ImagePull, _ number: UInt64, _ work: @escaping Work, _ listener: @escaping Listener) {
        let (flight, isNew, missed): (Flight?, Bool, [PullProgress]) = flights.withLock { flights in
            // A cancellation that comes from here on finds the listener.
            if Task.isCancelled { return (nil, false, []) }
            let known = flights[pull]
            let flight = known ?? Flight()
            flights[pull] = flight
            let missed = flight.state.withLock { state in
                state.listeners[number] = listener
                return state.order.compactMap { state.history[$0] }
            }
            return (flight, known == nil, missed)
        }
        guard let flight else { return listener(.finished(.failure(CancellationError()))) }
        for step in missed { listener(.step(step)) }
        guard isNew else { return }
        pool.submit { [self] in
            let result = Result { try work(flight.cancellation) { flight.tell($0) } }
            let listeners = flights.withLock { flights in
                if flights[pull] === flight { flights[pull] = nil }
                return flight.state.withLock { state in
                    defer { state.listeners = [:] }
                    return Array(state.listeners.values)
                }
            }
            for listener in listeners { listener(.finished(result)) }
        }
    }

    private func leave(_ pull: ImagePull, _ number: UInt64) {
        let listener: Listener? = flights.withLock { flights in
            guard let flight = flights[pull] else { return nil }
            let (listener, isLast) = flight.state.withLock { state in
                (state.listeners.removeValue(forKey: number), state.listeners.isEmpty)
            }
            if listener != nil, isLast {
                // Who asks for it from now on begins anew.
                flights[pull] = nil
                flight.cancellation.cancel()
            }
            return listener
        }
        listener?(.finished(.failure(CancellationError())))
    }
}
