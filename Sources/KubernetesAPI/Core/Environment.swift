package import JSON

/// An environment variable: a value, or where to take it from.
package struct EnvVar: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @OmitEmpty package var value: String
    @Indirect package var valueFrom: EnvVarSource?

    package init(
        name: String = "",
        value: String = "",
        valueFrom: EnvVarSource? = nil
    ) {
        self.name = name
        self.value = value
        self.valueFrom = valueFrom
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        value = try members.field("value")
        valueFrom = try members.optional("valueFrom")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("value", _value)
        try writer.field("valueFrom", _valueFrom)
    }

    package static var zeroValue: EnvVar { EnvVar() }
}

/// Where the value of a variable comes from; exactly one member is set.
package struct EnvVarSource: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var fieldRef: ObjectFieldSelector?
    @Indirect package var resourceFieldRef: ResourceFieldSelector?
    @Indirect package var configMapKeyRef: ConfigMapKeySelector?
    @Indirect package var secretKeyRef: SecretKeySelector?
    @Indirect package var fileKeyRef: FileKeySelector?

    package init(
        fieldRef: ObjectFieldSelector? = nil,
        resourceFieldRef: ResourceFieldSelector? = nil,
        configMapKeyRef: ConfigMapKeySelector? = nil,
        secretKeyRef: SecretKeySelector? = nil,
        fileKeyRef: FileKeySelector? = nil
    ) {
        self.fieldRef = fieldRef
        self.resourceFieldRef = resourceFieldRef
        self.configMapKeyRef = configMapKeyRef
        self.secretKeyRef = secretKeyRef
        self.fileKeyRef = fileKeyRef
    }

    package init(reading members: JSONMembers) throws {
        fieldRef = try members.optional("fieldRef")
        resourceFieldRef = try members.optional("resourceFieldRef")
        configMapKeyRef = try members.optional("configMapKeyRef")
        secretKeyRef = try members.optional("secretKeyRef")
        fileKeyRef = try members.optional("fileKeyRef")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("fieldRef", _fieldRef)
        try writer.field("resourceFieldRef", _resourceFieldRef)
        try writer.field("configMapKeyRef", _configMapKeyRef)
        try writer.field("secretKeyRef", _secretKeyRef)
        try writer.field("fileKeyRef", _fileKeyRef)
    }

    package static var zeroValue: EnvVarSource { EnvVarSource() }
}

/// A field of the pod itself, as in metadata.labels['app'].
package struct ObjectFieldSelector: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var apiVersion: String
    @Printed package var fieldPath: String

    package init(
        apiVersion: String = "",
        fieldPath: String = ""
    ) {
        self.apiVersion = apiVersion
        self.fieldPath = fieldPath
    }

    package init(reading members: JSONMembers) throws {
        apiVersion = try members.field("apiVersion")
        fieldPath = try members.field("fieldPath")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("apiVersion", _apiVersion)
        try writer.field("fieldPath", _fieldPath)
    }

    package static var zeroValue: ObjectFieldSelector { ObjectFieldSelector() }
}

/// A request or limit of a container, divided by the divisor and rounded up.
package struct ResourceFieldSelector: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var containerName: String
    @Printed package var resource: String
    @Printed package var divisor: Quantity

    package init(
        containerName: String = "",
        resource: String = "",
        divisor: Quantity = Quantity.zero
    ) {
        self.containerName = containerName
        self.resource = resource
        self.divisor = divisor
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("containerName", _containerName)
        try writer.field("resource", _resource)
        try writer.field("divisor", _divisor)
    }

    package static var zeroValue: ResourceFieldSelector { ResourceFieldSelector() }
}

/// A key of a ConfigMap.
package struct ConfigMapKeySelector: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    @Printed package var key: String
    package var optional: Bool?

    package init(
        name: String = "",
        key: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.key = key
        self.optional = optional
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        key = try members.field("key")
        optional = try members.optional("optional")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("key", _key)
        try writer.field("optional", optional)
    }

    package static var zeroValue: ConfigMapKeySelector { ConfigMapKeySelector() }
}

/// A key of a Secret.
package struct SecretKeySelector: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    @Printed package var key: String
    package var optional: Bool?

    package init(
        name: String = "",
        key: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.key = key
        self.optional = optional
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        key = try members.field("key")
        optional = try members.optional("optional")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("key", _key)
        try writer.field("optional", optional)
    }

    package static var zeroValue: SecretKeySelector { SecretKeySelector() }
}

/// A key of an environment file in a volume.
package struct FileKeySelector: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var volumeName: String
    @Printed package var path: String
    @Printed package var key: String
    package var optional: Bool?

    package init(
        volumeName: String = "",
        path: String = "",
        key: String = "",
        optional: Bool? = nil
    ) {
        self.volumeName = volumeName
        self.path = path
        self.key = key
        self.optional = optional
    }

    package static var zeroValue: FileKeySelector { FileKeySelector() }
}

/// All keys of a ConfigMap or a Secret as variables.
package struct EnvFromSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var prefix: String
    @Indirect package var configMapRef: ConfigMapEnvSource?
    @Indirect package var secretRef: SecretEnvSource?

    package init(
        prefix: String = "",
        configMapRef: ConfigMapEnvSource? = nil,
        secretRef: SecretEnvSource? = nil
    ) {
        self.prefix = prefix
        self.configMapRef = configMapRef
        self.secretRef = secretRef
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("prefix", _prefix)
        try writer.field("configMapRef", _configMapRef)
        try writer.field("secretRef", _secretRef)
    }

    package static var zeroValue: EnvFromSource { EnvFromSource() }
}

/// The ConfigMap whose keys become variables.
package struct ConfigMapEnvSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    package var optional: Bool?

    package init(
        name: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.optional = optional
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("optional", optional)
    }

    package static var zeroValue: ConfigMapEnvSource { ConfigMapEnvSource() }
}

/// The Secret whose keys become variables.
package struct SecretEnvSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    package var optional: Bool?

    package init(
        name: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.optional = optional
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("optional", optional)
    }

    package static var zeroValue: SecretEnvSource { SecretEnvSource() }
}
