/// Something that happened to an object, told to people.
package struct Event: Codable, Hashable, Sendable, ZeroValue {
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

    package static var zeroValue: Event { Event() }
}

/// Who reports an event.
package struct EventSource: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var component: String
    @OmitEmpty package var host: String

    package init(
        component: String = "",
        host: String = ""
    ) {
        self.component = component
        self.host = host
    }

    package static var zeroValue: EventSource { EventSource() }
}

/// How often an event came again, and when last.
package struct EventSeries: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var count: Int32
    @NullWhenUnset package var lastObservedTime: MicroTime?

    package init(
        count: Int32 = 0,
        lastObservedTime: MicroTime? = nil
    ) {
        self.count = count
        self.lastObservedTime = lastObservedTime
    }

    package static var zeroValue: EventSeries { EventSeries() }
}

/// Events, and the version at which they were read.
package struct EventList: Codable, Hashable, Sendable, ZeroValue {
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

    package static var zeroValue: EventList { EventList() }
}
