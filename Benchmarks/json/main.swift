// Measures the coding of a pod of about 6 KB, as a cluster has them: CPU per decoding and encoding with our JSON module,
// and with Foundation's coders in the same run and in turns.
//
//     json-bench [ROUNDS [decode|encode]]

import FoundationEssentials
import Glibc
import JSON
import KubernetesAPI

/// Processor time of this thread so far, in microseconds.
func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1000
}

/// The median of `rounds` measurements of 200 calls each, in microseconds a call.
func measure(_ bodies: [() throws -> Void], rounds: Int) throws -> [Double] {
    var results = bodies.map { _ in [Double]() }
    for _ in 0..<rounds {
        for (index, body) in bodies.enumerated() {
            let start = processorTime()
            for _ in 0..<200 { try body() }
            results[index].append((processorTime() - start) / 200)
        }
    }
    return results.map { $0.sorted()[$0.count / 2] }
}

func container(_ name: String) -> String {
    """
    {"name":"\(name)","image":"registry.example.com/team/\(name):1.4.2","args":["--listen=:8080","--verbose"],
    "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],
    "env":[{"name":"A","value":"first"},{"name":"POD_IP","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"status.podIP"}}},
    {"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"s","key":"token"}}}],
    "resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},
    "volumeMounts":[{"name":"data","mountPath":"/data"},{"name":"token","readOnly":true,"mountPath":"/var/run/secrets"}],
    "livenessProbe":{"httpGet":{"path":"/healthz","port":"http","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,
    "successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log",
    "terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{"capabilities":{"drop":["ALL"]},
    "runAsNonRoot":true,"allowPrivilegeEscalation":false}}
    """
}

func condition(_ type: String) -> String {
    #"{"type":"\#(type)","status":"True","observedGeneration":1,"lastProbeTime":null,"lastTransitionTime":"2026-01-02T03:04:05Z"}"#
}

func status(_ name: String) -> String {
    """
    {"name":"\(name)","state":{"running":{"startedAt":"2026-01-02T03:04:05Z"}},"lastState":{},"ready":true,"restartCount":0,
    "image":"registry.example.com/team/\(name):1.4.2","imageID":"registry.example.com/team/\(name)@sha256:\(digits)",
    "containerID":"containerd://\(digits)","started":true}
    """
}

let digits = String(repeating: "0123456789abcdef", count: 4)
let names = ["web", "cache", "proxy"]
let pod = """
    {"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-5d7c6b9f4-x2x8q","generateName":"web-5d7c6b9f4-",
    "namespace":"default","uid":"0f4c2f0e-7f0e-4d1a-9a52-2f8f0f2f5a10","resourceVersion":"123456","generation":1,
    "creationTimestamp":"2026-01-02T03:04:05Z","labels":{"app":"web","pod-template-hash":"5d7c6b9f4"},
    "annotations":{"checksum/config":"\(digits)"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet",
    "name":"web-5d7c6b9f4","uid":"1f4c2f0e-7f0e-4d1a-9a52-2f8f0f2f5a10","controller":true,"blockOwnerDeletion":true}]},
    "spec":{"volumes":[{"name":"data","emptyDir":{}},{"name":"token","projected":{"sources":[{"serviceAccountToken":
    {"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":
    "ca.crt"}]}}],"defaultMode":420}}],"containers":[\(names.map(container).joined(separator: ","))],
    "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default",
    "serviceAccount":"default","nodeName":"n1","securityContext":{},"schedulerName":"default-scheduler","tolerations":
    [{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
    {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],
    "priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},
    "status":{"observedGeneration":1,"phase":"Running","conditions":[\(["PodReadyToStartContainers", "Initialized", "Ready",
    "ContainersReady", "PodScheduled"].map(condition).joined(separator: ","))],"hostIP":"10.0.0.1","hostIPs":
    [{"ip":"10.0.0.1"}],"podIP":"10.1.0.7","podIPs":[{"ip":"10.1.0.7"}],"startTime":"2026-01-02T03:04:05Z",
    "containerStatuses":[\(names.map(status).joined(separator: ","))],"qosClass":"Burstable"}}
    """
let bytes = Array(pod.utf8)
let data = Data(bytes)
let value = try JSONCoding.decode(Pod.self, from: bytes)
let ours = try JSONCoding.encode(value)
let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 30

if CommandLine.arguments.count > 2 {
    // Only one of them, for a profiler.
    for _ in 0..<(rounds * 200) {
        if CommandLine.arguments[2] == "decode" {
            _ = try JSONCoding.decode(Pod.self, from: bytes)
        } else {
            _ = try JSONCoding.encode(value)
        }
    }
    exit(0)
}
let results = try measure(
    [
        { _ = try JSONCoding.decode(Pod.self, from: bytes) },
        { _ = try JSONDecoder().decode(Pod.self, from: data) },
        { _ = try JSONCoding.encode(value) },
        { _ = try JSONEncoder().encode(value) },
        { _ = try JSONValue(parsing: bytes) },
    ],
    rounds: rounds
)
func text(_ number: Double) -> String { "\((number * 100).rounded() / 100)" }
print("a pod of \(bytes.count) bytes (\(ours.count) as we write it), medians of \(rounds) rounds, CPU in microseconds")
print("decode: \(text(results[0])), Foundation \(text(results[1])), ratio \(text(results[0] / results[1]))")
print("encode: \(text(results[2])), Foundation \(text(results[3])), ratio \(text(results[2] / results[3]))")
print("parse to values: \(text(results[4]))")
