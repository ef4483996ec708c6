/// Several sources in one directory.
package struct ProjectedVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var sources: [VolumeProjection]
    package var defaultMode: Int32?

    package init(
        sources: [VolumeProjection] = [],
        defaultMode: Int32? = nil
    ) {
        self.sources = sources
        self.defaultMode = defaultMode
    }

    package static var zeroValue: ProjectedVolumeSource { ProjectedVolumeSource() }
}

/// One source of a projected volume; exactly one member is set.
package struct VolumeProjection: Codable, Hashable, Sendable, ZeroValue {
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

    package static var zeroValue: VolumeProjection { VolumeProjection() }
}

/// The keys of a Secret as files.
package struct SecretProjection: Codable, Hashable, Sendable, ZeroValue {
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

    package static var zeroValue: SecretProjection { SecretProjection() }
}

/// Fields of the pod as files.
package struct DownwardAPIProjection: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var items: [DownwardAPIVolumeFile]

    package init(
        items: [DownwardAPIVolumeFile] = []
    ) {
        self.items = items
    }

    package static var zeroValue: DownwardAPIProjection { DownwardAPIProjection() }
}

/// The keys of a ConfigMap as files.
package struct ConfigMapProjection: Codable, Hashable, Sendable, ZeroValue {
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

    package static var zeroValue: ConfigMapProjection { ConfigMapProjection() }
}

/// A token for the pod's service account, renewed before it expires.
package struct ServiceAccountTokenProjection: Codable, Hashable, Sendable, ZeroValue {
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
