import EventLog
import Facts
import Images
import JSON
import KubernetesAPI
import OCI
import Reconciler
import RuntimeCore

/// Gets the image of a container by the rules of a kubelet: which policy asks a registry, and how failures are called.
struct ImagePulling: Sendable {
    let core: RuntimeCore
    let store: EventStore
    let clock: @Sendable () -> Microseconds
    /// Tells the pod's worker what has happened while the action is still running.
    let tell: @Sendable (_ pod: Pod, _ facts: [PodFact]) -> Void
    /// Who the log names for what pods need.
    let actor: String

    /// - Returns: The facts it brings, in order; none if it was given up.
    func perform(_ container: ContainerRef, _ image: String, _ policy: String, _ pod: Pod) async -> [PodFact] {
        let began = clock()
        do {
            let reference = try parse(image)
            let known = try present(reference)
            if let known, policy != PullPolicy.always {
                do {
                    let unpacked = try await core.unpack(known)
                    return [pulled(container, image, known, unpacked.configDigest, began, wasPresent: true)]
                } catch CoreError.image(let error) where policy != PullPolicy.never && Self.isIncomplete(error) {
                    // Some of it is gone or damaged: a registry may still have it.
                }
            } else if known == nil, policy == PullPolicy.never {
                throw Failure(
                    "ErrImageNeverPull",
                    "Container image \"\(image)\" is not present with pull policy of Never"
                )
            }
            tell(pod, [.imagePullStarted(ImagePullStarted(container: container, image: image))])
            var request = ImagePull(reference: image, namespace: RuntimeCore.podNamespace)
            request.credentials = secrets(for: reference, pod)
            let outcome = try await core.pullImage(request, origin: LogOrigin(actor: actor), now: clock)
            guard let configDigest = outcome.configDigest else { return [] }
            return [pulled(container, image, outcome.record, configDigest, began, wasPresent: false)]
        } catch is CancellationError {
            return []
        } catch {
            let failure = Self.failure(error, image: image)
            return [
                .imagePullFailed(
                    ImagePullFailed(
                        container: container,
                        image: image,
                        reason: failure.reason,
                        message: failure.message,
                        failedAt: clock()
                    )
                ),
                .warned(PodWarned(reason: "Failed", message: "Error: \(failure.reason)", container: container)),
            ]
        }
    }

    private struct Failure: Error {
        let reason: String
        let message: String

        init(_ reason: String, _ message: String) { (self.reason, self.message) = (reason, message) }
    }

    private func parse(_ image: String) throws(Failure) -> ImageReference {
        do {
            return try ImageReference(image)
        } catch {
            throw Failure("InvalidImageName", "Failed to apply default image tag \"\(image)\": \(error)")
        }
    }

    private func present(_ reference: ImageReference) throws -> ImageRecord? {
        do {
            return try core.findImage(reference.canonical)
        } catch CoreError.imageNotFound {
            return nil
        }
    }

    private func pulled(
        _ container: ContainerRef,
        _ image: String,
        _ record: ImageRecord,
        _ configDigest: Digest,
        _ began: Microseconds,
        wasPresent: Bool
    ) -> PodFact {
        .imagePulled(
            ImagePulled(
                container: container,
                image: image,
                imageID: configDigest.description,
                imageRef: record.repositoryDigest,
                sizeBytes: record.sizeBytes,
                alreadyPresent: wasPresent,
                durationMicroseconds: clock() - began
            )
        )
    }

    /// True if content of a known image is not there, or not as it was.
    private static func isIncomplete(_ error: ImageError) -> Bool {
        switch error {
        case .missingContent, .notFound, .digestMismatch: true
        default: false
        }
    }

    private static func failure(_ error: any Error, image: String) -> Failure {
        if let failure = error as? Failure { return failure }
        return Failure("ErrImagePull", "failed to pull and unpack image \"\(image)\": \(error)")
    }

    /// What kubelet says of the container when its image has to wait.
    static func news(with fact: PodFact) -> [PodFact] {
        guard case .imagePullBackedOff(let fact) = fact else { return [] }
        return [.warned(PodWarned(reason: "Failed", message: "Error: ImagePullBackOff", container: fact.container))]
    }

    // MARK: Pull secrets

    static let secretResource = ResourceKey(group: "", version: "v1", plural: "secrets")

    /// The credentials of the pod's secrets. What cannot be read is told, and the pull is tried without it.
    private func secrets(for image: ImageReference, _ pod: Pod) -> [RegistryCredentials] {
        var found: [RegistryCredentials] = []
        var missing: [String] = []
        for reference in pod.spec.imagePullSecrets {
            let stream = StreamRef(
                resource: Self.secretResource,
                namespace: pod.metadata.namespace,
                name: reference.name
            )
            guard let object = store.object(stream) else {
                missing.append(reference.name)
                continue
            }
            do {
                let secret = try JSONCoding.decode(Secret.self, from: object.bytes)
                if let credentials = try PullSecrets.credentials(secret, for: image) { found.append(credentials) }
            } catch {
                missing.append(reference.name)
            }
        }
        if !missing.isEmpty {
            let names = missing.joined(separator: ", ")
            let message =
                "Unable to retrieve some image pull secrets (\(names)); attempting to pull the image may not succeed."
            tell(pod, [.warned(PodWarned(reason: "FailedToRetrieveImagePullSecret", message: message))])
        }
        return found
    }
}

extension ImageRecord {
    /// What a status shows as `imageID`: the repository with the digest of what the name stands for.
    var repositoryDigest: String {
        // The store holds normalised names.
        let repository = (try? ImageReference(name))?.name ?? name
        return "\(repository)@\(target.digest)"
    }
}
