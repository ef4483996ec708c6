import Glibc
import KubernetesAPI
import Linux
import OCI
import TestSupport
import Testing

@testable import NodeAgent

@Suite("The files a pod gets")
struct PodFilesTests {
    private func text(_ path: String) throws -> String { String(decoding: try Files.read(path), as: UTF8.self) }

    private func files(_ directory: borrowing TemporaryDirectory) -> PodFiles {
        PodFiles(
            directories: PodDirectories(
                root: directory.path + "/root",
                logs: directory.path + "/logs",
                state: directory.path + "/state"
            ),
            nodeName: "node-1"
        )
    }

    @Test("hosts, hostname, resolv.conf and the termination message are bind mounts of files that exist")
    func mounts() throws {
        let directory = try TemporaryDirectory()
        let pod = try Fixture.pod(container: "")
        let found = try files(directory).mounts(of: try #require(pod.spec.containers.first), attempt: 2, in: pod)
        #expect(
            found.map(\.destination) == ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/termination-log"]
        )
        for mount in found {
            #expect(mount.type == "bind")
            #expect(Files.exists(try #require(mount.source)))
        }
        #expect(found.last?.source?.hasSuffix("/containers/main/termination-2") == true)
        #expect(try text(try #require(found[1].source)) == "p\n")
    }

    @Test("a second container finds the files as they are")
    func idempotent() throws {
        let directory = try TemporaryDirectory()
        let pod = try Fixture.pod(container: "")
        let container = try #require(pod.spec.containers.first)
        let first = try files(directory).mounts(of: container, attempt: 0, in: pod)
        let hosts = try #require(first.first?.source)
        try Files.write(hosts, Array("changed".utf8), mode: 0o644)
        _ = try files(directory).mounts(of: container, attempt: 0, in: pod)
        #expect(try text(hosts) == "changed")
    }

    @Test("a volume at /etc/hosts keeps its place")
    func taken() throws {
        let directory = try TemporaryDirectory()
        let pod = try Fixture.pod(
            container: "volumeMounts: [{name: v, mountPath: /etc/hosts}]",
            spec: "volumes: [{name: v, hostPath: {path: /etc/hosts}}]"
        )
        let found = try files(directory).mounts(of: try #require(pod.spec.containers.first), attempt: 0, in: pod)
        #expect(!found.map(\.destination).contains("/etc/hosts"))
    }

    @Test("hosts has localhost, the pod's addresses with its name, and the aliases")
    func hosts() throws {
        let directory = try TemporaryDirectory()
        var pod = try Fixture.pod(
            container: "",
            spec: "hostname: box\nhostAliases: [{ip: 192.0.2.9, hostnames: [a.example, b]}]"
        )
        pod.status.podIPs = [PodIP(ip: "10.1.1.1"), PodIP(ip: "fd01::1")]
        let found = try files(directory).mounts(of: try #require(pod.spec.containers.first), attempt: 0, in: pod)
        let lines = try text(try #require(found.first?.source)).split(separator: "\n")
        #expect(lines.first == "# Kubernetes-managed hosts file.")
        #expect(lines.contains("127.0.0.1\tlocalhost"))
        #expect(lines.contains("10.1.1.1\tbox"))
        #expect(lines.contains("fd01::1\tbox"))
        #expect(lines.last == "192.0.2.9\ta.example\tb")
    }

    @Test("on the host's network, hosts is the node's and so is the name")
    func hostNetwork() throws {
        let directory = try TemporaryDirectory()
        let pod = try Fixture.pod(container: "", spec: "hostNetwork: true\nhostname: box")
        let found = try files(directory).mounts(of: try #require(pod.spec.containers.first), attempt: 0, in: pod)
        let node = Files.exists("/etc/hosts") ? try text("/etc/hosts") : ""
        #expect(
            try text(try #require(found.first?.source)) == "# Kubernetes-managed hosts file (host network).\n" + node
        )
        #expect(PodFiles.hostname(of: pod, node: "node-1") == "node-1")
    }

    @Test("resolv.conf is the node's plus dnsConfig; with dnsPolicy None it is dnsConfig alone")
    func resolvConf() throws {
        let config =
            "dnsConfig: {nameservers: [192.0.2.1, 192.0.2.2], searches: [a.example, b], options: "
            + "[{name: ndots, value: \"2\"}, {name: rotate}]}"
        let wanted = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch a.example b\noptions ndots:2 rotate\n"
        for policy in ["None", "Default"] {
            let directory = try TemporaryDirectory()
            let pod = try Fixture.pod(container: "", spec: "dnsPolicy: \(policy)\n\(config)")
            let found = try files(directory).mounts(of: try #require(pod.spec.containers.first), attempt: 0, in: pod)
            let node = policy == "None" || !Files.exists("/etc/resolv.conf") ? "" : try text("/etc/resolv.conf")
            #expect(try text(try #require(found[2].source)) == node + wanted)
        }
    }

    @Test(
        "the host name is the pod's name cut to 63 bytes, without what may not end a name",
        arguments: [
            ("web", "web"), (String(repeating: "a", count: 70), String(repeating: "a", count: 63)),
            (String(repeating: "a", count: 62) + "-b", String(repeating: "a", count: 62)),
        ]
    )
    func hostname(name: String, expected: String) throws {
        var pod = try Fixture.pod(container: "")
        pod.metadata.name = name
        #expect(PodFiles.hostname(of: pod, node: "node-1") == expected)
    }
}

@Suite("A pod's volumes on the node")
struct PodDirectoryTests {
    @Test("the log directory of a pod with the longest name fits into a file system, and its uid is whole")
    func longNames() throws {
        let directories = PodDirectories(root: "/r", logs: "/l", state: "/s")
        let path = directories.podLogs(
            namespace: String(repeating: "n", count: 63),
            name: String(repeating: "p", count: 253),
            uid: Fixture.uid
        )
        let name = try #require(path.split(separator: "/").last)
        #expect(name.utf8.count == 255)
        #expect(name.hasSuffix("p_" + Fixture.uid))
        #expect(directories.podLogs(namespace: "ns", name: "p", uid: "u") == "/l/ns_p_u")
    }
}

struct PodVolumesTests {
    private func mounts(_ directory: borrowing TemporaryDirectory, mount: String, volume: String) throws -> [String?] {
        let pod = try Fixture.pod(container: "volumeMounts: [{\(mount)}]", spec: "volumes: [{\(volume)}]")
        let volumes = PodVolumes(
            directories: PodDirectories(
                root: directory.path + "/root",
                logs: directory.path + "/logs",
                state: directory.path + "/state"
            ),
            memoryCapacity: 1 << 30,
            configuration: Fixture.configuration(),
            downward: Fixture.downward(pod)
        )
        let found = try volumes.mounts(of: try #require(pod.spec.containers.first), in: pod)
        let mount = try #require(found.first)
        #expect(found.count == 1)
        return [mount.destination, mount.source] + (mount.options ?? [])
    }

    @Test("an emptyDir is a directory for everyone below the pod's own")
    func emptyDirectory() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/root/pods/\(Fixture.uid)/volumes/kubernetes.io~empty-dir/v"
        let found = try mounts(directory, mount: "name: v, mountPath: /data", volume: "name: v, emptyDir: {}")
        #expect(found == ["/data", path, "rbind", "rprivate", "rw"])
        #expect(try Files.kind(path) == .directory)
        #expect(try FileMode.of(path) == 0o777)
    }

    @Test(
        "read-only and the propagation modes are passed on",
        arguments: [
            ("readOnly: true", ["rbind", "rprivate", "ro"]),
            ("mountPropagation: HostToContainer", ["rbind", "rslave", "rw"]),
            ("mountPropagation: None", ["rbind", "rprivate", "rw"]),
        ]
    )
    func options(mount: String, expected: [String]) throws {
        let directory = try TemporaryDirectory()
        let found = try mounts(directory, mount: "name: v, mountPath: /d, \(mount)", volume: "name: v, emptyDir: {}")
        #expect(found.dropFirst(2).compactMap(\.self) == expected)
    }

    private static func text(_ path: String) throws -> String { try Files.readText(path) }

    @Test("secret, configMap, downwardAPI and projected volumes are files of their values, read-only")
    func values() throws {
        let directory = try TemporaryDirectory()
        let above = "\(directory.path)/state/pods/\(Fixture.uid)/volumes/kubernetes.io~projected"
        let cases: [(String, [String: String], String)] = [
            ("secret: {secretName: login, defaultMode: 0400}", ["user": "ann", "password": "secret"], "400"),
            ("configMap: {name: settings, items: [{key: color, path: a/b, mode: 0440}]}", ["a/b": "blue"], "440"),
            ("downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}", ["name": "p"], "644"),
            (
                "projected: {sources: [{secret: {name: login, items: [{key: user, path: who}]}}, "
                    + "{configMap: {name: settings, items: [{key: size, path: num}]}}]}", ["who": "ann", "num": "9"],
                "644"
            ),
            ("configMap: {name: none, optional: true}", [:], ""),
        ]
        for (volume, files, mode) in cases {
            let found = try mounts(directory, mount: "name: v, mountPath: /d", volume: "name: v, \(volume)")
            #expect(found == ["/d", above + "/v", "rbind", "rprivate", "ro"])
            for (path, text) in files {
                #expect(try Self.text("\(above)/v/\(path)") == text)
                let target = "\(above)/v/..data/\(path)"
                #expect(String(try FileMode.of(target), radix: 8) == mode, "\(volume)")
            }
            // What was there before under another name is gone, and so are old generations.
            let names = Set(files.keys.map { String($0.prefix { $0 != "/" }) })
            let listed = try Files.list(above + "/v")
            #expect(Set(listed.filter { !$0.hasPrefix("..") }) == names, "\(volume)")
            #expect(listed.count { $0.hasPrefix("..") } == 2, "\(listed)")
        }
        #expect(try FileMode.of(above) == 0o700)
    }

    @Test("a value that is not there, or a path out of the volume, is refused and says which")
    func missingValues() throws {
        let directory = try TemporaryDirectory()
        for (volume, message) in [
            ("secret: {secretName: none}", "secret \"none\" not found"),
            ("configMap: {name: settings, items: [{key: none, path: x}]}", "references non-existent config key: none"),
            ("configMap: {name: settings, items: [{key: color, path: ../../x}]}", "is not a path below the volume"),
            ("configMap: {name: settings, items: [{key: color, path: ..data}]}", "is not a path below the volume"),
            ("projected: {sources: [{serviceAccountToken: {path: token}}]}", "this node projects secret, configMap"),
        ] {
            let error = #expect(throws: VolumeSetupError.self, "\(volume)") {
                try mounts(directory, mount: "name: v, mountPath: /d", volume: "name: v, \(volume)")
            }
            #expect(error?.description.contains(message) == true, "\(volume): \(error?.description ?? "")")
        }
    }

    @Test(
        "an emptyDir in memory is a tmpfs of its size limit, mounted once",
        .enabled(if: geteuid() == 0, "mounting needs root")
    )
    func memory() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/root/pods/\(Fixture.uid)/volumes/kubernetes.io~empty-dir/v"
        defer { _ = unsafe umount2(path, Int32(MNT_DETACH)) }
        for _ in 0..<2 {
            _ = try mounts(
                directory,
                mount: "name: v, mountPath: /d",
                volume: "name: v, emptyDir: {medium: Memory, sizeLimit: 4Mi}"
            )
        }
        let mounted = try MountTable.current().filter { $0.mountPoint == path }
        #expect(mounted.count == 1)
        #expect(mounted.first?.superOptions.contains("size=4096k") == true)
        #expect(try FileMode.of(path) == 0o777)
    }

    @Test("kinds of volumes that this node does not have, and subPath, are refused with their names")
    func refused() throws {
        let directory = try TemporaryDirectory()
        let unknown = #expect(throws: VolumeSetupError.self) {
            try mounts(directory, mount: "name: v, mountPath: /d", volume: "name: v, nfs: {server: s, path: /}")
        }
        #expect(unknown?.description.hasPrefix("MountVolume.SetUp failed for volume \"v\" : this node offers") == true)
        let subPath = #expect(throws: ContainerConfigError.self) {
            try mounts(directory, mount: "name: v, mountPath: /d, subPath: ../x", volume: "name: v, emptyDir: {}")
        }
        #expect(subPath?.description.contains("subPath is not offered by this node yet") == true)
    }

    @Test("hostPath types create what they may and check what is there")
    func hostPath() throws {
        let directory = try TemporaryDirectory()
        let base = directory.path
        func prepare(_ path: String, _ type: String?) throws {
            try HostPath.prepare(HostPathVolumeSource(path: base + path, type: type))
        }
        try prepare("/made/deep", "DirectoryOrCreate")
        #expect(try Files.kind(base + "/made/deep") == .directory)
        try prepare("/file", "FileOrCreate")
        #expect(try Files.kind(base + "/file") == .regular)
        try prepare("/made", "Directory")
        try prepare("/file", "File")
        try prepare("/untyped", nil)
        #expect(try Files.kind(base + "/untyped") == .directory)
        try prepare("/file", "")
        #expect(try Files.kind(base + "/file") == .regular)
        #expect(unsafe symlink(base + "/nowhere", base + "/dangling") == 0)
        for (path, type, words) in [
            ("/file", "Directory", "a directory"), ("/made", "File", "a file"), ("/file", "Socket", "a socket file"),
            ("/made", "CharDevice", "a character device"), ("/file", "BlockDevice", "a block device"),
            ("/made", "FileOrCreate", "a file"), ("/file", "DirectoryOrCreate", "a directory"),
            ("/missing", "Directory", "a directory (it does not exist)"),
            ("/missing", "File", "a file (it does not exist)"),
            ("/missing", "CharDevice", "a character device (it does not exist)"),
            ("/file/below", "Socket", "a socket file (it does not exist)"),
            ("/dangling", "DirectoryOrCreate", "a directory (it links to nothing)"),
            ("/dangling", "FileOrCreate", "a file (it links to nothing)"),
        ] {
            #expect(throws: ContainerConfigError("hostPath type check failed: \(base)\(path) is not \(words)")) {
                try prepare(path, type)
            }
        }
        #expect(throws: ContainerConfigError("hostPath \(base)/dangling cannot be had (it links to nothing)")) {
            try prepare("/dangling", "")
        }
        #expect(throws: SysError.self) { try prepare("/file/below", "") }
        #expect(!Files.exists(base + "/nowhere") && !Files.exists(base + "/missing"))
        #expect(throws: ContainerConfigError("unknown hostPath type Tape")) { try prepare("/file", "Tape") }
    }
}
