extension EventStore {
    /// Saves how far a consumer has come without waiting: a crash may lose the newest positions, never go beyond one.
    package func submitConsumerPosition(_ name: String, _ seq: Seq) {
        // A full or closed inbox loses the position; the consumer then sees some events again.
        _ = inbox.put(.move(ConsumerPosition(name: name, seq: seq), { _ in }))
    }
}
