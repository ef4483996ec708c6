import KubernetesAPI

/// A valid pod with every default, for tests to change in one place.
func validPod(_ change: (inout Pod) -> Void = { _ in }) -> Pod {
    var pod = Pod(
        metadata: ObjectMeta(name: "web", namespace: "default"),
        spec: PodSpec(containers: [Container(name: "c", image: "bb:1")])
    )
    change(&pod)
    PodDefaults.apply(to: &pod)
    return pod
}
