import JSON

/// The values that a server fills in for objects other than pods.
package enum ObjectDefaults {
    /// Active, with the finalizer that keeps a namespace until it is empty, and its own name as a label.
    package static func apply(to namespace: inout Namespace) {
        if namespace.kind.isEmpty { namespace.kind = "Namespace" }
        if namespace.apiVersion.isEmpty { namespace.apiVersion = "v1" }
        if !namespace.spec.finalizers.contains("kubernetes") { namespace.spec.finalizers.append("kubernetes") }
        if namespace.status.phase.isEmpty { namespace.status.phase = "Active" }
        if !namespace.metadata.name.isEmpty {
            namespace.metadata.labels["kubernetes.io/metadata.name"] = namespace.metadata.name
        }
    }

    /// Opaque if it says nothing else; texts become bytes and take the place of bytes under the same key.
    package static func apply(to secret: inout Secret) {
        if secret.kind.isEmpty { secret.kind = "Secret" }
        if secret.apiVersion.isEmpty { secret.apiVersion = "v1" }
        if secret.type.isEmpty { secret.type = "Opaque" }
        for (key, text) in secret.stringData { secret.data[key] = Base64Bytes(Array(text.utf8)) }
        secret.stringData = [:]
    }
}

extension Status {
    /// The answer to a request that succeeded and has no object to show.
    package static func success(details: StatusDetails? = nil) -> Status {
        Status(status: "Success", details: details, code: 200)
    }
}
