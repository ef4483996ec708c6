extension Pod {
    /// What a pod's containers get, in seconds, when its deletion is asked for now.
    ///
    /// A pod that never was on a node and one that has ended have nothing to wait for.
    ///
    /// - Parameter asked: What the request says; nil takes the pod's own.
    /// Source: kube-apiserver, registry/core/pod, CheckGracefulDelete.
    package func gracePeriodOfDeletion(asked: Int64?) -> Int64 {
        if spec.nodeName.isEmpty || status.phase == "Succeeded" || status.phase == "Failed" { return 0 }
        let period = asked ?? spec.terminationGracePeriodSeconds ?? 30
        return period < 0 ? 1 : period
    }
}
