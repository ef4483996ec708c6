/// A disk of Google's cloud.
package struct GCEPersistentDiskVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var pdName: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var partition: Int32
    @OmitEmpty package var readOnly: Bool

    package init(
        pdName: String = "",
        fsType: String = "",
        partition: Int32 = 0,
        readOnly: Bool = false
    ) {
        self.pdName = pdName
        self.fsType = fsType
        self.partition = partition
        self.readOnly = readOnly
    }

    package static var zeroValue: GCEPersistentDiskVolumeSource { GCEPersistentDiskVolumeSource() }
}

/// A disk of Amazon's cloud.
package struct AWSElasticBlockStoreVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var volumeID: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var partition: Int32
    @OmitEmpty package var readOnly: Bool

    package init(
        volumeID: String = "",
        fsType: String = "",
        partition: Int32 = 0,
        readOnly: Bool = false
    ) {
        self.volumeID = volumeID
        self.fsType = fsType
        self.partition = partition
        self.readOnly = readOnly
    }

    package static var zeroValue: AWSElasticBlockStoreVolumeSource { AWSElasticBlockStoreVolumeSource() }
}

/// A file share of Microsoft's cloud.
package struct AzureFileVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var secretName: String
    @Printed package var shareName: String
    @OmitEmpty package var readOnly: Bool

    package init(
        secretName: String = "",
        shareName: String = "",
        readOnly: Bool = false
    ) {
        self.secretName = secretName
        self.shareName = shareName
        self.readOnly = readOnly
    }

    package static var zeroValue: AzureFileVolumeSource { AzureFileVolumeSource() }
}

/// A disk of Microsoft's cloud.
package struct AzureDiskVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var diskName: String
    @Printed package var diskURI: String
    package var cachingMode: String?
    package var fsType: String?
    package var readOnly: Bool?
    package var kind: String?

    package init(
        diskName: String = "",
        diskURI: String = "",
        cachingMode: String? = nil,
        fsType: String? = nil,
        readOnly: Bool? = nil,
        kind: String? = nil
    ) {
        self.diskName = diskName
        self.diskURI = diskURI
        self.cachingMode = cachingMode
        self.fsType = fsType
        self.readOnly = readOnly
        self.kind = kind
    }

    package static var zeroValue: AzureDiskVolumeSource { AzureDiskVolumeSource() }
}

/// A disk of OpenStack.
package struct CinderVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var volumeID: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var readOnly: Bool
    @Indirect package var secretRef: LocalObjectReference?

    package init(
        volumeID: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        secretRef: LocalObjectReference? = nil
    ) {
        self.volumeID = volumeID
        self.fsType = fsType
        self.readOnly = readOnly
        self.secretRef = secretRef
    }

    package static var zeroValue: CinderVolumeSource { CinderVolumeSource() }
}

/// A disk of vSphere.
package struct VsphereVirtualDiskVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var volumePath: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var storagePolicyName: String
    @OmitEmpty package var storagePolicyID: String

    package init(
        volumePath: String = "",
        fsType: String = "",
        storagePolicyName: String = "",
        storagePolicyID: String = ""
    ) {
        self.volumePath = volumePath
        self.fsType = fsType
        self.storagePolicyName = storagePolicyName
        self.storagePolicyID = storagePolicyID
    }

    package static var zeroValue: VsphereVirtualDiskVolumeSource { VsphereVirtualDiskVolumeSource() }
}

/// A disk of a Photon controller.
package struct PhotonPersistentDiskVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var pdID: String
    @OmitEmpty package var fsType: String

    package init(
        pdID: String = "",
        fsType: String = ""
    ) {
        self.pdID = pdID
        self.fsType = fsType
    }

    package static var zeroValue: PhotonPersistentDiskVolumeSource { PhotonPersistentDiskVolumeSource() }
}

/// A Portworx volume.
package struct PortworxVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var volumeID: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var readOnly: Bool

    package init(
        volumeID: String = "",
        fsType: String = "",
        readOnly: Bool = false
    ) {
        self.volumeID = volumeID
        self.fsType = fsType
        self.readOnly = readOnly
    }

    package static var zeroValue: PortworxVolumeSource { PortworxVolumeSource() }
}

/// A ScaleIO volume.
package struct ScaleIOVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var gateway: String
    @Printed package var system: String
    @Indirect package var secretRef: LocalObjectReference?
    @OmitEmpty package var sslEnabled: Bool
    @OmitEmpty package var protectionDomain: String
    @OmitEmpty package var storagePool: String
    @OmitEmpty package var storageMode: String
    @OmitEmpty package var volumeName: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var readOnly: Bool

    package init(
        gateway: String = "",
        system: String = "",
        secretRef: LocalObjectReference? = nil,
        sslEnabled: Bool = false,
        protectionDomain: String = "",
        storagePool: String = "",
        storageMode: String = "",
        volumeName: String = "",
        fsType: String = "",
        readOnly: Bool = false
    ) {
        self.gateway = gateway
        self.system = system
        self.secretRef = secretRef
        self.sslEnabled = sslEnabled
        self.protectionDomain = protectionDomain
        self.storagePool = storagePool
        self.storageMode = storageMode
        self.volumeName = volumeName
        self.fsType = fsType
        self.readOnly = readOnly
    }

    package static var zeroValue: ScaleIOVolumeSource { ScaleIOVolumeSource() }
}

/// A StorageOS volume.
package struct StorageOSVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var volumeName: String
    @OmitEmpty package var volumeNamespace: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var readOnly: Bool
    @Indirect package var secretRef: LocalObjectReference?

    package init(
        volumeName: String = "",
        volumeNamespace: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        secretRef: LocalObjectReference? = nil
    ) {
        self.volumeName = volumeName
        self.volumeNamespace = volumeNamespace
        self.fsType = fsType
        self.readOnly = readOnly
        self.secretRef = secretRef
    }

    package static var zeroValue: StorageOSVolumeSource { StorageOSVolumeSource() }
}
