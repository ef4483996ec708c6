import EventLog
import Facts
package import KubernetesAPI

/// What clients ask of ConfigMaps and Secrets. Answers are the bytes that the log serves.
///
/// What an object holds is in its after-images only: no payload, no journal record and no message has any of it.
extension Agent {
    /// Stores a new object.
    package func createConfiguration<Object: ConfigurationObject>(
        _ object: Object,
        namespace: String,
        origin: RequestOrigin,
        dryRun: Bool
    ) async throws(APIError) -> [UInt8] {
        var object = object
        try place(&object.metadata, in: namespace)
        try requireNamespace(namespace)
        generateName(&object.metadata)
        object.applyDefaults()
        let name = object.metadata.name
        let errors = object.brokenRules()
        guard errors.isEmpty else { throw .invalid(kind: Object.kindName, name: name, errors: errors) }
        let stream = Object.stream(namespace: namespace, name: name)
        let uid = try begin(&object.metadata)
        if dryRun {
            guard store.object(stream) == nil else { throw .alreadyExists(resource: Object.plural, name: name) }
            return try encoded(object)
        }
        let appended = try await append(
            Proposal(
                stream: stream,
                uid: uid,
                expected: .absent,
                facts: [try newFact(ConfigurationCreated(kind: Object.kindName), after: object, \.metadata)],
                actor: origin.actor,
                request: origin.request
            ),
            resource: Object.plural,
            name: name
        )
        return try image(at: appended.last)
    }

    /// Changes an object: `change` sees it as it is now, with its resourceVersion, and returns what it shall be.
    package func updateConfiguration<Object: ConfigurationObject>(
        _ type: Object.Type,
        namespace: String,
        name: String,
        patchType: String?,
        origin: RequestOrigin,
        dryRun: Bool,
        change: (Object) throws(APIError) -> Object
    ) async throws(APIError) -> [UInt8] {
        let stream = Object.stream(namespace: namespace, name: name)
        while true {
            guard let stored = store.object(stream) else { throw .notFound(resource: Object.plural, name: name) }
            var current = try decode(type, stored.bytes)
            current.metadata.resourceVersion = String(stored.resourceVersion)
            var new = try change(current)
            let isPinned = !new.metadata.resourceVersion.isEmpty
            guard !isPinned || new.metadata.resourceVersion == current.metadata.resourceVersion else {
                throw .conflict(resource: Object.plural, name: name)
            }
            new.applyDefaults()
            new.metadata.takeOverIdentity(of: current.metadata)
            let errors = Self.brokenRules(old: current, new: new)
            guard errors.isEmpty else { throw .invalid(kind: Object.kindName, name: name, errors: errors) }
            // Whoever takes the last finalizer from an object that is being deleted lets it go.
            let isEnd = new.metadata.deletionTimestamp != nil && new.metadata.finalizers.isEmpty
            if new == current, !isEnd { return stored.bytes }
            if dryRun { return try encoded(new) }
            new.metadata.resourceVersion = ""
            do {
                let appended = try await append(
                    Proposal(
                        stream: stream,
                        expected: .exact(stored.resourceVersion),
                        facts: [
                            isEnd
                                ? try removal(of: new)
                                : try newFact(
                                    ConfigurationChanged(kind: Object.kindName, patchType: patchType),
                                    after: new,
                                    \.metadata
                                )
                        ],
                        actor: origin.actor,
                        request: origin.request
                    ),
                    resource: Object.plural,
                    name: name
                )
                guard isEnd else { return try image(at: appended.last) }
                try await removeEmptyNamespace(namespace)
                return try encoded(new)
            } catch {
                // A change that does not say of which version it is, is one of the newest.
                guard error.status.reason == StatusReason.conflict.rawValue, patchType != nil else { throw error }
            }
        }
    }

    private static func brokenRules<Object: ConfigurationObject>(old: Object, new: Object) -> [FieldError] {
        guard old.immutable == true, new.immutable != true || !new.holdsTheSame(as: old) else {
            return new.brokenRules() + ObjectValidation.validateFinalizers(old: old.metadata, new: new.metadata)
        }
        let why = "field is immutable when `immutable` is set; delete the object and create it again"
        return [FieldError(type: .forbidden, field: new.immutable != true ? "immutable" : "data", detail: why)]
    }

    /// What a deletion has come to.
    package struct ConfigurationDeletion: Sendable {
        /// The object as it was, or as it is now.
        package var object: [UInt8]
        package var uid: String
        /// False while finalizers keep it.
        package var isGone: Bool
    }

    /// Removes an object, or marks it while it has finalizers; pods that run keep what they have of it.
    package func deleteConfiguration<Object: ConfigurationObject>(
        _ type: Object.Type,
        namespace: String,
        name: String,
        options: DeleteOptions,
        origin: RequestOrigin
    ) async throws(APIError) -> ConfigurationDeletion {
        let stream = Object.stream(namespace: namespace, name: name)
        while true {
            guard let stored = store.object(stream) else { throw .notFound(resource: Object.plural, name: name) }
            let uid = stored.uid.description
            let version = String(stored.resourceVersion)
            try options.checkPreconditions(uid: uid, resourceVersion: version, resource: Object.plural, name: name)
            var object = try decode(type, stored.bytes)
            let isKept = !object.metadata.finalizers.isEmpty
            let deletion = ConfigurationDeletion(object: stored.bytes, uid: uid, isGone: !isKept)
            // Known already to those who have to take their finalizers away.
            if options.isDryRun || (isKept && object.metadata.deletionTimestamp != nil) { return deletion }
            if isKept {
                object.metadata.deletionTimestamp = Time(microsecondsSince1970: clock())
                object.metadata.deletionGracePeriodSeconds = 0
            }
            let fact =
                isKept
                ? try newFact(ConfigurationChanged(kind: Object.kindName), after: object, \.metadata)
                : try removal(of: object)
            do {
                let appended = try await append(
                    Proposal(
                        stream: stream,
                        expected: .exact(stored.resourceVersion),
                        facts: [fact],
                        actor: origin.actor,
                        request: origin.request
                    ),
                    resource: Object.plural,
                    name: name
                )
                guard isKept else { return deletion }
                return ConfigurationDeletion(object: try image(at: appended.last), uid: uid, isGone: false)
            } catch {
                // It has changed meanwhile: finalizers may have come or gone.
                guard error.status.reason == StatusReason.conflict.rawValue else { throw error }
            }
        }
    }

    private func removal<Object: ConfigurationObject>(of object: Object) throws(APIError) -> NewFact {
        var fact = try newFact(ConfigurationRemoved(kind: Object.kindName), after: object, \.metadata)
        fact.after = nil
        fact.deletesObject = true
        return fact
    }

    /// Removes all of a namespace that is going away; false if finalizers keep something.
    func removeConfiguration(in namespace: String, origin: RequestOrigin) async throws(APIError) -> Bool {
        let mapsAreGone = try await removeAll(ConfigMap.self, in: namespace, origin)
        let secretsAreGone = try await removeAll(Secret.self, in: namespace, origin)
        return mapsAreGone && secretsAreGone
    }

    private func removeAll<Object: ConfigurationObject>(
        _ type: Object.Type,
        in namespace: String,
        _ origin: RequestOrigin
    ) async throws(APIError) -> Bool {
        var isGone = true
        for object in store.objects(resource: Object.resource, namespace: namespace).items {
            do {
                let deletion = try await deleteConfiguration(
                    type,
                    namespace: namespace,
                    name: object.stream.name,
                    options: DeleteOptions(),
                    origin: origin
                )
                if !deletion.isGone { isGone = false }
            } catch {
                if error.status.code != 404 { throw error }  // else somebody was faster
            }
        }
        return isGone
    }
}

extension ObjectMeta {
    /// What a client cannot change of a stored object.
    mutating func takeOverIdentity(of old: ObjectMeta) {
        name = old.name
        namespace = old.namespace
        generateName = old.generateName
        uid = old.uid
        creationTimestamp = old.creationTimestamp
        generation = old.generation
        deletionTimestamp = old.deletionTimestamp
        deletionGracePeriodSeconds = old.deletionGracePeriodSeconds
        resourceVersion = old.resourceVersion
    }
}
