import KubernetesAPI

/// What requests that change an object have in common.
extension APIRequest {
    /// - Throws: 400 if an object is not the one that the path names.
    func check(_ metadata: ObjectMeta) throws(APIError) {
        guard metadata.name == self["name"] else {
            throw .badRequest(
                "the name of the object (\(metadata.name)) does not match the name on the URL (\(self["name"]))"
            )
        }
        guard metadata.namespace.isEmpty || metadata.namespace == self["namespace"] else {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        }
    }

    /// The patch in the body. One of an unknown form is refused before it is sent.
    func patch() async throws -> ObjectPatch {
        try ObjectPatch.check(mediaType: mediaType)
        return try ObjectPatch(mediaType: mediaType, body: try await body())
    }

    /// DeleteOptions from the body and from the query, where curl users put them.
    func deleteOptions() async throws -> DeleteOptions {
        let isProtobuf = mediaType == ProtobufBody.mediaType
        let body = isProtobuf ? try await objectBody().bytes : try await body()
        var options = DeleteOptions()
        if !body.isEmpty {
            options =
                try ObjectDecoding.decode(
                    DeleteOptions.self,
                    body: body,
                    contentType: isProtobuf ? Answer.json : contentType,
                    fieldValidation: .ignore
                ).object
        }
        if let seconds = try number("gracePeriodSeconds") { options.gracePeriodSeconds = seconds }
        if let policy = query("propagationPolicy"), !policy.isEmpty { options.propagationPolicy = policy }
        if query("orphanDependents") != nil { options.orphanDependents = try flag("orphanDependents") }
        if try isDryRun { options.dryRun = ["All"] }
        try options.check()
        return options
    }
}
