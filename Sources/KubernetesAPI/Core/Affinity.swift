package import JSON

/// Where the scheduler should place a pod.
package struct Affinity: Codable, Hashable, Sendable, ZeroValue {
    @Indirect package var nodeAffinity: NodeAffinity?
    @Indirect package var podAffinity: PodAffinity?
    @Indirect package var podAntiAffinity: PodAntiAffinity?

    package init(
        nodeAffinity: NodeAffinity? = nil,
        podAffinity: PodAffinity? = nil,
        podAntiAffinity: PodAntiAffinity? = nil
    ) {
        self.nodeAffinity = nodeAffinity
        self.podAffinity = podAffinity
        self.podAntiAffinity = podAntiAffinity
    }

    package static var zeroValue: Affinity { Affinity() }
}

/// Which nodes a pod must or would rather run on.
package struct NodeAffinity: Codable, Hashable, Sendable, ZeroValue {
    @Indirect package var requiredDuringSchedulingIgnoredDuringExecution: NodeSelector?
    @OmitEmpty package var preferredDuringSchedulingIgnoredDuringExecution: [PreferredSchedulingTerm]

    package init(
        requiredDuringSchedulingIgnoredDuringExecution: NodeSelector? = nil,
        preferredDuringSchedulingIgnoredDuringExecution: [PreferredSchedulingTerm] = []
    ) {
        self.requiredDuringSchedulingIgnoredDuringExecution = requiredDuringSchedulingIgnoredDuringExecution
        self.preferredDuringSchedulingIgnoredDuringExecution = preferredDuringSchedulingIgnoredDuringExecution
    }

    package static var zeroValue: NodeAffinity { NodeAffinity() }
}

/// Terms of which one must match the node.
package struct NodeSelector: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var nodeSelectorTerms: [NodeSelectorTerm]

    package init(
        nodeSelectorTerms: [NodeSelectorTerm] = []
    ) {
        self.nodeSelectorTerms = nodeSelectorTerms
    }

    package static var zeroValue: NodeSelector { NodeSelector() }
}

/// Requirements of which all must hold.
package struct NodeSelectorTerm: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var matchExpressions: [NodeSelectorRequirement]
    @OmitEmpty package var matchFields: [NodeSelectorRequirement]

    package init(
        matchExpressions: [NodeSelectorRequirement] = [],
        matchFields: [NodeSelectorRequirement] = []
    ) {
        self.matchExpressions = matchExpressions
        self.matchFields = matchFields
    }

    package static var zeroValue: NodeSelectorTerm { NodeSelectorTerm() }
}

/// One condition on a node's label or field: In, NotIn, Exists, DoesNotExist, Gt or Lt.
package struct NodeSelectorRequirement: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var key: String
    @Printed package var `operator`: String
    @OmitEmpty package var values: [String]

    package init(
        key: String = "",
        `operator`: String = "",
        values: [String] = []
    ) {
        self.key = key
        self.operator = `operator`
        self.values = values
    }

    package static var zeroValue: NodeSelectorRequirement { NodeSelectorRequirement() }
}

/// A term with the weight, 1 to 100, that its match adds.
package struct PreferredSchedulingTerm: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var weight: Int32
    @Printed package var preference: NodeSelectorTerm

    package init(
        weight: Int32 = 0,
        preference: NodeSelectorTerm = NodeSelectorTerm()
    ) {
        self.weight = weight
        self.preference = preference
    }

    package static var zeroValue: PreferredSchedulingTerm { PreferredSchedulingTerm() }
}

/// Which pods this pod must or would rather be near.
package struct PodAffinity: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm]
    @OmitEmpty package var preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm]

    package init(
        requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] = [],
        preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] = []
    ) {
        self.requiredDuringSchedulingIgnoredDuringExecution = requiredDuringSchedulingIgnoredDuringExecution
        self.preferredDuringSchedulingIgnoredDuringExecution = preferredDuringSchedulingIgnoredDuringExecution
    }

    package static var zeroValue: PodAffinity { PodAffinity() }
}

/// Which pods this pod must or would rather be away from.
package struct PodAntiAffinity: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm]
    @OmitEmpty package var preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm]

    package init(
        requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] = [],
        preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] = []
    ) {
        self.requiredDuringSchedulingIgnoredDuringExecution = requiredDuringSchedulingIgnoredDuringExecution
        self.preferredDuringSchedulingIgnoredDuringExecution = preferredDuringSchedulingIgnoredDuringExecution
    }

    package static var zeroValue: PodAntiAffinity { PodAntiAffinity() }
}

/// A set of pods and the topology within which they count as near.
package struct PodAffinityTerm: Codable, Hashable, Sendable, ZeroValue {
    @Indirect package var labelSelector: LabelSelector?
    @OmitEmpty package var namespaces: [String]
    @Printed package var topologyKey: String
    @Indirect package var namespaceSelector: LabelSelector?
    @OmitEmpty package var matchLabelKeys: [String]
    @OmitEmpty package var mismatchLabelKeys: [String]

    package init(
        labelSelector: LabelSelector? = nil,
        namespaces: [String] = [],
        topologyKey: String = "",
        namespaceSelector: LabelSelector? = nil,
        matchLabelKeys: [String] = [],
        mismatchLabelKeys: [String] = []
    ) {
        self.labelSelector = labelSelector
        self.namespaces = namespaces
        self.topologyKey = topologyKey
        self.namespaceSelector = namespaceSelector
        self.matchLabelKeys = matchLabelKeys
        self.mismatchLabelKeys = mismatchLabelKeys
    }

    package static var zeroValue: PodAffinityTerm { PodAffinityTerm() }
}

/// A term with the weight, 1 to 100, that its match adds.
package struct WeightedPodAffinityTerm: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var weight: Int32
    @Printed package var podAffinityTerm: PodAffinityTerm

    package init(
        weight: Int32 = 0,
        podAffinityTerm: PodAffinityTerm = PodAffinityTerm()
    ) {
        self.weight = weight
        self.podAffinityTerm = podAffinityTerm
    }

    package static var zeroValue: WeightedPodAffinityTerm { WeightedPodAffinityTerm() }
}

/// A taint that does not keep the pod away.
package struct Toleration: JSONReadable, JSONObjectWritable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var key: String
    @OmitEmpty package var `operator`: String
    @OmitEmpty package var value: String
    @OmitEmpty package var effect: String
    package var tolerationSeconds: Int64?

    package init(
        key: String = "",
        `operator`: String = "",
        value: String = "",
        effect: String = "",
        tolerationSeconds: Int64? = nil
    ) {
        self.key = key
        self.operator = `operator`
        self.value = value
        self.effect = effect
        self.tolerationSeconds = tolerationSeconds
    }

    package init(reading members: JSONMembers) throws {
        key = try members.field("key")
        self.operator = try members.field("operator")
        value = try members.field("value")
        effect = try members.field("effect")
        tolerationSeconds = try members.optional("tolerationSeconds")
    }

    package func write(membersTo writer: inout JSONWriter) throws {
        try writer.field("key", _key)
        try writer.field("operator", _operator)
        try writer.field("value", _value)
        try writer.field("effect", _effect)
        try writer.field("tolerationSeconds", tolerationSeconds)
    }

    package static var zeroValue: Toleration { Toleration() }
}

/// How evenly pods are to be spread.
package struct TopologySpreadConstraint: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var maxSkew: Int32
    @Printed package var topologyKey: String
    @Printed package var whenUnsatisfiable: String
    @Indirect package var labelSelector: LabelSelector?
    package var minDomains: Int32?
    package var nodeAffinityPolicy: String?
    package var nodeTaintsPolicy: String?
    @OmitEmpty package var matchLabelKeys: [String]

    package init(
        maxSkew: Int32 = 0,
        topologyKey: String = "",
        whenUnsatisfiable: String = "",
        labelSelector: LabelSelector? = nil,
        minDomains: Int32? = nil,
        nodeAffinityPolicy: String? = nil,
        nodeTaintsPolicy: String? = nil,
        matchLabelKeys: [String] = []
    ) {
        self.maxSkew = maxSkew
        self.topologyKey = topologyKey
        self.whenUnsatisfiable = whenUnsatisfiable
        self.labelSelector = labelSelector
        self.minDomains = minDomains
        self.nodeAffinityPolicy = nodeAffinityPolicy
        self.nodeTaintsPolicy = nodeTaintsPolicy
        self.matchLabelKeys = matchLabelKeys
    }

    package static var zeroValue: TopologySpreadConstraint { TopologySpreadConstraint() }
}
