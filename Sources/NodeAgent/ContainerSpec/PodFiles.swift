import KubernetesAPI
import Linux
import OCI

/// The files the agent writes for a pod: /etc/hosts, /etc/hostname, /etc/resolv.conf and the termination message.
struct PodFiles: Sendable {
    let directories: PodDirectories
    let nodeName: String

    /// Writes what is missing and returns the mounts for a container. Idempotent.
    func mounts(of container: Container, attempt: Int, in pod: Pod) throws(SysError) -> [RuntimeSpec.Mount] {
        let uid = pod.metadata.uid
        try Files.makeDirectories(directories.container(podUID: uid, name: container.name), mode: 0o755)
        var mounts: [RuntimeSpec.Mount] = []
        let taken = Set(container.volumeMounts.map(\.mountPath))
        let files = [
            ("/etc/hosts", directories.hostsFile(podUID: uid), try hosts(pod)),
            ("/etc/hostname", directories.hostnameFile(podUID: uid), Self.hostname(of: pod, node: nodeName) + "\n"),
            ("/etc/resolv.conf", directories.resolvFile(podUID: uid), resolvConf(pod)),
        ]
        for (target, path, content) in files where !taken.contains(target) {
            if !Files.exists(path) { try Files.write(path, Array(content.utf8), mode: 0o644) }
            mounts.append(RuntimeSpec.Mount(destination: target, type: "bind", source: path, options: ["bind", "rw"]))
        }
        let message = container.terminationMessagePath
        if !message.isEmpty {
            let path = directories.terminationLog(podUID: uid, container: container.name, attempt: attempt)
            if !Files.exists(path) {
                try Files.write(path, [], mode: 0o666)
                try Files.setMode(path, 0o666)
            }
            mounts.append(RuntimeSpec.Mount(destination: message, type: "bind", source: path, options: ["bind", "rw"]))
        }
        return mounts
    }

    /// The pod's host name: what the spec says, else the pod's name cut to 63 bytes; the node's with hostNetwork.
    static func hostname(of pod: Pod, node: String) -> String {
        if pod.spec.hostNetwork { return node }
        if !pod.spec.hostname.isEmpty { return pod.spec.hostname }
        let cut = String(pod.metadata.name.prefix(63))
        return String(cut.reversed().drop { $0 == "-" || $0 == "." }.reversed())
    }

    private func hosts(_ pod: Pod) throws(SysError) -> String {
        var text: String
        if pod.spec.hostNetwork {
            text = "# Kubernetes-managed hosts file (host network).\n"
            let node = (try? Files.read("/etc/hosts")) ?? []  // a node without one is fine
            text += String(decoding: node, as: UTF8.self)
        } else {
            text = """
                # Kubernetes-managed hosts file.
                127.0.0.1\tlocalhost
                ::1\tlocalhost ip6-localhost ip6-loopback
                fe00::0\tip6-localnet
                fe00::0\tip6-mcastprefix
                fe00::1\tip6-allnodes
                fe00::2\tip6-allrouters

                """
            let name = Self.hostname(of: pod, node: nodeName)
            for ip in pod.status.podIPs { text += "\(ip.ip)\t\(name)\n" }
        }
        if !pod.spec.hostAliases.isEmpty {
            text += "\n# Entries added by HostAliases.\n"
            for alias in pod.spec.hostAliases { text += "\(alias.ip)\t\(alias.hostnames.joined(separator: "\t"))\n" }
        }
        return text
    }

    private func resolvConf(_ pod: Pod) -> String {
        var text = ""
        if pod.spec.dnsPolicy != "None" {
            text = String(decoding: (try? Files.read("/etc/resolv.conf")) ?? [], as: UTF8.self)  // may be absent
        }
        guard let config = pod.spec.dnsConfig else { return text }
        for server in config.nameservers.prefix(3) { text += "nameserver \(server)\n" }
        if !config.searches.isEmpty { text += "search \(config.searches.joined(separator: " "))\n" }
        if !config.options.isEmpty {
            let options = config.options.map { option in option.value.map { "\(option.name):\($0)" } ?? option.name }
            text += "options \(options.joined(separator: " "))\n"
        }
        return text
    }
}
