package import JSON

/// The outcome of a request that returned no object; the body of every error.
package struct Status: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ListMeta
    /// Success or Failure.
    @OmitEmpty package var status: String
    @OmitEmpty package var message: String
    /// A word for programs, see ``StatusReason``.
    @OmitEmpty package var reason: String
    @Indirect package var details: StatusDetails?
    /// The HTTP status code.
    @OmitEmpty package var code: Int32

    package init(
        kind: String = "Status",
        apiVersion: String = "v1",
        metadata: ListMeta = ListMeta(),
        status: String = "",
        message: String = "",
        reason: String = "",
        details: StatusDetails? = nil,
        code: Int32 = 0
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.status = status
        self.message = message
        self.reason = reason
        self.details = details
        self.code = code
    }

    package static var zeroValue: Status { Status() }
}

/// The object and the causes that a ``Status`` speaks of.
package struct StatusDetails: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var name: String
    @OmitEmpty package var group: String
    /// The resource (plural, as in the URL) for lookups, the kind for validation errors.
    @OmitEmpty package var kind: String
    @OmitEmpty package var uid: String
    @OmitEmpty package var causes: [StatusCause]
    @OmitEmpty package var retryAfterSeconds: Int32

    package init(
        name: String = "",
        group: String = "",
        kind: String = "",
        uid: String = "",
        causes: [StatusCause] = [],
        retryAfterSeconds: Int32 = 0
    ) {
        self.name = name
        self.group = group
        self.kind = kind
        self.uid = uid
        self.causes = causes
        self.retryAfterSeconds = retryAfterSeconds
    }

    package static var zeroValue: StatusDetails { StatusDetails() }
}

/// One of several reasons for a failure.
package struct StatusCause: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var reason: String
    @OmitEmpty package var message: String
    /// The path of the field as JSON writes it: spec.containers[0].image.
    @OmitEmpty package var field: String

    package init(
        reason: String = "",
        message: String = "",
        field: String = ""
    ) {
        self.reason = reason
        self.message = message
        self.field = field
    }

    package static var zeroValue: StatusCause { StatusCause() }
}

/// The body of a DELETE.
package struct DeleteOptions: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    /// Seconds until the object is killed; 0 removes it at once; nil takes the object's own period.
    package var gracePeriodSeconds: Int64?
    @Indirect package var preconditions: Preconditions?
    package var orphanDependents: Bool?
    package var propagationPolicy: String?
    @OmitEmpty package var dryRun: [String]
    package var ignoreStoreReadErrorWithClusterBreakingPotential: Bool?

    package init(
        kind: String = "",
        apiVersion: String = "",
        gracePeriodSeconds: Int64? = nil,
        preconditions: Preconditions? = nil,
        orphanDependents: Bool? = nil,
        propagationPolicy: String? = nil,
        dryRun: [String] = [],
        ignoreStoreReadErrorWithClusterBreakingPotential: Bool? = nil
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.gracePeriodSeconds = gracePeriodSeconds
        self.preconditions = preconditions
        self.orphanDependents = orphanDependents
        self.propagationPolicy = propagationPolicy
        self.dryRun = dryRun
        self.ignoreStoreReadErrorWithClusterBreakingPotential = ignoreStoreReadErrorWithClusterBreakingPotential
    }

    package static var zeroValue: DeleteOptions { DeleteOptions() }

    /// Whether the object shall stay.
    package var isDryRun: Bool { !dryRun.isEmpty }

    /// - Throws: 422 for values that Kubernetes does not know: who misspells what is to stay must not lose it.
    package func check() throws(APIError) {
        var errors = FieldErrors()
        let policy = FieldPath("propagationPolicy")
        if let propagationPolicy {
            if orphanDependents != nil {
                let detail = "orphanDependents and deletionPropagation cannot be both set"
                errors.invalid(policy, propagationPolicy, detail)
            }
            let policies = ["Foreground", "Background", "Orphan"]
            if !policies.contains(propagationPolicy) { errors.notSupported(policy, propagationPolicy, policies) }
        }
        for value in dryRun where value != "All" { errors.notSupported(FieldPath("dryRun"), value, ["All"]) }
        guard errors.list.isEmpty else {
            throw .invalid(kind: "DeleteOptions", name: "", errors: errors.list, group: "meta.k8s.io")
        }
    }

    /// - Throws: 409 if the preconditions do not hold of an object.
    package func checkPreconditions(
        uid: String,
        resourceVersion: String,
        resource: String,
        name: String
    ) throws(APIError) {
        if let wanted = preconditions?.uid, wanted != uid {
            let why = "the UID in the precondition (\(wanted)) does not match the UID in record (\(uid))"
            throw .conflict(resource: resource, name: name, why: why)
        }
        if let wanted = preconditions?.resourceVersion, wanted != resourceVersion {
            let why =
                "the ResourceVersion in the precondition (\(wanted)) does not match the ResourceVersion in record "
                + "(\(resourceVersion))"
            throw .conflict(resource: resource, name: name, why: why)
        }
    }
}

/// What must hold for a DELETE to happen.
package struct Preconditions: Codable, Hashable, Sendable, ZeroValue {
    package var uid: String?
    package var resourceVersion: String?

    package init(
        uid: String? = nil,
        resourceVersion: String? = nil
    ) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }

    package static var zeroValue: Preconditions { Preconditions() }
}

/// One line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR (whose object is a ``Status``).
package struct WatchEvent: Codable, Hashable, Sendable, ZeroValue {
    @Printed package var type: String
    package var object: JSONValue

    package init(
        type: String = "",
        object: JSONValue = .null
    ) {
        self.type = type
        self.object = object
    }

    package static var zeroValue: WatchEvent { WatchEvent() }
}
