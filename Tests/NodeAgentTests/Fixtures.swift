import EventLog
import Facts
import JSON
import KubernetesAPI
import OCI
import Testing

@testable import NodeAgent

/// What the tests of this module start from.
enum Fixture {
    static let uid = "7f6c9a52-3c1d-4d8e-9b6e-5a4d2c1b0a99"

    /// A pod as the API accepts it: decoded strictly from YAML, with defaults.
    static func pod(_ yaml: String) throws -> Pod {
        var pod = try ObjectDecoding.decode(
            Pod.self,
            body: Array(yaml.utf8),
            contentType: "application/yaml",
            fieldValidation: .strict
        ).object
        PodDefaults.apply(to: &pod)
        pod.metadata.uid = uid
        if pod.metadata.namespace.isEmpty { pod.metadata.namespace = "default" }
        return pod
    }

    /// A pod with one container "main" of the image "bb:1"; the lines go below the container, indented by four blanks.
    static func pod(container lines: String, spec: String = "") throws -> Pod {
        let indented = lines.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }.joined()
        let more = spec.split(separator: "\n").map { "  \($0)\n" }.joined()
        return try pod(
            """
            apiVersion: v1
            kind: Pod
            metadata:
              name: p
              labels: {app: shop}
              annotations: {note: "a b"}
            spec:
            \(more)  containers:
              - name: main
                image: bb:1
            \(indented)
            """
        )
    }

    static func image(_ execution: String = "{}") throws -> ImageConfig {
        let text = """
            {"architecture":"amd64","os":"linux","config":\(execution),"rootfs":{"type":"layers","diff_ids":[]}}
            """
        return try JSONCoding.decode(ImageConfig.self, from: Array(text.utf8))
    }

    /// The config.json of a pod's first container.
    static func spec(
        _ pod: Pod,
        image: ImageConfig,
        user: NodeAgent.ContainerUser = NodeAgent.ContainerUser(uid: 0, gid: 0),
        namespaces: [String: String] = ["network": "/proc/1/fd/3", "ipc": "/proc/1/fd/4", "uts": "/proc/1/fd/5"],
        mounts: [RuntimeSpec.Mount] = [],
        seccompByDefault: Bool = true
    ) throws -> RuntimeSpec {
        let container = try #require(pod.spec.containers.first)
        let builder = ContainerSpecBuilder(
            pod: pod,
            container: container,
            image: image,
            namespaces: namespaces,
            user: user,
            environment: try environment(pod, image: image),
            mounts: mounts,
            containerID: "c1",
            sandboxID: "s1",
            cgroupParent: "/kubepods/podX",
            memoryCapacity: 8 << 30,
            defaults: ContainerDefaults(
                seccomp: DefaultSeccomp.profile,
                seccompByDefault: seccompByDefault,
                podPidsLimit: nil
            )
        )
        return try builder.build()
    }

    static func environment(_ pod: Pod, image: ImageConfig) throws -> ContainerEnvironment {
        let container = try #require(pod.spec.containers.first)
        return try ContainerEnvironment(
            image: image,
            container: container,
            hostname: "host-of-p",
            configuration: configuration(),
            downward: downward(pod)
        )
    }

    static func downward(_ pod: Pod) -> ContainerEnvironment.Downward {
        ContainerEnvironment.Downward(
            pod: pod,
            hostIPs: ["10.0.0.7", "fd00::7"],
            cpuCapacityMilli: 4000,
            memoryCapacity: 8 << 30
        )
    }

    /// A ConfigMap `settings`, a Secret `login`, and nothing else.
    static func configuration() -> PodConfiguration {
        PodConfiguration(namespace: "default") { stream in
            let text: String? =
                switch (stream.resource.plural, stream.name) {
                case ("configmaps", "settings"):
                    #"{"kind":"ConfigMap","data":{"color":"blue","size":"9"},"binaryData":{"raw":"AAE="}}"#
                case ("secrets", "login"): #"{"kind":"Secret","data":{"user":"YW5u","password":"c2VjcmV0"}}"#
                default: nil
                }
            return text.map { Array($0.utf8) }
        }
    }
}
