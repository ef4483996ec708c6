import EventLog
package import KubernetesAPI
import OCI

extension Agent {
    /// The images that the pods of the node name, normalised: they are needed although no container may run yet.
    package func imagesOfPods() throws(APIError) -> Set<String> {
        var names: Set<String> = []
        for object in store.objects(resource: PodStream.resource, namespace: nil).items {
            let pod = try decode(Pod.self, object.bytes)
            let images =
                pod.spec.initContainers.map(\.image) + pod.spec.containers.map(\.image)
                + pod.spec.ephemeralContainers.map(\.image)
            for image in images {
                // A name that cannot be read needs no image.
                if let reference = try? ImageReference(image) { names.insert(reference.canonical) }
            }
        }
        return names
    }
}
