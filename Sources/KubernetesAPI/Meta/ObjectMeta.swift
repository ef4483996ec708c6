package import JSON

/// What every stored object carries: its identity, labels, version and times.
package struct ObjectMeta: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    @OmitEmpty package var generateName: String
    @OmitEmpty package var namespace: String
    @OmitEmpty package var selfLink: String
    @OmitEmpty package var uid: String
    /// The sequence number of the object's last change, as decimal text.
    @OmitEmpty package var resourceVersion: String
    @OmitEmpty package var generation: Int64
    package var creationTimestamp: Time?
    package var deletionTimestamp: Time?
    package var deletionGracePeriodSeconds: Int64?
    @OmitEmpty package var labels: [String: String]
    @OmitEmpty package var annotations: [String: String]
    @OmitEmpty package var ownerReferences: [OwnerReference]
    @OmitEmpty package var finalizers: [String]
    @OmitEmpty package var managedFields: [ManagedFieldsEntry]

    package init(
        name: String = "",
        generateName: String = "",
        namespace: String = "",
        selfLink: String = "",
        uid: String = "",
        resourceVersion: String = "",
        generation: Int64 = 0,
        creationTimestamp: Time? = nil,
        deletionTimestamp: Time? = nil,
        deletionGracePeriodSeconds: Int64? = nil,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        ownerReferences: [OwnerReference] = [],
        finalizers: [String] = [],
        managedFields: [ManagedFieldsEntry] = []
    ) {
        self.name = name
        self.generateName = generateName
        self.namespace = namespace
        self.selfLink = selfLink
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
        self.deletionGracePeriodSeconds = deletionGracePeriodSeconds
        self.labels = labels
        self.annotations = annotations
        self.ownerReferences = ownerReferences
        self.finalizers = finalizers
        self.managedFields = managedFields
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        generateName = try members.field("generateName")
        namespace = try members.field("namespace")
        selfLink = try members.field("selfLink")
        uid = try members.field("uid")
        resourceVersion = try members.field("resourceVersion")
        generation = try members.field("generation")
        creationTimestamp = try members.optional("creationTimestamp")
        deletionTimestamp = try members.optional("deletionTimestamp")
        deletionGracePeriodSeconds = try members.optional("deletionGracePeriodSeconds")
        labels = try members.field("labels")
        annotations = try members.field("annotations")
        ownerReferences = try members.field("ownerReferences")
        finalizers = try members.field("finalizers")
        managedFields = try members.field("managedFields")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("generateName", _generateName)
        try writer.field("namespace", _namespace)
        try writer.field("selfLink", _selfLink)
        try writer.field("uid", _uid)
        try writer.field("resourceVersion", _resourceVersion)
        try writer.field("generation", _generation)
        try writer.field("creationTimestamp", creationTimestamp)
        try writer.field("deletionTimestamp", deletionTimestamp)
        try writer.field("deletionGracePeriodSeconds", deletionGracePeriodSeconds)
        try writer.field("labels", _labels)
        try writer.field("annotations", _annotations)
        try writer.field("ownerReferences", _ownerReferences)
        try writer.field("finalizers", _finalizers)
        try writer.field("managedFields", _managedFields)
    }

    package static var zeroValue: ObjectMeta { ObjectMeta() }
}

/// The object on whose deletion this one is collected.
package struct OwnerReference: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var apiVersion: String
    @Printed package var kind: String
    @Printed package var name: String
    @Printed package var uid: String
    package var controller: Bool?
    package var blockOwnerDeletion: Bool?

    package init(
        apiVersion: String = "",
        kind: String = "",
        name: String = "",
        uid: String = "",
        controller: Bool? = nil,
        blockOwnerDeletion: Bool? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }

    package init(reading members: JSONMembers) throws {
        apiVersion = try members.field("apiVersion")
        kind = try members.field("kind")
        name = try members.field("name")
        uid = try members.field("uid")
        controller = try members.optional("controller")
        blockOwnerDeletion = try members.optional("blockOwnerDeletion")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("apiVersion", _apiVersion)
        try writer.field("kind", _kind)
        try writer.field("name", _name)
        try writer.field("uid", _uid)
        try writer.field("controller", controller)
        try writer.field("blockOwnerDeletion", blockOwnerDeletion)
    }

    package static var zeroValue: OwnerReference { OwnerReference() }
}

/// Which fields one manager set, kept for server-side apply.
package struct ManagedFieldsEntry: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var manager: String
    @OmitEmpty package var operation: String
    @OmitEmpty package var apiVersion: String
    package var time: Time?
    @OmitEmpty package var fieldsType: String
    package var fieldsV1: JSONValue?
    @OmitEmpty package var subresource: String

    package init(
        manager: String = "",
        operation: String = "",
        apiVersion: String = "",
        time: Time? = nil,
        fieldsType: String = "",
        fieldsV1: JSONValue? = nil,
        subresource: String = ""
    ) {
        self.manager = manager
        self.operation = operation
        self.apiVersion = apiVersion
        self.time = time
        self.fieldsType = fieldsType
        self.fieldsV1 = fieldsV1
        self.subresource = subresource
    }

    package static var zeroValue: ManagedFieldsEntry { ManagedFieldsEntry() }
}

/// The version of a list, and where to go on reading it.
package struct ListMeta: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var selfLink: String
    @OmitEmpty package var resourceVersion: String
    @OmitEmpty package var `continue`: String
    package var remainingItemCount: Int64?

    package init(
        selfLink: String = "",
        resourceVersion: String = "",
        `continue`: String = "",
        remainingItemCount: Int64? = nil
    ) {
        self.selfLink = selfLink
        self.resourceVersion = resourceVersion
        self.continue = `continue`
        self.remainingItemCount = remainingItemCount
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("selfLink", _selfLink)
        try writer.field("resourceVersion", _resourceVersion)
        try writer.field("continue", _continue)
        try writer.field("remainingItemCount", remainingItemCount)
    }

    package static var zeroValue: ListMeta { ListMeta() }
}

/// A pointer to another object, or with fieldPath to a part of it.
package struct ObjectReference: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var namespace: String
    @OmitEmpty package var name: String
    @OmitEmpty package var uid: String
    @OmitEmpty package var apiVersion: String
    @OmitEmpty package var resourceVersion: String
    @OmitEmpty package var fieldPath: String

    package init(
        kind: String = "",
        namespace: String = "",
        name: String = "",
        uid: String = "",
        apiVersion: String = "",
        resourceVersion: String = "",
        fieldPath: String = ""
    ) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.apiVersion = apiVersion
        self.resourceVersion = resourceVersion
        self.fieldPath = fieldPath
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("kind", _kind)
        try writer.field("namespace", _namespace)
        try writer.field("name", _name)
        try writer.field("uid", _uid)
        try writer.field("apiVersion", _apiVersion)
        try writer.field("resourceVersion", _resourceVersion)
        try writer.field("fieldPath", _fieldPath)
    }

    package static var zeroValue: ObjectReference { ObjectReference() }
}

/// The name of an object in the same namespace.
package struct LocalObjectReference: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String

    package init(
        name: String = ""
    ) {
        self.name = name
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
    }

    package static var zeroValue: LocalObjectReference { LocalObjectReference() }
}

/// The kind and name of an object in the same namespace.
package struct TypedLocalObjectReference: Codable, Hashable, Sendable, ZeroValue {
    package var apiGroup: String?
    @Printed package var kind: String
    @Printed package var name: String

    package init(
        apiGroup: String? = nil,
        kind: String = "",
        name: String = ""
    ) {
        self.apiGroup = apiGroup
        self.kind = kind
        self.name = name
    }

    package static var zeroValue: TypedLocalObjectReference { TypedLocalObjectReference() }
}

/// The kind and name of an object, of another namespace if one is given.
package struct TypedObjectReference: Codable, Hashable, Sendable, ZeroValue {
    package var apiGroup: String?
    @Printed package var kind: String
    @Printed package var name: String
    package var namespace: String?

    package init(
        apiGroup: String? = nil,
        kind: String = "",
        name: String = "",
        namespace: String? = nil
    ) {
        self.apiGroup = apiGroup
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }

    package static var zeroValue: TypedObjectReference { TypedObjectReference() }
}

/// Labels that an object must carry; every requirement has to hold, and the empty selector matches all.
package struct LabelSelector: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var matchLabels: [String: String]
    @OmitEmpty package var matchExpressions: [LabelSelectorRequirement]

    package init(
        matchLabels: [String: String] = [:],
        matchExpressions: [LabelSelectorRequirement] = []
    ) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    package static var zeroValue: LabelSelector { LabelSelector() }
}

/// One condition on one label: In, NotIn, Exists or DoesNotExist.
package struct LabelSelectorRequirement: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var key: String
    @Printed package var `operator`: String
    @OmitEmpty package var values: [String]

    package init(
        key: String = "",
        `operator`: String = "",
        values: [String] = []
    ) {
        self.key = key
        self.operator = `operator`
        self.values = values
    }

    package static var zeroValue: LabelSelectorRequirement { LabelSelectorRequirement() }
}
