/// An NFS export.
package struct NFSVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var server: String
    @Printed package var path: String
    @OmitEmpty package var readOnly: Bool

    package init(
        server: String = "",
        path: String = "",
        readOnly: Bool = false
    ) {
        self.server = server
        self.path = path
        self.readOnly = readOnly
    }

    package static var zeroValue: NFSVolumeSource { NFSVolumeSource() }
}

/// An iSCSI disk.
package struct ISCSIVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var targetPortal: String
    @Printed package var iqn: String
    @Printed package var lun: Int32
    @OmitEmpty package var iscsiInterface: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var readOnly: Bool
    @OmitEmpty package var portals: [String]
    @OmitEmpty package var chapAuthDiscovery: Bool
    @OmitEmpty package var chapAuthSession: Bool
    @Indirect package var secretRef: LocalObjectReference?
    package var initiatorName: String?

    package init(
        targetPortal: String = "",
        iqn: String = "",
        lun: Int32 = 0,
        iscsiInterface: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        portals: [String] = [],
        chapAuthDiscovery: Bool = false,
        chapAuthSession: Bool = false,
        secretRef: LocalObjectReference? = nil,
        initiatorName: String? = nil
    ) {
        self.targetPortal = targetPortal
        self.iqn = iqn
        self.lun = lun
        self.iscsiInterface = iscsiInterface
        self.fsType = fsType
        self.readOnly = readOnly
        self.portals = portals
        self.chapAuthDiscovery = chapAuthDiscovery
        self.chapAuthSession = chapAuthSession
        self.secretRef = secretRef
        self.initiatorName = initiatorName
    }

    package static var zeroValue: ISCSIVolumeSource { ISCSIVolumeSource() }
}

/// A Fibre Channel disk.
package struct FCVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var targetWWNs: [String]
    package var lun: Int32?
    @OmitEmpty package var fsType: String
    @OmitEmpty package var readOnly: Bool
    @OmitEmpty package var wwids: [String]

    package init(
        targetWWNs: [String] = [],
        lun: Int32? = nil,
        fsType: String = "",
        readOnly: Bool = false,
        wwids: [String] = []
    ) {
        self.targetWWNs = targetWWNs
        self.lun = lun
        self.fsType = fsType
        self.readOnly = readOnly
        self.wwids = wwids
    }

    package static var zeroValue: FCVolumeSource { FCVolumeSource() }
}

/// A volume that a CSI driver provides inline.
package struct CSIVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var driver: String
    package var readOnly: Bool?
    package var fsType: String?
    @OmitEmpty package var volumeAttributes: [String: String]
    @Indirect package var nodePublishSecretRef: LocalObjectReference?

    package init(
        driver: String = "",
        readOnly: Bool? = nil,
        fsType: String? = nil,
        volumeAttributes: [String: String] = [:],
        nodePublishSecretRef: LocalObjectReference? = nil
    ) {
        self.driver = driver
        self.readOnly = readOnly
        self.fsType = fsType
        self.volumeAttributes = volumeAttributes
        self.nodePublishSecretRef = nodePublishSecretRef
    }

    package static var zeroValue: CSIVolumeSource { CSIVolumeSource() }
}

/// A volume of an exec based plugin.
package struct FlexVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var driver: String
    @OmitEmpty package var fsType: String
    @Indirect package var secretRef: LocalObjectReference?
    @OmitEmpty package var readOnly: Bool
    @OmitEmpty package var options: [String: String]

    package init(
        driver: String = "",
        fsType: String = "",
        secretRef: LocalObjectReference? = nil,
        readOnly: Bool = false,
        options: [String: String] = [:]
    ) {
        self.driver = driver
        self.fsType = fsType
        self.secretRef = secretRef
        self.readOnly = readOnly
        self.options = options
    }

    package static var zeroValue: FlexVolumeSource { FlexVolumeSource() }
}

/// A Ceph file system.
package struct CephFSVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var monitors: [String]
    @OmitEmpty package var path: String
    @OmitEmpty package var user: String
    @OmitEmpty package var secretFile: String
    @Indirect package var secretRef: LocalObjectReference?
    @OmitEmpty package var readOnly: Bool

    package init(
        monitors: [String] = [],
        path: String = "",
        user: String = "",
        secretFile: String = "",
        secretRef: LocalObjectReference? = nil,
        readOnly: Bool = false
    ) {
        self.monitors = monitors
        self.path = path
        self.user = user
        self.secretFile = secretFile
        self.secretRef = secretRef
        self.readOnly = readOnly
    }

    package static var zeroValue: CephFSVolumeSource { CephFSVolumeSource() }
}

/// A RADOS block device.
package struct RBDVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var monitors: [String]
    @Printed package var image: String
    @OmitEmpty package var fsType: String
    @OmitEmpty package var pool: String
    @OmitEmpty package var user: String
    @OmitEmpty package var keyring: String
    @Indirect package var secretRef: LocalObjectReference?
    @OmitEmpty package var readOnly: Bool

    package init(
        monitors: [String] = [],
        image: String = "",
        fsType: String = "",
        pool: String = "",
        user: String = "",
        keyring: String = "",
        secretRef: LocalObjectReference? = nil,
        readOnly: Bool = false
    ) {
        self.monitors = monitors
        self.image = image
        self.fsType = fsType
        self.pool = pool
        self.user = user
        self.keyring = keyring
        self.secretRef = secretRef
        self.readOnly = readOnly
    }

    package static var zeroValue: RBDVolumeSource { RBDVolumeSource() }
}

/// A Glusterfs volume.
package struct GlusterfsVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var endpoints: String
    @Printed package var path: String
    @OmitEmpty package var readOnly: Bool

    package init(
        endpoints: String = "",
        path: String = "",
        readOnly: Bool = false
    ) {
        self.endpoints = endpoints
        self.path = path
        self.readOnly = readOnly
    }

    package static var zeroValue: GlusterfsVolumeSource { GlusterfsVolumeSource() }
}

/// A Quobyte volume.
package struct QuobyteVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var registry: String
    @Printed package var volume: String
    @OmitEmpty package var readOnly: Bool
    @OmitEmpty package var user: String
    @OmitEmpty package var group: String
    @OmitEmpty package var tenant: String

    package init(
        registry: String = "",
        volume: String = "",
        readOnly: Bool = false,
        user: String = "",
        group: String = "",
        tenant: String = ""
    ) {
        self.registry = registry
        self.volume = volume
        self.readOnly = readOnly
        self.user = user
        self.group = group
        self.tenant = tenant
    }

    package static var zeroValue: QuobyteVolumeSource { QuobyteVolumeSource() }
}

/// A Flocker volume.
package struct FlockerVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var datasetName: String
    @OmitEmpty package var datasetUUID: String

    package init(
        datasetName: String = "",
        datasetUUID: String = ""
    ) {
        self.datasetName = datasetName
        self.datasetUUID = datasetUUID
    }

    package static var zeroValue: FlockerVolumeSource { FlockerVolumeSource() }
}

/// A clone of a git repository; deprecated upstream.
package struct GitRepoVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var repository: String
    @OmitEmpty package var revision: String
    @OmitEmpty package var directory: String

    package init(
        repository: String = "",
        revision: String = "",
        directory: String = ""
    ) {
        self.repository = repository
        self.revision = revision
        self.directory = directory
    }

    package static var zeroValue: GitRepoVolumeSource { GitRepoVolumeSource() }
}
