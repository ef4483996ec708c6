package import JSON

/// Configuration as keys and texts.
package struct ConfigMap: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ObjectMeta
    package var immutable: Bool?
    @OmitEmpty package var data: [String: String]
    @OmitEmpty package var binaryData: [String: Base64Bytes]

    package init(
        kind: String = "ConfigMap",
        apiVersion: String = "v1",
        metadata: ObjectMeta = ObjectMeta(),
        immutable: Bool? = nil,
        data: [String: String] = [:],
        binaryData: [String: Base64Bytes] = [:]
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.immutable = immutable
        self.data = data
        self.binaryData = binaryData
    }

    package static var zeroValue: ConfigMap { ConfigMap() }
}

/// ConfigMaps, and the version at which they were read.
package struct ConfigMapList: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ListMeta
    @Printed package var items: [ConfigMap]

    package init(
        kind: String = "ConfigMapList",
        apiVersion: String = "v1",
        metadata: ListMeta = ListMeta(),
        items: [ConfigMap] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.items = items
    }

    package static var zeroValue: ConfigMapList { ConfigMapList() }
}

/// Confidential bytes by key.
package struct Secret: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ObjectMeta
    package var immutable: Bool?
    @OmitEmpty package var data: [String: Base64Bytes]
    /// Texts to write into data; a server never returns them.
    @OmitEmpty package var stringData: [String: String]
    @OmitEmpty package var type: String

    package init(
        kind: String = "Secret",
        apiVersion: String = "v1",
        metadata: ObjectMeta = ObjectMeta(),
        immutable: Bool? = nil,
        data: [String: Base64Bytes] = [:],
        stringData: [String: String] = [:],
        type: String = ""
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.immutable = immutable
        self.data = data
        self.stringData = stringData
        self.type = type
    }

    package static var zeroValue: Secret { Secret() }
}

/// Secrets, and the version at which they were read.
package struct SecretList: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ListMeta
    @Printed package var items: [Secret]

    package init(
        kind: String = "SecretList",
        apiVersion: String = "v1",
        metadata: ListMeta = ListMeta(),
        items: [Secret] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.items = items
    }

    package static var zeroValue: SecretList { SecretList() }
}
