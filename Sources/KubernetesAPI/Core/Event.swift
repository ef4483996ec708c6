package import JSON

/// Something that happened to an object, told to people.
package struct Event: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ObjectMeta
    @Printed package var involvedObject: ObjectReference
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String
    @Printed package var source: EventSource
    @NullWhenUnset package var firstTimestamp: Time?
    @NullWhenUnset package var lastTimestamp: Time?
    @OmitEmpty package var count: Int32
    /// Normal or Warning.
    @OmitEmpty package var type: String
    @NullWhenUnset package var eventTime: MicroTime?
    @Indirect package var series: EventSeries?
    @OmitEmpty package var action: String
    @Indirect package var related: ObjectReference?
    @Printed package var reportingComponent: String
    @Printed package var reportingInstance: String

    package init(
        kind: String = "Event",
        apiVersion: String = "v1",
        metadata: ObjectMeta = ObjectMeta(),
        involvedObject: ObjectReference = ObjectReference(),
        reason: String = "",
        message: String = "",
        source: EventSource = EventSource(),
        firstTimestamp: Time? = nil,
        lastTimestamp: Time? = nil,
        count: Int32 = 0,
        type: String = "",
        eventTime: MicroTime? = nil,
        series: EventSeries? = nil,
        action: String = "",
        related: ObjectReference? = nil,
        reportingComponent: String = "",
        reportingInstance: String = ""
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.involvedObject = involvedObject
        self.reason = reason
        self.message = message
        self.source = source
        self.firstTimestamp = firstTimestamp
        self.lastTimestamp = lastTimestamp
        self.count = count
        self.type = type
        self.eventTime = eventTime
        self.series = series
        self.action = action
        self.related = related
        self.reportingComponent = reportingComponent
        self.reportingInstance = reportingInstance
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("kind", _kind)
        try writer.field("apiVersion", _apiVersion)
        try writer.field("metadata", _metadata)
        try writer.field("involvedObject", _involvedObject)
        try writer.field("reason", _reason)
        try writer.field("message", _message)
        try writer.field("source", _source)
        try writer.field("firstTimestamp", _firstTimestamp)
        try writer.field("lastTimestamp", _lastTimestamp)
        try writer.field("count", _count)
        try writer.field("type", _type)
        try writer.field("eventTime", _eventTime)
        try writer.field("series", _series)
        try writer.field("action", _action)
        try writer.field("related", _related)
        try writer.field("reportingComponent", _reportingComponent)
        try writer.field("reportingInstance", _reportingInstance)
    }

    package static var zeroValue: Event { Event() }
}

/// Who reports an event.
package struct EventSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var component: String
    @OmitEmpty package var host: String

    package init(
        component: String = "",
        host: String = ""
    ) {
        self.component = component
        self.host = host
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("component", _component)
        try writer.field("host", _host)
    }

    package static var zeroValue: EventSource { EventSource() }
}

/// How often an event came again, and when last.
package struct EventSeries: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var count: Int32
    @NullWhenUnset package var lastObservedTime: MicroTime?

    package init(
        count: Int32 = 0,
        lastObservedTime: MicroTime? = nil
    ) {
        self.count = count
        self.lastObservedTime = lastObservedTime
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("count", _count)
        try writer.field("lastObservedTime", _lastObservedTime)
    }

    package static var zeroValue: EventSeries { EventSeries() }
}

/// Events, and the version at which they were read.
package struct EventList: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ListMeta
    @Printed package var items: [Event]

    package init(
        kind: String = "EventList",
        apiVersion: String = "v1",
        metadata: ListMeta = ListMeta(),
        items: [Event] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.items = items
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("kind", _kind)
        try writer.field("apiVersion", _apiVersion)
        try writer.field("metadata", _metadata)
        try writer.field("items", _items)
    }

    package static var zeroValue: EventList { EventList() }
}
