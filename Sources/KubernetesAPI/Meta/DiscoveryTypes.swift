/// The answer of /api in the legacy form.
package struct APIVersions: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var versions: [String]
    @Printed package var serverAddressByClientCIDRs: [ServerAddressByClientCIDR]

    package init(
        kind: String = "APIVersions",
        apiVersion: String = "",
        versions: [String] = [],
        serverAddressByClientCIDRs: [ServerAddressByClientCIDR] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.versions = versions
        self.serverAddressByClientCIDRs = serverAddressByClientCIDRs
    }

    package static var zeroValue: APIVersions { APIVersions() }
}

/// The address that clients of one network should use.
package struct ServerAddressByClientCIDR: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var clientCIDR: String
    @Printed package var serverAddress: String

    package init(
        clientCIDR: String = "",
        serverAddress: String = ""
    ) {
        self.clientCIDR = clientCIDR
        self.serverAddress = serverAddress
    }

    package static var zeroValue: ServerAddressByClientCIDR { ServerAddressByClientCIDR() }
}

/// The answer of /apis in the legacy form.
package struct APIGroupList: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var groups: [APIGroup]

    package init(
        kind: String = "APIGroupList",
        apiVersion: String = "v1",
        groups: [APIGroup] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.groups = groups
    }

    package static var zeroValue: APIGroupList { APIGroupList() }
}

/// One named group and its versions.
package struct APIGroup: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var name: String
    @Printed package var versions: [GroupVersionForDiscovery]
    @Printed package var preferredVersion: GroupVersionForDiscovery
    @OmitEmpty package var serverAddressByClientCIDRs: [ServerAddressByClientCIDR]

    package init(
        kind: String = "",
        apiVersion: String = "",
        name: String = "",
        versions: [GroupVersionForDiscovery] = [],
        preferredVersion: GroupVersionForDiscovery = GroupVersionForDiscovery(),
        serverAddressByClientCIDRs: [ServerAddressByClientCIDR] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.name = name
        self.versions = versions
        self.preferredVersion = preferredVersion
        self.serverAddressByClientCIDRs = serverAddressByClientCIDRs
    }

    package static var zeroValue: APIGroup { APIGroup() }
}

/// A version, with and without its group.
package struct GroupVersionForDiscovery: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var groupVersion: String
    @Printed package var version: String

    package init(
        groupVersion: String = "",
        version: String = ""
    ) {
        self.groupVersion = groupVersion
        self.version = version
    }

    package static var zeroValue: GroupVersionForDiscovery { GroupVersionForDiscovery() }
}

/// The answer of /api/v1 and /apis/GROUP/VERSION in the legacy form.
package struct APIResourceList: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var groupVersion: String
    @Printed package var resources: [APIResource]

    package init(
        kind: String = "APIResourceList",
        apiVersion: String = "v1",
        groupVersion: String = "",
        resources: [APIResource] = []
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.groupVersion = groupVersion
        self.resources = resources
    }

    package static var zeroValue: APIResourceList { APIResourceList() }
}

/// One resource or subresource (name "pods/log") of a group.
package struct APIResource: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var name: String
    @Printed package var singularName: String
    @Printed package var namespaced: Bool
    @OmitEmpty package var group: String
    @OmitEmpty package var version: String
    @Printed package var kind: String
    @Printed package var verbs: [String]
    @OmitEmpty package var shortNames: [String]
    @OmitEmpty package var categories: [String]
    @OmitEmpty package var storageVersionHash: String

    package init(
        name: String = "",
        singularName: String = "",
        namespaced: Bool = false,
        group: String = "",
        version: String = "",
        kind: String = "",
        verbs: [String] = [],
        shortNames: [String] = [],
        categories: [String] = [],
        storageVersionHash: String = ""
    ) {
        self.name = name
        self.singularName = singularName
        self.namespaced = namespaced
        self.group = group
        self.version = version
        self.kind = kind
        self.verbs = verbs
        self.shortNames = shortNames
        self.categories = categories
        self.storageVersionHash = storageVersionHash
    }

    package static var zeroValue: APIResource { APIResource() }
}
