package import JSON

/// Several sources in one directory.
package struct ProjectedVolumeSource: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var sources: [VolumeProjection]
    package var defaultMode: Int32?

    package init(
        sources: [VolumeProjection] = [],
        defaultMode: Int32? = nil
    ) {
        self.sources = sources
        self.defaultMode = defaultMode
    }

    package init(reading members: JSONMembers) throws {
        sources = try members.field("sources")
        defaultMode = try members.optional("defaultMode")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("sources", _sources)
        try writer.field("defaultMode", defaultMode)
    }

    package static var zeroValue: ProjectedVolumeSource { ProjectedVolumeSource() }
}

/// One source of a projected volume; exactly one member is set.
package struct VolumeProjection: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Indirect package var secret: SecretProjection?
    @Indirect package var downwardAPI: DownwardAPIProjection?
    @Indirect package var configMap: ConfigMapProjection?
    @Indirect package var serviceAccountToken: ServiceAccountTokenProjection?
    @Indirect package var clusterTrustBundle: ClusterTrustBundleProjection?
    @Indirect package var podCertificate: PodCertificateProjection?

    package init(
        secret: SecretProjection? = nil,
        downwardAPI: DownwardAPIProjection? = nil,
        configMap: ConfigMapProjection? = nil,
        serviceAccountToken: ServiceAccountTokenProjection? = nil,
        clusterTrustBundle: ClusterTrustBundleProjection? = nil,
        podCertificate: PodCertificateProjection? = nil
    ) {
        self.secret = secret
        self.downwardAPI = downwardAPI
        self.configMap = configMap
        self.serviceAccountToken = serviceAccountToken
        self.clusterTrustBundle = clusterTrustBundle
        self.podCertificate = podCertificate
    }

    package init(reading members: JSONMembers) throws {
        secret = try members.optional("secret")
        downwardAPI = try members.optional("downwardAPI")
        configMap = try members.optional("configMap")
        serviceAccountToken = try members.optional("serviceAccountToken")
        clusterTrustBundle = try members.optional("clusterTrustBundle")
        podCertificate = try members.optional("podCertificate")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("secret", _secret)
        try writer.field("downwardAPI", _downwardAPI)
        try writer.field("configMap", _configMap)
        try writer.field("serviceAccountToken", _serviceAccountToken)
        try writer.field("clusterTrustBundle", _clusterTrustBundle)
        try writer.field("podCertificate", _podCertificate)
    }

    package static var zeroValue: VolumeProjection { VolumeProjection() }
}

/// The keys of a Secret as files.
package struct SecretProjection: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    @OmitEmpty package var items: [KeyToPath]
    package var optional: Bool?

    package init(
        name: String = "",
        items: [KeyToPath] = [],
        optional: Bool? = nil
    ) {
        self.name = name
        self.items = items
        self.optional = optional
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("items", _items)
        try writer.field("optional", optional)
    }

    package static var zeroValue: SecretProjection { SecretProjection() }
}

/// Fields of the pod as files.
package struct DownwardAPIProjection: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var items: [DownwardAPIVolumeFile]

    package init(
        items: [DownwardAPIVolumeFile] = []
    ) {
        self.items = items
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("items", _items)
    }

    package static var zeroValue: DownwardAPIProjection { DownwardAPIProjection() }
}

/// The keys of a ConfigMap as files.
package struct ConfigMapProjection: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    @OmitEmpty package var items: [KeyToPath]
    package var optional: Bool?

    package init(
        name: String = "",
        items: [KeyToPath] = [],
        optional: Bool? = nil
    ) {
        self.name = name
        self.items = items
        self.optional = optional
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        items = try members.field("items")
        optional = try members.optional("optional")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("items", _items)
        try writer.field("optional", optional)
    }

    package static var zeroValue: ConfigMapProjection { ConfigMapProjection() }
}

/// A token for the pod's service account, renewed before it expires.
package struct ServiceAccountTokenProjection: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var audience: String
    package var expirationSeconds: Int64?
    @Printed package var path: String

    package init(
        audience: String = "",
        expirationSeconds: Int64? = nil,
        path: String = ""
    ) {
        self.audience = audience
        self.expirationSeconds = expirationSeconds
        self.path = path
    }

    package init(reading members: JSONMembers) throws {
        audience = try members.field("audience")
        expirationSeconds = try members.optional("expirationSeconds")
        path = try members.field("path")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("audience", _audience)
        try writer.field("expirationSeconds", expirationSeconds)
        try writer.field("path", _path)
    }

    package static var zeroValue: ServiceAccountTokenProjection { ServiceAccountTokenProjection() }
}

/// Certificates of the authorities to trust.
package struct ClusterTrustBundleProjection: Codable, Hashable, Sendable, ZeroValue {
    package var name: String?
    package var signerName: String?
    @Indirect package var labelSelector: LabelSelector?
    package var optional: Bool?
    @Printed package var path: String

    package init(
        name: String? = nil,
        signerName: String? = nil,
        labelSelector: LabelSelector? = nil,
        optional: Bool? = nil,
        path: String = ""
    ) {
        self.name = name
        self.signerName = signerName
        self.labelSelector = labelSelector
        self.optional = optional
        self.path = path
    }

    package static var zeroValue: ClusterTrustBundleProjection { ClusterTrustBundleProjection() }
}

/// A private key and a certificate for the pod.
package struct PodCertificateProjection: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var signerName: String
    @OmitEmpty package var keyType: String
    package var maxExpirationSeconds: Int32?
    @OmitEmpty package var credentialBundlePath: String
    @OmitEmpty package var keyPath: String
    @OmitEmpty package var certificateChainPath: String
    @OmitEmpty package var userAnnotations: [String: String]

    package init(
        signerName: String = "",
        keyType: String = "",
        maxExpirationSeconds: Int32? = nil,
        credentialBundlePath: String = "",
        keyPath: String = "",
        certificateChainPath: String = "",
        userAnnotations: [String: String] = [:]
    ) {
        self.signerName = signerName
        self.keyType = keyType
        self.maxExpirationSeconds = maxExpirationSeconds
        self.credentialBundlePath = credentialBundlePath
        self.keyPath = keyPath
        self.certificateChainPath = certificateChainPath
        self.userAnnotations = userAnnotations
    }

    package static var zeroValue: PodCertificateProjection { PodCertificateProjection() }
}
