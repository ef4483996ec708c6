/// Where a pod's files lie on the node; the names are kubelet's.
package struct PodDirectories: Hashable, Sendable {
    /// `--root`.
    package var root: String
    /// `--log-dir`.
    package var logs: String
    /// `--state`: in memory on most machines, and gone with the boot.
    package var state: String

    package init(root: String, logs: String, state: String) {
        self.root = root
        self.logs = logs
        self.state = state
    }

    /// Everything of a pod but its logs.
    func pod(_ uid: String) -> String { "\(pods)/\(uid)" }

    var pods: String { root + "/pods" }

    func emptyDirectory(podUID: String, volume: String) -> String {
        "\(pod(podUID))/volumes/kubernetes.io~empty-dir/\(volume)"
    }

    /// What the agent keeps of a pod for this boot only.
    func passing(_ uid: String) -> String { "\(state)/pods/\(uid)" }

    /// A volume that is made of values. Nobody but root may look into the directory above: values may be secrets.
    func projected(podUID: String, volume: String) -> String {
        "\(passing(podUID))/volumes/kubernetes.io~projected/\(volume)"
    }

    func hostsFile(podUID: String) -> String { pod(podUID) + "/etc-hosts" }
    func hostnameFile(podUID: String) -> String { pod(podUID) + "/etc-hostname" }
    func resolvFile(podUID: String) -> String { pod(podUID) + "/etc-resolv.conf" }

    /// The directory of a container's termination message files.
    func container(podUID: String, name: String) -> String { "\(pod(podUID))/containers/\(name)" }

    func terminationLog(podUID: String, container name: String, attempt: Int) -> String {
        "\(container(podUID: podUID, name: name))/termination-\(attempt)"
    }

    /// The directory of a pod's logs: `/var/log/pods/NAMESPACE_NAME_UID`. A name that is too long for a file is cut; the
    /// uid tells such pods apart.
    func podLogs(namespace: String, name: String, uid: String) -> String {
        let room = Self.nameLimit - namespace.utf8.count - uid.utf8.count - 2
        return "\(logs)/\(namespace)_\(name.prefix(max(1, room)))_\(uid)"
    }

    /// What file systems take, in bytes (NAME_MAX). Names of pods are ASCII.
    private static let nameLimit = 255

    /// The log of one start of a container, in CRI format.
    package func log(namespace: String, pod: String, uid: String, container: String, attempt: Int) -> String {
        "\(podLogs(namespace: namespace, name: pod, uid: uid))/\(container)/\(attempt).log"
    }
}
