/// A claim that is made for the pod and goes with it.
package struct EphemeralVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Indirect package var volumeClaimTemplate: PersistentVolumeClaimTemplate?

    package init(
        volumeClaimTemplate: PersistentVolumeClaimTemplate? = nil
    ) {
        self.volumeClaimTemplate = volumeClaimTemplate
    }

    package static var zeroValue: EphemeralVolumeSource { EphemeralVolumeSource() }
}

/// The claim to make.
package struct PersistentVolumeClaimTemplate: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var metadata: ObjectMeta
    @Printed package var spec: PersistentVolumeClaimSpec

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    ) {
        self.metadata = metadata
        self.spec = spec
    }

    package static var zeroValue: PersistentVolumeClaimTemplate { PersistentVolumeClaimTemplate() }
}

/// What is wanted of a persistent volume.
package struct PersistentVolumeClaimSpec: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var accessModes: [String]
    @Indirect package var selector: LabelSelector?
    @Printed package var resources: VolumeResourceRequirements
    @OmitEmpty package var volumeName: String
    package var storageClassName: String?
    package var volumeMode: String?
    @Indirect package var dataSource: TypedLocalObjectReference?
    @Indirect package var dataSourceRef: TypedObjectReference?
    package var volumeAttributesClassName: String?

    package init(
        accessModes: [String] = [],
        selector: LabelSelector? = nil,
        resources: VolumeResourceRequirements = VolumeResourceRequirements(),
        volumeName: String = "",
        storageClassName: String? = nil,
        volumeMode: String? = nil,
        dataSource: TypedLocalObjectReference? = nil,
        dataSourceRef: TypedObjectReference? = nil,
        volumeAttributesClassName: String? = nil
    ) {
        self.accessModes = accessModes
        self.selector = selector
        self.resources = resources
        self.volumeName = volumeName
        self.storageClassName = storageClassName
        self.volumeMode = volumeMode
        self.dataSource = dataSource
        self.dataSourceRef = dataSourceRef
        self.volumeAttributesClassName = volumeAttributesClassName
    }

    package static var zeroValue: PersistentVolumeClaimSpec { PersistentVolumeClaimSpec() }
}

/// The size of storage that is wanted.
package struct VolumeResourceRequirements: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var limits: ResourceList
    @OmitEmpty package var requests: ResourceList

    package init(
        limits: ResourceList = [:],
        requests: ResourceList = [:]
    ) {
        self.limits = limits
        self.requests = requests
    }

    package static var zeroValue: VolumeResourceRequirements { VolumeResourceRequirements() }
}
