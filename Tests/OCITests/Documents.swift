/// Documents in the form in which other programs write them, made by hand for these tests.
enum Documents {
    static let hex = "0f4c5a3e7b8d9c1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192"
    private static let other = "9a8b7c6d5e4f30213243546576879809182736455463728190a1b2c3d4e5f607"

    static let completeSpec = """
        {
          "ociVersion": "1.2.0",
          "process": {
            "terminal": true, "consoleSize": {"height": 25, "width": 80},
            "user": {"uid": 1000, "gid": 1001, "umask": 63, "additionalGids": [5, 6]},
            "args": ["sh", "-c", "true"], "env": ["PATH=/bin", "TERM=xterm"], "cwd": "/home",
            "capabilities": {
              "bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"], "inheritable": ["CAP_KILL"],
              "permitted": ["CAP_KILL"], "ambient": ["CAP_KILL"]
            },
            "rlimits": [{"type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": 0}],
            "noNewPrivileges": true, "apparmorProfile": "acme_secure_profile", "oomScoreAdj": -100,
            "scheduler": {
              "policy": "SCHED_DEADLINE", "nice": -5, "priority": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"],
              "runtime": 20000000, "deadline": 30000000, "period": 40000000
            },
            "selinuxLabel": "system_u:system_r:svirt_lxc_net_t:s0:c124,c675",
            "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4},
            "execCPUAffinity": {"initial": "7", "final": "0-3,7"}
          },
          "root": {"path": "rootfs", "readonly": true},
          "hostname": "slartibartfast", "domainname": "foobarbaz.test",
          "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "size=65536k", "tmpcopyup"]},
            {"destination": "/data", "type": "none", "source": "/volumes/testing", "options": ["rbind", "rro", "idmap"],
             "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
             "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}]}
          ],
          "hooks": {
            "prestart": [{"path": "/usr/bin/fix-mounts", "args": ["fix-mounts", "arg1"], "env": ["key1=value1"], "timeout": 30}],
            "createRuntime": [{"path": "/usr/bin/a", "args": ["a"], "env": ["A=b"], "timeout": 5}],
            "createContainer": [{"path": "/usr/bin/b", "args": ["b"], "env": ["A=b"], "timeout": 5}],
            "startContainer": [{"path": "/usr/bin/c", "args": ["c"], "env": ["A=b"], "timeout": 5}],
            "poststart": [{"path": "/usr/bin/d", "args": ["d"], "env": ["A=b"], "timeout": 5}],
            "poststop": [{"path": "/usr/bin/e", "args": ["e"], "env": ["A=b"], "timeout": 5}]
          },
          "annotations": {"com.example.key1": "value1"},
          "linux": {
            "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 32000}],
            "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 32000}],
            "sysctl": {"net.ipv4.ip_forward": "1"},
            "resources": {
              "devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}],
              "memory": {"limit": 536870912, "reservation": 536870912, "swap": -1, "kernel": -1, "kernelTCP": -1,
                         "swappiness": 0, "disableOOMKiller": false, "useHierarchy": true, "checkBeforeUpdate": true},
              "cpu": {"shares": 1024, "quota": 1000000, "burst": 1000000, "period": 500000, "realtimeRuntime": 950000,
                      "realtimePeriod": 1000000, "cpus": "2-3", "mems": "0-7", "idle": 1},
              "pids": {"limit": 32771},
              "blockIO": {"weight": 10, "leafWeight": 10,
                          "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300}],
                          "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}],
                          "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 400}],
                          "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 300}],
                          "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 200}]},
              "hugepageLimits": [{"pageSize": "2MB", "limit": 9223372036854771712}],
              "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
              "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}},
              "unified": {"memory.high": "1073741824"}
            },
            "cgroupsPath": "/myRuntime/myContainer",
            "namespaces": [{"type": "pid", "path": "/proc/1234/ns/pid"}, {"type": "network", "path": "/var/run/netns/neta"},
                           {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "user"}, {"type": "cgroup"}, {"type": "time"}],
            "devices": [{"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 438, "uid": 0, "gid": 0},
                        {"type": "p", "path": "/dev/pipe"}],
            "netDevices": {"eth0": {"name": "container_eth0"}, "ens4": {}},
            "seccomp": {
              "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],
              "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/agent.sock", "listenerMetadata": "opaque",
              "syscalls": [{"names": ["clone", "getcwd"], "action": "SCMP_ACT_TRACE", "errnoRet": 12,
                            "args": [{"index": 0, "value": 2114060288, "valueTwo": 18446744073709551615, "op": "SCMP_CMP_MASKED_EQ"}]}]
            },
            "rootfsPropagation": "rslave",
            "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
            "mountLabel": "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811",
            "intelRdt": {"closID": "guaranteed_group", "schemata": ["L2:0=ff"], "l3CacheSchema": "L3:0=7f0;1=1f",
                         "memBwSchema": "MB:0=20;1=70", "enableMonitoring": true, "enableCMT": true, "enableMBM": true},
            "personality": {"domain": "LINUX32", "flags": ["x"]},
            "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]},
            "timeOffsets": {"monotonic": {"secs": 172800, "nanosecs": 0}, "boottime": {"secs": -604800, "nanosecs": 5}}
          }
        }
        """

    static let runcSpec = """
        {
        	"ociVersion": "1.0.2-dev",
        	"process": {
        		"terminal": true,
        		"user": {"uid": 0, "gid": 0},
        		"args": ["sh"],
        		"env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
        		"cwd": "/",
        		"capabilities": {
        			"bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
        			"effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
        			"permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
        			"ambient": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        		},
        		"rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        		"noNewPrivileges": true
        	},
        	"root": {"path": "rootfs", "readonly": true},
        	"hostname": "runc",
        	"mounts": [
        		{"destination": "/proc", "type": "proc", "source": "proc"},
        		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        		{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}
        	],
        	"linux": {
        		"resources": {"devices": [{"allow": false, "access": "rwm"}]},
        		"namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "cgroup"}],
        		"maskedPaths": ["/proc/acpi", "/proc/kcore"],
        		"readonlyPaths": ["/proc/bus", "/proc/sys"]
        	}
        }
        """

    static let state = """
        {"ociVersion":"1.2.0","id":"web","status":"running","pid":4422,"bundle":"/run/bundles/web","annotations":{"a":"b"}}
        """

    static let processState = """
        {"ociVersion":"1.2.0","fds":["seccompFd"],"pid":4422,"metadata":"opaque",
         "state":{"ociVersion":"1.2.0","id":"web","status":"creating","pid":4422,"bundle":"/run/bundles/web"}}
        """

    static let features = """
        {
          "ociVersionMin": "1.0.0", "ociVersionMax": "1.2.0",
          "hooks": ["prestart", "createRuntime"], "mountOptions": ["acl", "async", "tmpcopyup"],
          "linux": {
            "namespaces": ["cgroup", "ipc"], "capabilities": ["CAP_CHOWN"],
            "cgroup": {"v1": true, "v2": true, "systemd": false, "systemdUser": false, "rdma": true},
            "seccomp": {"enabled": true, "actions": ["SCMP_ACT_ALLOW"], "operators": ["SCMP_CMP_EQ"], "archs": ["SCMP_ARCH_X86_64"],
                        "knownFlags": ["SECCOMP_FILTER_FLAG_LOG"], "supportedFlags": []},
            "apparmor": {"enabled": true}, "selinux": {"enabled": false},
            "intelRdt": {"enabled": true, "schemata": false, "monitoring": true},
            "mountExtensions": {"idmap": {"enabled": true}}, "netDevices": {"enabled": false}
          },
          "annotations": {"io.github.seccomp.libseccomp.version": "2.5.4"},
          "potentiallyUnsafeConfigAnnotations": ["bundle"]
        }
        """

    static let index = """
        {
          "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
          "manifests": [
            {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 7143, "digest": "sha256:\(hex)",
             "platform": {"architecture": "amd64", "os": "linux"}},
            {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 7682, "digest": "sha256:\(other)",
             "platform": {"architecture": "arm64", "os": "linux", "variant": "v8", "os.features": ["x"], "os.version": "1"}},
            {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 566, "digest": "sha256:\(other)",
             "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
             "platform": {"architecture": "unknown", "os": "unknown"}}
          ],
          "annotations": {"com.example.key1": "value1"}
        }
        """

    static let manifest = """
        {
          "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 7023, "digest": "sha256:\(hex)", "data": "e30="},
          "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 32654, "digest": "sha256:\(other)"},
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd", "size": 16724, "digest": "sha512:\(hex)\(other)",
             "urls": ["https://example.org/layer"]}
          ],
          "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 7682, "digest": "sha256:\(other)"},
          "annotations": {"org.opencontainers.image.title": "t"}
        }
        """

    static let config = """
        {
          "created": "2015-10-31T22:22:56.015925234Z", "author": "Alyssa <a@example.com>", "architecture": "arm64", "variant": "v8",
          "os": "linux", "os.version": "6.1", "os.features": ["f"],
          "config": {
            "User": "web:www", "ExposedPorts": {"8080/tcp": {}, "53/udp": {}}, "Env": ["PATH=/bin", "FOO=oci is a"],
            "Entrypoint": ["/bin/my-app"], "Cmd": ["--foreground"], "Volumes": {"/data": {}}, "WorkingDir": "/home/web",
            "Labels": {"com.example.x": "y"}, "StopSignal": "SIGQUIT", "ArgsEscaped": true,
            "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 30000000000, "Timeout": 1, "StartPeriod": 2, "StartInterval": 3, "Retries": 4},
            "Shell": ["/bin/sh", "-c"], "OnBuild": ["RUN x"], "StopTimeout": 5
          },
          "rootfs": {"type": "layers", "diff_ids": ["sha256:\(hex)", "sha256:\(other)"]},
          "history": [
            {"created": "2015-10-31T22:22:54.690851953Z", "created_by": "/bin/sh -c #(nop) ADD file in /", "author": "a", "comment": "c"},
            {"created_by": "CMD", "empty_layer": true}
          ]
        }
        """

    static let dockerConfig = """
        {"architecture":"amd64","config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"Tty":false,
         "Env":["PATH=/bin"],"Cmd":["sh"],"Image":"sha256:\(other)","Volumes":null,"WorkingDir":"","Entrypoint":null,
         "OnBuild":null,"Labels":null},"container":"abc","container_config":{"Cmd":["x"]},"created":"2023-05-19T20:19:22Z",
         "docker_version":"20.10.23","history":[{"created":"2023-05-19T20:19:22Z","created_by":"x","empty_layer":true}],
         "os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:\(hex)"]}}
        """

    static let dockerArchive = """
        [{"Config":"blobs/sha256/\(other)","RepoTags":["bb:1","bb:latest"],"Layers":["blobs/sha256/\(hex)"],
          "LayerSources":{"sha256:\(hex)":{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":7,"digest":"sha256:\(hex)"}}},
         {"Config":"\(other).json","RepoTags":null,"Layers":null}]
        """
}
