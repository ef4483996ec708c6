package import JSON

/// A group of containers that live and die together on one node.
package struct Pod: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ObjectMeta
    @Printed package var spec: PodSpec
    @Printed package var status: PodStatus

    package init(
        kind: String = "Pod",
        apiVersion: String = "v1",
        metadata: ObjectMeta = ObjectMeta(),
        spec: PodSpec = PodSpec(),
        status: PodStatus = PodStatus()
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package init(reading members: JSONMembers) throws {
        kind = try members.field("kind")
        apiVersion = try members.field("apiVersion")
        metadata = try members.field("metadata")
        spec = try members.field("spec")
        status = try members.field("status")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("kind", _kind)
        try writer.field("apiVersion", _apiVersion)
        try writer.field("metadata", _metadata)
        try writer.field("spec", _spec)
        try writer.field("status", _status)
    }

    package static var zeroValue: Pod { Pod() }
}

/// Pods, and the version at which they were read.
package struct PodList: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ListMeta
    @Printed package var items: [Pod]

    package init(
        kind: String = "PodList",
        apiVersion: String = "v1",
        metadata: ListMeta = ListMeta(),
        items: [Pod] = []
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

    package static var zeroValue: PodList { PodList() }
}
