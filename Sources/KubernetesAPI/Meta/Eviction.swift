/// A deletion of a pod that asks whether anything is against it (policy/v1).
package struct Eviction: Codable, Hashable, Sendable, ZeroValue {
    @OmitEmpty package var kind: String
    @OmitEmpty package var apiVersion: String
    @Printed package var metadata: ObjectMeta
    @Indirect package var deleteOptions: DeleteOptions?

    package init(
        kind: String = "Eviction",
        apiVersion: String = "policy/v1",
        metadata: ObjectMeta = ObjectMeta(),
        deleteOptions: DeleteOptions? = nil
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.deleteOptions = deleteOptions
    }

    package static var zeroValue: Eviction { Eviction() }
}

extension Eviction: APIObject {
    package static var kindName: String { "Eviction" }
    package static var versions: [String] { ["policy/v1", "policy/v1beta1"] }
}
