/// What an event did to the object as the API serves it.
package enum Change: Int64, Hashable, Sendable {
    /// The object as served is the same as before.
    case none = 0
    /// The first image of the object.
    case added = 1
    case modified = 2
    case deleted = 3
}

/// One event of the log. Immutable and shared, therefore a class: passing it on costs one retain.
package final class EventRecord: Sendable {
    package let seq: Seq
    package let stream: StreamRef
    package let uid: UID
    /// The object's count of events with this one.
    package let version: Int64
    /// The object's event before this one; 0 if this is its first.
    package let previousSeq: Seq
    package let type: String
    package let schema: Int
    /// Microseconds since 1970; never decreasing along the log.
    package let time: Int64
    package let actor: String
    /// The event that began the story; the own seq if this is it.
    package let correlation: Seq
    /// The event that directly caused this one; nil if the cause lies outside the log.
    package let cause: Seq?
    package let request: String?
    /// The fact as canonical JSON.
    package let data: [UInt8]
    /// The object as served, resourceVersion in place; nil if `change` is `.none`.
    package let after: [UInt8]?
    package let change: Change

    package init(
        seq: Seq,
        stream: StreamRef,
        uid: UID,
        version: Int64,
        previousSeq: Seq,
        type: String,
        schema: Int,
        time: Int64,
        actor: String,
        correlation: Seq,
        cause: Seq?,
        request: String?,
        data: [UInt8],
        after: [UInt8]?,
        change: Change
    ) {
        self.seq = seq
        self.stream = stream
        self.uid = uid
        self.version = version
        self.previousSeq = previousSeq
        self.type = type
        self.schema = schema
        self.time = time
        self.actor = actor
        self.correlation = correlation
        self.cause = cause
        self.request = request
        self.data = data
        self.after = after
        self.change = change
    }

    /// Roughly the memory it holds.
    var weight: Int { data.count + (after?.count ?? 0) + 256 }
}
