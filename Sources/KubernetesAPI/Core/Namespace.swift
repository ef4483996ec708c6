/// A space for names.
package struct Namespace: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ObjectMeta
    @Printed package var spec: NamespaceSpec
    @Printed package var status: NamespaceStatus

    package init(
        kind: String = "Namespace",
        apiVersion: String = "v1",
        metadata: ObjectMeta = ObjectMeta(),
        spec: NamespaceSpec = NamespaceSpec(),
        status: NamespaceStatus = NamespaceStatus()
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package static var zeroValue: Namespace { Namespace() }
}

/// Namespaces, and the version at which they were read.
package struct NamespaceList: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ListMeta
    @Printed package var items: [Namespace]

    package init(
        kind: String = "NamespaceList",
        apiVersion: String = "v1",
        metadata: ListMeta = ListMeta(),
        items: [Namespace] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.items = items
    }

    package static var zeroValue: NamespaceList { NamespaceList() }
}

/// What must finish before a namespace can go.
package struct NamespaceSpec: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var finalizers: [String]

    package init(
        finalizers: [String] = []
    ) {
        self.finalizers = finalizers
    }

    package static var zeroValue: NamespaceSpec { NamespaceSpec() }
}

/// Whether a namespace is Active or Terminating.
package struct NamespaceStatus: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var phase: String
    @OmitEmpty package var conditions: [NamespaceCondition]

    package init(
        phase: String = "",
        conditions: [NamespaceCondition] = []
    ) {
        self.phase = phase
        self.conditions = conditions
    }

    package static var zeroValue: NamespaceStatus { NamespaceStatus() }
}

/// One aspect of a namespace's deletion.
package struct NamespaceCondition: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var type: String
    @Printed package var status: String
    @NullWhenUnset package var lastTransitionTime: Time?
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String

    package init(
        type: String = "",
        status: String = "",
        lastTransitionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.status = status
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    package static var zeroValue: NamespaceCondition { NamespaceCondition() }
}
