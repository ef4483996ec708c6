package import JSON

/// A named directory or device that containers of the pod can mount; exactly one source is set.
package struct Volume: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Indirect package var hostPath: HostPathVolumeSource?
    @Indirect package var emptyDir: EmptyDirVolumeSource?
    @Indirect package var gcePersistentDisk: GCEPersistentDiskVolumeSource?
    @Indirect package var awsElasticBlockStore: AWSElasticBlockStoreVolumeSource?
    @Indirect package var gitRepo: GitRepoVolumeSource?
    @Indirect package var secret: SecretVolumeSource?
    @Indirect package var nfs: NFSVolumeSource?
    @Indirect package var iscsi: ISCSIVolumeSource?
    @Indirect package var glusterfs: GlusterfsVolumeSource?
    @Indirect package var persistentVolumeClaim: PersistentVolumeClaimVolumeSource?
    @Indirect package var rbd: RBDVolumeSource?
    @Indirect package var flexVolume: FlexVolumeSource?
    @Indirect package var cinder: CinderVolumeSource?
    @Indirect package var cephfs: CephFSVolumeSource?
    @Indirect package var flocker: FlockerVolumeSource?
    @Indirect package var downwardAPI: DownwardAPIVolumeSource?
    @Indirect package var fc: FCVolumeSource?
    @Indirect package var azureFile: AzureFileVolumeSource?
    @Indirect package var configMap: ConfigMapVolumeSource?
    @Indirect package var vsphereVolume: VsphereVirtualDiskVolumeSource?
    @Indirect package var quobyte: QuobyteVolumeSource?
    @Indirect package var azureDisk: AzureDiskVolumeSource?
    @Indirect package var photonPersistentDisk: PhotonPersistentDiskVolumeSource?
    @Indirect package var projected: ProjectedVolumeSource?
    @Indirect package var portworxVolume: PortworxVolumeSource?
    @Indirect package var scaleIO: ScaleIOVolumeSource?
    @Indirect package var storageos: StorageOSVolumeSource?
    @Indirect package var csi: CSIVolumeSource?
    @Indirect package var ephemeral: EphemeralVolumeSource?
    @Indirect package var image: ImageVolumeSource?

    package init(
        name: String = "",
        hostPath: HostPathVolumeSource? = nil,
        emptyDir: EmptyDirVolumeSource? = nil,
        gcePersistentDisk: GCEPersistentDiskVolumeSource? = nil,
        awsElasticBlockStore: AWSElasticBlockStoreVolumeSource? = nil,
        gitRepo: GitRepoVolumeSource? = nil,
        secret: SecretVolumeSource? = nil,
        nfs: NFSVolumeSource? = nil,
        iscsi: ISCSIVolumeSource? = nil,
        glusterfs: GlusterfsVolumeSource? = nil,
        persistentVolumeClaim: PersistentVolumeClaimVolumeSource? = nil,
        rbd: RBDVolumeSource? = nil,
        flexVolume: FlexVolumeSource? = nil,
        cinder: CinderVolumeSource? = nil,
        cephfs: CephFSVolumeSource? = nil,
        flocker: FlockerVolumeSource? = nil,
        downwardAPI: DownwardAPIVolumeSource? = nil,
        fc: FCVolumeSource? = nil,
        azureFile: AzureFileVolumeSource? = nil,
        configMap: ConfigMapVolumeSource? = nil,
        vsphereVolume: VsphereVirtualDiskVolumeSource? = nil,
        quobyte: QuobyteVolumeSource? = nil,
        azureDisk: AzureDiskVolumeSource? = nil,
        photonPersistentDisk: PhotonPersistentDiskVolumeSource? = nil,
        projected: ProjectedVolumeSource? = nil,
        portworxVolume: PortworxVolumeSource? = nil,
        scaleIO: ScaleIOVolumeSource? = nil,
        storageos: StorageOSVolumeSource? = nil,
        csi: CSIVolumeSource? = nil,
        ephemeral: EphemeralVolumeSource? = nil,
        image: ImageVolumeSource? = nil
    ) {
        self.name = name
        self.hostPath = hostPath
        self.emptyDir = emptyDir
        self.gcePersistentDisk = gcePersistentDisk
        self.awsElasticBlockStore = awsElasticBlockStore
        self.gitRepo = gitRepo
        self.secret = secret
        self.nfs = nfs
        self.iscsi = iscsi
        self.glusterfs = glusterfs
        self.persistentVolumeClaim = persistentVolumeClaim
        self.rbd = rbd
        self.flexVolume = flexVolume
        self.cinder = cinder
        self.cephfs = cephfs
        self.flocker = flocker
        self.downwardAPI = downwardAPI
        self.fc = fc
        self.azureFile = azureFile
        self.configMap = configMap
        self.vsphereVolume = vsphereVolume
        self.quobyte = quobyte
        self.azureDisk = azureDisk
        self.photonPersistentDisk = photonPersistentDisk
        self.projected = projected
        self.portworxVolume = portworxVolume
        self.scaleIO = scaleIO
        self.storageos = storageos
        self.csi = csi
        self.ephemeral = ephemeral
        self.image = image
    }

    package init(reading members: JSONMembers) throws {
        name = try members.field("name")
        hostPath = try members.optional("hostPath")
        emptyDir = try members.optional("emptyDir")
        gcePersistentDisk = try members.optional("gcePersistentDisk")
        awsElasticBlockStore = try members.optional("awsElasticBlockStore")
        gitRepo = try members.optional("gitRepo")
        secret = try members.optional("secret")
        nfs = try members.optional("nfs")
        iscsi = try members.optional("iscsi")
        glusterfs = try members.optional("glusterfs")
        persistentVolumeClaim = try members.optional("persistentVolumeClaim")
        rbd = try members.optional("rbd")
        flexVolume = try members.optional("flexVolume")
        cinder = try members.optional("cinder")
        cephfs = try members.optional("cephfs")
        flocker = try members.optional("flocker")
        downwardAPI = try members.optional("downwardAPI")
        fc = try members.optional("fc")
        azureFile = try members.optional("azureFile")
        configMap = try members.optional("configMap")
        vsphereVolume = try members.optional("vsphereVolume")
        quobyte = try members.optional("quobyte")
        azureDisk = try members.optional("azureDisk")
        photonPersistentDisk = try members.optional("photonPersistentDisk")
        projected = try members.optional("projected")
        portworxVolume = try members.optional("portworxVolume")
        scaleIO = try members.optional("scaleIO")
        storageos = try members.optional("storageos")
        csi = try members.optional("csi")
        ephemeral = try members.optional("ephemeral")
        image = try members.optional("image")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("hostPath", _hostPath)
        try writer.field("emptyDir", _emptyDir)
        try writer.field("gcePersistentDisk", _gcePersistentDisk)
        try writer.field("awsElasticBlockStore", _awsElasticBlockStore)
        try writer.field("gitRepo", _gitRepo)
        try writer.field("secret", _secret)
        try writer.field("nfs", _nfs)
        try writer.field("iscsi", _iscsi)
        try writer.field("glusterfs", _glusterfs)
        try writer.field("persistentVolumeClaim", _persistentVolumeClaim)
        try writer.field("rbd", _rbd)
        try writer.field("flexVolume", _flexVolume)
        try writer.field("cinder", _cinder)
        try writer.field("cephfs", _cephfs)
        try writer.field("flocker", _flocker)
        try writer.field("downwardAPI", _downwardAPI)
        try writer.field("fc", _fc)
        try writer.field("azureFile", _azureFile)
        try writer.field("configMap", _configMap)
        try writer.field("vsphereVolume", _vsphereVolume)
        try writer.field("quobyte", _quobyte)
        try writer.field("azureDisk", _azureDisk)
        try writer.field("photonPersistentDisk", _photonPersistentDisk)
        try writer.field("projected", _projected)
        try writer.field("portworxVolume", _portworxVolume)
        try writer.field("scaleIO", _scaleIO)
        try writer.field("storageos", _storageos)
        try writer.field("csi", _csi)
        try writer.field("ephemeral", _ephemeral)
        try writer.field("image", _image)
    }

    package static var zeroValue: Volume { Volume() }
}

/// A path of the host.
package struct HostPathVolumeSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var path: String
    package var type: String?

    package init(
        path: String = "",
        type: String? = nil
    ) {
        self.path = path
        self.type = type
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("path", _path)
        try writer.field("type", type)
    }

    package static var zeroValue: HostPathVolumeSource { HostPathVolumeSource() }
}

/// A directory that lives as long as the pod.
package struct EmptyDirVolumeSource: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var medium: String
    package var sizeLimit: Quantity?

    package init(
        medium: String = "",
        sizeLimit: Quantity? = nil
    ) {
        self.medium = medium
        self.sizeLimit = sizeLimit
    }

    package init(reading members: JSONMembers) throws {
        medium = try members.field("medium")
        sizeLimit = try members.optional("sizeLimit")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("medium", _medium)
        try writer.field("sizeLimit", sizeLimit)
    }

    package static var zeroValue: EmptyDirVolumeSource { EmptyDirVolumeSource() }
}

/// The keys of a Secret as files.
package struct SecretVolumeSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var secretName: String
    @OmitEmpty package var items: [KeyToPath]
    package var defaultMode: Int32?
    package var optional: Bool?

    package init(
        secretName: String = "",
        items: [KeyToPath] = [],
        defaultMode: Int32? = nil,
        optional: Bool? = nil
    ) {
        self.secretName = secretName
        self.items = items
        self.defaultMode = defaultMode
        self.optional = optional
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("secretName", _secretName)
        try writer.field("items", _items)
        try writer.field("defaultMode", defaultMode)
        try writer.field("optional", optional)
    }

    package static var zeroValue: SecretVolumeSource { SecretVolumeSource() }
}

/// The keys of a ConfigMap as files.
package struct ConfigMapVolumeSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    @OmitEmpty package var items: [KeyToPath]
    package var defaultMode: Int32?
    package var optional: Bool?

    package init(
        name: String = "",
        items: [KeyToPath] = [],
        defaultMode: Int32? = nil,
        optional: Bool? = nil
    ) {
        self.name = name
        self.items = items
        self.defaultMode = defaultMode
        self.optional = optional
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("name", _name)
        try writer.field("items", _items)
        try writer.field("defaultMode", defaultMode)
        try writer.field("optional", optional)
    }

    package static var zeroValue: ConfigMapVolumeSource { ConfigMapVolumeSource() }
}

/// The file that a key becomes.
package struct KeyToPath: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var key: String
    @Printed package var path: String
    package var mode: Int32?

    package init(
        key: String = "",
        path: String = "",
        mode: Int32? = nil
    ) {
        self.key = key
        self.path = path
        self.mode = mode
    }

    package init(reading members: JSONMembers) throws {
        key = try members.field("key")
        path = try members.field("path")
        mode = try members.optional("mode")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("key", _key)
        try writer.field("path", _path)
        try writer.field("mode", mode)
    }

    package static var zeroValue: KeyToPath { KeyToPath() }
}

/// Fields of the pod as files.
package struct DownwardAPIVolumeSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var items: [DownwardAPIVolumeFile]
    package var defaultMode: Int32?

    package init(
        items: [DownwardAPIVolumeFile] = [],
        defaultMode: Int32? = nil
    ) {
        self.items = items
        self.defaultMode = defaultMode
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("items", _items)
        try writer.field("defaultMode", defaultMode)
    }

    package static var zeroValue: DownwardAPIVolumeSource { DownwardAPIVolumeSource() }
}

/// The file that a field of the pod becomes.
package struct DownwardAPIVolumeFile: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var path: String
    @Indirect package var fieldRef: ObjectFieldSelector?
    @Indirect package var resourceFieldRef: ResourceFieldSelector?
    package var mode: Int32?

    package init(
        path: String = "",
        fieldRef: ObjectFieldSelector? = nil,
        resourceFieldRef: ResourceFieldSelector? = nil,
        mode: Int32? = nil
    ) {
        self.path = path
        self.fieldRef = fieldRef
        self.resourceFieldRef = resourceFieldRef
        self.mode = mode
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("path", _path)
        try writer.field("fieldRef", _fieldRef)
        try writer.field("resourceFieldRef", _resourceFieldRef)
        try writer.field("mode", mode)
    }

    package static var zeroValue: DownwardAPIVolumeFile { DownwardAPIVolumeFile() }
}

/// The contents of an image, read-only.
package struct ImageVolumeSource: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var reference: String
    @OmitEmpty package var pullPolicy: String

    package init(
        reference: String = "",
        pullPolicy: String = ""
    ) {
        self.reference = reference
        self.pullPolicy = pullPolicy
    }

    package static var zeroValue: ImageVolumeSource { ImageVolumeSource() }
}

/// A claim in the pod's namespace.
package struct PersistentVolumeClaimVolumeSource: Codable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @Printed package var claimName: String
    @OmitEmpty package var readOnly: Bool

    package init(
        claimName: String = "",
        readOnly: Bool = false
    ) {
        self.claimName = claimName
        self.readOnly = readOnly
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("claimName", _claimName)
        try writer.field("readOnly", _readOnly)
    }

    package static var zeroValue: PersistentVolumeClaimVolumeSource { PersistentVolumeClaimVolumeSource() }
}
